"""Money back: asked for by the customer, decided by the operator, paid back through the payment provider.

An approval makes the credit note and its entry at once, so that what is to be given back is no longer held for the
department; the provider's call follows. Fee and tax go back in proportion, exactly (`rules.reversal`).
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from contracts.access import SYSTEM, Actor, Permission, Role
from contracts.clock import month_name, now
from contracts.errors import InvalidInput
from contracts.events import Event
from contracts.kit import audit, outbox
from marketplace.billing import service as billing
from marketplace.billing.errors import NotRefundable, RefundDecided, RefundNotFound
from marketplace.billing.invoicing import lines_by_id, lines_of
from marketplace.billing.models import (
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceState,
    Refund,
    RefundLine,
    RefundState,
)
from marketplace.billing.rules import Rules, reversal
from marketplace.ledger import service as ledger
from marketplace.ledger.models import AccountKind, EntryKind
from marketplace.ledger.numbering import next_number
from marketplace.ledger.service import Line
from marketplace.payments.provider import Movement
from marketplace.subscriptions import service as subscriptions

REASON_MAXIMUM = 2000
_PENDING_OR_GIVEN = (RefundState.REQUESTED, RefundState.APPROVED, RefundState.MADE, RefundState.FAILED)


def refundable(session: Session, invoice_id: str) -> dict[str, int]:
    """Fen of each invoice line that can still be asked back: what was not given back, approved or asked for yet."""
    left = {line.id: line.amount for line in lines_of(session, invoice_id)}
    query = (
        select(RefundLine)
        .join(Refund, col(Refund.id) == col(RefundLine.refund_id))
        .where(Refund.invoice_id == invoice_id, col(Refund.state).in_(_PENDING_OR_GIVEN))
    )
    for line in session.exec(query):
        left[line.invoice_line_id] -= line.amount
    return left


def request_refund(
    session: Session,
    actor: Actor,
    rules: Rules,
    invoice_id: str,
    reason: str,
    amounts: Mapping[str, int] | None = None,
    *,
    request_key: str | None = None,
) -> Refund:
    """Ask for money back on a paid invoice: `amounts` fen by invoice line id, everything that is left when None.

    One request can wait for a decision at a time. A repeated `request_key` gives the first request.
    """
    invoice = billing.require_readable(session, actor, invoice_id)
    actor.require(Permission.INVOICE_PAY, invoice.organisation_id)
    _lock_invoice(session, invoice)
    if request_key is not None and (earlier := _by_key(session, request_key)):
        if earlier.invoice_id != invoice_id:
            raise InvalidInput("This idempotency key was used for another refund. Take a new key.")
        return earlier
    if invoice.state != InvoiceState.PAID:
        raise NotRefundable("Only a paid invoice can be refunded.", invoice_id=invoice_id)
    if waiting := waiting_for(session, invoice_id):
        raise NotRefundable(f"{waiting.number} still waits for a decision.", refund_id=waiting.id)
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= REASON_MAXIMUM:
        raise InvalidInput.at("reason", "Say why, in at most 2,000 characters.")
    left = refundable(session, invoice_id)
    wanted = dict(left) if amounts is None else _checked(amounts, left)
    wanted = {line_id: amount for line_id, amount in wanted.items() if amount}
    if not wanted:
        raise NotRefundable("Everything on this invoice has been given back.", invoice_id=invoice_id)
    refund = Refund(
        number=next_number(session, f"RF-{month_name(now(), rules.timezone)}"),
        request_key=request_key,
        invoice_id=invoice_id,
        organisation_id=invoice.organisation_id,
        amount=sum(wanted.values()),
        currency=invoice.currency,
        reason=reason,
        requested_by=actor.person_id,
    )
    session.add(refund)
    session.flush()
    for line_id, amount in wanted.items():
        session.add(RefundLine(refund_id=refund.id, invoice_line_id=line_id, amount=amount))
    session.flush()
    audit.record(session, actor, "refund.requested", "refund", refund.id, number=refund.number, amount=refund.amount)
    return refund


def decide_refund(
    session: Session,
    actor: Actor,
    rules: Rules,
    refund_id: str,
    approve: bool,
    reason: str,
    *,
    end_subscription: bool = False,
) -> Refund:
    """Approve (the credit note is made, the money goes back) or reject, with a reason the customer is told.

    `end_subscription` also ends at once what the refunded lines were for. The same decision twice changes nothing.
    """
    actor.require(Permission.REFUND_DECIDE)
    refund = _locked(session, refund_id)
    decided_before = refund.state != RefundState.REQUESTED
    if decided_before:
        if (refund.state == RefundState.REJECTED) == (not approve):
            return refund
        raise RefundDecided(f"{refund.number} has been decided already: {refund.state}.", refund_id=refund.id)
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= REASON_MAXIMUM:
        raise InvalidInput.at("reason", "Give the reason; the customer reads it.")
    refund.decided_by, refund.decided_at, refund.decision_reason = actor.person_id, now(), reason
    refund.state = RefundState.APPROVED if approve else RefundState.REJECTED
    session.add(refund)
    audit.record(session, actor, f"refund.{refund.state}", "refund", refund.id, number=refund.number)
    if approve:
        _credit(session, rules, refund)
        outbox.emit(session, Event.REFUND_APPROVED, refund_id=refund.id)
        if end_subscription:
            lines = lines_by_id(session, [line.invoice_line_id for line in refund_lines(session, refund.id)])
            for subscription_id in sorted({line.subscription_id for line in lines.values()}):
                subscriptions.end(session, actor, subscription_id)
    session.flush()
    return refund


def begin(session: Session, refund_id: str) -> Refund:
    """Note, before the call, that the provider is being asked to pay back."""
    refund = _locked(session, refund_id)
    if refund.state == RefundState.APPROVED:
        refund.attempts += 1
        refund.attempted_at = now()
        session.add(refund)
        session.flush()
    return refund


def record(session: Session, refund_id: str, movement: Movement) -> Refund:
    """Bring an approved refund up to date with what the provider says."""
    refund = _locked(session, refund_id)
    if refund.state not in (RefundState.APPROVED, RefundState.FAILED):
        return refund
    if movement.amount != refund.amount:
        raise InvalidInput("The payment provider reports another amount than was given back.", refund_id=refund.id)
    refund.stripe_id = movement.stripe_id
    if movement.outcome == "succeeded":
        refund.state, refund.made_at, refund.failure_code = RefundState.MADE, now(), None
        ledger.post(session, EntryKind.REFUND_MADE, refund.id, _paid_back(session, refund))
        audit.record(session, SYSTEM, "refund.made", "refund", refund.id, number=refund.number)
        outbox.emit(session, Event.REFUND_MADE, refund_id=refund.id)
    elif movement.outcome == "failed" and refund.state == RefundState.APPROVED:
        refund.state, refund.failure_code = RefundState.FAILED, movement.failure_code
        audit.record(session, SYSTEM, "refund.failed", "refund", refund.id, number=refund.number)
    session.add(refund)
    session.flush()
    return refund


def get_refund(session: Session, refund_id: str) -> Refund:
    """The refund with this id. Whether the asker may see it is `require_readable`'s to say."""
    refund = session.get(Refund, refund_id)
    if refund is None:
        raise RefundNotFound("There is no such refund.", refund_id=refund_id)
    return refund


