"""Periods, rating of their usage, and the invoices that come of it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts import clock
from contracts.errors import Forbidden
from marketplace.billing import periods, rating
from marketplace.billing import service as billing
from marketplace.billing.errors import PeriodNotOpen
from marketplace.billing.invoicing import lines_of
from marketplace.billing.models import Period
from marketplace.billing.rules import rest_of_month
from marketplace.products.schemas import PlanTerms
from tests.factories.commerce import Market

SHENZHEN = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int = 12, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHENZHEN)


def close(market: Market, period_id: str | None = None) -> Period:
    with market.database.transaction() as session:
        period = periods.close_period(session, market.actor("operator"), market.rules, period_id)
    market.work()
    return period


class TestEarlyClose:
    def test_it_ends_that_instant_and_the_rest_of_the_month_goes_on(self, market: Market) -> None:
        with clock.frozen(at(10)), market.database.transaction() as session:
            first = periods.open_period(session, market.rules)
            assert (first.name, first.start_at) == ("2026-11", at(1, 0))
        with clock.frozen(at(20)):
            closed = close(market)
        assert (closed.name, closed.end_at) == ("2026-11.1", at(20))
        with clock.frozen(at(25)):
            close(market)
        with market.database.reading() as session:
            names = [(period.name, period.state) for period in periods.periods(session)]
            opened = periods.current(session)
        assert names == [("2026-11.3", "open"), ("2026-11.2", "closed"), ("2026-11.1", "closed")]
        assert opened is not None
        assert (opened.start_at, opened.end_at) == (at(25), at(1, 0, 12))

    def test_a_second_click_does_not_end_the_next_period(self, market: Market) -> None:
        with clock.frozen(at(20)), market.database.transaction() as session:
            seen = periods.open_period(session, market.rules).id
        with clock.frozen(at(20, 13)):
            close(market, seen)
        with clock.frozen(at(20, 14)), pytest.raises(PeriodNotOpen):
            close(market, seen)

    def test_only_an_operator_may(self, market: Market) -> None:
        with market.database.transaction() as session, pytest.raises(Forbidden):
            periods.close_period(session, market.actor("provider"), market.rules)

    def test_months_that_nobody_watched_are_closed_one_after_another(self, market: Market) -> None:
        with clock.frozen(at(10)), market.database.transaction() as session:
            periods.open_period(session, market.rules)
        with clock.frozen(at(3, month=12) + timedelta(days=62)):
            market.pass_time()
        with market.database.reading() as session:
            names = [period.name for period in periods.periods(session)]
        assert names == ["2027-02", "2027-01", "2026-12", "2026-11"]


class TestRating:
    def test_usage_is_sealed_before_it_is_rated(self, market: Market) -> None:
        with clock.frozen(at(10)):
            market.subscribe(market.plan(market.offer()))
        with clock.frozen(at(20)):
            closed = close(market)
        assert market.usage.sealed == [closed.end_at]

    def test_the_parts_of_a_month_add_up_to_the_month(self, market: Market) -> None:
        with clock.frozen(at(1)):
            subscription = market.subscribe(market.plan(market.offer(), fee=0, quota=1000, overage=77))
        for day, calls in ((5, 800), (12, 333), (19, 333), (26, 333)):
            with clock.frozen(at(day)):
                market.use(subscription, calls)
            with clock.frozen(at(day + 1)):
                close(market)
        with market.database.reading() as session:
            totals = [invoice.total for invoice in billing.invoices_for(session, market.company.id)]
        assert sum(totals) == round(799 * 77 / 1000)  # 1,799 calls, 1,000 of them included
        assert len(totals) == 3  # the first part stayed within the quota and made no invoice

    def test_a_line_names_the_rated_usage_it_comes_from(self, market: Market) -> None:
        with clock.frozen(at(1)):
            subscription = market.subscribe(market.plan(market.offer(), fee=0, quota=100, overage=80))
            market.use(subscription, 5100)
        with clock.frozen(at(2)):
            close(market)
        with market.database.reading() as session:
            (invoice,) = billing.invoices_for(session, market.company.id)
            (line,) = lines_of(session, invoice.id)
            assert line.rated_usage_id is not None
            rated = billing.rated_usage_by_id(session, [line.rated_usage_id])[line.rated_usage_id]
        assert (rated.calls, rated.overage_calls, rated.amount) == (5100, 5000, 400)
        assert (line.quantity, line.per, line.unit_amount, line.amount) == (5000, 1000, 80, 400)

    def test_the_subscribers_cap_is_never_passed(self, market: Market) -> None:
        with clock.frozen(at(1)):
            subscription = market.subscribe(market.plan(market.offer(), fee=0, quota=0, overage=1000), cap=250)
            market.use(subscription, 200)
        with clock.frozen(at(2)):
            close(market)
            market.use(subscription, 10_000)
        with clock.frozen(at(3)):
            close(market)
        with market.database.reading() as session:
            assert sum(invoice.total for invoice in billing.invoices_for(session, market.company.id)) == 250

    def test_closing_again_and_again_invoices_once(self, market: Market) -> None:
        with clock.frozen(at(1)):
            subscription = market.subscribe(market.plan(market.offer(), fee=0, quota=0, overage=1000))
            market.use(subscription, 2000)
        with clock.frozen(at(2)):
            closed = close(market)
            with market.database.transaction() as session:
                for _ in range(2):
                    rating.rate_period(session, market.rules, closed)
                    rating.invoice_period(session, market.actor("operator"), market.rules, closed)
        with market.database.reading() as session:
            assert [invoice.total for invoice in billing.invoices_for(session, market.company.id)] == [2000]

    def test_a_dataset_opened_to_all_is_charged_no_more(self, market: Market) -> None:
        from catalog.datasets import service as datasets
        from contracts.access import SYSTEM

        with clock.frozen(at(1)):
            subscription = market.subscribe(market.plan(market.offer(), fee=0, quota=0, overage=1000))
            market.use(subscription, 2000)
            with market.database.transaction() as session:
                datasets.update_dataset(session, SYSTEM, subscription.dataset_id, openness="unconditional")
        with clock.frozen(at(2)):
            close(market)
        with market.database.reading() as session:
            assert billing.invoices_for(session, market.company.id) == []


class TestMonthlyFee:
    def test_next_months_fee_comes_when_the_month_ends_and_not_before(self, market: Market) -> None:
        with clock.frozen(at(10)):
            subscription = market.subscribe(market.plan(market.offer(), fee=30000))
        with clock.frozen(at(20)):
            close(market)
            with market.database.reading() as session:
                assert billing.unpaid(session, market.company.id) == []
        with clock.frozen(at(1, 0, 12)):
            market.pass_time()
        with market.database.reading() as session:
            (invoice,) = billing.unpaid(session, market.company.id)
            (line,) = lines_of(session, invoice.id)
        assert (invoice.total, line.covers_from, line.covers_until) == (
            30000,
            at(1, 0, 12),
            datetime(2027, 1, 1, tzinfo=SHENZHEN),
        )
        assert line.subscription_id == subscription.id

    def test_who_began_after_the_month_ended_is_not_charged_twice(self, market: Market) -> None:
        plan = market.plan(market.offer(), fee=31000)
        with clock.frozen(at(30)), market.database.transaction() as session:
            periods.open_period(session, market.rules)
        with clock.frozen(at(1, 0, 12) + timedelta(seconds=5)):
            market.subscribe(plan)
            market.pass_time()
        with market.database.reading() as session:
            assert [i.kind for i in billing.invoices_for(session, market.company.id)] == ["first"]

    def test_a_cancelled_subscription_is_charged_no_further_month(self, market: Market) -> None:
        with clock.frozen(at(10)):
            subscription = market.subscribe(market.plan(market.offer()))
            with market.database.transaction() as session:
                billing.cancel_subscription(session, market.actor("owner"), market.rules, subscription.id)
        with clock.frozen(at(1, 1, 12)):
            market.pass_time()
        with market.database.reading() as session:
            assert billing.unpaid(session, market.company.id) == []


@given(moment=st.datetimes(timezones=st.just(SHENZHEN)), fee=st.integers(0, 10**9))
def test_a_first_month_never_costs_more_than_a_month(moment: datetime, fee: int) -> None:
    assume(1970 < moment.year < 9000)
    month = rest_of_month(moment, "Asia/Shanghai")
    assert 1 <= month.days <= month.of
    assert 0 <= month.amount(fee) <= fee
    if moment.day == 1:
        assert month.amount(fee) == fee


@given(
    parts=st.lists(st.integers(0, 10**7), min_size=1, max_size=10),
    quota=st.integers(0, 10**6),
    price=st.integers(1, 10**5),
    cap=st.none() | st.integers(0, 10**6),
)
def test_overage_of_parts_sums_to_overage_of_the_whole(
    parts: list[int], quota: int, price: int, cap: int | None
) -> None:
    plan = PlanTerms(
        plan_id="p", name={"en": "P"}, kind="paid", currency="CNY", quota_per_month=quota, rate_per_minute=1,
        monthly_fee=0, overage_per_1000=price,
    )  # fmt: skip
    so_far, charged = 0, 0
    for calls in parts:
        step = rating.overage(plan, so_far + calls, cap)[1] - rating.overage(plan, so_far, cap)[1]
        assert step >= 0
        so_far, charged = so_far + calls, charged + step
    assert charged == rating.overage(plan, so_far, cap)[1]
    assert cap is None or charged <= cap
