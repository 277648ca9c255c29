"""Dates and timestamps as spans of time, and timestamps as bands of the day."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from anonymizer.hierarchies.distinct import Distinct
from anonymizer.hierarchies.encoded import EncodedColumn, FloatArray, IntArray, build_tree
from anonymizer.hierarchies.publishers import ANYTHING, CodePublisher, RangePublisher
from contracts.errors import InvalidInput
from contracts.privacy import DateHierarchy, DateLevel, HourBandsHierarchy

_EVERY = {
    DateLevel.HOUR: "1h",
    DateLevel.DAY_PART: "6h",
    DateLevel.DAY: "1d",
    DateLevel.WEEK: "1w",
    DateLevel.MONTH: "1mo",
    DateLevel.QUARTER: "1q",
    DateLevel.YEAR: "1y",
    DateLevel.DECADE: "10y",
}
_WITHIN_DAY = {DateLevel.HOUR, DateLevel.DAY_PART}
_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日%H时%M分%S秒", "%Y年%m月%d日%H时%M分",
    "%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S",
)  # fmt: skip
_BEGINS_AS_DATE = r"^\d{4}(?:[-/.年]|\d{4}(?:$| |\d{6}$))"
"""What all these have in common, so that codes and words are not tried with each."""
_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "%Y.%m.%d")


def encode(name: str, hierarchy: DateHierarchy, column: pl.Series) -> EncodedColumn:
    """Spans of time; published as dates, or as timestamps when a level below the day is allowed."""
    distinct, times = read_times(Distinct.of(column))
    within_day = bool(_WITHIN_DAY & set(hierarchy.levels))
    if within_day and times.dtype == pl.Date:
        raise InvalidInput.at(
            f"columns/{name}/operator/hierarchy/levels",
            f"Column {name!r} holds dates without a time of day: begin with the level day",
        )
    if not within_day:
        times = times.cast(pl.Date)
    starts = [_start(times, level) for level in hierarchy.levels]
    ends = [_end(start, level) for start, level in zip(starts, hierarchy.levels, strict=True)]
    finest = starts[0].unique().sort()
    leaf_of_value = (
        pl.DataFrame({"t": starts[0]})
        .join(pl.DataFrame({"t": finest, "i": range(len(finest))}), on="t", how="left", maintain_order="left")
        .get_column("i")
        .cast(pl.Int64)
        .to_numpy()
    )
    first_value = np.zeros(len(finest), dtype=np.int64)
    first_value[leaf_of_value[::-1]] = np.arange(len(times))[::-1]
    keys: list[list[object]] = []
    loss: list[FloatArray] = []
    domain = (starts[0].to_physical().min(), ends[0].to_physical().max())
    for start, end in zip(starts, ends, strict=True):
        low = start.gather(first_value).to_physical().to_numpy()
        high = end.gather(first_value).to_physical().to_numpy()
        keys.append(low.tolist())
        loss.append(_share(low.astype(np.float64), high.astype(np.float64), domain))
    tree, origins = build_tree(keys, loss, has_missing=distinct.has_missing)
    whole = (starts[-1].min(), ends[-1].max())
    lows = [_pick(starts, first_value, origin, whole[0]) for origin in origins]
    highs = [_pick(ends, first_value, origin, whole[1]) for origin in origins]
    publisher = RangePublisher(name, pl.Series(lows, dtype=times.dtype), pl.Series(highs, dtype=times.dtype))
    leaf = distinct.leaves(leaf_of_value.astype(np.int64), len(finest))
    levels = (*hierarchy.levels, ANYTHING)
    faithful = len(finest) == len(times) and not distinct.unreadable
    return EncodedColumn(name, (name,), leaf, tree, publisher, levels, faithful, distinct.unreadable)


def encode_hours(name: str, hierarchy: HourBandsHierarchy, column: pl.Series, *, mixed: bool) -> EncodedColumn:
    """Bands of the day, the date left out."""
    distinct = Distinct.of(column)
    values = distinct.values
    if values.dtype == pl.Time:
        hours = values.dt.hour()
    else:
        distinct, times = read_times(distinct)
        if times.dtype == pl.Date and len(times):
            raise InvalidInput.at(
                f"columns/{name}/operator/hierarchy", f"Column {name!r} holds dates without a time of day"
            )
        hours = times.cast(pl.Datetime).dt.hour()
    hour_of = hours.to_numpy().astype(np.int64)
    finest, leaf_of_value = np.unique(hour_of // hierarchy.hours[0], return_inverse=True)
    keys: list[list[object]] = []
    loss: list[FloatArray] = []
    for width in hierarchy.hours:
        keys.append([int(band) * hierarchy.hours[0] // width for band in finest])
        loss.append(np.full(len(finest), (width - 1) / 23))
    tree, origins = build_tree(keys, loss, has_missing=distinct.has_missing)
    texts: list[str | None] = []
    for level, leaf in origins:
        if level == -2:
            texts.append(ANYTHING)
        elif level == -1:
            texts.append(None)
        else:
            width = hierarchy.hours[level]
            band = int(finest[leaf]) * hierarchy.hours[0] // width
            texts.append(f"{band * width:02d}:00-{band * width + width - 1:02d}:59")
    publisher = CodePublisher(name, texts, tree.level.tolist(), mixed)
    rows = distinct.leaves(leaf_of_value.astype(np.int64), len(finest))
    names = (*(f"{hours} h" for hours in hierarchy.hours), ANYTHING)
    faithful = len(finest) == len(hours) and not distinct.unreadable
    return EncodedColumn(name, (name,), rows, tree, publisher, names, faithful, distinct.unreadable)


def read_times(distinct: Distinct) -> tuple[Distinct, pl.Series]:
    """The values as dates or timestamps (without zone); those that are neither count as missing."""
    values = distinct.values
    if values.dtype == pl.Date:
        return distinct, values
    if isinstance(values.dtype, pl.Datetime):
        return distinct, values.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    text = values.cast(pl.String).str.normalize("NFKC").str.strip_chars()
    nothing = pl.Series(text.name, [None] * len(text), dtype=pl.Date)
    dates = _read_first(text, nothing, _DATE_FORMATS, lambda rest, form: rest.str.to_date(form, strict=False))
    both = _read_first(
        text,
        dates.cast(pl.Datetime("us")),
        _FORMATS,
        lambda rest, form: rest.str.to_datetime(form, strict=False, time_unit="us"),
    )
    bad = both.is_null()
    remedy = "Empty or correct such cells, or use a category or prefix hierarchy."
    kept = distinct.without(bad, "no date can be read in", remedy)
    dates_alone = (dates.is_null() == bad).all()
    return kept, (dates if dates_alone else both).filter(~bad)


def _read_first(
    text: pl.Series, found: pl.Series, formats: Sequence[str], reader: Callable[[pl.Series, str], pl.Series]
) -> pl.Series:
    """Fill in what is not `found` yet, each value by the first format that reads it."""
    left = (found.is_null() & text.str.contains(_BEGINS_AS_DATE)).arg_true()
    for form in formats:
        if not len(left):
            break
        read = reader(text.gather(left), form)
        done = read.is_not_null()
        if done.any():
            found = found.scatter(left.filter(done), read.filter(done))
            left = left.filter(~done)
    return found


def _start(times: pl.Series, level: DateLevel) -> pl.Series:
    if level is DateLevel.DECADE:
        year = times.dt.year() // 10 * 10
        frame = pl.DataFrame({"y": year}).select(pl.date(pl.col("y"), 1, 1).cast(times.dtype))
        return frame.to_series()
    return times.dt.truncate(_EVERY[level])


def _end(start: pl.Series, level: DateLevel) -> pl.Series:
    """The last day, or the last microsecond, of the span."""
    unit = "-1d" if start.dtype == pl.Date else "-1us"
    return start.dt.offset_by(_EVERY[level]).dt.offset_by(unit)


def _share(low: FloatArray, high: FloatArray, domain: tuple[object, object]) -> FloatArray:
    if not isinstance(domain[0], int) or not isinstance(domain[1], int) or domain[1] <= domain[0]:
        return np.zeros(len(low))
    bottom, top = float(domain[0]), float(domain[1])
    return np.asarray((np.clip(high, bottom, top) - np.clip(low, bottom, top)) / (top - bottom))


def _pick(spans: list[pl.Series], first_value: IntArray, origin: tuple[int, int], whole: object) -> object:
    level, leaf = origin
    if level == -2:
        return whole
    return None if level == -1 else spans[level][int(first_value[leaf])]
