"""In which bucket of the roll-ups a moment falls: local hours, cut where a period was closed early."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(microseconds: int) -> datetime:
    """The moment so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


class Buckets:
    """Finds buckets for many moments at once; `boundaries` are the instants at which periods were closed."""

    def __init__(self, timezone: str, boundaries: Sequence[datetime]) -> None:
        self._zone = ZoneInfo(timezone)
        self._boundaries = sorted(microseconds(boundary) for boundary in boundaries)
        self._hours: dict[int, int] = {}

    def start(self, at: int) -> int:
        """The start of the bucket of `at`, both in microseconds since 1970."""
        quarter = at // 900_000_000  # every zone is a whole number of quarters of an hour away from UTC
        hour = self._hours.get(quarter)
        if hour is None:
            local = moment_of(quarter * 900_000_000).astimezone(self._zone)
            back = timedelta(minutes=local.minute, seconds=local.second)
            hour = self._hours[quarter] = microseconds(local.astimezone(UTC) - back)
        place = bisect_right(self._boundaries, at)
        return hour if place == 0 else max(hour, self._boundaries[place - 1])
