"""Subscribing through the pages, step by step, back and forth, twice."""

import re

import pytest
from fastapi.testclient import TestClient

from marketplace.billing import service as billing
from marketplace.credentials import service as credentials
from marketplace.settlement import service as settlement
from marketplace.subscriptions import service as subscriptions
from tests.factories.commerce import PURPOSE, Market
from tests.web.market.conftest import ClientOf


def fill_in(client: TestClient, market: Market, plan_id: str, offering_id: str) -> str:
    """Go through the first three steps; the order's address."""
    chosen = client.post(f"/subscribe/{offering_id}", data={"plan": plan_id})
    assert chosen.status_code == 303
    order = chosen.headers["location"].removesuffix("/use")
    use = client.post(
        f"{order}/use", data={"organisation_id": market.company.id, "purpose": PURPOSE, "overage_cap": "12.50"}
    )
    assert use.headers["location"] == f"{order}/agreement"
    terms = re.search(r'name="terms_hash" value="([0-9a-f]{64})"', client.get(f"{order}/agreement").text)
    assert terms is not None
    agreed = client.post(f"{order}/agreement", data={"agree": "1", "terms_hash": terms[1]})
    assert agreed.headers["location"] == f"{order}/check"
    return order


class TestPaidPlan:
    def test_pay_and_take_the_key_once(self, market: Market, client_of: ClientOf) -> None:
        client, offering = client_of("owner"), market.offer()
        order = fill_in(client, market, market.plan(offering).id, offering.id)
        check = client.get(f"{order}/check").text
        assert "Test mode" in check
        assert "¥12.50" in check
        paid = client.post(f"{order}/check", data={"payment_method": "pm_card_visa"})
        assert paid.headers["location"] == f"{order}/pay"
        assert client.get(f"{order}/pay").headers["location"] == f"{order}/done"
        shown = client.post(f"{order}/done")
        secret = re.search(r"sy_live_[0-9A-Za-z]+", shown.text)
        assert secret is not None
        assert shown.headers["cache-control"] == "no-store"
        assert f"Bearer {secret[0]}" in shown.text.replace("&#39;", "'")
        assert client.post(f"{order}/done").headers["location"] == f"{order}/done"
        again = client.get(f"{order}/done").text
        assert secret[0] not in again
        with market.database.reading() as session:
            (subscription,) = subscriptions.for_organisation(session, market.company.id)
            assert len(credentials.keys_of(session, subscription.id)) == 1
            assert subscription.overage_cap == 1250

    def test_pressing_twice_charges_once(self, market: Market, client_of: ClientOf) -> None:
        client, offering = client_of("owner"), market.offer()
        order = fill_in(client, market, market.plan(offering).id, offering.id)
        for _ in range(3):
            assert client.post(f"{order}/check", data={"payment_method": "pm_card_visa"}).status_code == 303
        with market.database.reading() as session:
            (invoice,) = billing.invoices_for(session, market.company.id)
            assert settlement.position(session, "CNY").paid == invoice.total

    def test_a_declined_card_says_that_nothing_was_charged_and_another_works(
        self, market: Market, client_of: ClientOf
    ) -> None:
        client, offering = client_of("owner"), market.offer()
        order = fill_in(client, market, market.plan(offering).id, offering.id)
        client.post(f"{order}/check", data={"payment_method": "pm_card_chargeDeclinedInsufficientFunds"})
        page = client.get(f"{order}/pay")
        assert page.status_code == 200
        assert "Nothing was charged" in page.text
        client.post(f"{order}/pay", data={"payment_method": "pm_card_visa"})
        assert client.get(f"{order}/pay").headers["location"] == f"{order}/done"

    def test_the_payers_bank_leads_back(self, market: Market, client_of: ClientOf) -> None:
        import httpx

        client, offering = client_of("owner"), market.offer()
        order = fill_in(client, market, market.plan(offering).id, offering.id)
        client.post(f"{order}/check", data={"payment_method": "pm_card_threeDSecure2Required"})
        bank = re.search(r'href="(http://127.0.0.1:\d+/test/bank/[^"]+)"', client.get(f"{order}/pay").text)
        assert bank is not None
        back = httpx.post(bank[1], data={"answer": "confirm"}).headers["location"]
        assert f"{order}/pay" in back
        assert client.get(f"{order}/pay").headers["location"] == f"{order}/done"


class TestSteps:
    def test_a_step_cannot_be_skipped(self, market: Market, client_of: ClientOf) -> None:
        client, offering = client_of("owner"), market.offer()
        chosen = client.post(f"/subscribe/{offering.id}", data={"plan": market.plan(offering).id})
        order = chosen.headers["location"].removesuffix("/use")
        for step in ("agreement", "check"):
            assert client.get(f"{order}/{step}").headers["location"] == f"{order}/use"
        assert client.get(f"{order}/done").headers["location"] == f"{order}/check"

    @pytest.mark.parametrize(
        ("step", "data", "message"),
        [
            ("use", {"organisation_id": "", "purpose": PURPOSE}, "Choose the organisation"),
            ("use", {"purpose": "short"}, "at least 10 characters"),
            ("use", {"purpose": PURPOSE, "overage_cap": "ten"}, "Give an amount"),
            ("agreement", {"terms_hash": "x"}, "Tick the box"),
            ("agreement", {"terms_hash": "x", "agree": "1"}, "terms changed"),
        ],
    )
    def test_mistakes_are_told_at_their_field(
        self, market: Market, client_of: ClientOf, step: str, data: dict[str, str], message: str
    ) -> None:
        client, offering = client_of("owner"), market.offer()
        order = fill_in(client, market, market.plan(offering).id, offering.id)
        answer = client.post(f"{order}/{step}", data={"organisation_id": market.company.id} | data)
        assert answer.status_code in (409, 422)
        assert message in answer.text

    def test_going_back_keeps_what_was_typed_and_the_plan_can_change(self, market: Market, client_of: ClientOf) -> None:
        client, offering = client_of("owner"), market.offer()
        first, second = market.plan(offering), market.plan(offering, fee=50000)
        order = fill_in(client, market, first.id, offering.id)
        assert PURPOSE in client.get(f"{order}/use").text
        order_id = order.rsplit("/", 1)[1]
        client.post(f"/subscribe/{offering.id}", data={"plan": second.id, "order": order_id})
        assert "¥500.00" in client.get(f"{order}/check").text

    def test_strangers_and_the_signed_out_are_kept_away(self, market: Market, client_of: ClientOf) -> None:
        offering = market.offer()
        plan = market.plan(offering)
        order = fill_in(client_of("owner"), market, plan.id, offering.id)
        assert client_of("second_owner").get(f"{order}/use").status_code == 404
        nobody = client_of("nobody")
        assert nobody.get(f"/subscribe/{offering.id}").status_code == 200
        assert nobody.get(f"{order}/use").headers["location"].startswith("/sign-in")
        sent = nobody.post(f"/subscribe/{offering.id}", data={"plan": plan.id})
        assert sent.headers["location"].startswith("/sign-in?next=/subscribe/")


def test_a_free_plan_needs_no_payment(market: Market, client_of: ClientOf) -> None:
    client, offering = client_of("owner"), market.offer()
    order = fill_in(client, market, market.plan(offering, fee=0, overage=None).id, offering.id)
    assert "Nothing to pay today" in client.get(f"{order}/check").text
    assert client.post(f"{order}/check", data={}).headers["location"] == f"{order}/done"
    with market.database.reading() as session:
        assert billing.invoices_for(session, market.company.id) == []
