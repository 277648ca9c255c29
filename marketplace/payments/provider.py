"""Every call to Stripe that the product makes, through one `stripe.StripeClient`. No database here.

Each write carries an idempotency key made from our own id, so a call repeated after a crash finds its first answer.
Stripe forgets such keys after a day; the `find_*` calls look for the object by our id in its metadata instead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import stripe

from contracts.kit.settings import Settings
from marketplace.payments.config import StripeConfig
from marketplace.payments.errors import BadSignature, ProviderAway, ProviderRefused

API_VERSION = "2026-10-28.endive"
RETRY_SECONDS = 15
TIMEOUT_SECONDS = (3.05, 20)  # to connect, to answer
_CLOCK_SKEW = timedelta(minutes=10)

Outcome = Literal["processing", "requires_action", "succeeded", "failed"]
_OUTCOMES: dict[str, Outcome] = {
    "succeeded": "succeeded",
    "processing": "processing",
    "requires_action": "requires_action",
    "requires_payment_method": "failed",
    "canceled": "failed",
}


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment as Stripe sees it now."""

    stripe_id: str
    outcome: Outcome
    amount: int
    currency: str
    failure_code: str | None = None
    action_url: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """A refund or a transfer as Stripe sees it now."""

    stripe_id: str
    outcome: Outcome
    amount: int
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """A verified webhook."""

    stripe_id: str
    type: str
    object_id: str
    our_id: str | None
    happened_at: datetime


