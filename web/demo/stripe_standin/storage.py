"""The stand-in's memory: one SQLite file. Every request is one transaction, so a kill leaves all of it or nothing."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, created);
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT PRIMARY KEY, path TEXT NOT NULL, params TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
  event_id TEXT PRIMARY KEY, attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, done INTEGER NOT NULL DEFAULT 0);
"""


class Storage:
    """Objects by id, answers by idempotency key, and webhooks still to be delivered."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One request at a time; all of what it writes, or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def put(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        """Store an object under its id."""
        self._connection.execute(
            "INSERT INTO object (id, kind, created, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (thing["id"], kind, thing["created"], json.dumps(thing)),
        )
        return thing

    def get(self, kind: str, object_id: str) -> dict[str, Any] | None:
        """The object of this kind and id."""
        with self._lock:
            row = self._connection.execute(
                "SELECT body FROM object WHERE id = ? AND kind = ?", (object_id, kind)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind, newest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM object WHERE kind = ? ORDER BY created DESC, rowid DESC", (kind,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def answered(self, key: str) -> tuple[str, str, int, dict[str, Any]] | None:
        """Path, parameters, status and body of the answer given under an idempotency key."""
        row = self._connection.execute(
            "SELECT path, params, status, body FROM idempotency WHERE key = ?", (key,)
        ).fetchone()
        return (row[0], row[1], row[2], json.loads(row[3])) if row else None

    def remember(self, key: str, path: str, params: str, status: int, body: dict[str, Any]) -> None:
        """Keep the answer given under an idempotency key."""
        self._connection.execute(
            "INSERT INTO idempotency (key, path, params, status, body) VALUES (?, ?, ?, ?, ?)",
            (key, path, params, status, json.dumps(body)),
        )

    def queue_delivery(self, event_id: str, due: float) -> None:
        """Have an event delivered."""
        self._connection.execute("INSERT INTO delivery (event_id, due) VALUES (?, ?)", (event_id, due))

    def due_deliveries(self, moment: float) -> list[tuple[str, int]]:
        """Events to be delivered now, with how often that was tried."""
        with self._lock:
            return self._connection.execute(
                "SELECT event_id, attempts FROM delivery WHERE done = 0 AND due <= ? ORDER BY due LIMIT 20", (moment,)
            ).fetchall()

    def delivered(self, event_id: str) -> None:
        """The webhook was accepted."""
        with self.transaction():
            self._connection.execute("UPDATE delivery SET done = 1 WHERE event_id = ?", (event_id,))

    def postpone(self, event_id: str, due: float) -> None:
        """The webhook was not accepted: once more at `due`."""
        with self.transaction():
            self._connection.execute(
                "UPDATE delivery SET attempts = attempts + 1, due = ? WHERE event_id = ?", (due, event_id)
            )

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
