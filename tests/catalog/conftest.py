"""Fixtures of the catalog's tests."""

import pytest

from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from tests.factories.catalog import CatalogWorld


@pytest.fixture
def world(database: Database, folder_store: FolderStore, settings: Settings) -> CatalogWorld:
    """A small city with the catalog's worker, objects in a folder."""
    return CatalogWorld(database, folder_store, settings)
