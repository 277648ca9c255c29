"""Ordering, paying and reading invoices. Periods are in `periods`, amounts in `rating`, money back in `refunds`."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select

from contracts.access import SYSTEM, Actor, Permission, Role
from contracts.clock import month_bounds, now
from contracts.errors import Conflict
from contracts.events import Event
from contracts.kit import audit, outbox
from marketplace.billing import invoicing, periods
from marketplace.billing.errors import InvoiceNotFound, InvoiceNotPayable
from marketplace.billing.invoicing import lines_of
from marketplace.billing.models import Invoice, InvoiceKind, InvoiceLine, InvoiceState, RatedUsage
from marketplace.billing.rules import ORDER_HOURS, Rules, rest_of_month
from marketplace.payments import service as payments
from marketplace.payments.models import Payment
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.models import Subscription, SubscriptionState


@dataclass(frozen=True, slots=True)
class Order:
    """What subscribing made: the subscription, and the invoice to be paid before it starts (None: it has started)."""

    subscription: Subscription
    invoice: Invoice | None


def order(
    session: Session,
    actor: Actor,
    rules: Rules,
    organisation_id: str,
    plan_id: str,
    purpose: str | None,
    accepted_terms_hash: str,
    *,
    overage_cap: int | None = None,
    request_key: str | None = None,
) -> Order:
    """Subscribe, and invoice the first month's fee (from today on, by the day) where the plan has one.

    Unpaid after 24 hours, or at the month's end, both lapse. Errors are those of `subscriptions.service.subscribe`.
    """
    subscription = subscriptions.subscribe(
        session,
        actor,
        organisation_id,
        plan_id,
        purpose,
        accepted_terms_hash,
        overage_cap=overage_cap,
        request_key=request_key,
        timezone=rules.timezone,
    )
    if subscription.state != SubscriptionState.PENDING_PAYMENT:
        periods.open_period(session, rules)
        return Order(subscription, first_invoice(session, subscription.id))
    plan, title = invoicing.describe(session, subscription)
    moment = now()
    _, month_end = month_bounds(moment, rules.timezone)
    invoice = invoicing.issue(
        session,
        actor,
        rules,
        key=f"first:{subscription.id}",
        kind=InvoiceKind.FIRST,
        organisation_id=organisation_id,
        charges=[invoicing.fee_charge(subscription, plan, title, rest_of_month(moment, rules.timezone))],
        due_at=min(moment + timedelta(hours=ORDER_HOURS), month_end),
        subscription_id=subscription.id,
    )
    if invoice is None:  # a fee so small that the rest of the month rounds to nothing
        subscription = subscriptions.activate(session, actor, subscription.id)
    periods.open_period(session, rules)
    return Order(subscription, invoice)


def first_invoice(session: Session, subscription_id: str) -> Invoice | None:
    """The invoice that a subscription starts with."""
    return session.exec(select(Invoice).where(Invoice.key == f"first:{subscription_id}")).first()


def pay_invoice(
    session: Session, actor: Actor, invoice_id: str, payment_method: str, *, return_path: str = ""
) -> Payment:
    """Ask for an invoice to be collected from a payment method (Stripe's id, never a card number).

    The worker collects it; a page that wants the answer at once calls `tasks.collect` after its commit. Asking again
    while a payment is under way gives that payment. Raises `InvoiceNotPayable`.
    """
    invoice = lock(session, invoice_id)
    _require_reader(actor, invoice)
    actor.require(Permission.INVOICE_PAY, invoice.organisation_id)
    if invoice.state == InvoiceState.PAID:
        raise InvoiceNotPayable("This invoice is paid already; no money moved now.", invoice_id=invoice.id)
    if invoice.state == InvoiceState.VOID or (invoice.kind == InvoiceKind.FIRST and invoice.due_at <= now()):
        raise InvoiceNotPayable("This order lapsed unpaid; no money moved. Subscribe again.", invoice_id=invoice.id)
    return payments.start(
        session,
        actor,
        reference=invoice.id,
        organisation_id=invoice.organisation_id,
        amount=invoice.total,
        currency=invoice.currency,
        method=payment_method,
        return_path=return_path or f"/billing/invoices/{invoice.id}",
    )


def apply_payment(session: Session, payment: Payment) -> Invoice:
    """A payment succeeded: mark its invoice paid, post it, and start or resume what waited for it. Once."""
    invoice = lock(session, payment.reference)
    if invoice.state != InvoiceState.OPEN:
        raise Conflict(
            "Money came in for an invoice that was not open any more. Look at it with the payment provider.",
            invoice_id=invoice.id,
            payment_id=payment.id,
        )
    invoice.state, invoice.paid_at = InvoiceState.PAID, now()
    session.add(invoice)
    invoicing.post_payment(session, invoice, payment.id)
    audit.record(session, SYSTEM, "invoice.paid", "invoice", invoice.id, payment=payment.id, amount=payment.amount)
    outbox.emit(session, Event.INVOICE_PAID, invoice_id=invoice.id)
    for subscription_id in sorted({line.subscription_id for line in lines_of(session, invoice.id)}):
        subscription = subscriptions.get(session, subscription_id)
        waits = subscription.state in (SubscriptionState.PENDING_PAYMENT, SubscriptionState.SUSPENDED)
        if waits and not _overdue_for(session, subscription_id):
            subscriptions.activate(session, SYSTEM, subscription_id)
    return invoice


def cancel_subscription(session: Session, actor: Actor, rules: Rules, subscription_id: str) -> Subscription:
    """Cancel at the end of the month, which is paid for; quotas are of the month, so access and quota run until then.

    A subscription still waiting for its first payment ends at once and its invoice is void.
    """
    subscription = subscriptions.require_readable(session, actor, subscription_id)
    actor.require(Permission.SUBSCRIPTION_WRITE, subscription.organisation_id)
    if subscription.state == SubscriptionState.PENDING_PAYMENT:
        invoice = first_invoice(session, subscription.id)
        if invoice is not None:
            lapse(session, actor, invoice.id)
        return subscriptions.end(session, actor, subscription.id)
    return subscriptions.cancel(session, actor, subscription.id, at=month_bounds(now(), rules.timezone)[1])


def lapse(session: Session, actor: Actor, invoice_id: str) -> Invoice:
    """Void an open first invoice. Raises `Conflict` while a payment of it is under way, which has to end first."""
    invoice = lock(session, invoice_id)
    if payments.open_payment(session, invoice.id) is not None:
        raise Conflict("A payment of this order is under way. Wait for it to end.", invoice_id=invoice.id)
    invoicing.void(session, actor, invoice)
    return invoice


def lock(session: Session, invoice_id: str) -> Invoice:
    """The invoice as it is now, held until the transaction ends."""
    session.flush()
    invoice = session.get(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    if invoice is None:
        raise InvoiceNotFound("There is no such invoice.", invoice_id=invoice_id)
    return invoice


def get_invoice(session: Session, invoice_id: str) -> Invoice:
    """The invoice with this id. Whether the asker may see it is `require_readable`'s to say."""
    invoice = session.get(Invoice, invoice_id)
    if invoice is None:
        raise InvoiceNotFound("There is no such invoice.", invoice_id=invoice_id)
    return invoice


def require_readable(session: Session, actor: Actor, invoice_id: str) -> Invoice:
    """The invoice, for a member of its organisation or an operator; others do not learn that it exists."""
    invoice = get_invoice(session, invoice_id)
    _require_reader(actor, invoice)
    return invoice


def invoices_for(session: Session, organisation_id: str) -> list[Invoice]:
    """An organisation's invoices, newest first."""
    query = select(Invoice).where(Invoice.organisation_id == organisation_id)
    return list(session.exec(query.order_by(col(Invoice.issued_at).desc(), col(Invoice.id).desc())))


def invoices(session: Session, *, period_id: str | None = None, limit: int = 200) -> list[Invoice]:
    """All invoices, newest first; of one period when given."""
    query = select(Invoice).order_by(col(Invoice.id).desc()).limit(limit)
    if period_id is not None:
        query = query.where(Invoice.period_id == period_id)
    return list(session.exec(query))


def unpaid(session: Session, organisation_id: str) -> list[Invoice]:
    """An organisation's open invoices, the most urgent first."""
    query = select(Invoice).where(Invoice.organisation_id == organisation_id, Invoice.state == InvoiceState.OPEN)
    return list(session.exec(query.order_by(col(Invoice.due_at))))


def rated_usage_by_id(session: Session, ids: list[str]) -> dict[str, RatedUsage]:
    """Rated usage by id: what an invoice line of overage comes from."""
    rows = session.exec(select(RatedUsage).where(col(RatedUsage.id).in_(ids))).all() if ids else []
    return {row.id: row for row in rows}


def overdue(session: Session) -> list[Invoice]:
    """Open invoices past their due date, oldest first."""
    query = select(Invoice).where(Invoice.state == InvoiceState.OPEN, col(Invoice.due_at) < now())
    return list(session.exec(query.order_by(col(Invoice.due_at))))


def _overdue_for(session: Session, subscription_id: str) -> bool:
    query = (
        select(Invoice.id)
        .join(InvoiceLine, col(InvoiceLine.invoice_id) == col(Invoice.id))
        .where(
            InvoiceLine.subscription_id == subscription_id,
            Invoice.state == InvoiceState.OPEN,
            col(Invoice.due_at) < now(),
        )
    )
    return session.exec(query).first() is not None


def _require_reader(actor: Actor, invoice: Invoice) -> None:
    if not (actor.may(Permission.INVOICE_READ, invoice.organisation_id) or actor.has_role(Role.OPERATOR)):
        raise InvoiceNotFound("There is no such invoice.", invoice_id=invoice.id)
