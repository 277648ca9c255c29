"""One released dataset with a running gateway. Building the release takes seconds, so a module shares it."""

from collections.abc import Iterator

import pytest

from contracts.kit.database import Database
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
