"""A small published city behind the real app: open car parks, conditional clinic visits, and what nobody may see."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import service as releases
from catalog.releases.models import Release
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from contracts.privacy import Policy
from marketplace.products import service as products
from tests.factories.catalog import stations_csv, visits_csv
from tests.factories.people import City, make_city
from tests.factories.published import make_dataset, publish
from web import migrations
from web.app import create_app

VISITS = Policy.from_mapping(
    {
        "subject": "手机号码",
        "subject_unit": "person",
        "columns": {
            "姓名": {"role": "direct-identifier", "operator": {"kind": "drop"}},
            "手机号码": {"role": "direct-identifier", "operator": {"kind": "drop"}},
            "年龄": {
                "role": "quasi-identifier",
                "operator": {"kind": "generalise", "hierarchy": {"kind": "numeric", "widths": [5, 10, 20]}},
            },
            "区": {"role": "quasi-identifier", "operator": {"kind": "keep"}},
            "诊断": {"role": "sensitive", "operator": {"kind": "keep"}},
            "费用": {"role": "plain", "operator": {"kind": "keep"}},
        },
        "models": [{"kind": "k-anonymity", "k": 5}],
        "suppression_limit": 0.2,
    }
)
WITHDRAWN_BECAUSE = "坐标偏移，已通知使用者停用。"


@dataclass(frozen=True)
class Site:
    """The app's client and what was published behind it."""

    client: TestClient
    database: Database
    settings: Settings
    city: City
    parks: Release
    parks_before: Release
    visits: Release
    visits_dataset: Dataset
    faulty: Release


@pytest.fixture(scope="package")
def published_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Read only: tests that change something publish data of their own."""
    home = tmp_path_factory.mktemp("portal")
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'shuyi.db'}",
        open_rate_per_minute=100_000,
        base_url="http://city.test",
    )
    migrations.upgrade(settings.database)
    database, store = Database(settings.database), FolderStore(home / "objects")
    with database.transaction() as session:
        city = make_city(session)
        provider = city.actor(session, "provider")
        parks = make_dataset(
            session,
            city,
            "car-parks-old",
            "停车场信息",
            english="Car parks",
            openness="unconditional",
            themes=["transport"],
            keywords=[{"zh-CN": "泊位", "en": "parking"}],
            description={"zh-CN": "停车场的位置与泊位数。", "en": "Where car parks are and how many spaces they have."},
            fields={"spaces": {"title": {"zh-CN": "泊位数", "en": "Spaces"}, "unit": "个"}},
        )
        visits = make_dataset(session, city, "clinic-visits", "门诊就诊", english="Clinic visits", themes=["health"])
        faulty = make_dataset(session, city, "bus-stops", "公交站点", openness="unconditional", themes=["transport"])
        make_dataset(session, city, "secret-parking", "未发布停车记录")
        datasets.update_dataset(session, provider, parks.id, slug="car-parks")
        offering = products.create_offering(session, provider, visits.id)
        plan = {"rate_per_minute": 60, "quota_per_month": 1000}
        products.add_plan(session, provider, offering.id, name={"zh-CN": "试用版", "en": "Trial"}, **plan)
        products.add_plan(
            session, provider, offering.id, name={"zh-CN": "标准版", "en": "Standard"}, monthly_fee=29900, **plan
        )
    before = publish(database, store, settings, city, parks.id, stations_csv(40, seed=1).decode())
    now = publish(database, store, settings, city, parks.id, stations_csv(60).decode())
    visited = publish(database, store, settings, city, visits.id, visits_csv(encoding="utf-8").decode(), VISITS)
    stops = publish(database, store, settings, city, faulty.id, "id,name\n1,站一\n2,站二\n3,站三\n")
    with database.transaction() as session:
        releases.withdraw(session, city.actor(session, "officer"), stops.id, WITHDRAWN_BECAUSE)
        products.list_offering(session, city.actor(session, "provider"), offering.id)
    with TestClient(create_app(settings), follow_redirects=False) as client:
        yield Site(client, database, settings, city, now, before, visited, visits, stops)
    database.close()


@pytest.fixture
def site(published_site: Site) -> Site:
    """The site, with a client that has been nowhere: a link with `?lang=` that one test followed must not choose the
    language of the next."""
    published_site.client.cookies.clear()
    return published_site
