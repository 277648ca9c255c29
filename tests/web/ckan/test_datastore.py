"""`datastore_search`: rows in CKAN's manner, through the gateway's delivery service like every other byte."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.releases import service as releases
from contracts import clock
from contracts.kit.store import FolderStore
from marketplace.credentials import service as credentials
from marketplace.metering import service as metering
from marketplace.products import service as products
from marketplace.subscriptions import service as subscriptions
from tests.web.portal.conftest import Site

SEARCH = "/api/3/action/datastore_search"


def ask(site: Site, status: int = 200, key: str | None = None, **sent: Any) -> Any:
    """The result of a call, or the error of one that must fail."""
    headers = {"Authorization": key} if key else {}
    answer = site.client.post(SEARCH, json={"resource_id": site.parks.id} | sent, headers=headers)
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["success"] is (status == 200)
    return body["result"] if status == 200 else body["error"]


def key_for_visits(site: Site) -> str:
    """A live key of a new subscription to the conditional data."""
    with site.database.transaction() as session:
        offering = products.offering_for_dataset(session, site.visits.dataset_id)
        assert offering is not None
        free = next(plan for plan in products.plans(session, offering.id) if plan.kind == "free")
        owner, developer = site.city.actor(session, "owner"), site.city.actor(session, "developer")
        terms = subscriptions.licence_for_plan(session, free.id).hash()
        made = subscriptions.subscribe(
            session, owner, site.city.company.id, free.id, "就诊高峰预测，不含个人信息", terms
        )
        _, secret = credentials.create_key(session, developer, site.settings, made.id, "CKAN 客户端", "live")
    return secret


class TestOpenData:
    def test_rows_come_with_their_columns_and_count(self, site: Site) -> None:
        found = ask(site, limit=2)
        assert [column["id"] for column in found["fields"]][:2] == ["_id", "id"]
        assert found["total"] == site.parks.rows
        assert [list(record) for record in found["records"]] == [[c["id"] for c in found["fields"]]] * 2

    def test_filters_sorting_and_paging(self, site: Site) -> None:
        everything = ask(site, limit=1000, sort="spaces desc, id")["records"]
        assert [row["spaces"] for row in everything] == sorted((row["spaces"] for row in everything), reverse=True)
        assert ask(site, limit=2, offset=2, sort="spaces desc, id")["records"] == everything[2:4]
        wanted = everything[3]
        assert ask(site, filters={"id": wanted["id"]})["records"] == [wanted]
        two = [everything[0]["id"], everything[1]["id"]]
        assert {row["id"] for row in ask(site, filters={"id": two})["records"]} == set(two)
        many = ask(site, limit=1000, filters={"spaces": {"gte": wanted["spaces"]}})
        assert many["total"] == sum(row["spaces"] >= wanted["spaces"] for row in everything)

    def test_words_are_found_in_any_text(self, site: Site) -> None:
        first = ask(site, limit=1)["records"][0]
        found = ask(site, limit=1000, q=first["name"].upper() if first["name"].isascii() else first["name"])
        assert first in found["records"]
        assert all(any(first["name"] in str(value) for value in row.values()) for row in found["records"])
        assert ask(site, q="没有这样的文字")["records"] == []

    def test_only_the_row_number_can_be_asked_for(self, site: Site) -> None:
        assert ask(site, fields=["_id"], limit=2)["records"] == [{"_id": 1}, {"_id": 2}]

    @pytest.mark.parametrize("form", ["lists", "csv", "tsv"])
    def test_records_come_in_the_form_asked_for(self, site: Site, form: str) -> None:
        objects = ask(site, limit=2, fields=["_id", "id"])["records"]
        found = ask(site, limit=2, fields=["_id", "id"], records_format=form)
        assert found["records_format"] == form
        rows = [[row["_id"], row["id"]] for row in objects]
        separator = {"csv": ",", "tsv": "\t"}.get(form)
        assert found["records"] == (rows if separator is None else "".join(f"{a}{separator}{b}\n" for a, b in rows))

    def test_the_link_to_the_next_page_keeps_the_question(self, site: Site) -> None:
        found = ask(site, limit=2, filters={"spaces": {"gte": 1}}, sort="id")
        following = site.client.get(found["_links"]["next"]).json()["result"]
        assert (
            following["records"] == ask(site, limit=2, offset=2, filters={"spaces": {"gte": 1}}, sort="id")["records"]
        )

    @pytest.mark.parametrize(
        ("sent", "error"),
        [
            ({"filters": {"zz": 1}}, {"filters": ["Unknown field: zz"]}),
            ({"sort": "zz"}, {"sort": ['invalid value "zz"']}),
            ({"fields": "zz"}, {"fields": ['Field "zz" is not recognized']}),
            ({"filters": {"limit": 5}}, {"filters": ["Unknown field: limit"]}),
            ({"filters": {"spaces": "many"}}, {"filters": ["'spaces' is compared with a whole number."]}),
            (
                {"records_format": "xml"},
                {"records_format": ["Value must be one of: objects, lists, csv, tsv"]},
            ),
            ({"limit": -1}, {"limit": ["Must be a natural number"]}),
        ],
    )
    def test_a_wrong_question_names_its_place(self, site: Site, sent: dict[str, Any], error: dict[str, Any]) -> None:
        assert ask(site, 409, **sent) == {"__type": "Validation Error"} | error

    def test_an_unknown_resource(self, site: Site) -> None:
        assert ask(site, 404, resource_id="x") == {
            "__type": "Not Found Error",
            "message": 'Not found: Resource "x" was not found.',
        }


class TestConditionalData:
    def test_it_is_refused_without_a_key_and_says_why(self, site: Site) -> None:
        error = ask(site, 403, resource_id=site.visits.id)
        assert error["__type"] == "Authorization Error"
        assert "subscribe" in error["message"]

    def test_a_count_of_chosen_rows_is_data_too(self, site: Site) -> None:
        ask(site, 403, resource_id=site.visits.id, limit=0, filters={"区": "南山区"})

    def test_a_key_opens_it_and_the_answer_is_metered(self, site: Site) -> None:
        key = key_for_visits(site)
        found = ask(site, resource_id=site.visits.id, key=key, limit=3)
        assert len(found["records"]) == 3
        with site.database.reading() as session:
            card = credentials.lookup(session, site.settings, key)
            assert card is not None
        store = FolderStore(site.settings.home / "objects")
        metering.seal_through(site.database, store, site.settings, moment := clock.now())
        with site.database.reading() as session:
            used = metering.usage_for(session, card.subscription_id, moment - timedelta(days=1), moment)
        assert used.calls == 1


def test_rows_of_a_withdrawn_release_are_gone(site: Site) -> None:
    error = ask(site, 404, resource_id=site.faulty.id)
    assert error["__type"] == "Not Found Error"
    with site.database.reading() as session:
        assert releases.withdrawals(session, [site.faulty])
