"""Paying from a page: the intention is committed, then the provider is asked at once, and what it says is shown."""

from contracts.access import Actor
from contracts.kit import logging
from marketplace.billing import service as billing
from marketplace.billing import tasks
from marketplace.payments.errors import ProviderAway
from marketplace.payments.models import Payment
from marketplace.payments.provider import Provider
from web.context import Services

log = logging.get(__name__)


def pay(services: Services, actor: Actor, invoice_id: str, method: str, *, return_path: str) -> Payment:
    """Pay an invoice. When the provider is away the payment stays under way, and the worker goes on with it."""
    with services.database.transaction() as session:
        payment = billing.pay_invoice(session, actor, invoice_id, method, return_path=return_path)
    return follow(services, payment)


def follow(services: Services, payment: Payment) -> Payment:
    """Bring a payment up to date with the provider, as far as it answers."""
    provider = Provider.from_settings(services.settings)
    try:
        return tasks.collect(services.database, provider, payment.id, base_url=services.settings.base_url)
    except ProviderAway as error:
        log.warning("payment.provider_away", payment_id=payment.id, detail=error.detail)
        return payment


def give_up(services: Services, payment_id: str) -> Payment:
    """Cancel a payment that waits for the payer's confirmation."""
    return tasks.give_up_payment(services.database, Provider.from_settings(services.settings), payment_id)