def require_readable(session: Session, actor: Actor, refund_id: str) -> Refund:
    """The refund, for a member of its organisation or an operator; others do not learn that it exists."""
    refund = get_refund(session, refund_id)
    if not (actor.may(Permission.INVOICE_READ, refund.organisation_id) or actor.has_role(Role.OPERATOR)):
        raise RefundNotFound("There is no such refund.", refund_id=refund_id)
    return refund


def refunds_of(session: Session, invoice_id: str) -> list[Refund]:
    """Refunds asked for on an invoice, oldest first."""
    return list(session.exec(select(Refund).where(Refund.invoice_id == invoice_id).order_by(col(Refund.id))))


def refunds(session: Session, *, state: RefundState | None = None, limit: int = 200) -> list[Refund]:
    """All refunds, newest first; those in one state when given."""
    query = select(Refund).order_by(col(Refund.id).desc()).limit(limit)
    if state is not None:
        query = query.where(Refund.state == state)
    return list(session.exec(query))


def waiting_for(session: Session, invoice_id: str) -> Refund | None:
    """The refund of an invoice that waits for a decision."""
    query = select(Refund).where(Refund.invoice_id == invoice_id, Refund.state == RefundState.REQUESTED)
    return session.exec(query).first()


def approved_before(session: Session, cutoff: datetime) -> list[Refund]:
    """Refunds last tried (or decided) before `cutoff` that the provider has not confirmed: it is to be asked again."""
    query = select(Refund).where(Refund.state == RefundState.APPROVED, col(Refund.decided_at) < cutoff)
    found = session.exec(query.order_by(col(Refund.id)))
    return [refund for refund in found if refund.attempted_at is None or refund.attempted_at < cutoff]


def refund_lines(session: Session, refund_id: str) -> list[RefundLine]:
    """What a refund gives back, line by line."""
    return list(session.exec(select(RefundLine).where(RefundLine.refund_id == refund_id).order_by(col(RefundLine.id))))


def credit_notes_for(session: Session, organisation_id: str) -> list[CreditNote]:
    """An organisation's credit notes, newest first."""
    query = select(CreditNote).where(CreditNote.organisation_id == organisation_id)
    return list(session.exec(query.order_by(col(CreditNote.id).desc())))


