"""Finding published datasets: Chinese by any part of a word, Latin by its beginning, never what is not published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.datasets import service as datasets
from catalog.releases import service as releases
from catalog.releases.models import Release
from catalog.search import Query, Results, SearchIndex, index, search
from catalog.search.tokens import index_terms, match_expression, pairs
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from tests.factories.people import City, make_city
from tests.factories.published import make_dataset, publish

TABLE = "id,name\n1,一号\n2,二号\n3,三号\n"


class Town:
    """Publishes datasets and searches them."""

    def __init__(self, database: Database, store: FolderStore, settings: Settings) -> None:
        self.database, self.store, self.settings = database, store, settings
        self.index = SearchIndex()
        with database.transaction() as session:
            self.city: City = make_city(session)

    def describe(self, slug: str, title: str, **described: object) -> str:
        with self.database.transaction() as session:
            return make_dataset(session, self.city, slug, title, **described).id

    def publish(self, dataset_id: str) -> Release:
        return publish(self.database, self.store, self.settings, self.city, dataset_id, TABLE)

    def published(self, slug: str, title: str, **described: object) -> Release:
        return self.publish(self.describe(slug, title, **described))

    def withdraw(self, release: Release) -> None:
        with self.database.transaction() as session:
            releases.withdraw(session, self.city.actor(session, "officer"), release.id, "发现一处错误，先撤回。")

    def find(self, text: str = "", labels: dict[str, dict[str, list[str]]] | None = None, **query: object) -> Results:
        with self.database.reading() as session:
            return search(session, self.index, Query(text, **query), labels)  # type: ignore[arg-type]  # as given

    def slugs(self, text: str = "", **query: object) -> list[str]:
        return [hit.dataset.slug for hit in self.find(text, **query).hits]


@pytest.fixture
def town(database: Database, folder_store: FolderStore, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Town:
    """An empty town whose index looks at the database before every search."""
    monkeypatch.setattr(index, "FRESH_SECONDS", -1.0)
    return Town(database, folder_store, settings)


class TestWords:
    def test_chinese_is_found_by_any_part(self, town: Town) -> None:
        town.published("car-parks", "停车场信息", english="Car parks")
        for query in ("停车", "车场", "停车场", "信息", "停车场信息", "停车 信息", "ＣＡＲ", "场"):
            assert town.slugs(query) == ["car-parks"], query
        for query in ("场停", "停信", "停车 天气", "公园"):
            assert town.slugs(query) == [], query

    def test_latin_is_found_by_its_beginning_whatever_the_case(self, town: Town) -> None:
        town.published("car-parks", "停车场信息", english="Nanshan Car-Parks 2026")
        for query in ("car", "PARK", "nan", "car-parks", "2026", "nansh car"):
            assert town.slugs(query) == ["car-parks"], query
        assert town.slugs("arks") == []

    def test_keywords_provider_description_and_columns_are_found_too(self, town: Town) -> None:
        town.published(
            "car-parks",
            "停车场信息",
            keywords=[{"zh-CN": "泊位"}],
            description={"zh-CN": "含充电桩数量"},
            fields={"name": {"title": {"zh-CN": "场库名称"}}},
        )
        for query in ("泊位", "充电桩", "场库", "交通局", "福田区", "深圳"):
            assert town.slugs(query) == ["car-parks"], query

    def test_a_word_in_the_title_comes_first(self, town: Town) -> None:
        town.published("stations", "充电站", description={"zh-CN": "多数在停车场内"})
        town.published("car-parks", "停车场信息")
        assert town.slugs("停车场") == ["car-parks", "stations"]

    STRANGE = ('"', "*", "a OR b", "NEAR(", "title:x", '停车" OR 1', "'; --", "()", "。，")

    def test_what_means_something_to_the_index_is_only_text(self, town: Town) -> None:
        town.published("stations", "充电站")
        for query in self.STRANGE:
            assert town.slugs(query) == [], query


class TestWhatIsPublished:
    def test_what_is_not_released_is_never_found(self, town: Town) -> None:
        town.describe("secret", "未发布停车记录")
        assert town.slugs() == []
        assert town.slugs("停车") == []

    def test_a_release_is_found_at_once_and_a_withdrawn_one_no_more(self, town: Town) -> None:
        dataset_id = town.describe("car-parks", "停车场信息")
        assert town.slugs("停车") == []
        release = town.publish(dataset_id)
        assert town.slugs("停车") == ["car-parks"]
        town.withdraw(release)
        assert town.slugs("停车") == []

    def test_withdrawing_the_newest_release_leaves_the_one_before(self, town: Town) -> None:
        dataset_id = town.describe("car-parks", "停车场信息")
        first = town.publish(dataset_id)
        second = town.publish(dataset_id)
        (hit,) = town.find("停车").hits
        assert hit.release.id == second.id
        town.withdraw(second)
        (hit,) = town.find("停车").hits
        assert hit.release.id == first.id

    def test_a_new_title_replaces_the_old_one(self, town: Town) -> None:
        town.published("car-parks", "停车场信息")
        assert town.slugs("停车") == ["car-parks"]
        with town.database.transaction() as session:
            provider = town.city.actor(session, "provider")
            datasets.update_dataset(session, provider, "car-parks", title={"zh-CN": "公共泊位"})
        assert town.slugs("停车") == []
        assert town.slugs("泊位") == ["car-parks"]

    def test_another_process_finds_the_same(self, town: Town) -> None:
        town.published("car-parks", "停车场信息")
        town.index = SearchIndex()
        assert town.slugs("停车") == ["car-parks"]


class TestFacets:
    @pytest.fixture
    def filled(self, town: Town) -> Town:
        town.published("a-parks", "停车场", openness="unconditional", themes=["transport"])
        town.published("b-trips", "停车记录", themes=["transport", "economy"])
        town.published("c-visits", "门诊就诊", themes=["health"])
        return town

    def test_counts_are_what_the_other_facets_leave(self, filled: Town) -> None:
        found = filled.find(facets={"theme": frozenset({"transport"})})
        assert found.total == 2
        assert found.facets["openness"] == {"unconditional": 1, "conditional": 1}
        assert found.facets["theme"] == {"transport": 2, "economy": 1, "health": 1}, "its own values stay choosable"
        assert found.facets["format"] == {"CSV": 2, "PARQUET": 2}

    def test_any_value_fits_within_a_facet_and_all_facets_must(self, filled: Town) -> None:
        assert filled.slugs(facets={"theme": frozenset({"economy", "health"})}, sort="title") == ["b-trips", "c-visits"]
        both = {"theme": frozenset({"transport"}), "openness": frozenset({"unconditional"})}
        assert filled.slugs("停车", facets=both) == ["a-parks"]

    def test_labels_of_others_are_facets_too(self, filled: Town) -> None:
        with filled.database.reading() as session:
            trips = datasets.get_dataset(session, "b-trips").id
        labels = {"price": {trips: ["paid"]}}
        assert filled.find(labels=labels).facets["price"] == {"paid": 1}
        paid = filled.find(labels=labels, facets={"price": frozenset({"paid"})})
        assert [hit.dataset.slug for hit in paid.hits] == ["b-trips"]

    def test_orders_and_pages(self, filled: Town) -> None:
        assert filled.slugs(sort="newest") == ["c-visits", "b-trips", "a-parks"]
        assert filled.slugs(sort="title") == ["a-parks", "b-trips", "c-visits"]
        page = filled.find(sort="title", offset=1, limit=1)
        assert ([hit.dataset.slug for hit in page.hits], page.total) == (["b-trips"], 3)


HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12)


@given(HAN, st.data())
def test_every_part_of_a_chinese_text_is_among_its_terms(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    terms = set(index_terms(text).split())
    assert terms.issuperset(pairs(text[start:end]))


@given(st.text(max_size=60))
def test_any_query_makes_an_expression_of_quoted_terms_only(text: str) -> None:
    for part in match_expression(text).split(" AND "):
        assert part == "" or (part[0] == '"' and part.rstrip("*")[-1] == '"' and '"' not in part.rstrip("*")[1:-1])
