"""Tells a waiting worker that another process has written something."""

import sqlite3
import threading
from types import TracebackType

import psycopg
import sqlalchemy as sa
from sqlmodel import col

from contracts.kit.database import Database
from contracts.kit.jobs.tables import Job, JobState
from contracts.kit.outbox import NOTIFY_CHANNEL, OutboxRow

_SQLITE_SECONDS = 0.05
_UNDISPATCHED = sa.exists().where(col(OutboxRow.dispatched_at).is_(None))
_QUEUED = sa.exists().where(col(Job.state) == JobState.QUEUED)


class Watcher:
    """While entered, sets `wakeup` soon after another process has asked for work: by LISTEN on PostgreSQL, by looking
    at SQLite's `data_version` (a few microseconds each 50 ms) and, where it moved, for work that nobody has taken.
    Where it fails the worker's own polling remains."""

    def __init__(self, database: Database, wakeup: threading.Event) -> None:
        self._database, self._wakeup = database, wakeup
        self._stop = threading.Event()
        watch = self._watch_sqlite if database.is_sqlite else self._watch_postgresql
        self._thread = threading.Thread(target=watch, name="job-watcher", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(2)

    def _watch_sqlite(self) -> None:
        path = self._database.engine.url.database
        assert path is not None
        waiting = str(
            sa.select(sa.or_(_UNDISPATCHED, _QUEUED)).compile(
                self._database.engine, compile_kwargs={"literal_binds": True}
            )
        )
        connection = sqlite3.connect(path)
        try:
            before = None
            while not self._stop.wait(_SQLITE_SECONDS):
                version = connection.execute("PRAGMA data_version").fetchone()[0]
                if before is not None and version != before and connection.execute(waiting).fetchone()[0]:
                    self._wakeup.set()
                before = version
        finally:
            connection.close()

    def _watch_postgresql(self) -> None:
        url = sa.make_url(self._database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stop.is_set():
            try:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {NOTIFY_CHANNEL}")
                    self._wakeup.set()
                    while not self._stop.is_set():
                        for _ in connection.notifies(timeout=0.2, stop_after=1):
                            self._wakeup.set()
            except psycopg.OperationalError:
                self._stop.wait(1)
