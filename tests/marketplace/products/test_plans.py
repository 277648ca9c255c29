"""Offerings and plans, and the rule that open data costs nothing."""

import pytest
import sqlalchemy as sa

from contracts.errors import Forbidden, InvalidInput
from marketplace.products import service as products
from marketplace.products.errors import NotForOffer, PriceRefused
from marketplace.products.models import Plan
from tests.factories.commerce import Market


def add(market: Market, offering_id: str, who: str = "provider", **changes: object) -> Plan:
    described: dict[str, object] = {"name": {"en": "Plan"}, "quota_per_month": 100, "rate_per_minute": 60}
    with market.database.transaction() as session:
        return products.add_plan(session, market.actor(who), offering_id, **(described | changes))  # type: ignore[arg-type]  # as the test says


class TestPriceRule:
    @pytest.mark.parametrize("price", [{"monthly_fee": 1}, {"overage_per_1000": 1}])
    def test_open_data_with_a_price_is_refused_with_the_article(self, market: Market, price: dict[str, int]) -> None:
        offering = market.offer(openness="unconditional")
        with pytest.raises(PriceRefused, match="第四十七条") as refused:
            add(market, offering.id, **price)
        assert "第四十七条" in refused.value.problem()["article"]

    def test_open_data_may_be_offered_free(self, market: Market) -> None:
        assert add(market, market.offer(openness="unconditional").id).kind == "free"

    def test_a_plan_made_before_the_data_was_opened_cannot_be_sold_after(self, market: Market) -> None:
        from catalog.datasets import service as datasets
        from contracts.access import SYSTEM

        offering = market.offer()
        plan = market.plan(offering)
        with market.database.transaction() as session:
            datasets.update_dataset(session, SYSTEM, offering.dataset_id, openness="unconditional")
        with pytest.raises(PriceRefused):
            market.order(plan)

    def test_data_that_is_not_open_cannot_be_offered(self, market: Market) -> None:
        with pytest.raises(NotForOffer):
            market.offer(openness="not_open")


def test_two_who_offer_a_dataset_at_once_get_one_offering(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    first = market.offer()
    monkeypatch.setattr(products, "offering_for_dataset", lambda *_: None)  # both looked before either wrote
    with market.database.transaction() as session:
        second = products.create_offering(session, market.actor("provider"), first.dataset_id)
    assert second.id == first.id


class TestPlan:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"monthly_fee": -1}, "monthly_fee"),
            ({"overage_per_1000": 0}, "overage_per_1000"),
            ({"quota_per_month": None, "overage_per_1000": 5}, "quota_per_month"),
            ({"quota_per_month": 0}, "quota_per_month"),
            ({"rate_per_minute": 0}, "rate_per_minute"),
            ({"name": {"fr": "Formule"}}, "name"),
        ],
    )
    def test_what_makes_no_sense_is_refused_at_its_field(
        self, market: Market, changes: dict[str, object], field: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            add(market, market.offer().id, **changes)
        assert refused.value.errors[0]["pointer"] == f"#/{field}"

    def test_only_the_provider_makes_plans(self, market: Market) -> None:
        with pytest.raises(Forbidden):
            add(market, market.offer().id, "owner")

    def test_a_change_is_a_new_version_and_subscribers_keep_the_old_one(self, market: Market) -> None:
        offering = market.offer()
        old = market.plan(offering, fee=1000)
        subscription = market.subscribe(old)
        new = add(market, offering.id, monthly_fee=2000, replaces_id=old.id)
        with market.database.reading() as session:
            on_offer = [plan.id for plan in products.plans(session, offering.id)]
            assert products.plan_terms(session, products.get_plan(session, old.id)).monthly_fee == 1000
        assert new.version == 2
        assert new.id in on_offer
        assert old.id not in on_offer
        assert market.subscription(subscription.id).plan_id == old.id

    def test_prices_cannot_be_edited_even_by_sql(self, market: Market) -> None:
        market.plan(market.offer())
        with market.database.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
            connection.execute(sa.text("UPDATE products_price_component SET unit_amount = 1"))


class TestListing:
    def test_an_offering_without_a_plan_is_not_listed(self, market: Market) -> None:
        offering = market.offer(listed=False)
        with market.database.transaction() as session, pytest.raises(NotForOffer, match="plan"):
            products.list_offering(session, market.actor("provider"), offering.id)

    def test_a_dataset_without_a_release_is_not_listed(self, market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
        offering = market.offer(listed=False)
        market.plan(offering)
        monkeypatch.setattr(products.releases, "current_release", lambda *_: None)
        with market.database.transaction() as session, pytest.raises(NotForOffer, match="release"):
            products.list_offering(session, market.actor("provider"), offering.id)

    def test_a_retired_offering_takes_no_subscription_and_present_ones_run_on(self, market: Market) -> None:
        from marketplace.subscriptions.errors import NotOnOffer

        offering = market.offer()
        subscription = market.subscribe(market.plan(offering))
        other = market.plan(offering, fee=5)
        with market.database.transaction() as session:
            products.retire_offering(session, market.actor("provider"), offering.id)
        with pytest.raises(NotOnOffer):
            market.order(other)
        assert market.subscription(subscription.id).state == "active"
