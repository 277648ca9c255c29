"""Clocks that a test sets, for every thread of its process (`contracts.clock.frozen` sets one thread's)."""

import time
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace

import pytest


class SetClock:
    """The wall clock, off by `by`; the machine's monotonic clock goes on as it does."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.by = timedelta()
        clock = self

        class Shifted(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain datetime will do
                return datetime.now(tz or UTC) + clock.by

        def time_ns() -> int:
            return time.time_ns() + clock.by // timedelta(microseconds=1) * 1000

        patch.setattr("contracts.clock.datetime", Shifted)
        patch.setattr("contracts.clock.time", SimpleNamespace(time_ns=time_ns))

    def to(self, moment: datetime) -> None:
        """Set it."""
        self.by = moment - datetime.now(UTC)


class LateMonotonic:
    """What modules see of the machine's monotonic clock, ahead by `by` seconds: so that what lapses has lapsed."""

    def __init__(self, patch: pytest.MonkeyPatch, *modules: str) -> None:
        self.by = 0.0
        seen = SimpleNamespace(monotonic=lambda: time.monotonic() + self.by, perf_counter=time.perf_counter)
        for module in modules:
            patch.setattr(f"{module}.time", seen)
