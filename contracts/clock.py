"""The one clock. Stored times are UTC; billing and quota periods are cut in the city's time zone, half-open."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_frozen: ContextVar[datetime | None] = ContextVar("frozen_clock", default=None)


def now() -> datetime:
    """The current time, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC)


def microseconds() -> int:
    """The current time in microseconds since 1970."""
    moment = _frozen.get()
    return time.time_ns() // 1000 if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """For tests: inside, `now()` answers `moment`."""
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


def month_bounds(moment: datetime, timezone: str) -> tuple[datetime, datetime]:
    """Start (inclusive) and end (exclusive), in UTC, of the calendar month of `moment` in `timezone`."""
    zone = ZoneInfo(timezone)
    local = moment.astimezone(zone)
    start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (start + timedelta(days=32)).replace(day=1)
    return start.astimezone(UTC), following.astimezone(UTC)


def day_bounds(moment: datetime, timezone: str) -> tuple[datetime, datetime]:
    """Start (inclusive) and end (exclusive), in UTC, of the calendar day of `moment` in `timezone`."""
    zone = ZoneInfo(timezone)
    start = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    following = (start + timedelta(hours=36)).replace(hour=0)
    return start.astimezone(UTC), following.astimezone(UTC)


def month_name(moment: datetime, timezone: str) -> str:
    """The name of a month, `2026-11`, as seen in `timezone`."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m")
