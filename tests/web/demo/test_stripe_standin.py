"""The stand-in for Stripe: its state, its refusals, and its shapes beside stripe-mock's."""

import hashlib
import hmac
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.ids import new_id
from contracts.kit.settings import Settings
from marketplace.payments.config import TEST_KEY, LiveKeyMisused, StripeConfig
from marketplace.payments.provider import Provider
from web.demo import stripe_standin

AUTH = {"Authorization": f"Bearer {TEST_KEY}"}


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    with stripe_standin.running(tmp_path / "standin.db") as url:
        yield url


def post(base: str, path: str, data: dict[str, str], key: str | None = None) -> httpx.Response:
    return httpx.post(f"{base}/v1/{path}", data=data, headers=AUTH | ({"Idempotency-Key": key} if key else {}))


INTENT = {"amount": "500", "currency": "cny", "payment_method": "pm_card_visa", "confirm": "true"}


class TestIdempotency:
    def test_the_same_key_gives_the_same_answer(self, base: str) -> None:
        first, again = post(base, "payment_intents", INTENT, "k"), post(base, "payment_intents", INTENT, "k")
        assert first.json() == again.json()
        assert again.headers["idempotent-replayed"] == "true"
        assert httpx.get(f"{base}/v1/balance", headers=AUTH).json()["available"][0]["amount"] == 500

    def test_the_same_key_for_something_else_is_refused(self, base: str) -> None:
        post(base, "payment_intents", INTENT, "k")
        answer = post(base, "payment_intents", INTENT | {"amount": "501"}, "k")
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "idempotency_error")

    def test_a_decline_is_an_outcome_and_repeated_as_such(self, base: str) -> None:
        declined = INTENT | {"payment_method": "pm_card_chargeDeclined"}
        first, again = post(base, "payment_intents", declined, "k"), post(base, "payment_intents", declined, "k")
        assert first.status_code == again.status_code == 402
        assert first.json()["error"]["payment_intent"]["id"] == again.json()["error"]["payment_intent"]["id"]

    def test_a_refused_call_leaves_nothing_behind(self, base: str) -> None:
        assert post(base, "payment_intents", INTENT | {"payment_method": "pm_unknown"}).status_code == 404
        assert httpx.get(f"{base}/v1/payment_intents", headers=AUTH).json()["data"] == []

    def test_two_at_once_under_one_key_charge_once(self, base: str) -> None:
        answers: list[str] = []
        threads = [
            threading.Thread(target=lambda: answers.append(post(base, "payment_intents", INTENT, "k").json()["id"]))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(answers)) == 1
        assert len(answers) == 8


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "data", "code"),
        [
            ("payment_intents", INTENT | {"surprise": "1"}, "parameter_unknown"),
            ("payment_intents", INTENT | {"amount": "x"}, "parameter_invalid_integer"),
            ("payment_intents", {"currency": "cny"}, "parameter_missing"),
            ("payment_intents", INTENT | {"customer": "cus_none"}, "resource_missing"),
            ("refunds", {"payment_intent": "pi_none"}, "resource_missing"),
        ],
    )
    def test_it_says_what_is_wrong(self, base: str, path: str, data: dict[str, str], code: str) -> None:
        assert post(base, path, data).json()["error"]["code"] == code

    def test_more_than_came_in_cannot_go_out(self, base: str) -> None:
        account = post(base, "accounts", {"country": "CN"}).json()["id"]
        sent = post(base, "transfers", {"amount": "1", "currency": "cny", "destination": account})
        assert sent.json()["error"]["code"] == "balance_insufficient"

    def test_more_than_was_paid_cannot_be_given_back(self, base: str) -> None:
        intent = post(base, "payment_intents", INTENT).json()["id"]
        assert post(base, "refunds", {"payment_intent": intent, "amount": "300"}).status_code == 200
        assert post(base, "refunds", {"payment_intent": intent, "amount": "201"}).status_code == 400
        assert post(base, "refunds", {"payment_intent": intent}).json()["amount"] == 200

    def test_live_keys_are_refused(self, base: str, home: Path) -> None:
        answer = httpx.get(f"{base}/v1/balance", headers={"Authorization": "Bearer sk_live_x"})
        assert answer.status_code == 401
        with pytest.raises(LiveKeyMisused):
            stripe_standin.serve(Settings(home=home, stripe_api_key="sk_live_x"))


