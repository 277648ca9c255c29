"""Test payment methods, under the names that Stripe gives them, and what happens when each is charged."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class TestCard:
    """A payment method that exists only in test mode."""

    brand: str
    last4: str
    outcome: Literal["succeed", "decline", "authenticate", "refund_fails"] = "succeed"
    code: str | None = None
    decline_code: str | None = None


CARDS: dict[str, TestCard] = {
    "pm_card_visa": TestCard("visa", "4242"),
    "pm_card_mastercard": TestCard("mastercard", "4444"),
    "pm_card_unionpay": TestCard("unionpay", "0005"),
    "pm_card_threeDSecure2Required": TestCard("visa", "3220", "authenticate"),
    "pm_card_authenticationRequired": TestCard("visa", "3184", "authenticate"),
    "pm_card_refundFail": TestCard("visa", "5126", "refund_fails"),
    "pm_card_chargeDeclined": TestCard("visa", "0002", "decline", "card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclined": TestCard("visa", "0002", "decline", "card_declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": TestCard(
        "visa", "9995", "decline", "card_declined", "insufficient_funds"
    ),
    "pm_card_chargeDeclinedExpiredCard": TestCard("visa", "0069", "decline", "expired_card", "expired_card"),
    "pm_card_chargeDeclinedProcessingError": TestCard("visa", "0119", "decline", "processing_error", None),
}