class Provider:
    """Stripe, as this product uses it."""

    def __init__(self, config: StripeConfig) -> None:
        self.config = config
        self._client = stripe.StripeClient(
            config.api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": config.api_base} if config.api_base else None,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            max_network_retries=2,
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> "Provider":
        """The provider that the settings name; one client a process and configuration."""
        return _provider(StripeConfig.from_settings(settings))

    def create_customer(self, organisation_id: str, name: str, email: str | None) -> str:
        """Make an organisation known as a payer; Stripe's id."""
        with _translated():
            customer = self._client.v1.customers.create(
                {"name": name, "metadata": {"organisation": organisation_id}} | ({"email": email} if email else {}),  # type: ignore[arg-type]  # a dict is such a TypedDict
                {"idempotency_key": f"customer:{organisation_id}"},
            )
        return customer.id

    def charge(
        self,
        payment_id: str,
        *,
        customer: str,
        amount: int,
        currency: str,
        method: str,
        description: str,
        return_url: str,
    ) -> Charge:
        """Collect `amount` fen at once from a payment method. A declined card is an outcome, not an error."""
        with _translated():
            try:
                intent = self._client.v1.payment_intents.create(
                    {
                        "amount": amount,
                        "currency": currency.lower(),
                        "customer": customer,
                        "payment_method": method,
                        "confirm": True,
                        "description": description,
                        "return_url": return_url,
                        "automatic_payment_methods": {"enabled": True, "allow_redirects": "always"},
                        "metadata": {"payment": payment_id},
                    },
                    {"idempotency_key": f"payment:{payment_id}"},
                )
            except stripe.CardError as error:
                return _declined(error, amount, currency)
        return _charge(intent)

    def get_charge(self, stripe_id: str) -> Charge:
        """How a payment stands now."""
        with _translated():
            return _charge(self._client.v1.payment_intents.retrieve(stripe_id))

    def find_charge(self, payment_id: str, customer: str, since: datetime) -> Charge | None:
        """The payment made under our id, if the call that asked for it arrived."""
        with _translated():
            listed = self._client.v1.payment_intents.list(
                {"customer": customer, "created": {"gte": int((since - _CLOCK_SKEW).timestamp())}, "limit": 100}
            )
            for intent in listed.auto_paging_iter():
                if _metadata(intent).get("payment") == payment_id:
                    return _charge(intent)
        return None

    def cancel_charge(self, stripe_id: str) -> Charge:
        """Give up a payment that the payer has not confirmed. One that ended meanwhile is given as it is."""
        with _translated():
            try:
                return _charge(
                    self._client.v1.payment_intents.cancel(
                        stripe_id, {"cancellation_reason": "abandoned"}, {"idempotency_key": f"cancel:{stripe_id}"}
                    )
                )
            except stripe.InvalidRequestError as error:
                if error.code != "payment_intent_unexpected_state":
                    raise
        return self.get_charge(stripe_id)

    def refund(self, refund_id: str, *, payment: str, amount: int) -> Movement:
        """Pay back part or all of a payment to where it came from."""
        with _translated():
            refund = self._client.v1.refunds.create(
                {"payment_intent": payment, "amount": amount, "metadata": {"refund": refund_id}},
                {"idempotency_key": f"refund:{refund_id}"},
            )
        return _refund(refund)

    def find_refund(self, refund_id: str, *, payment: str) -> Movement | None:
        """The refund made under our id, if the call that asked for it arrived."""
        with _translated():
            listed = self._client.v1.refunds.list({"payment_intent": payment, "limit": 100})
            for refund in listed.auto_paging_iter():
                if _metadata(refund).get("refund") == refund_id:
                    return _refund(refund)
        return None

    def create_account(self, organisation_id: str, name: str, email: str | None, country: str) -> str:
        """Make a department known as a payee; Stripe's id. A live one still has to be onboarded with Stripe."""
        with _translated():
            account = self._client.v1.accounts.create(
                {
                    "country": country,
                    "controller": {
                        "stripe_dashboard": {"type": "none"},
                        "fees": {"payer": "application"},
                        "losses": {"payments": "application"},
                        "requirement_collection": "application",
                    },
                    "capabilities": {"transfers": {"requested": True}},
                    "business_profile": {"name": name},
                    "metadata": {"organisation": organisation_id},
                }
                | ({"email": email} if email else {}),  # type: ignore[arg-type]  # a dict is such a TypedDict
                {"idempotency_key": f"account:{organisation_id}"},
            )
        return account.id

    def transfer(self, payout_id: str, *, account: str, amount: int, currency: str, description: str) -> Movement:
        """Send a department its money."""
        with _translated():
            transfer = self._client.v1.transfers.create(
                {
                    "amount": amount,
                    "currency": currency.lower(),
                    "destination": account,
                    "description": description,
                    "transfer_group": payout_id,
                    "metadata": {"payout": payout_id},
                },
                {"idempotency_key": f"payout:{payout_id}"},
            )
        return Movement(transfer.id, "failed" if transfer.reversed else "succeeded", transfer.amount)

    def find_transfer(self, payout_id: str) -> Movement | None:
        """The transfer made under our id, if the call that asked for it arrived."""
        with _translated():
            listed = self._client.v1.transfers.list({"transfer_group": payout_id, "limit": 1})
        for transfer in listed.data:
            return Movement(transfer.id, "failed" if transfer.reversed else "succeeded", transfer.amount)
        return None

    def read_webhook(self, payload: bytes, signature: str) -> Notification:
        """Verify a webhook's signature and say what it is about. Raises `BadSignature`."""
        if not self.config.webhook_secret:
            raise BadSignature("SHUYI_STRIPE_WEBHOOK_SECRET is not set, so no webhook can be verified.")
        try:
            event = self._client.construct_event(payload, signature, self.config.webhook_secret)
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise BadSignature("The signature does not match the body, or is too old.") from error
        thing: dict[str, Any] = dict(event.to_dict()["data"]["object"])
        metadata = thing.get("metadata") or {}
        ours = next((metadata[key] for key in ("payment", "refund", "payout") if key in metadata), None)
        happened_at = datetime.fromtimestamp(event.created, UTC)
        return Notification(event.id, event.type, str(thing.get("id") or ""), ours, happened_at)


@lru_cache(maxsize=4)
def _provider(config: StripeConfig) -> Provider:
    return Provider(config)


@contextmanager
def _translated() -> Iterator[None]:
    """Stripe's errors as ours. What may work later becomes `ProviderAway`; card errors are handled where they occur."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderAway(
            "The payment provider does not answer. It is asked again.", retry_after=RETRY_SECONDS
        ) from error
    except stripe.StripeError as error:
        status = error.http_status or 0
        if status >= 500 or status == 409:
            raise ProviderAway("The payment provider is busy. It is asked again.", retry_after=RETRY_SECONDS) from error
        raise ProviderRefused(
            "The payment provider refused the call.", provider_code=error.code or type(error).__name__
        ) from error


def _charge(intent: stripe.PaymentIntent) -> Charge:
    outcome = _OUTCOMES.get(intent.status)
    if outcome is None:
        raise ProviderRefused(
            "The payment is in a state that this product never asks for.", provider_code=intent.status
        )
    details: dict[str, Any] = dict(intent.to_dict())
    failure = details.get("last_payment_error")
    action = (details.get("next_action") or {}).get("redirect_to_url")
    return Charge(
        stripe_id=intent.id,
        outcome=outcome,
        amount=intent.amount,
        currency=intent.currency.upper(),
        failure_code=(_failure_code(failure) if failure else "canceled") if outcome == "failed" else None,
        action_url=action.get("url") if action and outcome == "requires_action" else None,
    )


def _declined(error: stripe.CardError, amount: int, currency: str) -> Charge:
    details = error.json_body["error"] if isinstance(error.json_body, dict) else {}
    if "payment_intent" not in details:
        raise ProviderRefused("The payment provider declined without saying which payment.", provider_code=error.code)
    return Charge(details["payment_intent"]["id"], "failed", amount, currency, failure_code=_failure_code(details))


def _failure_code(failure: dict[str, Any]) -> str:
    return str(failure.get("decline_code") or failure.get("code") or "card_declined")


def _refund(refund: stripe.Refund) -> Movement:
    outcomes: dict[str, Outcome] = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
    outcome = outcomes.get(refund.status or "", "processing")
    failure = (refund.to_dict().get("failure_reason") or refund.status) if outcome == "failed" else None
    return Movement(refund.id, outcome, refund.amount, failure)


def _metadata(thing: Any) -> dict[str, str]:
    return dict(thing.to_dict().get("metadata") or {})
