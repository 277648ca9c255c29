"""Bills, the operator's pages, a department's income: what each shows, and to whom."""

import re

import pytest

from marketplace.billing import periods, refunds
from marketplace.billing import service as billing
from marketplace.settlement import service as settlement
from marketplace.subscriptions import service as subscriptions
from tests.factories.commerce import Market
from tests.web.market.conftest import ClientOf

OPERATOR_PAGES = ["", "/parties", "/periods", "/refunds", "/statements", "/ledger", "/jobs"]


@pytest.fixture
def traded(market: Market) -> Market:
    """One subscription paid, used, invoiced, refunded in part, settled."""
    subscription = market.subscribe(market.plan(market.offer(), fee=29900, quota=10, overage=80_00))
    market.use(subscription, 1010)
    with market.database.transaction() as session:
        periods.close_period(session, market.actor("operator"), market.rules)
    market.work()
    with market.database.reading() as session:
        (due,) = billing.unpaid(session, market.company.id)
    market.pay(due)
    return market


class TestBilling:
    def test_a_member_sees_bills_pays_and_asks_money_back(self, traded: Market, client_of: ClientOf) -> None:
        client = client_of("owner")
        overview = client.get("/billing").text
        assert "Test mode" in overview
        links = re.findall(r"/billing/invoices/([0-9a-f-]{36})", overview)
        page = client.get(f"/billing/invoices/{links[0]}").text
        assert "1,000 calls × ¥80.00 ÷ 1,000" in page.replace("\xa0", " ")
        form = client.get(f"/billing/invoices/{links[0]}/refund").text
        field = re.search(r'name="(amount-[0-9a-f-]{36})"', form)
        key = re.search(r'name="request_key" value="([^"]+)"', form)
        assert field is not None
        assert key is not None
        data = {field[1]: "1.50", "reason": "数据中断", "request_key": key[1]}
        for _ in range(2):
            sent = client.post(f"/billing/invoices/{links[0]}/refund", data=data)
            assert sent.status_code == 303
        with traded.database.reading() as session:
            (refund,) = refunds.refunds(session)
        assert refund.amount == 150
        too_much = client.post(
            f"/billing/invoices/{links[1]}/refund", data={field[1]: "1.50", "reason": "x", "request_key": "k"}
        )
        assert too_much.status_code in (303, 409, 422)

    def test_others_see_nothing_of_it(self, traded: Market, client_of: ClientOf) -> None:
        with traded.database.reading() as session:
            invoice = billing.invoices_for(session, traded.company.id)[0]
            (held,) = subscriptions.for_organisation(session, traded.company.id)
        for path in (
            f"/billing/invoices/{invoice.id}",
            f"/billing/invoices/{invoice.id}/refund",
            f"/billing/agreements/{held.id}",
            f"/billing/agreements/{held.id}/canonical",
            f"/billing/subscriptions/{held.id}/cancel",
        ):
            assert client_of("owner").get(path).status_code == 200, path
            assert client_of("second_owner").get(path).status_code == 404, path
            assert client_of("provider").get(path).status_code == 404, path
            assert client_of("nobody").get(path).status_code == 303, path

    def test_the_agreement_is_given_byte_for_byte(self, traded: Market, client_of: ClientOf) -> None:
        import hashlib

        with traded.database.reading() as session:
            (held,) = subscriptions.for_organisation(session, traded.company.id)
            agreement = subscriptions.agreement_of(session, held)
        given = client_of("owner").get(f"/billing/agreements/{held.id}/canonical")
        assert hashlib.sha256(given.content).hexdigest() == agreement.hash

    def test_cancelling_and_keeping(self, traded: Market, client_of: ClientOf) -> None:
        client = client_of("owner")
        with traded.database.reading() as session:
            (held,) = subscriptions.for_organisation(session, traded.company.id)
        client.post(f"/billing/subscriptions/{held.id}/cancel")
        assert traded.subscription(held.id).ends_at is not None
        client.post(f"/billing/subscriptions/{held.id}/keep")
        assert traded.subscription(held.id).ends_at is None


