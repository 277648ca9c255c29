"""Payments in the database: begun before the provider is called, brought up to date with what it answers."""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from contracts.access import Actor
from contracts.clock import now
from contracts.errors import InvalidInput
from contracts.events import Event
from contracts.ids import is_id
from contracts.kit import audit, outbox
from marketplace.payments.errors import PaymentInProgress, PaymentNotFound
from marketplace.payments.models import (
    FINISHED,
    ConnectedAccount,
    Customer,
    Payment,
    PaymentState,
    WebhookEvent,
)
from marketplace.payments.provider import Charge, Notification

METHOD_PREFIXES = ("pm_", "card_", "src_")


def start(
    session: Session,
    actor: Actor,
    *,
    reference: str,
    organisation_id: str,
    amount: int,
    currency: str,
    method: str,
    return_path: str,
) -> Payment:
    """Ask for `amount` fen to be collected for `reference` (whose row the caller holds locked).

    A payment of it that is under way is given back instead of a second one; `PaymentInProgress` when that waits for
    the payer's bank and another payment method is asked for.
    """
    if not method.startswith(METHOD_PREFIXES) or len(method) > 100 or not method.isascii():
        raise InvalidInput.at("payment_method", "Choose a payment method. Card numbers are never sent to this service.")
    if under_way := open_payment(session, reference):
        if under_way.state == PaymentState.REQUIRES_ACTION and under_way.method != method:
            raise PaymentInProgress(
                "Your bank still waits for your confirmation of an earlier payment. Confirm it or give it up first.",
                payment_id=under_way.id,
            )
        return under_way
    payment = Payment(
        reference=reference,
        organisation_id=organisation_id,
        amount=amount,
        currency=currency,
        method=method,
        return_path=return_path,
        requested_by=actor.person_id,
    )
    session.add(payment)
    session.flush()
    audit.record(session, actor, "payment.requested", "payment", payment.id, reference=reference, amount=amount)
    outbox.emit(session, Event.PAYMENT_REQUESTED, payment_id=payment.id)
    return payment


def begin(session: Session, payment_id: str) -> Payment:
    """Note, before the call, that the provider is being asked. A finished payment stays as it is."""
    payment = _locked(session, payment_id)
    if payment.state not in FINISHED:
        payment.state = PaymentState.PROCESSING if payment.state == PaymentState.CREATED else payment.state
        payment.attempts += 1
        payment.attempted_at = now()
        session.add(payment)
        session.flush()
    return payment


def record_charge(session: Session, payment_id: str, charge: Charge) -> tuple[Payment, bool]:
    """Bring a payment up to date with what the provider says; whether it succeeded by this very call.

    A payment that succeeded never changes again, and a failed one only if the provider says that it succeeded.
    """
    payment = _locked(session, payment_id)
    if payment.state == PaymentState.SUCCEEDED or (
        payment.state == PaymentState.FAILED and charge.outcome != "succeeded"
    ):
        return payment, False
    if (charge.amount, charge.currency) != (payment.amount, payment.currency):
        raise InvalidInput("The payment provider reports another amount than was asked for.", payment_id=payment.id)
    payment.state = PaymentState(charge.outcome)
    payment.stripe_id = charge.stripe_id
    payment.failure_code = charge.failure_code
    payment.action_url = charge.action_url
    payment.finished_at = now() if payment.state in FINISHED else None
    session.add(payment)
    session.flush()
    return payment, payment.state == PaymentState.SUCCEEDED


def get(session: Session, payment_id: str) -> Payment:
    """The payment with this id."""
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise PaymentNotFound("There is no such payment.", payment_id=payment_id)
    return payment


def by_stripe_id(session: Session, stripe_id: str) -> Payment | None:
    """The payment that Stripe knows under this id."""
    return session.exec(select(Payment).where(Payment.stripe_id == stripe_id)).first()


def open_payment(session: Session, reference: str) -> Payment | None:
    """The payment for `reference` that has not ended."""
    query = select(Payment).where(Payment.reference == reference, col(Payment.state).not_in(FINISHED))
    return session.exec(query.order_by(col(Payment.id).desc())).first()


def of_reference(session: Session, reference: str) -> list[Payment]:
    """Every payment tried for `reference`, newest first."""
    return list(session.exec(select(Payment).where(Payment.reference == reference).order_by(col(Payment.id).desc())))


def succeeded_for(session: Session, reference: str) -> Payment | None:
    """The payment that paid `reference`."""
    query = select(Payment).where(Payment.reference == reference, Payment.state == PaymentState.SUCCEEDED)
    return session.exec(query).first()


def unfinished_before(session: Session, moment: datetime) -> list[Payment]:
    """Payments last tried (or asked for) before `moment` that have not ended: the provider is to be asked again."""
    query = select(Payment).where(col(Payment.state).not_in(FINISHED), col(Payment.created_at) < moment)
    return [p for p in session.exec(query.order_by(col(Payment.id))) if (p.attempted_at or p.created_at) < moment]


def customer_of(session: Session, organisation_id: str) -> str | None:
    """Stripe's id of an organisation as payer."""
    found = session.get(Customer, organisation_id)
    return found.stripe_id if found else None


def record_customer(session: Session, organisation_id: str, stripe_id: str) -> None:
    """Remember it. The same id a second time is nothing new, since the call is idempotent; the page and the worker
    may come with it at the same instant."""
    _insert_once(session, Customer(organisation_id=organisation_id, stripe_id=stripe_id))


def account_of(session: Session, organisation_id: str) -> str | None:
    """Stripe's id of a department as payee."""
    found = session.get(ConnectedAccount, organisation_id)
    return found.stripe_id if found else None


def record_account(session: Session, organisation_id: str, stripe_id: str) -> None:
    """Remember it. The same id a second time is nothing new, since the call is idempotent; the page and the worker
    may come with it at the same instant."""
    _insert_once(session, ConnectedAccount(organisation_id=organisation_id, stripe_id=stripe_id))


def receive(session: Session, notification: Notification) -> WebhookEvent:
    """Keep a verified webhook and have its object brought up to date; a second delivery changes nothing."""
    event = WebhookEvent(
        stripe_id=notification.stripe_id,
        type=notification.type,
        object_id=notification.object_id,
        our_id=notification.our_id if notification.our_id and is_id(notification.our_id) else None,
        happened_at=notification.happened_at,
    )
    if not _insert_once(session, event):
        return session.exec(select(WebhookEvent).where(WebhookEvent.stripe_id == notification.stripe_id)).one()
    outbox.emit(session, Event.PAYMENT_REPORTED, webhook_id=event.id)
    return session.get_one(WebhookEvent, event.id)


def get_webhook(session: Session, webhook_id: str) -> WebhookEvent:
    """A webhook that came in."""
    return session.get_one(WebhookEvent, webhook_id)


def mark_processed(session: Session, webhook_id: str) -> None:
    """Its object is up to date."""
    event = session.get_one(WebhookEvent, webhook_id)
    event.processed_at = event.processed_at or now()
    session.add(event)


def _insert_once(session: Session, row: Customer | ConnectedAccount | WebhookEvent) -> bool:
    """Insert a row unless one of its kind is there; whether it was inserted. Waits for a transaction that does the
    same at this moment, so that looking first is not needed."""
    session.flush()
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(type(row)).values(row.model_dump()).on_conflict_do_nothing()
    return connection.execute(statement).rowcount == 1


def _locked(session: Session, payment_id: str) -> Payment:
    session.flush()
    payment = session.get(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment is None:
        raise PaymentNotFound("There is no such payment.", payment_id=payment_id)
    return payment
