"""Making invoices, and what they post: see README.md for each entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from contracts.access import Actor
from contracts.clock import month_name, now
from contracts.events import Event
from contracts.kit import audit, outbox
from marketplace.billing.models import Invoice, InvoiceKind, InvoiceLine, InvoiceState, RatedUsage
from marketplace.billing.rules import MonthShare, Rules
from marketplace.ledger import service as ledger
from marketplace.ledger.models import AccountKind, EntryKind
from marketplace.ledger.numbering import next_number
from marketplace.ledger.service import Line
from marketplace.products import service as products
from marketplace.products.models import Component
from marketplace.products.schemas import PlanTerms
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Charge:
    """A line to be invoiced."""

    subscription: Subscription
    plan: PlanTerms
    title: dict[str, str]
    component: Component
    quantity: int
    per: int
    unit_amount: int
    amount: int
    covers_from: datetime
    covers_until: datetime
    rated_usage_id: str | None = None


def fee_charge(subscription: Subscription, plan: PlanTerms, title: dict[str, str], month: MonthShare) -> Charge:
    """The monthly fee for (the rest of) a month, by the day."""
    return Charge(
        subscription=subscription,
        plan=plan,
        title=title,
        component=Component.MONTHLY_FEE,
        quantity=month.days,
        per=month.of,
        unit_amount=plan.monthly_fee,
        amount=month.amount(plan.monthly_fee),
        covers_from=month.start,
        covers_until=month.end,
    )


def usage_charge(
    subscription: Subscription,
    plan: PlanTerms,
    title: dict[str, str],
    rated: RatedUsage,
    start: datetime,
    end: datetime,
) -> Charge:
    """Overage, tied to the rated usage it comes from."""
    return Charge(
        subscription=subscription,
        plan=plan,
        title=title,
        component=Component.CALLS,
        quantity=rated.overage_calls,
        per=1000,
        unit_amount=rated.unit_amount,
        amount=rated.amount,
        covers_from=start,
        covers_until=end,
        rated_usage_id=rated.id,
    )


def issue(
    session: Session,
    actor: Actor,
    rules: Rules,
    *,
    key: str,
    kind: InvoiceKind,
    organisation_id: str,
    charges: Sequence[Charge],
    due_at: datetime,
    period_id: str | None = None,
    subscription_id: str | None = None,
) -> Invoice | None:
    """An invoice over `charges`, once for each `key`; None when nothing is to be paid. Lines of zero are left out."""
    if existing := session.exec(select(Invoice).where(Invoice.key == key)).first():
        return existing
    due = [charge for charge in charges if charge.amount > 0]
    if not due:
        return None
    moment = now()
    invoice = Invoice(
        number=next_number(session, f"IN-{month_name(moment, rules.timezone)}"),
        key=key,
        kind=kind,
        organisation_id=organisation_id,
        period_id=period_id,
        subscription_id=subscription_id,
        currency=rules.currency,
        total=sum(charge.amount for charge in due),
        tax=sum(rules.tax(charge.amount) for charge in due),
        issued_at=moment,
        due_at=due_at,
    )
    session.add(invoice)
    session.flush()
    lines = [_line(invoice, position, charge, rules) for position, charge in enumerate(due)]
    session.add_all(lines)
    session.flush()
    ledger.post(session, EntryKind.INVOICE_ISSUED, invoice.id, _claims(invoice, lines, sign=1))
    audit.record(session, actor, "invoice.issued", "invoice", invoice.id, number=invoice.number, total=invoice.total)
    outbox.emit(session, Event.INVOICE_ISSUED, invoice_id=invoice.id)
    return invoice


def void(session: Session, actor: Actor, invoice: Invoice) -> None:
    """Take back an unpaid invoice (its row locked by the caller): the claim on the customer is reversed."""
    if invoice.state != InvoiceState.OPEN:
        return
    invoice.state, invoice.voided_at = InvoiceState.VOID, now()
    session.add(invoice)
    lines = lines_of(session, invoice.id)
    ledger.post(session, EntryKind.INVOICE_VOIDED, invoice.id, _claims(invoice, lines, sign=-1))
    audit.record(session, actor, "invoice.voided", "invoice", invoice.id, number=invoice.number)


def post_payment(session: Session, invoice: Invoice, payment_id: str) -> None:
    """The entry of a paid invoice: cash in, claim settled, and each line's price shared out."""
    postings: list[Line] = []
    for line in lines_of(session, invoice.id):

        def side(
            kind: AccountKind, amount: int, owner: str = "", line: InvoiceLine = line, currency: str = invoice.currency
        ) -> Line:
            return Line(kind, amount, currency, owner, line.provider_id, line.id)

        postings += [
            side(AccountKind.CASH, line.amount),
            side(AccountKind.RECEIVABLE, -line.amount, invoice.organisation_id),
            side(AccountKind.UNPAID_INCOME, line.amount, line.provider_id),
            side(AccountKind.PAYABLE, -(line.amount - line.fee - line.tax), line.provider_id),
            side(AccountKind.FEE_INCOME, -line.fee),
            side(AccountKind.TAX_PAYABLE, -line.tax),
        ]
    ledger.post(session, EntryKind.PAYMENT_RECEIVED, payment_id, postings)


