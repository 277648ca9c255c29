"""What the worker does when the market's events happen."""

from datetime import timedelta

from contracts.events import Event
from contracts.kit.jobs import JobContext, Registry
from marketplace.billing import tasks as billing
from marketplace.payments import service as payments
from marketplace.payments.provider import Provider
from marketplace.settlement import tasks as settlement

SWEEP_EVERY = timedelta(minutes=1)


def register(registry: Registry) -> None:
    """Handlers of payments, refunds, periods and payouts."""
    registry.every(SWEEP_EVERY, "marketplace.sweep")(_sweep)
    registry.on(Event.PAYMENT_REQUESTED, "payments.collect")(_collect)
    registry.on(Event.PAYMENT_REPORTED, "payments.follow_webhook")(_follow_webhook)
    registry.on(Event.REFUND_APPROVED, "billing.pay_back")(_pay_back)
    registry.on(Event.PERIOD_CLOSED, "billing.finish_period")(_finish_period)
    registry.on(Event.PERIOD_INVOICED, "settlement.issue")(_issue)
    registry.on(Event.PAYOUT_REQUESTED, "settlement.send_payout")(_send_payout)


def _sweep(context: JobContext, _: dict[str, str]) -> None:
    """What time alone brings about in the market."""
    provider = Provider.from_settings(context.settings)
    billing.sweep(context.database, provider, context.settings)
    settlement.sweep(context.database)


def _collect(context: JobContext, payload: dict[str, str]) -> None:
    provider = Provider.from_settings(context.settings)
    billing.collect(context.database, provider, payload["payment_id"], base_url=context.settings.base_url)


def _pay_back(context: JobContext, payload: dict[str, str]) -> None:
    billing.pay_back(context.database, Provider.from_settings(context.settings), payload["refund_id"])


def _finish_period(context: JobContext, payload: dict[str, str]) -> None:
    billing.finish_period(context.database, context.store, context.settings, payload["period_id"])


def _issue(context: JobContext, payload: dict[str, str]) -> None:
    settlement.issue(context.database, context.settings, payload["period_id"])


def _send_payout(context: JobContext, payload: dict[str, str]) -> None:
    settlement.send_payout(context.database, Provider.from_settings(context.settings), payload["payout_id"])


def _follow_webhook(context: JobContext, payload: dict[str, str]) -> None:
    """Ask the provider how the object of a webhook stands now. So order and repetition of webhooks do not matter."""
    with context.database.reading() as session:
        event = payments.get_webhook(session, payload["webhook_id"])
    provider = Provider.from_settings(context.settings)
    if not event.our_id:
        pass  # about something that is none of ours, such as an account
    elif event.type.startswith("payment_intent."):
        billing.collect(context.database, provider, event.our_id, base_url=context.settings.base_url)
    elif event.type.startswith("refund."):
        billing.pay_back(context.database, provider, event.our_id)
    elif event.type.startswith("transfer."):
        settlement.send_payout(context.database, provider, event.our_id)
    with context.database.transaction() as session:
        payments.mark_processed(session, event.id)
