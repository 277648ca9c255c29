"""Money back: asked for, decided, paid back; fee and tax go back exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Forbidden, InvalidInput
from contracts.money import share, tax_included
from marketplace.billing import refunds, tasks
from marketplace.billing.errors import NotRefundable, RefundDecided
from marketplace.billing.invoicing import lines_of
from marketplace.billing.models import Invoice, Refund
from marketplace.billing.rules import reversal
from marketplace.ledger import service as ledger
from marketplace.ledger.models import AccountKind
from marketplace.settlement import service as settlement
from tests.factories.commerce import Market


@given(
    amount=st.integers(1, 10**8),
    fee_ppm=st.integers(0, 1_000_000),
    tax_ppm=st.integers(0, 1_000_000),
    cuts=st.lists(st.floats(0, 1, exclude_min=True), max_size=8),
)
def test_refunds_in_any_parts_give_back_the_whole_fee_and_tax(
    amount: int, fee_ppm: int, tax_ppm: int, cuts: list[float]
) -> None:
    for whole in (share(amount, fee_ppm), tax_included(amount, tax_ppm)):
        given_back, reversed_so_far = 0, 0
        for upto in sorted({max(1, int(cut * amount)) for cut in cuts} | {amount}):
            given_back = upto
            reversed_so_far += reversal(whole, given_back, amount, reversed_so_far)
            assert 0 <= reversed_so_far <= whole
        assert reversed_so_far == whole


def paid_invoice(market: Market) -> Invoice:
    order = market.order(market.plan(market.offer()))
    assert order.invoice is not None
    market.pay(order.invoice)
    return order.invoice


def request(market: Market, invoice: Invoice, amount: int | None = None, key: str | None = None) -> Refund:
    with market.database.transaction() as session:
        (line,) = lines_of(session, invoice.id)
        amounts = None if amount is None else {line.id: amount}
        return refunds.request_refund(
            session, market.actor("owner"), market.rules, invoice.id, "数据更新中断三天", amounts, request_key=key
        )


def decide(market: Market, refund: Refund, approve: bool = True, **how: bool) -> Refund:
    with market.database.transaction() as session:
        return refunds.decide_refund(
            session, market.actor("operator"), market.rules, refund.id, approve, "情况属实", **how
        )


class TestWholeRefund:
    def test_it_brings_the_department_to_exactly_nothing(self, market: Market) -> None:
        invoice = paid_invoice(market)
        decide(market, request(market, invoice))
        with market.database.reading() as session:
            before_money_moved = settlement.position(session, "CNY", market.city.department.id)
            owed = -ledger.balance(session, AccountKind.REFUNDS_PAYABLE, market.company.id)
        assert (before_money_moved.fee, before_money_moved.tax, before_money_moved.held) == (0, 0, 0)
        assert owed == invoice.total
        market.work()
        with market.database.reading() as session:
            after = settlement.position(session, "CNY", market.city.department.id)
            (refund,) = refunds.refunds_of(session, invoice.id)
            (note,) = refunds.credit_notes_for(session, market.company.id)
            assert ledger.balance(session, AccountKind.CASH) == 0
            assert ledger.balance(session, AccountKind.REFUNDS_PAYABLE, market.company.id) == 0
        assert (after.paid, after.refunded, after.held) == (invoice.total, invoice.total, 0)
        assert refund.state == "made"
        assert (note.total, note.tax) == (invoice.total, invoice.tax)

    def test_running_the_job_again_pays_nothing_twice(self, market: Market) -> None:
        refund = decide(market, request(market, paid_invoice(market)))
        for _ in range(3):
            tasks.pay_back(market.database, market.provider, refund.id)
        with market.database.reading() as session:
            assert ledger.balance(session, AccountKind.CASH) == 0

    def test_it_can_end_the_subscription(self, market: Market) -> None:
        invoice = paid_invoice(market)
        decide(market, request(market, invoice), end_subscription=True)
        assert invoice.subscription_id is not None
        assert market.subscription(invoice.subscription_id).state == "ended"


class TestParts:
    def test_no_more_than_was_paid_can_be_asked_back(self, market: Market) -> None:
        invoice = paid_invoice(market)
        decide(market, request(market, invoice, 1000))
        with pytest.raises(InvalidInput, match="At most"):
            request(market, invoice, invoice.total - 999)
        decide(market, request(market, invoice, invoice.total - 1000))
        with pytest.raises(NotRefundable, match="Everything"):
            request(market, invoice)
        market.work()
        with market.database.reading() as session:
            assert settlement.position(session, "CNY").held == 0

    def test_a_rejected_request_leaves_all_of_it(self, market: Market) -> None:
        invoice = paid_invoice(market)
        assert decide(market, request(market, invoice), approve=False).state == "rejected"
        with market.database.reading() as session:
            assert sum(refunds.refundable(session, invoice.id).values()) == invoice.total
            assert settlement.position(session, "CNY").refunded == 0


class TestDecision:
    def test_only_an_operator_decides(self, market: Market) -> None:
        refund = request(market, paid_invoice(market))
        with market.database.transaction() as session, pytest.raises(Forbidden):
            refunds.decide_refund(session, market.actor("owner"), market.rules, refund.id, True, "好的")

    def test_the_same_decision_again_changes_nothing_and_another_is_refused(self, market: Market) -> None:
        refund = decide(market, request(market, paid_invoice(market)))
        assert decide(market, refund).decided_at == refund.decided_at
        with pytest.raises(RefundDecided):
            decide(market, refund, approve=False)

    def test_one_request_waits_at_a_time_and_a_key_repeats_it(self, market: Market) -> None:
        invoice = paid_invoice(market)
        first = request(market, invoice, 500, key="k1")
        assert request(market, invoice, 500, key="k1").id == first.id
        with pytest.raises(NotRefundable, match="waits"):
            request(market, invoice, 500)

    def test_an_unpaid_invoice_has_nothing_to_give_back(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        assert order.invoice is not None
        with pytest.raises(NotRefundable, match="paid"):
            request(market, order.invoice)

    def test_what_the_provider_cannot_pay_back_stays_owed(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        assert order.invoice is not None
        market.pay(order.invoice, "pm_card_refundFail")
        refund = decide(market, request(market, order.invoice))
        market.work()
        with market.database.reading() as session:
            assert refunds.get_refund(session, refund.id).state == "failed"
            assert -ledger.balance(session, AccountKind.REFUNDS_PAYABLE, market.company.id) == refund.amount
            assert settlement.position(session, "CNY").agrees