def test_state_survives_kill(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib; from web.demo import stripe_standin\n"
        "with stripe_standin.running(pathlib.Path(sys.argv[1])) as url:\n"
        "    print(url, flush=True); time.sleep(60)\n"
    )

    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "s.db")], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    process, url = start()
    intent = post(url, "payment_intents", INTENT, "k").json()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process, url = start()
    try:
        assert httpx.get(f"{url}/v1/payment_intents/{intent['id']}", headers=AUTH).json() == intent
        assert post(url, "payment_intents", INTENT, "k").json() == intent
    finally:
        process.kill()
        process.wait()


def test_webhooks_are_signed_and_repeated_until_taken(tmp_path: Path) -> None:
    seen: list[tuple[str, bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.headers["Stripe-Signature"], body))
            self.send_response(500 if len(seen) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{receiver.server_port}/"
    with stripe_standin.running(tmp_path / "s.db", webhook_url=url, webhook_secret="whsec_1") as base:
        post(base, "customers", {"name": "x"})
        deadline = time.monotonic() + 10
        while len(seen) < 2 and time.monotonic() < deadline:
            threading.Event().wait(0.05)
    receiver.shutdown()
    assert len(seen) == 2
    assert seen[0][1] == seen[1][1]
    timestamp = seen[1][0].split(",")[0].removeprefix("t=")
    expected = hmac.new(b"whsec_1", f"{timestamp}.".encode() + seen[1][1], hashlib.sha256).hexdigest()
    assert seen[1][0].endswith(expected)


def _make_every_call(provider: Provider) -> None:
    """Every call that `Provider` has, with fresh ids."""
    one = new_id
    customer = provider.create_customer(one(), "云图科技", "a@example.com")
    arguments: dict[str, Any] = {
        "customer": customer, "amount": 500, "currency": "CNY", "description": "IN-1", "return_url": "http://x/y",
    }  # fmt: skip
    paid = provider.charge(one(), method="pm_card_visa", **arguments)
    waiting = provider.charge(one(), method="pm_card_threeDSecure2Required", **arguments)
    provider.get_charge(paid.stripe_id)
    provider.find_charge(one(), customer, datetime(2026, 1, 1, tzinfo=UTC))
    provider.cancel_charge(waiting.stripe_id)
    provider.refund(one(), payment=paid.stripe_id, amount=100)
    provider.find_refund(one(), payment=paid.stripe_id)
    account = provider.create_account(one(), "福田区交通局", "b@example.com", "CN")
    payout = one()
    provider.transfer(payout, account=account, amount=100, currency="CNY", description="PO-1")
    provider.find_transfer(payout)


def test_every_call_of_the_product_works_on_the_standin(base: str) -> None:
    _make_every_call(Provider(StripeConfig(TEST_KEY, base, "whsec_x", test=True)))


def test_every_call_of_the_product_passes_stripes_own_checker(stripe_mock_url: str) -> None:
    _make_every_call(Provider(StripeConfig("sk_test_123", stripe_mock_url, "whsec_x", test=True)))


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("customers", {"name": "x"}),
        ("payment_intents", INTENT),
        ("accounts", {"country": "CN"}),
    ],
)
def test_shapes_are_stripes(base: str, stripe_mock_url: str, path: str, data: dict[str, str]) -> None:
    ours = post(base, path, data).json()
    theirs = httpx.post(f"{stripe_mock_url}/v1/{path}", data=data, headers=AUTH).json()
    _compare(ours, theirs, path)


def test_shapes_of_what_needs_something_else_first(base: str, stripe_mock_url: str) -> None:
    intent = post(base, "payment_intents", INTENT).json()["id"]
    account = post(base, "accounts", {"country": "CN"}).json()["id"]
    for path, data in (
        ("refunds", {"payment_intent": intent, "amount": "5"}),
        ("transfers", {"amount": "5", "currency": "cny", "destination": account}),
    ):
        theirs = httpx.post(f"{stripe_mock_url}/v1/{path}", data=data, headers=AUTH).json()
        _compare(post(base, path, data).json(), theirs, path)
    for path in ("payment_methods/pm_card_visa", "balance"):
        ours = httpx.get(f"{base}/v1/{path}", headers=AUTH).json()
        _compare(ours, httpx.get(f"{stripe_mock_url}/v1/{path}", headers=AUTH).json(), path)


def _compare(ours: dict[str, Any], theirs: dict[str, Any], path: str) -> None:
    """The same fields at the top, and in each the same kind of value where both have one."""
    assert set(ours) == set(theirs), f"{path}: {set(ours) ^ set(theirs)}"
    for name, value in ours.items():
        if value is not None and theirs[name] is not None:
            assert type(value) is type(theirs[name]), f"{path}.{name}"
