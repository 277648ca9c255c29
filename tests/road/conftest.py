"""Really running sites, embedded and on PostgreSQL with MinIO."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.ids import new_id
from tests import services
from tests.road.api import Road
from tests.road.site import Site, free_port


@pytest.fixture(params=["embedded", "services"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A site of one's own, not started yet: SQLite and a folder, then PostgreSQL and MinIO."""
    if request.param == "embedded":
        found = Site(tmp_path / "home", free_port())
        yield found
        found.stop()
        return
    server: services.PostgresServer = request.getfixturevalue("postgres_server")
    bucket = services.needed(services.S3).replace("shuyi-test", f"road-{new_id()[-12:]}")
    with server.without_tables() as url:
        found = Site(tmp_path / "home", free_port(), database_url=url, object_store=bucket)
        yield found
        found.stop()


@pytest.fixture
def road(site: Site) -> Iterator[Road]:
    """The started site with its cast, over HTTP."""
    cast = site.cast()
    site.start()
    walked = Road(site, cast)
    yield walked
    walked.close()
