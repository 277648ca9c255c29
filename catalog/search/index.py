"""The index: one FTS5 table in memory, kept up to date from the outbox."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.parties import service as parties
from catalog.releases import service as releases
from catalog.search.tokens import index_terms, match_expression
from contracts import clock
from contracts.events import Event
from contracts.kit import outbox

FEED = (Event.DATASET_CHANGED, Event.RELEASE_PUBLISHED, Event.RELEASE_WITHDRAWN)
LOOK_BACK = timedelta(minutes=2)
"""Longer than any transaction of ours takes: a row written before our last look may be committed after it."""
FRESH_SECONDS = 1.0
# A word in the title tells more than one in the keywords, the provider, the description, the columns.
WEIGHTS = "0.0, 10.0, 6.0, 3.0, 2.0, 1.0"


class SearchIndex:
    """Finds ids of published datasets. Safe for threads; one a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._table = sqlite3.connect(":memory:", check_same_thread=False)
        self._table.execute(
            "CREATE VIRTUAL TABLE document USING fts5"
            "(id UNINDEXED, title, keywords, provider, description, columns, tokenize='unicode61 remove_diacritics 2')"
        )
        self._filled_at: datetime | None = None
        self._looked_at = 0.0
        self._seen: deque[str] = deque(maxlen=100_000)

    def refresh(self, session: Session) -> None:
        """Take in what changed since the last look; the first time, everything."""
        with self._lock:
            if self._filled_at is not None and time.monotonic() - self._looked_at < FRESH_SECONDS:
                return
            moment = clock.now()
            if self._filled_at is None:
                self._put(session, datasets.list_datasets(session))
            else:
                known = set(self._seen)
                rows = outbox.since(session, FEED, self._filled_at - LOOK_BACK)
                fresh = [(row_id, payload) for row_id, payload in rows if row_id not in known]
                changed = {payload["dataset_id"] for _, payload in fresh}
                self._put(session, datasets.list_datasets(session, ids=changed) if changed else [])
                self._seen.extend(row_id for row_id, _ in fresh)
            self._filled_at, self._looked_at = moment, time.monotonic()

    def _put(self, session: Session, found: Iterable[Dataset]) -> None:
        for dataset in found:
            self._table.execute("DELETE FROM document WHERE id = ?", (dataset.id,))
            if releases.current_release(session, dataset.id) is None:
                continue
            provider = parties.get_organisation(session, dataset.provider_id)
            above = parties.ancestors(session, provider.id)
            columns = [text for described in dataset.fields.values() for text in described.get("title", {}).values()]
            document = (
                [*dataset.title.values(), dataset.slug],
                [text for keyword in dataset.keywords for text in keyword.values()],
                [text for organisation in (provider, *above) for text in organisation.name.values()],
                dataset.description.values(),
                columns,
            )
            terms = [index_terms(" \n ".join(texts)) for texts in document]
            self._table.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?)", (dataset.id, *terms))

    def find(self, query: str) -> list[str]:
        """Ids of every dataset that fits, best first; all of them, newest first, for an empty query."""
        expression = match_expression(query)
        with self._lock:
            if expression:
                statement = f"SELECT id FROM document WHERE document MATCH ? ORDER BY bm25(document, {WEIGHTS}), id"  # noqa: S608  # constants
                rows = self._table.execute(statement, (expression,)).fetchall()
            elif query.strip():
                rows = []
            else:
                rows = self._table.execute("SELECT id FROM document ORDER BY id DESC").fetchall()
        return [row[0] for row in rows]
