"""Ordering a plan and paying its first invoice."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contracts import clock
from contracts.access import SYSTEM
from contracts.errors import Forbidden, InvalidInput
from contracts.money import share, tax_included
from marketplace.billing import service as billing
from marketplace.billing import tasks
from marketplace.billing.errors import InvoiceNotFound, InvoiceNotPayable
from marketplace.billing.invoicing import lines_of
from marketplace.settlement import service as settlement
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.errors import AlreadySubscribed
from tests.factories.commerce import Market

SHENZHEN = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int = 12, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHENZHEN)


class TestOrder:
    def test_a_free_plan_is_active_at_once_and_costs_nothing(self, market: Market) -> None:
        order = market.order(market.plan(market.offer(), fee=0, overage=None))
        assert order.subscription.state == "active"
        assert order.invoice is None

    def test_a_paid_plan_waits_for_the_rest_of_the_month_to_be_paid(self, market: Market) -> None:
        with clock.frozen(at(24)):
            order = market.order(market.plan(market.offer(), fee=29900))
            assert order.subscription.state == "pending_payment"
            assert order.invoice is not None
            with market.database.reading() as session:
                (line,) = lines_of(session, order.invoice.id)
        assert (line.quantity, line.per, line.unit_amount) == (7, 30, 29900)
        assert order.invoice.total == line.amount == 6977  # 299.00 × 7 ÷ 30, half up
        assert line.fee == share(6977, market.settings.fee_ppm)
        assert line.tax == order.invoice.tax == tax_included(6977, market.settings.tax_ppm)

    def test_an_order_repeated_under_its_key_is_the_same_order(self, market: Market) -> None:
        plan = market.plan(market.offer())
        first = market.order(plan, request_key="order-1")
        again = market.order(plan, request_key="order-1")
        assert again.subscription.id == first.subscription.id
        assert again.invoice is not None
        assert first.invoice is not None
        assert again.invoice.id == first.invoice.id

    def test_a_second_subscription_to_the_same_plan_is_refused(self, market: Market) -> None:
        plan = market.plan(market.offer())
        market.order(plan)
        with pytest.raises(AlreadySubscribed):
            market.order(plan)

    def test_only_an_owner_may_order(self, market: Market) -> None:
        plan = market.plan(market.offer())
        with pytest.raises(Forbidden):
            market.order(plan, actor=market.actor("developer"))


class TestPayment:
    def test_payment_activates_and_is_shared_out(self, market: Market) -> None:
        with clock.frozen(at(24)):
            order = market.order(market.plan(market.offer()))
            assert order.invoice is not None
            payment = market.pay(order.invoice)
        assert payment.state == "succeeded"
        assert market.subscription(order.subscription.id).state == "active"
        with market.database.reading() as session:
            assert billing.get_invoice(session, order.invoice.id).state == "paid"
            found = settlement.position(session, "CNY", market.city.department.id)
        fee, tax = share(6977, 100_000), tax_included(6977, 60_000)
        assert (found.invoiced, found.paid, found.fee, found.tax) == (6977, 6977, fee, tax)
        assert found.held == 6977 - fee - tax
        assert found.agrees

    def test_a_declined_card_moves_nothing_and_another_card_works(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        assert order.invoice is not None
        declined = market.pay(order.invoice, "pm_card_chargeDeclinedInsufficientFunds")
        assert (declined.state, declined.failure_code) == ("failed", "insufficient_funds")
        assert market.subscription(order.subscription.id).state == "pending_payment"
        with market.database.reading() as session:
            assert settlement.position(session, "CNY").paid == 0
        assert market.pay(order.invoice).state == "succeeded"
        assert market.subscription(order.subscription.id).state == "active"

    def test_a_paid_invoice_cannot_be_paid_again(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        assert order.invoice is not None
        market.pay(order.invoice)
        with pytest.raises(InvoiceNotPayable, match="paid already"):
            market.pay(order.invoice)

    def test_asking_twice_gives_the_payment_under_way(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        assert order.invoice is not None
        with market.database.transaction() as session:
            one = billing.pay_invoice(session, market.actor("owner"), order.invoice.id, "pm_card_visa")
            two = billing.pay_invoice(session, market.actor("owner"), order.invoice.id, "pm_card_visa")
        assert one.id == two.id
        market.work()
        with market.database.reading() as session:
            assert settlement.position(session, "CNY").paid == order.invoice.total

    def test_a_card_number_is_refused(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        assert order.invoice is not None
        with pytest.raises(InvalidInput, match="never sent"):
            market.pay(order.invoice, "4242424242424242")

    def test_others_do_not_learn_that_the_invoice_exists(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        assert order.invoice is not None
        with pytest.raises(InvoiceNotFound):
            market.pay(order.invoice, actor=market.second_owner)

    def test_an_order_not_paid_in_a_day_lapses(self, market: Market) -> None:
        with clock.frozen(at(10)):
            order = market.order(market.plan(market.offer()))
            assert order.invoice is not None
        with clock.frozen(at(10) + timedelta(hours=24, seconds=1)):
            with pytest.raises(InvoiceNotPayable, match="lapsed"):
                market.pay(order.invoice)
            tasks.sweep(market.database, market.provider, market.settings)
        assert market.subscription(order.subscription.id).state == "ended"
        with market.database.reading() as session:
            assert billing.get_invoice(session, order.invoice.id).state == "void"
            found = settlement.position(session, "CNY")
        assert (found.invoiced, found.paid, found.held) == (0, 0, 0)


class TestCancel:
    def test_a_cancelled_subscription_runs_until_the_month_ends(self, market: Market) -> None:
        with clock.frozen(at(10)):
            subscription = market.subscribe(market.plan(market.offer()))
            with market.database.transaction() as session:
                cancelled = billing.cancel_subscription(session, market.actor("owner"), market.rules, subscription.id)
            assert cancelled.ends_at == datetime(2026, 12, 1, tzinfo=SHENZHEN)
            with market.database.reading() as session:
                assert subscriptions.entitlement(session, subscription.id).active
        with clock.frozen(datetime(2026, 12, 1, tzinfo=SHENZHEN)):
            with market.database.reading() as session:
                assert subscriptions.entitlement(session, subscription.id).reason == "ended"
            tasks.sweep(market.database, market.provider, market.settings)
        assert market.subscription(subscription.id).state == "ended"

    def test_a_cancellation_can_be_taken_back(self, market: Market) -> None:
        subscription = market.subscribe(market.plan(market.offer()))
        with market.database.transaction() as session:
            billing.cancel_subscription(session, market.actor("owner"), market.rules, subscription.id)
            assert subscriptions.keep(session, market.actor("owner"), subscription.id).ends_at is None

    def test_an_unpaid_order_can_be_given_up(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        assert order.invoice is not None
        with market.database.transaction() as session:
            billing.cancel_subscription(session, market.actor("owner"), market.rules, order.subscription.id)
        assert market.subscription(order.subscription.id).state == "ended"
        with market.database.reading() as session:
            assert billing.get_invoice(session, order.invoice.id).state == "void"


def test_an_overdue_invoice_suspends_and_payment_resumes(market: Market) -> None:
    with clock.frozen(at(2)):
        subscription = market.subscribe(market.plan(market.offer(), quota=100))
        market.use(subscription, 5100)
    with clock.frozen(datetime(2026, 12, 1, 0, 1, tzinfo=SHENZHEN)):
        market.pass_time()
        with market.database.reading() as session:
            (due,) = billing.unpaid(session, market.company.id)
            assert due.total == 400 + 29900  # 5,000 further calls at 0.80 a thousand, and December's fee
    with clock.frozen(datetime(2026, 12, 17, tzinfo=SHENZHEN)):
        market.pass_time()
        with market.database.reading() as session:
            assert subscriptions.entitlement(session, subscription.id).reason == "suspended_unpaid"
        market.pay(due)
        with market.database.reading() as session:
            assert subscriptions.entitlement(session, subscription.id).active
        with market.database.transaction() as session:
            subscriptions.end(session, SYSTEM, subscription.id)
