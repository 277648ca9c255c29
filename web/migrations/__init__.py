"""The database's schema, version by version, on SQLite and PostgreSQL.

upgrade(url)                to the newest version, or another; several processes may call it at once
downgrade(url, revision)    back to an older version, by default to an empty database
check(url)                  raises SchemaBehind unless the database is at the newest version
wait(url)                   the same, after giving whoever upgrades it some time
differences(url)            what the tables of the code have and the database has not, or the other way round
revision(message)           writes a new version from these differences; also `python -m web.migrations revision`
"""

import importlib
import io
import pkgutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlmodel import SQLModel

import catalog
import marketplace
from contracts.errors import Unavailable
from contracts.kit.database import Database, telling_away
from web.migrations import guards

_HERE = Path(__file__).parent
VERSIONS = _HERE / "versions"
_LOCK = 7_384_203_119  # any number, the same in every process
_KIT = ("audit", "idempotency", "jobs", "mail", "outbox")


class SchemaBehind(Unavailable):
    """The database is at another version than the code."""

    code = "schema-behind"
    title = "The database has to be upgraded"


def import_tables() -> sa.MetaData:
    """Import every module that defines tables (`models.py` of each domain, and the kit); the metadata of all."""
    for name in _KIT:
        importlib.import_module(f"contracts.kit.{name}")
    for package in (catalog, marketplace):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.rpartition(".")[2] == "models" or ".models." in module.name:
                importlib.import_module(module.name)
    return SQLModel.metadata


def upgrade(url: str, revision: str = "head", *, versions: Path = VERSIONS) -> None:
    """Bring the database to `revision`; nothing happens when it is there already."""
    with _connected(url) as connection:
        if revision == "head" and _is_newest(connection, versions):
            return
        command.upgrade(_config(connection, versions), revision)
        _check_foreign_keys(connection)


def downgrade(url: str, revision: str = "base", *, versions: Path = VERSIONS) -> None:
    """Bring the database back to `revision`; `base` takes every table away with all that is in it."""
    with _connected(url) as connection:
        command.downgrade(_config(connection, versions), revision)
        _check_foreign_keys(connection)


def check(url: str, *, versions: Path = VERSIONS) -> None:
    """Raise SchemaBehind, with what to do, unless the database is at the newest version."""
    with _connected(url) as connection:
        if not _is_newest(connection, versions):
            raise SchemaBehind(
                "The database is not at the version of this program; run `shuyi db upgrade`.", retry_after=30
            )


def wait(url: str, *, seconds: float = 60.0) -> None:
    """As `check`, but gives whoever upgrades the database `seconds` to do it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check(url)
        except SchemaBehind:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def differences(url: str) -> list[Any]:
    """Alembic's list of differences between the database and the tables of the code, guards of append-only tables
    included; empty when they agree."""
    metadata = import_tables()
    with _connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [*compare_metadata(context, metadata), *guards.missing(connection, metadata)]


def revision(message: str, *, versions: Path = VERSIONS) -> Path:
    """Write the next version: what leads from the newest version to the tables of the code. Its file; read it, for a
    rename looks like a removal and an addition."""
    import_tables()
    versions.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _connected(f"sqlite:///{folder}/empty.db") as connection:
        config = _config(connection, versions)
        command.upgrade(config, "head")
        script = command.revision(config, message=message, autogenerate=True)
        assert script is not None
        assert not isinstance(script, list)
        return Path(script.path)


def _is_newest(connection: sa.Connection, versions: Path) -> bool:
    current = set(MigrationContext.configure(connection).get_current_heads())
    return current == set(ScriptDirectory.from_config(_config(connection, versions)).get_heads())


def _config(connection: sa.Connection, versions: Path) -> Config:
    config = Config(stdout=io.StringIO())  # its progress is not for our output
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    """One transaction that nobody else migrates in: everything is done or nothing. SQLite rebuilds tables to change
    them, so there foreign keys are checked at the end instead of at each statement."""
    database = Database(url)
    if database.is_sqlite:
        event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
        if path := database.engine.url.database:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    try:
        with telling_away(), database.engine.execution_options(writes=True).begin() as connection:
            if not database.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection
    finally:
        database.close()


def _check_foreign_keys(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise RuntimeError(f"the migration would leave {len(broken)} rows that refer to nothing")
