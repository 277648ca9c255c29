"""Stripe's objects in the shapes that its API gives them (checked against stripe-mock in the tests)."""

import secrets
from typing import Any

from contracts.clock import now
from web.demo.stripe_standin.cards import TestCard

Object = dict[str, Any]

_NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def new_id(prefix: str) -> str:
    """An id in Stripe's style."""
    return f"{prefix}_{secrets.token_hex(12)}"


def _created() -> int:
    return int(now().timestamp())


def customer(params: Object) -> Object:
    """A payer."""
    return {
        "id": new_id("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": _created(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": params.get("description"),
        "discount": None,
        "email": params.get("email"),
        "invoice_prefix": secrets.token_hex(4).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "name": params.get("name"),
        "next_invoice_sequence": 1,
        "phone": params.get("phone"),
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def payment_method(method_id: str, card: TestCard) -> Object:
    """One of the test cards."""
    return {
        "id": method_id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": _NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None},
        "card": {
            "brand": card.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "CN" if card.brand == "unionpay" else "US",
            "display_brand": card.brand,
            "exp_month": 12,
            "exp_year": now().year + 3,
            "fingerprint": None,
            "funding": "credit",
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": None,
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": _created(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def payment_intent(params: Object) -> Object:
    """A payment before it is confirmed."""
    intent_id = new_id("pi")
    automatic = params.get("automatic_payment_methods")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": int(params["amount"]),
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "always"} if automatic else None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "created": _created(),
        "currency": params["currency"].lower(),
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": params.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": params.get("payment_method"),
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_confirmation" if params.get("payment_method") else "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(intent: Object, amount: int, status: str, metadata: Object) -> Object:
    """Money on its way back."""
    made = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": intent["latest_charge"],
        "created": _created(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "customer_account": None,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    return made | ({"failure_reason": "expired_or_canceled_card"} if status == "failed" else {})


def account(params: Object) -> Object:
    """A payee."""
    return {
        "id": new_id("acct"),
        "object": "account",
        "business_profile": {"name": params.get("business_profile", {}).get("name")},
        "business_type": None,
        "capabilities": {"transfers": "active"},
        "charges_enabled": False,
        "controller": {"type": "application"},
        "country": params.get("country", "US"),
        "created": _created(),
        "default_currency": "cny",
        "details_submitted": True,
        "email": params.get("email"),
        "external_accounts": {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts/external_accounts"},
        "future_requirements": _requirements(),
        "metadata": params.get("metadata", {}),
        "payouts_enabled": True,
        "requirements": _requirements(),
        "settings": {},
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "none",
    }


def _requirements() -> Object:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": [],
        "disabled_reason": None,
        "errors": [],
        "eventually_due": [],
        "past_due": [],
        "pending_verification": [],
    }


def transfer(params: Object) -> Object:
    """Money sent to a payee."""
    transfer_id = new_id("tr")
    return {
        "id": transfer_id,
        "object": "transfer",
        "amount": int(params["amount"]),
        "amount_reversed": 0,
        "balance_transaction": new_id("txn"),
        "created": _created(),
        "currency": params["currency"].lower(),
        "description": params.get("description"),
        "destination": params["destination"],
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{transfer_id}/reversals",
        },
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": params.get("transfer_group"),
    }


def event(kind: str, thing: Object, api_version: str, idempotency_key: str | None) -> Object:
    """Something that happened, as webhooks tell it."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": api_version,
        "created": _created(),
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": new_id("req"), "idempotency_key": idempotency_key},
        "type": kind,
    }


def listing(url: str, items: list[Object], has_more: bool) -> Object:
    """A page of a list."""
    return {"object": "list", "data": items, "has_more": has_more, "url": url}
