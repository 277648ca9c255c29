"""The vocabulary of money in the reader's language: states, components, kinds of entries and accounts."""

import re
from collections.abc import Mapping
from typing import Any

from contracts.errors import InvalidInput
from contracts.ids import is_id
from marketplace.billing.models import InvoiceLine
from web import formats
from web.i18n import N_, localized, raw_gettext
from web.i18n import gettext as _

INVOICE_STATES = {
    "open": (N_("to be paid"), "care"),
    "paid": (N_("paid"), "good"),
    "void": (N_("lapsed"), ""),
}
REFUND_STATES = {
    "requested": (N_("waits for a decision"), "care"),
    "approved": (N_("approved, on its way"), "care"),
    "made": (N_("given back"), "good"),
    "rejected": (N_("rejected"), ""),
    "failed": (N_("could not be paid back"), "stop"),
}
SUBSCRIPTION_STATES = {
    "pending_payment": (N_("waits for payment"), "care"),
    "active": (N_("active"), "good"),
    "suspended": (N_("stopped until paid"), "stop"),
    "ended": (N_("ended"), ""),
}
PERIOD_STATES = {
    "open": (N_("open"), ""),
    "closing": (N_("being rated and invoiced"), "care"),
    "closed": (N_("closed"), "good"),
}
PAYOUT_STATES = {
    "requested": (N_("on its way"), "care"),
    "paid": (N_("paid out"), "good"),
    "failed": (N_("failed, held again"), "stop"),
}
COMPONENTS = {"monthly_fee": N_("monthly fee"), "calls": N_("calls beyond the quota")}
ENTRY_KINDS = {
    "invoice.issued": N_("Invoice issued"),
    "invoice.voided": N_("Invoice void"),
    "payment.received": N_("Payment received"),
    "credit.granted": N_("Refund approved"),
    "refund.made": N_("Refund paid back"),
    "payout.started": N_("Payout under way"),
    "payout.made": N_("Payout made"),
    "payout.failed": N_("Payout failed"),
}
ACCOUNT_KINDS = {
    "receivable": N_("Receivable from a subscriber"),
    "cash": N_("Cash at the payment provider"),
    "unpaid_income": N_("Invoiced, not yet paid"),
    "payable": N_("Payable to a department"),
    "payout_in_transit": N_("Payout in transit"),
    "fee_income": N_("Platform fee income"),
    "tax_payable": N_("VAT payable"),
    "refunds_payable": N_("Refunds payable"),
}
FAILURES = {
    "insufficient_funds": N_("The card has too little money on it. Nothing was charged; try another card."),
    "generic_decline": N_("The bank declined the card. Nothing was charged; try another card or ask your bank."),
    "card_declined": N_("The bank declined the card. Nothing was charged; try another card or ask your bank."),
    "expired_card": N_("The card has expired. Nothing was charged; use another card."),
    "processing_error": N_("The bank could not process the payment. Nothing was charged; try again."),
    "payment_intent_authentication_failure": N_("The payment was not confirmed with the bank. Nothing was charged."),
    "canceled": N_("The payment was given up. Nothing was charged."),
}
TEST_METHODS = [
    ("pm_card_visa", N_("Test card Visa, ends in 4242"), N_("The payment succeeds.")),
    ("pm_card_unionpay", N_("Test card UnionPay, ends in 0005"), N_("The payment succeeds.")),
    (
        "pm_card_threeDSecure2Required",
        N_("Test card Visa, ends in 3220"),
        N_("The bank asks for a confirmation on its own page."),
    ),
    (
        "pm_card_chargeDeclinedInsufficientFunds",
        N_("Test card Visa, ends in 9995"),
        N_("The payment is declined: too little money."),
    ),
]


def state(words: Mapping[str, tuple[str, str]], key: str) -> tuple[str, str]:
    """A state's word in the current language, and the kind of tag it is shown as."""
    label, kind = words[key]
    return raw_gettext(label), kind


def word(words: Mapping[str, str], key: str) -> str:
    """The word for `key`; what is not in the vocabulary stays as it is."""
    return raw_gettext(words[key]) if key in words else key


def failure(code: str | None) -> str:
    """What became of a payment that failed, and that no money moved."""
    known = FAILURES.get(code or "")
    return raw_gettext(known) if known else _("The payment failed. Nothing was charged; try another card.")


def payment_methods() -> list[dict[str, str]]:
    """The test cards, for `ui.radios`."""
    return [
        {"value": method, "label": raw_gettext(label), "hint": raw_gettext(hint)}
        for method, label, hint in TEST_METHODS
    ]


def line_label(line: InvoiceLine) -> dict[str, str]:
    """What an invoice line is for, for a table cell."""
    return {
        "text": f"{localized(line.title)} · {localized(line.plan_name)}",
        "sub": word(COMPONENTS, line.component),
    }


def line_formula(line: InvoiceLine, currency: str) -> str:
    """How the line's amount comes about: `¥299.00 × 7 ÷ 30 days`."""
    price = formats.money(line.unit_amount, currency)
    if line.component == "monthly_fee":
        if line.quantity == line.per:
            return _("%(price)s a month", price=price)
        return _("%(price)s × %(days)s ÷ %(of)s days", price=price, days=line.quantity, of=line.per)
    return _("%(calls)s calls × %(price)s ÷ 1,000", calls=formats.number(line.quantity), price=price)


def plan_limits(quota: int | None, overage_per_1000: int | None, rate: int, currency: str) -> list[str]:
    """A plan's quota, what comes after it, and its rate, as short texts."""
    limits = []
    if quota is None:
        limits.append(_("no limit on calls a month"))
    elif overage_per_1000 is None:
        limits.append(_("%(calls)s calls a month, then calls stop", calls=formats.number(quota)))
    else:
        price = formats.money(overage_per_1000, currency)
        limits.append(_("%(calls)s calls a month, then %(price)s for 1,000", calls=formats.number(quota), price=price))
    limits.append(_("%(calls)s calls a minute", calls=formats.number(rate)))
    return limits


def short(reference: str) -> str:
    """An id as it is shown in tables."""
    return reference[:8] if is_id(reference) else reference


def context(**values: Any) -> dict[str, Any]:
    """`values` with the vocabulary's helpers, for templates that show money."""
    helpers = {
        "state_word": state,
        "word": word,
        "line_label": line_label,
        "line_formula": line_formula,
        "short": short,
        "INVOICE_STATES": INVOICE_STATES,
        "REFUND_STATES": REFUND_STATES,
        "SUBSCRIPTION_STATES": SUBSCRIPTION_STATES,
        "PERIOD_STATES": PERIOD_STATES,
        "PAYOUT_STATES": PAYOUT_STATES,
        "COMPONENTS": COMPONENTS,
        "ENTRY_KINDS": ENTRY_KINDS,
        "ACCOUNT_KINDS": ACCOUNT_KINDS,
    }
    return helpers | values


def fen(text: str, field: str) -> int | None:
    """An amount typed in yuan as fen; None for nothing. Raises `InvalidInput` at `field`."""
    cleaned = text.strip().replace(",", "").removeprefix("¥").strip()
    if not cleaned:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", cleaned):
        raise InvalidInput.at(field, "Give an amount such as 100 or 99.50.")
    whole, _dot, cents = cleaned.partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0"))
