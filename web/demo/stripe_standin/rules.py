"""What happens to Stripe's objects: charging, confirming, refunding, sending. Errors carry Stripe's own codes."""

from typing import Any

from contracts.clock import now
from web.demo.stripe_standin import objects
from web.demo.stripe_standin.cards import CARDS, TestCard
from web.demo.stripe_standin.objects import Object
from web.demo.stripe_standin.storage import Storage


class StripeFailure(Exception):
    """An error answer. `kept`: it is the outcome of the call, so it is stored with what the call changed."""

    def __init__(self, status: int, kind: str, code: str | None, message: str, *, kept: bool = False, **extra: Any):
        super().__init__(message)
        self.status, self.kept = status, kept
        self.body: Object = {"error": {"type": kind, "message": message} | ({"code": code} if code else {}) | extra}


def invalid(message: str, code: str | None = None, param: str | None = None, status: int = 400) -> StripeFailure:
    """The call is wrong."""
    failure = StripeFailure(status, "invalid_request_error", code, message)
    if param:
        failure.body["error"]["param"] = param
    return failure


def missing(kind: str, object_id: str) -> StripeFailure:
    """There is no such object."""
    return invalid(f"No such {kind}: '{object_id}'", "resource_missing", "id", 404)


class Bank:
    """The rules over one storage. Every method runs inside the storage's transaction."""

    def __init__(self, storage: Storage, public_url: str, api_version: str) -> None:
        self.storage, self._public_url, self._api_version = storage, public_url.rstrip("/"), api_version
        self.key: str | None = None

    def tell(self, kind: str, thing: Object) -> None:
        """Record an event and queue its webhook."""
        made = objects.event(kind, thing, self._api_version, self.key)
        self.storage.put("event", made)
        self.storage.queue_delivery(made["id"], now().timestamp())

    def create_customer(self, params: Object) -> Object:
        made = self.storage.put("customer", objects.customer(params))
        self.tell("customer.created", made)
        return made

    def create_intent(self, params: Object) -> Object:
        amount = _whole(params, "amount")
        if not 1 <= amount <= 99_999_999:
            raise invalid("Invalid amount: it must be between 1 and 99999999.", "amount_too_large", "amount")
        if customer := params.get("customer"):
            self.find("customer", customer)
        intent = objects.payment_intent(params)
        self.storage.put("payment_intent", intent)
        self.tell("payment_intent.created", intent)
        if params.get("confirm") != "true":
            return intent
        return self.confirm_intent(intent, params)

    def confirm_intent(self, intent: Object, params: Object) -> Object:
        if intent["status"] not in ("requires_confirmation", "requires_payment_method"):
            raise _unexpected(intent, "confirm")
        intent["payment_method"] = params.get("payment_method") or intent["payment_method"]
        if intent["payment_method"] is None:
            raise invalid("Provide a payment method to confirm.", "parameter_missing", "payment_method")
        card = self._card(intent["payment_method"])
        if card.outcome == "decline":
            self._decline(intent, card)
        if card.outcome == "authenticate":
            return self._ask_payer(intent, params.get("return_url"))
        return self._succeed(intent)

    def authenticate(self, intent: Object, approved: bool) -> Object:
        """The payer has answered their bank."""
        if intent["status"] != "requires_action":
            return intent
        intent["next_action"] = None
        if approved:
            return self._succeed(intent)
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = {
            "type": "invalid_request_error",
            "code": "payment_intent_authentication_failure",
            "message": "The payer's bank did not confirm the payment.",
        }
        intent["payment_method"] = None
        self.storage.put("payment_intent", intent)
        self.tell("payment_intent.payment_failed", intent)
        return intent

    def cancel_intent(self, intent: Object, params: Object) -> Object:
        if intent["status"] in ("succeeded", "canceled"):
            raise _unexpected(intent, "cancel")
        intent |= {
            "status": "canceled",
            "canceled_at": int(now().timestamp()),
            "cancellation_reason": params.get("cancellation_reason"),
            "next_action": None,
        }
        self.storage.put("payment_intent", intent)
        self.tell("payment_intent.canceled", intent)
        return intent

    def create_refund(self, params: Object) -> Object:
        intent = self.find("payment_intent", params.get("payment_intent", ""))
        if intent["status"] != "succeeded":
            raise invalid("This payment has not succeeded, so nothing can be given back.", "charge_not_refundable")
        given = sum(
            refund["amount"]
            for refund in self.storage.all("refund")
            if refund["payment_intent"] == intent["id"] and refund["status"] != "failed"
        )
        left = intent["amount"] - given
        amount = _whole(params, "amount") if "amount" in params else left
        if left == 0:
            raise invalid("This payment has been given back already.", "charge_already_refunded")
        if not 1 <= amount <= left:
            raise invalid(f"Refund amount is greater than what is left ({left}).", "amount_too_large", "amount")
        fails = self._card(intent["payment_method"]).outcome == "refund_fails"
        made = objects.refund(intent, amount, "failed" if fails else "succeeded", params.get("metadata", {}))
        self.storage.put("refund", made)
        self.tell("refund.failed" if fails else "refund.created", made)
        return made

    def create_account(self, params: Object) -> Object:
        made = self.storage.put("account", objects.account(params))
        self.tell("account.updated", made)
        return made

    def create_transfer(self, params: Object) -> Object:
        amount, currency = _whole(params, "amount"), params["currency"].lower()
        self.find("account", params.get("destination", ""))
        if amount < 1:
            raise invalid("Invalid positive integer", "parameter_invalid_integer", "amount")
        if amount > self.available(currency):
            raise invalid("Insufficient funds for this transfer.", "balance_insufficient")
        made = self.storage.put("transfer", objects.transfer(params))
        self.tell("transfer.created", made)
        return made

    def available(self, currency: str) -> int:
        """What came in, less what went out."""
        received = sum(i["amount_received"] for i in self._in(currency, "payment_intent"))
        given_back = sum(r["amount"] for r in self._in(currency, "refund") if r["status"] == "succeeded")
        sent = sum(t["amount"] - t["amount_reversed"] for t in self._in(currency, "transfer"))
        return int(received - given_back - sent)

    def find(self, kind: str, object_id: str) -> Object:
        """The object, or Stripe's error."""
        found = self.storage.get(kind, object_id)
        if found is None:
            raise missing(kind, object_id)
        return found

    def find_method(self, method_id: str) -> Object:
        """A test card as a payment method."""
        return objects.payment_method(method_id, self._card(method_id))

    def _in(self, currency: str, kind: str) -> list[Object]:
        return [thing for thing in self.storage.all(kind) if thing["currency"] == currency]

    def _card(self, method_id: str) -> TestCard:
        card = CARDS.get(method_id)
        if card is None:
            raise invalid(f"No such PaymentMethod: '{method_id}'", "resource_missing", "payment_method", 404)
        return card

    def _succeed(self, intent: Object) -> Object:
        intent |= {
            "status": "succeeded",
            "amount_received": intent["amount"],
            "latest_charge": objects.new_id("ch"),
            "last_payment_error": None,
        }
        self.storage.put("payment_intent", intent)
        self.tell("payment_intent.succeeded", intent)
        return intent

    def _ask_payer(self, intent: Object, return_url: str | None) -> Object:
        if not return_url:
            raise invalid("Provide a return_url to confirm this payment.", "parameter_missing", "return_url")
        intent["status"] = "requires_action"
        intent["next_action"] = {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": f"{self._public_url}/test/bank/{intent['id']}"},
        }
        self.storage.put("payment_intent", intent)
        self.tell("payment_intent.requires_action", intent)
        return intent

    def _decline(self, intent: Object, card: TestCard) -> None:
        details: Object = {
            "decline_code": card.decline_code,
            "charge": objects.new_id("ch"),
            "payment_method": self.find_method(intent["payment_method"]),
        }
        message = "Your card was declined."
        intent |= {
            "status": "requires_payment_method",
            "payment_method": None,
            "last_payment_error": {"type": "card_error", "code": card.code, "message": message} | details,
        }
        self.storage.put("payment_intent", intent)
        self.tell("payment_intent.payment_failed", intent)
        raise StripeFailure(402, "card_error", card.code, message, kept=True, payment_intent=intent, **details)


def _unexpected(intent: Object, verb: str) -> StripeFailure:
    return invalid(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        "payment_intent_unexpected_state",
    )


def _whole(params: Object, name: str) -> int:
    try:
        return int(params[name])
    except KeyError:
        raise invalid(f"Missing required param: {name}.", "parameter_missing", name) from None
    except ValueError:
        raise invalid("Invalid integer", "parameter_invalid_integer", name) from None
