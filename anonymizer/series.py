"""A release beside earlier ones of its dataset: two of them must not tell what neither tells alone.

Who knows somebody finds a class of candidates in every release, and intersects them: the candidates by knowing who is
in which table, their sensitive values because many do not change (Byun, Sohn, Bertino, Li, *Secure anonymization for
incremental datasets*, 2006; Xiao, Tao, *m-invariance*, 2007; Fung, Wang, Fu, Pei, *Anonymity for continuous data
publishing*, 2008). Who knows that somebody was not yet there subtracts instead (the difference attack of Byun and
others). Against both every row has a *trail*: its class in each earlier release, "not there" being a class of its own.
All models of the policy are then asked of the rows that share trail and class, not of classes alone:

- at least k subjects share the trail and the class, and so every intersection of the subject's classes;
- the values that they show now are as diverse as the policy asks;
- where a subject still shows the value that it showed in every earlier release it was in, at least l values are shown
  that are as old (l of distinct, entropy and recursive diversity), so that intersecting values leaves as many.

The trail is one more quasi-identifier to the search, only that it is never published and cannot be made coarser. So the
release that loses little is found under these conditions, not repaired afterwards, at the cost of counting once more;
what cannot be kept is suppressed within the policy's limit, or the release is refused.

A subject whose rows are all alike in both tables is followed whatever its values have become. Where it has several
different rows, each is followed by its own raw quasi-identifiers, and is new where none was like it; what those learn
who know several rows of one subject is a matter of each release by itself (``linked_k``). Subjects that left cannot be
protected by a later release: how many left few together is told to the officer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer import engines
from anonymizer.applying import Classes
from anonymizer.engines import Histogram, rows_alike
from anonymizer.errors import SeriesUnreachable, Unreachable
from anonymizer.hierarchies import encode_plain
from anonymizer.hierarchies.encoded import factorise
from anonymizer.models import KeptValues, ValueCounts
from anonymizer.policies import BEST_SUBJECT
from anonymizer.preparation import Prepared, as_shown, demand_of, search
from contracts.errors import InvalidInput
from contracts.privacy import (
    ColumnRole,
    DistinctLDiversity,
    Drop,
    EntropyLDiversity,
    FollowedRelease,
    Generalise,
    GeoGridHierarchy,
    MissingMeaning,
    Policy,
    RecursiveCLDiversity,
    RedactText,
    SeriesClaim,
    Threshold,
    UncomparedRelease,
)

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
ClassOfRow = npt.NDArray[np.int32]

NOT_THERE = -1
"""The class of a row that a release does not publish."""


@dataclass(frozen=True)
class Earlier:
    """An earlier release: the raw rows it was made of (the columns of :func:`columns_needed` that it has), its policy,
    and each row's class in it (:data:`NOT_THERE` where it was suppressed)."""

    release: str
    table: pl.DataFrame
    policy: Policy
    class_of_row: ClassOfRow


@dataclass(frozen=True)
class _Kept:
    """Rows whose subject still shows the value of ``column`` that it showed before, and their values."""

    column: str
    least: int
    rows: IntArray
    value: IntArray


@dataclass(frozen=True)
class Followed:
    """A table's rows followed through earlier releases: ``trail`` numbers each row's."""

    linked_by: str | None
    compared: list[FollowedRelease]
    not_compared: list[UncomparedRelease]
    trail: IntArray
    trails: int
    new: BoolArray
    """Trails of rows that were in no earlier release."""
    kept: list[_Kept]


def columns_needed(policy: Policy) -> list[str]:
    """Columns of an earlier table that :func:`follow` looks at."""
    direct = [name for name, column in policy.columns.items() if column.role is ColumnRole.DIRECT_IDENTIFIER]
    subject = [] if policy.subject is None else [policy.subject]
    return list(dict.fromkeys([*subject, *direct, *_sources(policy), *_least_values(policy)]))


