"""The real services that tests run against, when the environment names them; see `scripts/services.sh`.

A plain run skips what is not there and says so in one line. With `SHUYI_REQUIRE_SERVICES=1` (CI) a missing service
is a failure.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from contracts.ids import new_id
from contracts.kit.database import Database, metadata

POSTGRES, S3, STRIPE_MOCK, CHROMIUM = (
    "SHUYI_TEST_POSTGRES_URL",
    "SHUYI_TEST_S3",
    "SHUYI_TEST_STRIPE_MOCK",
    "SHUYI_TEST_CHROMIUM",
)
NAMES = {POSTGRES: "PostgreSQL", S3: "MinIO", STRIPE_MOCK: "stripe-mock", CHROMIUM: "Chromium"}


def needed(variable: str) -> str:
    """What the variable says of its service; without it the test is skipped, or fails where services are required."""
    if value := os.environ.get(variable):
        return value
    message = f"needs {NAMES[variable]} ({variable})"
    if os.environ.get("SHUYI_REQUIRE_SERVICES") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def chromium() -> str:
    """Path of a Chromium: the variable's, or the one installed."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return os.environ.get(CHROMIUM, found)
    return needed(CHROMIUM)


def skipped_line(reasons: list[str]) -> str | None:
    """One line on the services that were not there, from the reasons given for skipped tests."""
    missing = [name for name in NAMES.values() if any(f"needs {name} (" in reason for reason in reasons)]
    if not missing:
        return None
    return f"Not tested, because it is not running here: {', '.join(missing)} (scripts/services.sh start)."


class SqliteTemplate:
    """A SQLite file with every table, made once and copied for each test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def copy_to(self, path: Path) -> str:
        """A fresh database at `path`; its URL. The template follows the tables known by now."""
        template = self._folder / f"{len(metadata.tables)}.db"
        if not template.exists():
            database = Database(f"sqlite:///{template}")
            metadata.create_all(database.engine)
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            database.close()
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"


class PostgresTemplate:
    """A PostgreSQL database with every table, made once; each test gets a copy, which the server makes quickly."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._templates: dict[int, str] = {}

    @contextmanager
    def copy(self) -> Iterator[str]:
        """URL of a fresh database, dropped afterwards."""
        count = len(metadata.tables)
        if count not in self._templates:
            self._templates[count] = self._create(f"template_{new_id()}".replace("-", ""))
            database = Database(self._url(self._templates[count]))
            metadata.create_all(database.engine)
            database.close()
        name = f"test_{new_id()}".replace("-", "")
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._templates[count]}"')
        try:
            yield self._url(name)
        finally:
            self._drop(name)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """URL of a database without tables, dropped afterwards."""
        name = self._create(f"test_{new_id()}".replace("-", ""))
        try:
            yield self._url(name)
        finally:
            self._drop(name)

    def close(self) -> None:
        """Drop the templates."""
        for name in self._templates.values():
            self._drop(name)

    def _create(self, name: str) -> str:
        self._execute(f'CREATE DATABASE "{name}"')
        return name

    def _drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _url(self, name: str) -> str:
        return sa.make_url(self._server_url).set(database=name).render_as_string(hide_password=False)
