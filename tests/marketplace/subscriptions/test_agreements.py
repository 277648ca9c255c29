"""Agreements frozen as signed, entitlements compiled from them, and orders filled in step by step."""

import hashlib
import json

import pytest
import sqlalchemy as sa

from contracts.errors import InvalidInput
from marketplace.products import service as products
from marketplace.subscriptions import orders
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.errors import NotOnOffer, OrderNotFound, SubscriptionNotFound, TermsChanged
from tests.factories.commerce import PURPOSE, Market


class TestAgreement:
    def test_it_holds_licence_plan_parties_and_purpose_under_its_hash(self, market: Market) -> None:
        subscription = market.subscribe(market.plan(market.offer(), fee=4321))
        with market.database.reading() as session:
            agreement = subscriptions.agreement_of(session, subscription)
        assert hashlib.sha256(agreement.canonical.encode()).hexdigest() == agreement.hash
        document = json.loads(agreement.canonical)
        assert document["plan"]["monthly_fee"] == 4321
        assert document["purpose"] == PURPOSE
        assert document["subscriber"]["id"] == market.company.id
        assert document["provider"]["id"] == market.city.department.id
        assert document["licence_hash"] == agreement.terms_hash

    def test_it_cannot_be_edited_even_by_sql(self, market: Market) -> None:
        market.subscribe(market.plan(market.offer()))
        with market.database.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
            connection.execute(sa.text("UPDATE subscriptions_agreement SET purpose = 'x'"))

    def test_other_terms_than_those_read_are_refused(self, market: Market) -> None:
        plan = market.plan(market.offer())
        with market.database.transaction() as session, pytest.raises(TermsChanged):
            subscriptions.subscribe(session, market.actor("owner"), market.company.id, plan.id, PURPOSE, "0" * 64)

    def test_conditional_data_needs_a_purpose_and_open_data_does_not(self, market: Market) -> None:
        for slug, openness in (("conditional-one", "conditional"), ("open-one", "unconditional")):
            plan = market.plan(market.offer(slug=slug, openness=openness), fee=0, overage=None)
            with market.database.transaction() as session:
                terms = subscriptions.licence_for_plan(session, plan.id).hash()
                arguments = (session, market.actor("owner"), market.company.id, plan.id, "短", terms)
                if openness == "conditional":
                    with pytest.raises(InvalidInput, match="10 characters"):
                        subscriptions.subscribe(*arguments)
                else:
                    assert subscriptions.subscribe(*arguments).state == "active"


class TestEntitlement:
    @pytest.mark.parametrize(
        ("quota", "overage", "cap", "limit"),
        [(100, None, None, 100), (100, 50, None, None), (100, 50, 25, 600), (0, 50, 0, 0), (None, None, None, None)],
    )
    def test_where_calls_stop(
        self, market: Market, quota: int | None, overage: int | None, cap: int | None, limit: int | None
    ) -> None:
        plan = market.plan(market.offer(), fee=0, quota=quota, overage=overage)
        subscription = market.subscribe(plan, cap=cap)
        with market.database.reading() as session:
            found = subscriptions.entitlement(session, subscription.id)
        assert (found.quota_per_month, found.calls_limit_per_month) == (quota, limit)
        assert found.overage_allowed == (overage is not None)
        assert found.active

    def test_it_says_why_not(self, market: Market) -> None:
        order = market.order(market.plan(market.offer()))
        with market.database.transaction() as session:
            assert subscriptions.entitlement(session, order.subscription.id).reason == "pending_payment"
            subscriptions.end(session, market.actor("owner"), order.subscription.id)
            assert subscriptions.entitlement(session, order.subscription.id).reason == "ended"

    def test_strangers_do_not_learn_that_it_exists(self, market: Market) -> None:
        subscription = market.subscribe(market.plan(market.offer()))
        with market.database.reading() as session:
            assert subscriptions.require_readable(session, market.actor("operator"), subscription.id)
            for who in (market.second_owner, market.actor("provider")):
                with pytest.raises(SubscriptionNotFound):
                    subscriptions.require_readable(session, who, subscription.id)


class TestOrder:
    def test_it_is_filled_in_and_confirmed_once(self, market: Market) -> None:
        owner = market.actor("owner")
        offering = market.offer()
        plan, other = market.plan(offering), market.plan(offering, fee=100)
        with market.database.transaction() as session:
            order = orders.begin(session, owner, plan.id)
            orders.choose_plan(session, owner, order.id, other.id)
            orders.state_use(
                session, owner, order.id, organisation_id=market.company.id, purpose=PURPOSE, overage_cap=500
            )
            licence = subscriptions.licence_for_plan(session, other.id)
            orders.accept(session, owner, order.id, licence.hash())
        assert (order.plan_id, order.overage_cap, order.accepted_terms_hash) == (other.id, 500, licence.hash())
        made = market.order(other, request_key=order.id)
        with market.database.transaction() as session:
            orders.confirmed(session, orders.lock(session, owner, order.id), made.subscription.id)
        with market.database.transaction() as session, pytest.raises(orders.OrderConfirmed):
            orders.choose_plan(session, owner, order.id, plan.id)

    def test_it_is_its_makers_own(self, market: Market) -> None:
        plan = market.plan(market.offer())
        with market.database.transaction() as session:
            order = orders.begin(session, market.actor("owner"), plan.id)
            with pytest.raises(OrderNotFound):
                orders.get(session, market.second_owner, order.id)


def test_plans_of_another_offering_are_refused(market: Market) -> None:
    owner = market.actor("owner")
    one, two = market.plan(market.offer()), market.plan(market.offer(slug="other"))
    with market.database.transaction() as session:
        order = orders.begin(session, owner, one.id)
        with pytest.raises(NotOnOffer):
            orders.choose_plan(session, owner, order.id, two.id)
        assert products.get_plan(session, one.id).retired_at is None