def follow(prepared: Prepared, earlier: Sequence[Earlier], not_compared: Sequence[UncomparedRelease] = ()) -> Followed:
    """Find the rows' subjects in earlier releases, given in the order they were published.

    Subjects are linked by the policy's subject column; where every row is its own subject, by a direct identifier whose
    values differ in all rows. Releases that cannot be compared are named with the reason.
    """
    links = _links(prepared, earlier)
    left_out = list(not_compared)
    least = _least_values(prepared.policy)
    told: list[FollowedRelease] = []
    classes: list[ClassOfRow] = []
    kept: dict[str, list[tuple[BoolArray, BoolArray]]] = {name: [] for name in least}
    for one in earlier:
        if not one.policy.quasi_identifiers or not prepared.quasi_identifiers:
            left_out.append(UncomparedRelease(release=one.release, reason="no-classes"))
            continue
        if links is None or links not in one.table.columns:
            left_out.append(UncomparedRelease(release=one.release, reason="no-link"))
            continue
        now, before = _linked(prepared, one, links)
        found = _classes_before(prepared, one, now, before, links)
        classes.append(found)
        told.append(_told(prepared.policy, one.release, now, before))
        for name in least:
            shown = _shown_before(one, name)
            if shown is not None:
                kept[name].append((found >= 0, _same_value(prepared, name, now, found, before, shown)))
    if classes:
        _, trail = rows_alike([found + np.int32(1) for found in classes], [int(c.max(initial=0)) + 2 for c in classes])
    else:
        trail = np.zeros(prepared.table.height, dtype=np.int64)
    trails = int(trail.max(initial=0)) + 1
    new = np.zeros(trails, dtype=bool)
    new[trail[np.logical_and.reduce([found < 0 for found in classes])]] = True
    order = {one.release: place for place, one in enumerate(earlier)}
    return Followed(
        links if classes else None,
        told,
        sorted(left_out, key=lambda item: order.get(item.release, -1)),
        trail,
        trails,
        new,
        [_kept_rows(prepared, name, least[name], kept[name]) for name in least if kept[name]],
    )


def search_after(prepared: Prepared, followed: Followed) -> Prepared:
    """``prepared`` such that a search keeps trails apart."""
    if not followed.compared or not prepared.quasi_identifiers:
        return prepared
    demand = demand_of(prepared.table, prepared.policy, prepared.subject)
    shown = engines.split(prepared.histogram, followed.trail, followed.trails, demand)
    trail_of = np.empty(shown.combinations, dtype=np.int64)
    trail_of[shown.combination_of_row] = followed.trail
    numbers = pl.Series(np.arange(followed.trails, dtype=np.int64))
    column = encode_plain("trail", numbers)
    requirements = replace(
        shown.requirements,
        sensitive=(*shown.requirements.sensitive, *(_requirement(kept, prepared, shown) for kept in followed.kept)),
    )
    searched = replace(
        shown,
        columns=(*shown.columns, replace(column, leaf=column.leaf[:0].copy())),
        leaf=np.column_stack([shown.leaf, trail_of]),
        requirements=requirements,
        unpublished=1,
    )
    return replace(prepared, histogram=shown, searched=searched)


def refusal(prepared: Prepared, followed: Followed, coin: bytes, alone: Prepared) -> Unreachable:
    """Why ``prepared`` cannot be recoded: because of the earlier releases, unless ``alone`` cannot be either."""
    try:
        search(alone, coin)
    except Unreachable as error:
        return error
    assert prepared.searched is not None
    histogram, limit = prepared.searched, prepared.policy.suppression_limit
    everything = np.arange(histogram.combinations, dtype=np.int64)
    fixed = [place for place, column in enumerate(histogram.columns) if not column.tree.root]
    first, group = rows_alike([histogram.leaf[:, p] for p in fixed], [histogram.columns[p].tree.leaves for p in fixed])
    failing = ~histogram.requirements.publishable(everything, group, len(first))[group] | ~histogram.usable
    new = followed.new[histogram.leaf[:, -1]]
    total = max(histogram.total_rows, 1)
    lost, lost_new = int(histogram.rows[failing].sum()), int(histogram.rows[failing & new].sum())
    names = ", ".join(item.release for item in followed.compared)
    help_ = []
    if lost_new:
        help_.append(f"hold back the {lost_new} rows of new subjects until more have come")
    help_.append(f"allow suppressing {lost / total:.1%} of the rows")
    help_.append("ask for a smaller k, or publish fewer or coarser columns")
    return SeriesUnreachable(
        f"Beside the earlier releases {names} the policy cannot be kept: for {lost} of {total} rows too few candidates "
        f"stay when classes are intersected, even on the coarsest levels; the limit is {limit:.1%}. "
        f"To go on: {'; or '.join(help_)}."
    )


