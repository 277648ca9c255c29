"""Collecting through crashes, outages and webhooks: charged once, never lost."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.clock import now
from contracts.kit.settings import Settings
from marketplace.billing import refunds, tasks
from marketplace.billing import service as billing
from marketplace.billing.models import Invoice
from marketplace.payments import service as payments
from marketplace.payments.config import TEST_KEY, LiveKeyMisused, StripeConfig
from marketplace.payments.errors import BadSignature, PaymentInProgress, ProviderAway
from marketplace.payments.models import Payment
from marketplace.payments.provider import Provider
from marketplace.settlement import service as settlement
from tests.factories.commerce import Market
from web.demo.stripe_standin.webhooks import sign


class Crash(BaseException):
    """The process is gone; no handler may catch it."""


def crash_after(monkeypatch: pytest.MonkeyPatch, target: object, name: str) -> Callable[[], None]:
    """Let a call go through and the process die before its answer is seen; gives back how to stop that."""
    real = getattr(target, name)

    def die(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise Crash

    monkeypatch.setattr(target, name, die)
    return lambda: monkeypatch.setattr(target, name, real)


def charges_at_stripe(market: Market, payment: Payment) -> list[dict[str, Any]]:
    answer = httpx.get(
        f"{market.settings.stripe_api_base}/v1/payment_intents?limit=100",
        headers={"Authorization": f"Bearer {TEST_KEY}"},
    )
    return [intent for intent in answer.json()["data"] if intent["metadata"].get("payment") == payment.id]


def asked(market: Market, method: str = "pm_card_visa") -> tuple[Invoice, Payment]:
    order = market.order(market.plan(market.offer()))
    assert order.invoice is not None
    with market.database.transaction() as session:
        return order.invoice, billing.pay_invoice(session, market.actor("owner"), order.invoice.id, method)


def collect(market: Market, payment: Payment) -> Payment:
    return tasks.collect(market.database, market.provider, payment.id, base_url=market.settings.base_url)


class TestCrash:
    @pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_chargeDeclined"])
    def test_between_the_charge_and_our_commit(
        self, market: Market, monkeypatch: pytest.MonkeyPatch, method: str
    ) -> None:
        invoice, payment = asked(market, method)
        revive = crash_after(monkeypatch, Provider, "charge")
        with pytest.raises(Crash):
            collect(market, payment)
        with market.database.reading() as session:
            assert payments.get(session, payment.id).state == "processing"
            assert settlement.position(session, "CNY").paid == 0
        revive()
        market.work()
        assert len(charges_at_stripe(market, payment)) == 1
        with market.database.reading() as session:
            expected = "succeeded" if method == "pm_card_visa" else "failed"
            assert payments.get(session, payment.id).state == expected
            assert settlement.position(session, "CNY").paid == (invoice.total if method == "pm_card_visa" else 0)

    def test_long_after_stripe_forgot_the_idempotency_key(
        self, market: Market, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, payment = asked(market)
        revive = crash_after(monkeypatch, Provider, "charge")
        with pytest.raises(Crash):
            collect(market, payment)
        revive()
        monkeypatch.setattr(
            Provider, "charge", lambda *_, **__: pytest.fail("the charge that is there must be found, not made again")
        )
        assert collect(market, payment).state == "succeeded"

    def test_between_making_the_customer_and_our_commit(self, market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
        _, payment = asked(market)
        revive = crash_after(monkeypatch, Provider, "create_customer")
        with pytest.raises(Crash):
            collect(market, payment)
        revive()
        assert collect(market, payment).state == "succeeded"

    def test_the_page_and_the_worker_make_the_customer_known_at_once(self, market: Market) -> None:
        _, payment = asked(market)
        ready = threading.Barrier(6)

        def record(_: int) -> None:
            ready.wait(60)
            with market.database.transaction() as session:
                payments.record_customer(session, payment.organisation_id, "cus_of_theirs")
                payments.record_account(session, payment.organisation_id, "acct_of_theirs")

        with ThreadPoolExecutor(6) as both:
            list(both.map(record, range(6)))
        with market.database.reading() as session:
            assert payments.customer_of(session, payment.organisation_id) == "cus_of_theirs"
            assert payments.account_of(session, payment.organisation_id) == "acct_of_theirs"

    def test_between_the_refund_and_our_commit(self, market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
        invoice, payment = asked(market)
        collect(market, payment)
        with market.database.transaction() as session:
            refund = refunds.request_refund(session, market.actor("owner"), market.rules, invoice.id, "reason")
            refunds.decide_refund(session, market.actor("operator"), market.rules, refund.id, True, "ok")
        revive = crash_after(monkeypatch, Provider, "refund")
        with pytest.raises(Crash):
            tasks.pay_back(market.database, market.provider, refund.id)
        revive()
        market.work()
        with market.database.reading() as session:
            assert refunds.get_refund(session, refund.id).state == "made"
        answer = httpx.get(
            f"{market.settings.stripe_api_base}/v1/refunds?limit=100", headers={"Authorization": f"Bearer {TEST_KEY}"}
        )
        assert len([r for r in answer.json()["data"] if r["metadata"].get("refund") == refund.id]) == 1

    def test_an_outage_is_waited_out(self, market: Market) -> None:
        _, payment = asked(market)
        away = Provider(StripeConfig(TEST_KEY, "http://127.0.0.1:9", None, test=True))  # port 9: nobody listens
        with pytest.raises(ProviderAway):
            tasks.collect(market.database, away, payment.id, base_url="http://x")
        assert collect(market, payment).state == "succeeded"


class TestPayersBank:
    def test_a_payment_waits_for_the_payer_and_is_taken_up_when_he_comes_back(self, market: Market) -> None:
        invoice, payment = asked(market, "pm_card_threeDSecure2Required")
        waiting = collect(market, payment)
        assert waiting.state == "requires_action"
        assert waiting.action_url is not None
        with market.database.transaction() as session, pytest.raises(PaymentInProgress):
            billing.pay_invoice(session, market.actor("owner"), invoice.id, "pm_card_visa")
        back = httpx.post(waiting.action_url, data={"answer": "confirm"})
        assert back.status_code == 303
        assert back.headers["location"].startswith(f"{market.settings.base_url}/billing/invoices/{invoice.id}")
        assert collect(market, payment).state == "succeeded"

    def test_a_payer_who_refuses_has_paid_nothing(self, market: Market) -> None:
        _, payment = asked(market, "pm_card_threeDSecure2Required")
        waiting = collect(market, payment)
        assert waiting.action_url is not None
        httpx.post(waiting.action_url, data={"answer": "refuse"})
        refused = collect(market, payment)
        assert (refused.state, refused.failure_code) == ("failed", "payment_intent_authentication_failure")

    def test_a_payment_nobody_confirms_can_be_given_up(self, market: Market) -> None:
        invoice, payment = asked(market, "pm_card_threeDSecure2Required")
        collect(market, payment)
        assert tasks.give_up_payment(market.database, market.provider, payment.id).state == "failed"
        assert market.pay(invoice).state == "succeeded"

    def test_a_payer_quicker_than_giving_up_has_paid(self, market: Market) -> None:
        _, payment = asked(market, "pm_card_threeDSecure2Required")
        waiting = collect(market, payment)
        assert waiting.action_url is not None
        httpx.post(waiting.action_url, data={"answer": "confirm"})
        assert tasks.give_up_payment(market.database, market.provider, payment.id).state == "succeeded"


class TestWebhook:
    def notification(self, market: Market, payment: Payment, kind: str, secret: str) -> tuple[bytes, str]:
        thing = {"id": payment.stripe_id, "object": "payment_intent", "metadata": {"payment": payment.id}}
        body = json.dumps(
            {
                "id": f"evt_{payment.id}_{kind}",
                "object": "event",
                "type": kind,
                "created": int(now().timestamp()),
                "api_version": "2026-10-28.endive",
                "data": {"object": thing},
            }
        ).encode()
        return body, sign(body, secret, int(time.time()))

    def test_out_of_order_and_repeated_ones_change_nothing_twice(self, market: Market) -> None:
        _, payment = asked(market, "pm_card_threeDSecure2Required")
        waiting = collect(market, payment)
        assert waiting.action_url is not None
        httpx.post(waiting.action_url, data={"answer": "confirm"})
        secret = market.provider.config.webhook_secret
        assert secret is not None
        for kind in ("succeeded", "requires_action", "succeeded", "created"):
            body, signature = self.notification(market, waiting, f"payment_intent.{kind}", secret)
            with market.database.transaction() as session:
                payments.receive(session, market.provider.read_webhook(body, signature))
            market.work()
        with market.database.reading() as session:
            assert payments.get(session, payment.id).state == "succeeded"
            assert settlement.position(session, "CNY").paid == payment.amount

    def test_a_forged_one_is_refused(self, market: Market) -> None:
        _, payment = asked(market)
        body, signature = self.notification(market, payment, "payment_intent.succeeded", "whsec_guess")
        with pytest.raises(BadSignature):
            market.provider.read_webhook(body, signature)

    def test_one_for_nothing_of_ours_is_kept_and_left_alone(self, market: Market) -> None:
        _, payment = asked(market)
        stranger = payment.model_copy(update={"id": "someone-elses"})
        secret = market.provider.config.webhook_secret
        assert secret is not None
        body, signature = self.notification(market, stranger, "payment_intent.succeeded", secret)
        with market.database.transaction() as session:
            payments.receive(session, market.provider.read_webhook(body, signature))
        market.work()


def test_a_live_key_never_goes_to_another_address(home: Path) -> None:
    with pytest.raises(LiveKeyMisused):
        StripeConfig.from_settings(Settings(home=home, stripe_api_key="sk_live_1", stripe_api_base="http://elsewhere"))