class TestOperator:
    @pytest.mark.parametrize("page", OPERATOR_PAGES)
    def test_the_pages_are_for_operators_only(self, traded: Market, client_of: ClientOf, page: str) -> None:
        shown = client_of("operator").get(f"/operator{page}")
        assert shown.status_code == 200
        assert "Test mode" in shown.text
        for who in ("owner", "provider", "officer"):
            assert client_of(who).get(f"/operator{page}").status_code == 403

    def test_closing_asks_first_and_a_second_click_is_harmless(self, traded: Market, client_of: ClientOf) -> None:
        client = client_of("operator")
        with traded.database.reading() as session:
            opened = periods.current(session)
        assert opened is not None
        assert "cannot be undone" in client.get(f"/operator/periods/{opened.id}/close").text
        assert client.post(f"/operator/periods/{opened.id}/close").status_code == 303
        assert client.post(f"/operator/periods/{opened.id}/close").status_code == 409
        with traded.database.reading() as session:
            assert len(periods.periods(session)) == 3

    def test_a_refund_is_decided_with_a_reason(self, traded: Market, client_of: ClientOf) -> None:
        with traded.database.transaction() as session:
            invoice = billing.invoices_for(session, traded.company.id)[0]
            asked = refunds.request_refund(session, traded.actor("owner"), traded.rules, invoice.id, "because")
        client = client_of("operator")
        silent = client.post(f"/operator/refunds/{asked.id}", data={"decision": "approve", "reason": " "})
        assert silent.status_code == 422
        assert client.post(
            f"/operator/refunds/{asked.id}", data={"decision": "approve", "reason": "agreed"}
        ).is_redirect
        traded.work()
        note = client_of("owner").get(f"/billing/credit-notes/{asked.id}").text
        assert "agreed" in note
        assert "CN-" in note

    def test_a_statement_is_read_exported_and_paid_out_once(self, traded: Market, client_of: ClientOf) -> None:
        client = client_of("operator")
        with traded.database.reading() as session:
            (statement,) = settlement.statements(session)
        page = client.get(f"/settlement/statements/{statement.number}").text
        assert "entries balance" in page
        assert statement.hash[:12] in page
        assert client.get(f"/settlement/statements/{statement.number}/csv").text.startswith("\ufeffstatement,number")
        for _ in range(2):
            assert client.post(f"/settlement/statements/{statement.number}/pay-out").is_redirect
        traded.work()
        with traded.database.reading() as session:
            (payout,) = settlement.payouts_of(session, statement.id)
        assert payout.state == "paid"

    def test_departments_read_their_statement_and_income_but_pay_nothing_out(
        self, traded: Market, client_of: ClientOf
    ) -> None:
        with traded.database.reading() as session:
            (statement,) = settlement.statements(session)
        provider = client_of("provider")
        assert statement.number in provider.get("/provider/income").text
        assert provider.get(f"/settlement/statements/{statement.number}").status_code == 200
        assert provider.post(f"/settlement/statements/{statement.number}/pay-out").status_code == 403
        assert client_of("owner").get(f"/settlement/statements/{statement.number}").status_code == 404

    def test_the_ledger_leads_from_account_to_entry(self, traded: Market, client_of: ClientOf) -> None:
        client = client_of("operator")
        page = client.get("/operator/ledger").text
        assert "none is missing or changed" in page
        account = re.search(r"/operator/ledger/accounts/[0-9a-f-]{36}", page)
        assert account is not None
        entry = re.search(r"/operator/ledger/entries/[0-9a-f-]{36}", client.get(account[0]).text)
        assert entry is not None
        assert "Postings" in client.get(entry[0]).text

    def test_the_audit_log_shows_its_chain_to_officers_too(self, traded: Market, client_of: ClientOf) -> None:
        for who in ("operator", "officer"):
            page = client_of(who).get("/operator/audit")
            assert page.status_code == 200
            assert "is unbroken" in page.text
        assert client_of("owner").get("/operator/audit").status_code == 403

    def test_organisations_are_added(self, market: Market, client_of: ClientOf) -> None:
        client = client_of("operator")
        data = {
            "kind": "department",
            "slug": "futian-parks",
            "name_zh": "福田区园林局",
            "parent_id": market.city.city.id,
        }
        assert client.post("/operator/parties", data=data).is_redirect
        assert "futian-parks" in client.get("/operator/parties").text
        again = client.post("/operator/parties", data=data)
        assert again.status_code in (409, 422)


def test_stripes_webhook_needs_its_signature(market: Market, client_of: ClientOf) -> None:
    answer = client_of("nobody").post("/stripe/webhook", content=b"{}", headers={"stripe-signature": "t=1,v1=00"})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("bad-signature")
