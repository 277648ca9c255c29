"""Fixtures that tests everywhere use: the database and the object store, each in both kinds, and settings."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from contracts.ids import new_id
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore, ObjectStore
from contracts.kit.store.s3 import S3Store
from tests import quick, services

quick.share_compiled_statements()
hypothesis.settings.register_profile("shuyi", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("shuyi")


def pytest_configure(config: pytest.Config) -> None:
    quick.keep_files_in_memory(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    quick.leave_long_ones_out(items)
    quick.long_ones_first(items)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer has set for his own installation must not reach a test."""
    for name in list(os.environ):
        if name.startswith("SHUYI_") and not name.startswith(("SHUYI_TEST_", "SHUYI_REQUIRE_")):
            monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> services.SqliteTemplate:
    return services.SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[services.PostgresServer]:
    """Gives databases on the real PostgreSQL; skips without one."""
    server = services.PostgresServer(services.needed(services.POSTGRES))
    yield server
    server.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh `SHUYI_HOME`."""
    return tmp_path / "home"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, home: Path) -> Iterator[str]:
    """URL of a fresh database with all tables: every test that uses it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        template: services.SqliteTemplate = request.getfixturevalue("_sqlite_template")
        yield template.copy_to(home / "shuyi.db")
    else:
        server: services.PostgresServer = request.getfixturevalue("postgres_server")
        with server.with_tables() as url:
            yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with all tables, on SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def settings(home: Path, database_url: str) -> Settings:
    """Settings of an empty installation: `home` in the test's own folder and the test's database."""
    home.mkdir(exist_ok=True)
    return Settings(home=home, database_url=database_url)


@pytest.fixture(params=["folder", "minio"])
def store_url(request: pytest.FixtureRequest, home: Path) -> str:
    """What `SHUYI_OBJECT_STORE` says for a fresh store: a folder, and a place of its own in a MinIO bucket."""
    if request.param == "folder":
        return str(home / "objects")
    address, _, query = services.needed(services.S3).partition("?")
    return f"{address}/{new_id()}?{query}"


@pytest.fixture
def store(store_url: str) -> ObjectStore:
    """A fresh object store: a folder, and MinIO. Use `folder_store` where the kind does not matter."""
    return S3Store.from_url(store_url) if store_url.startswith("s3://") else FolderStore(store_url)


@pytest.fixture
def folder_store(home: Path) -> FolderStore:
    """A fresh object store in a folder."""
    return FolderStore(home / "objects")


@pytest.fixture(scope="session")
def stripe_mock_url() -> str:
    """Base URL of Stripe's own checker of requests; skips without it."""
    return services.needed(services.STRIPE_MOCK)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a real Chromium; skips without one."""
    return services.chromium()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in a line each which services were not there, and how many long tests were left out."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for line in (services.skipped_line(reasons), quick.left_out_line(reasons)):
        if line:
            terminalreporter.write_line(line)
