"""The real services that tests run against, when the environment names them; see `scripts/services.sh`.

A plain run skips what is not there and says so in one line. With `SHUYI_REQUIRE_SERVICES=1` (CI) a missing service
is a failure.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
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


class PostgresServer:
    """The real PostgreSQL. Tests get a database with every table, emptied between them, which is quicker than making
    one; a test may also have one of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ready: dict[int, str] = {}

    @contextmanager
    def with_tables(self) -> Iterator[str]:
        """URL of a database with every table known by now, all empty."""
        count = len(metadata.tables)
        if count not in self._ready:
            self._ready[count] = self._create()
            database = Database(self._at(self._ready[count]))
            metadata.create_all(database.engine)
            database.close()
        name = self._ready[count]
        try:
            yield self._at(name)
        finally:
            self._empty(name)

    @contextmanager
    def without_tables(self) -> Iterator[str]:
        """URL of a database of the test's own, without tables."""
        name = self._create()
        try:
            yield self._at(name)
        finally:
            self._drop(name)

    def close(self) -> None:
        """Drop what was made."""
        for name in self._ready.values():
            self._drop(name)

    def _empty(self, name: str) -> None:
        """Empty the tables that have rows, and drop those that a test made. Connections that a killed process left
        would keep their locks, so they are ended first; append-only tables are emptied past their triggers."""
        with psycopg.connect(self._at(name), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
            )
            connection.execute("SET session_replication_role = replica")
            tables = [
                row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ]
            for table in set(tables) - set(metadata.tables):
                connection.execute(f'DROP TABLE "{table}" CASCADE'.encode())
                tables.remove(table)
            probes = " UNION ALL ".join(f"(SELECT '{table}' FROM \"{table}\" LIMIT 1)" for table in tables)
            if filled := [row[0] for row in connection.execute(probes.encode())]:
                names = ", ".join(f'"{table}"' for table in filled)
                connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE".encode())
            for (statement,) in connection.execute(
                "SELECT DISTINCT format('ALTER TABLE %I ENABLE TRIGGER ALL', relname) FROM pg_trigger"
                " JOIN pg_class ON pg_class.oid = tgrelid WHERE tgenabled = 'D'"
            ).fetchall():
                connection.execute(statement.encode())

    def _create(self) -> str:
        name = f"test_{new_id()}".replace("-", "")
        self._execute(f'CREATE DATABASE "{name}"')
        return name

    def _drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _at(self, name: str) -> str:
        return sa.make_url(self._url).set(database=name).render_as_string(hide_password=False)


class OwnPostgres:
    """A PostgreSQL server of a test's own, which it may stop and start. PostgreSQL refuses to run as root, so it runs
    as its own user then, as in `scripts/services.sh`."""

    def __init__(self) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
        self._bin = programs[-1].parent if programs else Path(str(shutil.which("pg_ctl"))).parent
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._folder = Path(tempfile.mkdtemp())
        if self._as:
            shutil.chown(self._folder, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._run("initdb", "-D", str(self._data), "--username=shuyi", "--auth=trust", "--encoding=UTF8")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://shuyi@127.0.0.1:{self._port}/postgres"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it and wait until it answers, after recovering what a stop left."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k '{self._folder}'"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-t", "300", "-w", "-o", options, "start")

    def stop(self) -> None:
        """End it as a crash does: no goodbye, nothing written out."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-t", "300", "-w", "stop")

    def kill(self) -> None:
        """`kill -9` of the server and of all its processes."""
        server = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(server, signal.SIGSTOP)  # it starts no process that would be missed, and would keep the next one out
        family = [server, *_children(server)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while any(Path(f"/proc/{pid}").exists() for pid in family):  # it counts as running until it is buried
            assert time.monotonic() < deadline, "nobody collects the ended processes of PostgreSQL"
            time.sleep(0.01)

    def close(self) -> None:
        """End it and delete its data."""
        if self._run("pg_ctl", "-D", str(self._data), "status", check=False) == 0:
            self.stop()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        command = [*self._as, str(self._bin / program), *arguments]
        done = subprocess.run(command, check=check, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return done.returncode


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]
