"""When things happen: hours of the day, days of the week, seasons. Local time (UTC+8), naive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from web.demo.city.numbers import Bools, Floats, Indices, Objects

Times = npt.NDArray[np.datetime64]

# Relative weight of each hour from 0 to 23.
COMMUTE = (1, 0.5, 0.3, 0.2, 0.4, 1.2, 4, 11, 16, 9, 5, 5, 7, 6, 5, 5, 7, 13, 17, 11, 7, 5, 4, 2)
LEISURE = (2, 1, 0.5, 0.3, 0.3, 0.8, 2, 4, 6, 8, 10, 10, 9, 9, 10, 11, 11, 11, 10, 9, 8, 7, 5, 3)
OFFICE = (0.6, 0.4, 0.3, 0.2, 0.2, 0.4, 1, 3, 9, 15, 15, 11, 5, 6, 12, 13, 12, 8, 5, 4, 3.5, 3, 2, 1)
EVENINGS = (2, 1, 0.6, 0.5, 0.5, 0.7, 1, 3, 7, 9, 9, 9, 9, 8, 9, 9, 8, 8, 7, 7, 8, 8, 6, 4)
CLINIC_HOURS = (0, 0, 0, 0, 0, 0, 0, 2, 16, 20, 17, 11, 2, 3, 14, 15, 12, 7, 3, 3, 2, 0, 0, 0)
PARK_WEEKDAY = (0.5, 0.2, 0.1, 0.1, 0.1, 0.3, 1.5, 6, 14, 14, 11, 10, 11, 10, 11, 11, 9, 9, 11, 11, 8, 5, 2.5, 1)
PARK_WEEKEND = (1, 0.4, 0.2, 0.1, 0.1, 0.2, 0.6, 2, 5, 8, 11, 12, 12, 12, 12, 12, 12, 12, 13, 12, 9, 7, 4, 2)


def moments(
    rng: np.random.Generator,
    count: int,
    first: str,
    days: int,
    weekday: Sequence[float],
    weekend: Sequence[float],
    weekend_share: float,
) -> Times:
    """`count` instants to the second from the day `first` on, unordered.

    `weekend_share` is how busy a day at the weekend is beside a working day.
    """
    start = np.datetime64(first, "D")
    dates = start + np.arange(days)
    resting = is_weekend(dates)
    busy = np.where(resting, weekend_share, 1.0) * rng.uniform(0.85, 1.15, days)
    day = rng.choice(days, count, p=busy / busy.sum())
    hour = np.where(resting[day], _hours(rng, count, weekend), _hours(rng, count, weekday))
    second = day.astype(np.int64) * 86_400 + hour * 3_600 + rng.integers(0, 3_600, count)
    return np.asarray(start.astype("datetime64[s]") + second)


def _hours(rng: np.random.Generator, count: int, profile: Sequence[float]) -> Indices:
    weights = np.asarray(profile, dtype=float)
    return rng.choice(24, count, p=weights / weights.sum()).astype(np.int64)


def is_weekend(dates: Times) -> Bools:
    """Whether each day is a Saturday or a Sunday (1970-01-01 was a Thursday)."""
    return np.asarray((dates.astype("datetime64[D]").astype(np.int64) + 3) % 7 >= 5)


def hours_until(last: str, count: int) -> Times:
    """`count` whole hours in order, of which the last is 23:00 on the day `last`."""
    end = np.datetime64(last, "D").astype("datetime64[h]") + 23
    return np.asarray(end - np.arange(count)[::-1])


def hour_of_day(times: Times) -> Indices:
    return np.asarray(times.astype("datetime64[h]").astype(np.int64) % 24)


def warmth(times: Times, late_days: int = 0) -> Floats:
    """The season from 0 (mid January) to 1 (mid July), as a smooth wave that may come some days late."""
    days = times.astype("datetime64[D]")
    day_of_year = (days - times.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * (day_of_year - 17 - late_days) / 365.25))


def wandering(rng: np.random.Generator, count: int, memory: float) -> Floats:
    """A series that drifts: each value keeps `memory` of the one before; mean 0, deviation 1."""
    steps = rng.normal(0, np.sqrt(1 - memory**2), count)
    values = np.empty(count)
    level = float(rng.normal())
    for i, step in enumerate(steps.tolist()):
        level = memory * level + step
        values[i] = level
    return values


def to_text(times: Times) -> Objects:
    """`2026-08-03 08:15:22`, the way most systems export."""
    texts = np.datetime_as_string(times.astype("datetime64[s]"))
    return np.array([text.replace("T", " ") for text in texts.tolist()], dtype=object)


def day_text(days: Times) -> Objects:
    """`2026-08-03`."""
    return np.array(np.datetime_as_string(days.astype("datetime64[D]")).tolist(), dtype=object)