def credit_note_of(session: Session, refund_id: str) -> CreditNote | None:
    """The credit note of an approved refund."""
    return session.exec(select(CreditNote).where(CreditNote.refund_id == refund_id)).first()


def credit_notes_by_refund(session: Session, refund_ids: list[str]) -> dict[str, CreditNote]:
    """Credit notes by refund id."""
    query = select(CreditNote).where(col(CreditNote.refund_id).in_(refund_ids))
    return {note.refund_id: note for note in session.exec(query)} if refund_ids else {}


def credit_note_lines(session: Session, credit_note_id: str) -> list[CreditNoteLine]:
    """A credit note's lines in order."""
    query = select(CreditNoteLine).where(CreditNoteLine.credit_note_id == credit_note_id)
    return list(session.exec(query.order_by(col(CreditNoteLine.id))))


def _credit(session: Session, rules: Rules, refund: Refund) -> CreditNote:
    lines = refund_lines(session, refund.id)
    invoiced = lines_by_id(session, [line.invoice_line_id for line in lines])
    given, fees, taxes = _credited(session, [line.invoice_line_id for line in lines])
    note = CreditNote(
        number=next_number(session, f"CN-{month_name(now(), rules.timezone)}"),
        refund_id=refund.id,
        invoice_id=refund.invoice_id,
        organisation_id=refund.organisation_id,
        currency=refund.currency,
        total=refund.amount,
        tax=0,
    )
    parts: list[CreditNoteLine] = []
    postings: list[Line] = []
    for line in lines:
        source = invoiced[line.invoice_line_id]
        in_all = given[source.id] + line.amount
        fee = reversal(source.fee, in_all, source.amount, fees[source.id])
        tax = reversal(source.tax, in_all, source.amount, taxes[source.id])
        parts.append(
            CreditNoteLine(
                credit_note_id=note.id,
                invoice_line_id=source.id,
                provider_id=source.provider_id,
                amount=line.amount,
                fee=fee,
                tax=tax,
            )
        )
        for kind, amount, owner in (
            (AccountKind.PAYABLE, line.amount - fee - tax, source.provider_id),
            (AccountKind.FEE_INCOME, fee, ""),
            (AccountKind.TAX_PAYABLE, tax, ""),
            (AccountKind.REFUNDS_PAYABLE, -line.amount, refund.organisation_id),
        ):
            postings.append(Line(kind, amount, refund.currency, owner, source.provider_id, source.id))
    note.tax = sum(part.tax for part in parts)
    session.add(note)
    session.flush()
    session.add_all(parts)
    session.flush()
    ledger.post(session, EntryKind.CREDIT_GRANTED, refund.id, postings)
    return note


def _paid_back(session: Session, refund: Refund) -> list[Line]:
    note = credit_note_of(session, refund.id)
    assert note is not None  # an approval makes it in the same transaction
    postings: list[Line] = []
    for part in credit_note_lines(session, note.id):
        for kind, amount, owner in (
            (AccountKind.REFUNDS_PAYABLE, part.amount, refund.organisation_id),
            (AccountKind.CASH, -part.amount, ""),
        ):
            postings.append(Line(kind, amount, refund.currency, owner, part.provider_id, part.invoice_line_id))
    return postings


def _credited(session: Session, line_ids: list[str]) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Amount, fee and tax given back so far, by invoice line."""
    amounts: dict[str, int] = defaultdict(int)
    fees: dict[str, int] = defaultdict(int)
    taxes: dict[str, int] = defaultdict(int)
    for part in session.exec(select(CreditNoteLine).where(col(CreditNoteLine.invoice_line_id).in_(line_ids))):
        amounts[part.invoice_line_id] += part.amount
        fees[part.invoice_line_id] += part.fee
        taxes[part.invoice_line_id] += part.tax
    return amounts, fees, taxes


def _checked(amounts: Mapping[str, int], left: Mapping[str, int]) -> dict[str, int]:
    for line_id, amount in amounts.items():
        if line_id not in left:
            raise InvalidInput.at("amounts", "This invoice has no such line.")
        if not 0 <= amount <= left[line_id]:
            raise InvalidInput.at("amounts", f"At most {left[line_id] / 100:,.2f} can be given back on this line.")
    return dict(amounts)


def _by_key(session: Session, request_key: str) -> Refund | None:
    return session.exec(select(Refund).where(Refund.request_key == request_key)).first()


def _lock_invoice(session: Session, invoice: Invoice) -> None:
    session.flush()
    session.refresh(invoice, with_for_update=True)


def _locked(session: Session, refund_id: str) -> Refund:
    session.flush()
    refund = session.get(Refund, refund_id, with_for_update=True, populate_existing=True)
    if refund is None:
        raise RefundNotFound("There is no such refund.", refund_id=refund_id)
    return refund
