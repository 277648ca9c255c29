"""What the worker does for billing: collecting, paying back, closing periods, and the sweep that loses nothing.

Each task takes the database and may run any number of times, at once or after a crash. The provider is never called
inside a transaction: the intention is committed first, the outcome afterwards, and the call in between carries our
id, so doing it again finds what was done.
"""

from datetime import timedelta

from catalog.parties import service as parties
from contracts.access import SYSTEM
from contracts.clock import now
from contracts.errors import Conflict
from contracts.events import Event
from contracts.kit import logging, outbox
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.text import pick
from marketplace.billing import invoicing, periods, rating, refunds
from marketplace.billing import service as billing
from marketplace.billing.models import InvoiceKind, InvoiceState, PeriodState, Refund, RefundState
from marketplace.billing.rules import Rules
from marketplace.metering import service as metering
from marketplace.payments import service as payments
from marketplace.payments.errors import ProviderAway
from marketplace.payments.models import FINISHED, Payment, PaymentState
from marketplace.payments.provider import Provider
from marketplace.subscriptions import service as subscriptions

log = logging.get(__name__)

ASK_AGAIN_AFTER = timedelta(minutes=2)  # a payment or refund left unfinished that long is asked about again
GIVE_UP_ACTION_AFTER = timedelta(hours=1)  # a payer who has not confirmed with their bank by then starts anew


def collect(database: Database, provider: Provider, payment_id: str, *, base_url: str) -> Payment:
    """Collect a payment, or find out how it stands, and post it when it succeeded."""
    with database.transaction() as session:
        payment = payments.begin(session, payment_id)
        if payment.state in FINISHED:
            return payment
        customer = payments.customer_of(session, payment.organisation_id)
        organisation = parties.get_organisation(session, payment.organisation_id)
        name, email = pick(organisation.name, "zh-CN"), organisation.contact_email
        number = billing.get_invoice(session, payment.reference).number
    if customer is None:
        customer = provider.create_customer(organisation.id, name, email)
        with database.transaction() as session:
            payments.record_customer(session, organisation.id, customer)
    charge = None
    if payment.stripe_id is not None:
        charge = provider.get_charge(payment.stripe_id)
    elif payment.attempts > 1:
        # An earlier attempt may have reached the provider although its answer never reached us.
        charge = provider.find_charge(payment.id, customer, payment.created_at)
    if charge is None:
        charge = provider.charge(
            payment.id,
            customer=customer,
            amount=payment.amount,
            currency=payment.currency,
            method=payment.method,
            description=number,
            return_url=base_url.rstrip("/") + payment.return_path,
        )
    with database.transaction() as session:
        payment, succeeded = payments.record_charge(session, payment_id, charge)
        if succeeded:
            billing.apply_payment(session, payment)
    return payment


def give_up_payment(database: Database, provider: Provider, payment_id: str) -> Payment:
    """Cancel a payment that waits for its payer. If the payer was quicker, it counts as paid."""
    with database.reading() as session:
        payment = payments.get(session, payment_id)
    if payment.state != PaymentState.REQUIRES_ACTION or payment.stripe_id is None:
        return payment
    charge = provider.cancel_charge(payment.stripe_id)
    with database.transaction() as session:
        payment, succeeded = payments.record_charge(session, payment_id, charge)
        if succeeded:
            billing.apply_payment(session, payment)
    return payment


def pay_back(database: Database, provider: Provider, refund_id: str) -> Refund:
    """Pay an approved refund back, or find out how it stands."""
    with database.transaction() as session:
        refund = refunds.begin(session, refund_id)
        if refund.state != RefundState.APPROVED:
            return refund
        payment = payments.succeeded_for(session, refund.invoice_id)
    if payment is None or payment.stripe_id is None:
        raise Conflict("The invoice of this refund was never paid.", refund_id=refund_id)
    movement = None
    if refund.attempts > 1 or refund.stripe_id is not None:
        movement = provider.find_refund(refund.id, payment=payment.stripe_id)
    if movement is None:
        movement = provider.refund(refund.id, payment=payment.stripe_id, amount=refund.amount)
    with database.transaction() as session:
        return refunds.record(session, refund_id, movement)


def finish_period(database: Database, store: ObjectStore, settings: Settings, period_id: str) -> int:
    """Seal the usage of a period that has ended, rate it and send its invoices; how many."""
    rules = Rules.from_settings(settings)
    with database.reading() as session:
        period = periods.get_period(session, period_id)
    if period.state != PeriodState.CLOSING:
        return 0
    metering.seal_through(database, store, settings, period.end_at)
    with database.transaction() as session:
        period = periods.get_period(session, period_id)
        rating.rate_period(session, rules, period)
    with database.transaction() as session:
        period = periods.get_period(session, period_id)
        issued = len(rating.invoice_period(session, SYSTEM, rules, period))
        periods.mark_closed(session, period_id)
    return issued


def sweep(database: Database, provider: Provider, settings: Settings) -> None:
    """What time alone brings about. Run every minute or so by one or many workers.

    Periods whose month is over are closed, cancelled subscriptions end, unpaid orders lapse, overdue invoices
    suspend, and payments and refunds whose outcome is unknown are asked about.
    """
    rules = Rules.from_settings(settings)
    ended = True
    while ended:
        with database.transaction() as session:
            ended = periods.close_due(session, SYSTEM, rules) is not None
    with database.transaction() as session:
        subscriptions.end_due(session, SYSTEM)
    _give_up_waiting(database, provider)
    _ask_again(database)
    lapse_and_suspend(database)


def lapse_and_suspend(database: Database) -> None:
    """Unpaid first invoices lapse with their subscription; overdue period invoices suspend what they are for."""
    with database.reading() as session:
        late = billing.overdue(session)
    for found in late:
        with database.transaction() as session:
            invoice = billing.lock(session, found.id)
            if invoice.state != InvoiceState.OPEN or payments.open_payment(session, invoice.id) is not None:
                continue  # paid meanwhile, or about to be
            if invoice.kind == InvoiceKind.FIRST and invoice.subscription_id is not None:
                billing.lapse(session, SYSTEM, invoice.id)
                subscriptions.end(session, SYSTEM, invoice.subscription_id)
                continue
            for subscription_id in sorted({line.subscription_id for line in invoicing.lines_of(session, invoice.id)}):
                subscriptions.suspend(session, SYSTEM, subscription_id)


def _give_up_waiting(database: Database, provider: Provider) -> None:
    with database.reading() as session:
        waiting = [
            payment
            for payment in payments.unfinished_before(session, now() - GIVE_UP_ACTION_AFTER)
            if payment.state == PaymentState.REQUIRES_ACTION
        ]
    for payment in waiting:
        try:
            give_up_payment(database, provider, payment.id)
        except ProviderAway as error:
            log.warning("payment.provider_away", payment_id=payment.id, detail=error.detail)


def _ask_again(database: Database) -> None:
    """Queue what is unfinished once more; the jobs ask the provider before they do anything."""
    cutoff = now() - ASK_AGAIN_AFTER
    with database.transaction() as session:
        for payment in payments.unfinished_before(session, cutoff):
            outbox.emit(session, Event.PAYMENT_REQUESTED, payment_id=payment.id)
        for refund in refunds.approved_before(session, cutoff):
            outbox.emit(session, Event.REFUND_APPROVED, refund_id=refund.id)
