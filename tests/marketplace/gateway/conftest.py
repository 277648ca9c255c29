"""Running gateways: a fresh one (`plane`), and one with released open data that a module shares (`shared_plane`)."""

from collections.abc import Iterator

import pytest

from contracts.kit.database import Database, metadata
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from tests.factories.dataplane import DataPlane


@pytest.fixture
def plane(database: Database, folder_store: FolderStore, settings: Settings) -> Iterator[DataPlane]:
    """A city with a running gateway and nothing released yet."""
    plane = DataPlane(database, folder_store, settings)
    plane.gateway.start()
    yield plane
    plane.gateway.stop()


@pytest.fixture(scope="module")
def shared_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataPlane]:
    """Open data at `/car-parks`, on SQLite; tests only read it."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, database_url=f"sqlite:///{home / 'shuyi.db'}", open_rate_per_minute=1_000_000)
    database = Database(settings.database)
    metadata.create_all(database.engine)
    plane = DataPlane(database, FolderStore(home / "objects"), settings)
    plane.gateway.start()
    plane.release(plane.dataset(openness="unconditional"))
    yield plane
    plane.gateway.stop()
    database.close()