def claim(prepared: Prepared, classes: Classes, followed: Followed) -> SeriesClaim:
    """What a release reaches beside the earlier ones, counted again from its classes.

    Raises :class:`RuntimeError` where that is less than the policy asks: the search is then wrong, and nothing may be
    published. Where an empty cell may stand for any value, rows that count with others are in intersections of fewer.
    """
    if not followed.compared or prepared.searched is None:
        return SeriesClaim(
            compared=[], not_compared=followed.not_compared, linked_by=followed.linked_by, k=None, diversity=[]
        )
    histogram, policy = prepared.searched, prepared.policy
    kept = np.flatnonzero(classes.of_combination >= 0)
    first, group = (
        rows_alike([classes.of_combination[kept], histogram.leaf[kept, -1]], [len(classes.rows) + 1, followed.trails])
        if len(kept)
        else (kept, kept)
    )
    sizes = histogram.requirements.subjects.count(kept, group, len(first))
    smallest = int(sizes.min()) if len(sizes) else None
    if smallest is not None and smallest < policy.k and policy.missing is not MissingMeaning.ANY:
        raise RuntimeError(f"Beside earlier releases only {smallest} subjects are left, {policy.k} were asked for")
    diversity = []
    for item in histogram.requirements.sensitive:
        if not isinstance(item, KeptValues):
            continue
        reached = item.reached(item.values.of_groups(kept, group, len(first)))
        least = int(reached[reached > 0].min()) if (reached > 0).any() else None
        required = item.model.l if isinstance(item.model, DistinctLDiversity) else 0
        if least is not None and least < required:
            raise RuntimeError(f"Beside earlier releases only {least} values of {item.model.column} are left")
        diversity.append(
            Threshold(model="values-left", required=float(required), reached=least, column=item.model.column)
        )
    return SeriesClaim(
        compared=[item.release for item in followed.compared],
        not_compared=followed.not_compared,
        linked_by=followed.linked_by,
        k=smallest,
        diversity=diversity,
    )


def _links(prepared: Prepared, earlier: Sequence[Earlier]) -> str | None:
    """The column that tells which rows are about the same subject."""
    policy, table = prepared.policy, prepared.table
    if policy.subject is not None:
        return policy.subject
    candidates = []
    for name, column in policy.columns.items():
        if column.role is not ColumnRole.DIRECT_IDENTIFIER or isinstance(column.operator, RedactText):
            continue
        present = table.get_column(name).drop_nulls()
        if len(present) * 2 >= table.height and present.n_unique() == len(present):
            known = sum(name in one.table.columns for one in earlier)
            rank = (
                BEST_SUBJECT.index(column.semantic_type) if column.semantic_type in BEST_SUBJECT else len(BEST_SUBJECT)
            )
            candidates.append((-known, rank, name))
    return min(candidates)[2] if candidates else None