def lines_of(session: Session, invoice_id: str) -> list[InvoiceLine]:
    """An invoice's lines in order."""
    query = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(col(InvoiceLine.position))
    return list(session.exec(query))


def lines_by_id(session: Session, ids: Iterable[str]) -> dict[str, InvoiceLine]:
    """Invoice lines by id; unknown ids are left out."""
    wanted = list(ids)
    rows = session.exec(select(InvoiceLine).where(col(InvoiceLine.id).in_(wanted))).all() if wanted else []
    return {row.id: row for row in rows}


def fee_covered_until(session: Session, subscription_ids: Sequence[str]) -> dict[str, datetime]:
    """Until when each subscription's monthly fee has been invoiced, void invoices left out."""
    query = (
        select(InvoiceLine.subscription_id, InvoiceLine.covers_until)
        .join(Invoice, col(Invoice.id) == col(InvoiceLine.invoice_id))
        .where(
            col(InvoiceLine.subscription_id).in_(list(subscription_ids)),
            InvoiceLine.component == Component.MONTHLY_FEE,
            Invoice.state != InvoiceState.VOID,
        )
    )
    covered: dict[str, datetime] = {}
    for subscription_id, until in session.exec(query):
        covered[subscription_id] = max(until, covered.get(subscription_id, until))
    return covered


def describe(session: Session, subscription: Subscription) -> tuple[PlanTerms, dict[str, str]]:
    """The plan as agreed and the offering's title: what a line says."""
    plan = subscriptions.plan_of(subscriptions.agreement_of(session, subscription))
    return plan, products.get_offering(session, subscription.offering_id).title


def _line(invoice: Invoice, position: int, charge: Charge, rules: Rules) -> InvoiceLine:
    return InvoiceLine(
        invoice_id=invoice.id,
        position=position,
        subscription_id=charge.subscription.id,
        offering_id=charge.subscription.offering_id,
        plan_id=charge.subscription.plan_id,
        provider_id=charge.subscription.provider_id,
        component=charge.component,
        title=charge.title,
        plan_name=charge.plan.name,
        quantity=charge.quantity,
        per=charge.per,
        unit_amount=charge.unit_amount,
        amount=charge.amount,
        fee=rules.fee(charge.amount),
        tax=rules.tax(charge.amount),
        covers_from=charge.covers_from,
        covers_until=charge.covers_until,
        rated_usage_id=charge.rated_usage_id,
    )


def _claims(invoice: Invoice, lines: Sequence[InvoiceLine], *, sign: int) -> list[Line]:
    postings: list[Line] = []
    for line in lines:
        amount = sign * line.amount
        postings += [
            Line(AccountKind.RECEIVABLE, amount, invoice.currency, invoice.organisation_id, line.provider_id, line.id),
            Line(AccountKind.UNPAID_INCOME, -amount, invoice.currency, line.provider_id, line.provider_id, line.id),
        ]
    return postings
