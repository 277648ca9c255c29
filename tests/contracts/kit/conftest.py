"""Fixtures for what every service stands on."""

from collections.abc import Callable

import pytest

from contracts.kit.database import Database
from contracts.kit.jobs import JobRunner, Registry
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore


@pytest.fixture
def registry() -> Registry:
    """No handlers yet."""
    return Registry()


@pytest.fixture
def make_runner(
    registry: Registry, database: Database, folder_store: FolderStore, settings: Settings
) -> Callable[[], JobRunner]:
    """Makes workers that share the test's database and registry."""
    return lambda: JobRunner(registry, database=database, store=folder_store, settings=settings, concurrency=2)


@pytest.fixture
def runner(make_runner: Callable[[], JobRunner]) -> JobRunner:
    """One worker."""
    return make_runner()