def _linked(prepared: Prepared, one: Earlier, link: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of this table and published rows of an earlier one, with their subject's key and what tells their kinds."""
    now = pl.DataFrame(
        {
            "row": np.arange(prepared.table.height, dtype=np.int64),
            "key": _text(prepared.table.get_column(link)),
            "kind": prepared.histogram.combination_of_row,
        }
    )
    before = pl.DataFrame(
        {
            "row": np.arange(one.table.height, dtype=np.int64),
            "key": _text(one.table.get_column(link)),
            "class": one.class_of_row,
        }
    )
    return now, before.filter(pl.col("key").is_not_null() & (pl.col("class") >= 0))


def _classes_before(prepared: Prepared, one: Earlier, now: pl.DataFrame, before: pl.DataFrame, link: str) -> ClassOfRow:
    """Each row's class in an earlier release."""
    counted = before.group_by("key").agg(pl.col("class").n_unique().alias("classes"), pl.col("class").first())
    kinds = now.group_by("key").agg(pl.col("kind").n_unique().alias("kinds"))
    found = now.join(kinds, on="key", how="left", nulls_equal=True, maintain_order="left").join(
        counted, on="key", how="left", maintain_order="left"
    )
    several = (found.get_column("classes") > 1).fill_null(False) | (
        (found.get_column("kinds") > 1) & found.get_column("classes").is_not_null()
    )
    result = found.get_column("class").fill_null(NOT_THERE).to_numpy().astype(np.int32)
    rows = several.arg_true().cast(pl.Int64)
    if len(rows):
        result[rows.to_numpy()] = _by_own_row(prepared, one, now[rows], before)
    return result


def _by_own_row(prepared: Prepared, one: Earlier, now: pl.DataFrame, before: pl.DataFrame) -> ClassOfRow:
    """The classes of those rows of the same subject whose raw quasi-identifiers are the same."""
    names = [name for name in _sources(prepared.policy) if name in one.table.columns]
    if not names:
        return np.full(now.height, NOT_THERE, dtype=np.int32)

    def told(rows: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
        place = rows.get_column("row")
        return rows.with_columns(
            _text(table.get_column(name).gather(place)).alias(f"raw {number}") for number, name in enumerate(names)
        )

    on = ["key", *(f"raw {number}" for number in range(len(names)))]
    known = told(before, one.table).unique(subset=on, keep="first", maintain_order=True).select(*on, "class")
    found = told(now, prepared.table).join(known, on=on, how="left", nulls_equal=True, maintain_order="left")
    return found.get_column("class").fill_null(NOT_THERE).to_numpy().astype(np.int32)


def _told(policy: Policy, release: str, now: pl.DataFrame, before: pl.DataFrame) -> FollowedRelease:
    here = now.select("key").drop_nulls().unique()
    there = before.select("key", "class").unique()
    followed = here.join(there.select("key").unique(), on="key", how="semi").height
    gone = there.join(here, on="key", how="anti")
    few = gone.group_by("class").agg(pl.col("key")).filter(pl.col("key").list.len() < policy.k)
    below = few.explode("key").get_column("key").n_unique() if few.height else 0
    return FollowedRelease(
        release=release, followed=followed, gone=gone.get_column("key").n_unique(), gone_below_k=below
    )


def _shown_before(one: Earlier, name: str) -> pl.Series | None:
    """What an earlier release shows of a sensitive column; None where it shows nothing of it."""
    column = one.policy.columns.get(name)
    if column is None or name not in one.table.columns or isinstance(column.operator, Drop | RedactText):
        return None
    return _text(as_shown(one.table.get_column(name), column.operator))


def _same_value(
    prepared: Prepared, name: str, now: pl.DataFrame, found: ClassOfRow, before: pl.DataFrame, shown: pl.Series
) -> BoolArray:
    """Rows whose subject showed the same value in its class of an earlier release."""
    on = ["key", "class", "value"]
    known = before.with_columns(value=shown.gather(before.get_column("row"))).select(on).unique()
    rows = now.with_columns(pl.Series("class", found), value=_values_now(prepared, name))
    same = rows.join(known, on=on, how="semi", nulls_equal=True).get_column("row").to_numpy()
    result = np.zeros(prepared.table.height, dtype=bool)
    result[same] = True
    return result & (found >= 0)


def _values_now(prepared: Prepared, name: str) -> pl.Series:
    return _text(as_shown(prepared.table.get_column(name), prepared.policy.columns[name].operator))


def _kept_rows(prepared: Prepared, name: str, least: int, found: list[tuple[BoolArray, BoolArray]]) -> _Kept:
    there = np.logical_or.reduce([there for there, _ in found])
    same = np.logical_and.reduce([same | ~there for there, same in found])
    rows = np.flatnonzero(there & same)
    _, codes = factorise(_values_now(prepared, name))
    return _Kept(name, least, rows, codes[rows].astype(np.int64) + 1)


def _requirement(kept: _Kept, prepared: Prepared, histogram: Histogram) -> KeptValues:
    place = histogram.combination_of_row[kept.rows].astype(np.int64)
    subject = None if prepared.subject is None else prepared.subject[kept.rows]
    values = ValueCounts.of(place, kept.value, subject, histogram.combinations)
    return KeptValues(DistinctLDiversity(column=kept.column, l=kept.least), values)


def _least_values(policy: Policy) -> dict[str, int]:
    """Sensitive columns of which a model asks for several values in every class, and how many."""
    least: dict[str, int] = {}
    for model in policy.models:
        if isinstance(model, DistinctLDiversity | EntropyLDiversity | RecursiveCLDiversity):
            least[model.column] = max(least.get(model.column, 2), math.ceil(model.l - 1e-9))
    return least


def _sources(policy: Policy) -> list[str]:
    """The table's columns that quasi-identifiers are made of."""
    found = []
    for name in policy.quasi_identifiers:
        found.append(name)
        operator = policy.columns[name].operator
        if isinstance(operator, Generalise) and isinstance(operator.hierarchy, GeoGridHierarchy):
            found.append(operator.hierarchy.longitude)
    return found


def _text(column: pl.Series) -> pl.Series:
    """Values as text, so that a number written as text in one table is the same in the other."""
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        if (whole.cast(pl.Float64) == column).fill_null(True).all():
            column = whole
    if column.dtype == pl.Null:
        return pl.Series(column.name, [None] * len(column), dtype=pl.String)
    try:
        return column.cast(pl.String).str.strip_chars()
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(
            f"Column {column.name!r} holds values that cannot be compared ({type(error).__name__})"
        ) from None
