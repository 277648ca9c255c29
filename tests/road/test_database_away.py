"""PostgreSQL crashes and comes back while the road is walked: who asks meanwhile is told so, and the road completes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from contracts.ids import new_id
from tests import services
from tests.factories.catalog import visits_csv
from tests.road.api import Person, Road, Watch
from tests.road.books import examine
from tests.road.site import Site, free_port

TOKEN = {"Authorization": "Bearer sy_pat_of_somebody"}
ASKED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/api/v1/catalog/datasets", {}),
    ("GET", "/api/v1/requests", TOKEN),
    ("POST", "/api/v1/offerings", TOKEN),
    ("GET", "/api/3/action/package_list", {"Accept": "application/json"}),
    ("GET", "/data/v1/no-such-data/records", {}),
    ("GET", "/data/v1/clinic-visits/files/manifest.json", {}),
)


@pytest.fixture
def postgres() -> Iterator[services.OwnPostgres]:
    services.needed(services.POSTGRES)
    server = services.OwnPostgres()
    yield server
    server.close()


@pytest.fixture
def site(postgres: services.OwnPostgres, tmp_path: Path) -> Iterator[Site]:
    bucket = services.needed(services.S3).replace("shuyi-test", f"road-{new_id()[-12:]}")
    found = Site(tmp_path / "home", free_port(), database_url=postgres.url, object_store=bucket)
    yield found
    found.kill()


class Outages(Watch):
    """Takes the database away inside some steps, asks around, and brings it back."""

    def __init__(self, site: Site, postgres: services.OwnPostgres, steps: set[str]) -> None:
        self.told = 0
        self._site, self._postgres, self._steps = site, postgres, steps
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def begin(self, step: str) -> None:
        if step in self._steps:
            self._steps.discard(step)
            self._threads.append(threading.Thread(target=self._outage, daemon=True))
            self._threads[-1].start()

    def end(self, step: str) -> None:
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _outage(self) -> None:
        try:
            self._postgres.stop()
            try:
                self._ask_around()
            finally:
                self._postgres.start()
        except BaseException as error:
            self._errors.append(error)

    def _ask_around(self) -> None:
        with httpx.Client(base_url=self._site.url, timeout=120, trust_env=False) as client:
            for method, path, headers in ASKED:
                answer = client.request(method, path, headers=headers, json={} if method == "POST" else None)
                assert answer.status_code == 503, (method, path, answer.status_code, answer.text[:300])
                Person.asked_to_wait(answer)
                self.told += 1
            page = client.get("/search", headers={"Accept": "text/html", "Accept-Language": "en"})
            assert page.status_code == 503
            assert "cannot be reached right now" in page.text
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()["database"]) == (503, "unavailable")
            assert client.get("/healthz").status_code == 200


def test_the_road_completes_through_crashes_of_the_database(site: Site, postgres: services.OwnPostgres) -> None:
    content = visits_csv(400)
    cast = site.cast()
    site.start(workers=2)
    outages = Outages(site, postgres, {"anonymise", "pay", "calls", "close_period"})
    road = Road(site, cast, outages)
    try:
        trade = road.walk(content)
    finally:
        road.close()
    assert outages.told == 4 * len(ASKED)
    assert examine(site, trade, content).calls_billed == 60
