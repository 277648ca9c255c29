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
LEFT_OUT = "long"
BEGUN_FIRST = ("tests/browser/", "tests/web/demo/", "tests/road/", "tests/marketplace/settlement/test_books.py")
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


def leave_long_ones_out(items: list[pytest.Item]) -> None:
    """Skip what is marked `long`, unless it was asked for: the default run samples, CI runs everything."""
    if runs_long():
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason=LEFT_OUT))


def runs_long() -> bool:
    """Whether long tests are asked for."""
    return "1" in (os.environ.get("SHUYI_TEST_LONG"), os.environ.get("SHUYI_REQUIRE_SERVICES"))


def examples(count: int) -> int:
    """How many examples a property is tried with: `count` where long tests run, a quarter of them otherwise."""
    return count if runs_long() else max(3, count // 4)


def left_out_line(reasons: list[str]) -> str | None:
    """One line on the long tests that were left out, from the reasons given for skipped tests."""
    count = sum(reason.endswith(f"Skipped: {LEFT_OUT}')") for reason in reasons)
    return f"Left out: {count} long tests (SHUYI_TEST_LONG=1 runs them; CI always does)." if count else None


def long_ones_first(items: list[pytest.Item]) -> None:
    """Order tests so that the long ones begin first, else as they stand."""

    def rank(item: pytest.Item) -> int:
        places = (place for place, start in enumerate(BEGUN_FIRST) if item.nodeid.startswith(start))
        return next(places, len(BEGUN_FIRST))

    items.sort(key=rank)
