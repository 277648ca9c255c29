"""What thousands of small tests need to be quick: memory for their files, and statements compiled once a process."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

MEMORY = Path("/dev/shm")
ENOUGH = 4 << 30
LONG = ("tests/browser/", "tests/web/demo/", "tests/road/", "tests/marketplace/settlement/test_books.py")
"""Begun first, so that no worker is left alone with one of them at the end."""


def keep_files_in_memory(config: pytest.Config) -> None:
    """Temporary folders go to memory where there is plenty: most of a test's time would be `fsync` and deleting."""
    asked = config.option.basetemp or os.environ.get("PYTEST_DEBUG_TEMPROOT")
    if not asked and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)


def share_compiled_statements() -> None:
    """Let all engines of one kind use what was compiled for the first: each test has an engine of its own, and
    SQLAlchemy compiles for each anew."""
    shared: LRUCache[Any, Any] = LRUCache(5000)
    begin = Engine.__init__

    def begin_shared(self: Engine, *args: Any, **options: Any) -> None:
        begin(self, *args, **options)
        self._compiled_cache = shared

    Engine.__init__ = begin_shared  # type: ignore[method-assign]  # there is no setting for it
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        # The dialect is a part of a cached statement's key.
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]


def long_ones_first(items: list[pytest.Item]) -> None:
    """Order tests so that the long ones begin first, else as they stand."""

    def rank(item: pytest.Item) -> int:
        return next((place for place, start in enumerate(LONG) if item.nodeid.startswith(start)), len(LONG))

    items.sort(key=rank)
