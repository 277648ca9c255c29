"""The same over the management API: subscribe, pay, close, refund, settle, with idempotency keys."""

from fastapi.testclient import TestClient

from marketplace.settlement import service as settlement
from tests.factories.commerce import PURPOSE, Market
from tests.web.market.conftest import ClientOf


def subscribed(client: TestClient, market: Market, plan_id: str, key: str = "k") -> dict[str, object]:
    terms = client.get(f"/api/v1/plans/{plan_id}/terms").json()
    assert terms["odrl"]["@context"] == "http://www.w3.org/ns/odrl.jsonld"
    body = {
        "organisation_id": market.company.id,
        "plan_id": plan_id,
        "purpose": PURPOSE,
        "accepted_terms_hash": terms["hash"],
    }
    answer = client.post("/api/v1/subscriptions", json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]  # JSON


def test_the_whole_way(market: Market, client_of: ClientOf) -> None:
    provider, owner, operator = client_of("provider"), client_of("owner"), client_of("operator")
    offering = market.offer(listed=False)
    plan = provider.post(
        f"/api/v1/offerings/{offering.id}/plans",
        json={
            "name": {"en": "Pro"},
            "quota_per_month": 10,
            "rate_per_minute": 60,
            "monthly_fee": 30000,
            "overage_per_1000": 5000,
        },
    ).json()
    assert provider.post(f"/api/v1/offerings/{offering.id}/list").json()["status"] == "listed"
    assert [one["id"] for one in client_of("nobody").get("/api/v1/offerings").json()] == [offering.id]

    order = subscribed(owner, market, plan["plan_id"])
    assert subscribed(owner, market, plan["plan_id"]) == order  # the same key: the same answer
    invoice_id = order["invoice_id"]
    headers = {"Idempotency-Key": "pay-1"}
    for _ in range(2):
        paid = owner.post(
            f"/api/v1/invoices/{invoice_id}/payments", json={"payment_method": "pm_card_visa"}, headers=headers
        )
        assert (paid.status_code, paid.json()["state"]) == (201, "succeeded")
    subscription = owner.get(f"/api/v1/subscriptions/{order['subscription']['id']}").json()  # type: ignore[index]  # JSON
    assert subscription["state"] == "active"
    agreement = owner.get(f"/api/v1/subscriptions/{subscription['id']}/agreement").json()
    assert agreement["document"]["purpose"] == PURPOSE

    market.use(market.subscription(subscription["id"]), 1010)
    opened = next(one for one in operator.get("/api/v1/periods").json() if one["state"] == "open")
    closed = operator.post(f"/api/v1/periods/{opened['name']}/close").json()
    assert closed["name"].endswith(".1")
    market.work()
    invoices = owner.get("/api/v1/invoices", params={"organisation_id": market.company.id}).json()
    due = next(one for one in invoices if one["state"] == "open")
    assert due["total"] == 5000
    owner.post(f"/api/v1/invoices/{due['id']}/payments", json={"payment_method": "pm_card_visa"})

    asked = owner.post(f"/api/v1/invoices/{due['id']}/refunds", json={"reason": "three days missing"}).json()
    decided = operator.post(f"/api/v1/refunds/{asked['id']}/decision", json={"approve": True, "reason": "right"})
    assert decided.json()["state"] == "approved"
    market.work()
    assert operator.get(f"/api/v1/refunds/{asked['id']}").json()["state"] == "made"
    notes = owner.get("/api/v1/credit-notes", params={"organisation_id": market.company.id}).json()
    assert [note["total"] for note in notes] == [5000]

    (statement,) = operator.get("/api/v1/settlement/statements", params={"period": closed["name"]}).json()
    detail = provider.get(f"/api/v1/settlement/statements/{statement['number']}").json()
    assert detail["problems"] == []
    payout = operator.post(f"/api/v1/settlement/statements/{statement['number']}/payouts").json()
    assert payout["amount"] == statement["closing"]
    market.work()
    (position,) = provider.get("/api/v1/settlement/positions").json()
    assert position["settled"] == statement["closing"]
    assert position["paid"] - position["refunded"] - position["fee"] - position["tax"] == (
        position["settled"] + position["held"]
    )
    assert operator.get("/api/v1/ledger/check").json()["ok"]
    assert operator.get("/api/v1/audit/chain").json()["intact"]


def test_a_key_for_another_request_is_refused(market: Market, client_of: ClientOf) -> None:
    owner, offering = client_of("owner"), market.offer()
    subscribed(owner, market, market.plan(offering).id, "same")
    other = market.plan(offering, fee=1)
    terms = owner.get(f"/api/v1/plans/{other.id}/terms").json()
    body = {
        "organisation_id": market.company.id,
        "plan_id": other.id,
        "purpose": PURPOSE,
        "accepted_terms_hash": terms["hash"],
    }
    answer = owner.post("/api/v1/subscriptions", json=body, headers={"Idempotency-Key": "same"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_declined_card_is_an_answer_not_an_error(market: Market, client_of: ClientOf) -> None:
    owner = client_of("owner")
    order = subscribed(owner, market, market.plan(market.offer()).id)
    answer = owner.post(
        f"/api/v1/invoices/{order['invoice_id']}/payments", json={"payment_method": "pm_card_chargeDeclined"}
    )
    assert (answer.status_code, answer.json()["state"]) == (201, "failed")
    with market.database.reading() as session:
        assert settlement.position(session, "CNY").paid == 0


def test_a_price_on_open_data_is_refused_with_the_article(market: Market, client_of: ClientOf) -> None:
    offering = market.offer(openness="unconditional")
    answer = client_of("provider").post(
        f"/api/v1/offerings/{offering.id}/plans",
        json={"name": {"en": "Pro"}, "quota_per_month": 10, "rate_per_minute": 60, "monthly_fee": 1},
    )
    assert answer.status_code == 422
    assert "第四十七条" in answer.json()["detail"]


def test_the_books_are_for_operators(market: Market, client_of: ClientOf) -> None:
    market.subscribe(market.plan(market.offer()))
    for path in ("ledger/accounts", "ledger/entries", "ledger/check", "refunds", "jobs/failures"):
        assert client_of("operator").get(f"/api/v1/{path}").status_code == 200, path
        assert client_of("provider").get(f"/api/v1/{path}").status_code == 403, path
        assert client_of("nobody").get(f"/api/v1/{path}").status_code in (401, 403), path
