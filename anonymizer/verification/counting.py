"""Counting classes in a released table. Used for the claims a run makes and for checking them: one definition
of each count."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from anonymizer.verification.diversity import worst
from contracts.privacy import (
    SENSITIVE_MODELS,
    DistinctLDiversity,
    Generalise,
    MissingMeaning,
    Policy,
    SensitiveModel,
    Threshold,
    threshold_of,
)
from contracts.schema import DataContract

_ROWS = "__rows"
_CLASS = "__class"
_STAND = "__stand"
_SUBJECTS = "__subjects"


@dataclass(frozen=True)
class Counts:
    """Counts of a released table; ``k_by_subject`` is None where the release does not tell subjects apart."""

    quasi_identifiers: list[str]
    subject_column: str | None
    rows: int
    classes: int
    k_by_row: int | None
    k_by_subject: int | None
    subjects: int | None
    diversity: list[Threshold]


def quasi_columns(contract: DataContract, policy: Policy) -> list[list[str]]:
    """The published columns of each quasi-identifier."""
    found = []
    for name in policy.quasi_identifiers:
        sources = {name}
        operator = policy.columns[name].operator
        if isinstance(operator, Generalise) and operator.hierarchy.kind == "geo-grid":
            sources.add(operator.hierarchy.longitude)
        found.append([f.name for f in contract.fields if (f.range_of or f.name) in sources])
    return found


def count(
    table: pl.DataFrame,
    contract: DataContract,
    policy: Policy,
    classes: pl.Series | None = None,
    rows: pl.Series | None = None,
) -> Counts:
    """Classes of rows alike in all published quasi-identifiers, with rows, subjects and sensitive values in
    each. ``classes``, where it is known, numbers each row's class and spares comparing its columns. With ``rows`` the
    table holds each of its different rows once, and that many stand for it.

    Where a missing value may stand for any, a row with missing quasi-identifiers counts with the rows it does
    not contradict.
    """
    groups = quasi_columns(contract, policy)
    names = [name for group in groups for name in group]
    own_row = policy.subject is None
    subject = policy.subject if policy.subject in table.columns else None
    total = table.height if rows is None else int(rows.sum())
    subjects = total if own_row else table.get_column(subject).n_unique() if subject else None
    if not names or table.height == 0:
        return Counts(names, subject, total, int(total > 0), None, None, subjects, [])
    if rows is not None:
        table = table.with_columns(rows.alias(_STAND))
    sensitive = [m for m in policy.models if isinstance(m, SENSITIVE_MODELS) and m.column in table.columns]
    if policy.subject is not None and subject is None:
        # Different values can be counted by row all the same, shares of subjects cannot.
        sensitive = [m for m in sensitive if isinstance(m, DistinctLDiversity)]
    aggregates = [(pl.len() if rows is None else pl.col(_STAND).sum()).alias(_ROWS)]
    if subject:
        aggregates.append(pl.col(subject).n_unique().alias(_SUBJECTS))
    distinct = [model for model in sensitive if isinstance(model, DistinctLDiversity)]
    aggregates += [pl.col(model.column).n_unique().alias(f"__l_{model.column}") for model in distinct]
    by_any = policy.missing is MissingMeaning.ANY
    if classes is None or by_any:
        counted = table.group_by(names).agg(aggregates)
    else:
        counted = table.with_columns(classes.alias(_CLASS)).group_by(_CLASS).agg(aggregates)
    if by_any:
        counted = _with_compatible(table, counted, groups, aggregates)
    k_by_row = _least(counted, _ROWS)
    k_by_subject = k_by_row if own_row else _least(counted, _SUBJECTS) if subject else None
    return Counts(
        names,
        subject,
        total,
        counted.height,
        k_by_row,
        k_by_subject,
        subjects,
        [
            Threshold(
                model=m.kind,
                required=threshold_of(m),
                reached=_least(counted, f"__l_{m.column}")
                if isinstance(m, DistinctLDiversity)
                else _worst(table, names if classes is None else classes, subject, m),
                column=m.column,
            )
            for m in sensitive
        ],
    )


def _worst(
    table: pl.DataFrame, classes: list[str] | pl.Series, subject: str | None, model: SensitiveModel
) -> float | None:
    """A measure of shares: rows that say the same of the same subject count once."""
    if isinstance(classes, pl.Series):
        pairs = table.select(pl.lit(classes).alias(_CLASS), pl.col(model.column).alias("__value"))
    else:
        keys = table.select(classes).with_row_index(_CLASS)
        same = (
            keys.group_by(classes).agg(pl.col(_CLASS)).select(pl.col(_CLASS), pl.int_range(pl.len()).alias("__place"))
        )
        placed = same.explode(_CLASS).sort(_CLASS).get_column("__place")
        pairs = table.select(placed.alias(_CLASS), pl.col(model.column).alias("__value"))
    if subject:
        pairs = pairs.with_columns(table.get_column(subject).alias("__subject")).unique()
    elif _STAND in table.columns:
        return worst(pairs.with_columns(table.get_column(_STAND).alias("__weight")), model)
    return worst(pairs.with_columns(__weight=pl.lit(1)), model)


def _least(classes: pl.DataFrame, column: str) -> int | None:
    least = classes.get_column(column).min()
    return int(least) if isinstance(least, int) else None


def _with_compatible(
    table: pl.DataFrame, classes: pl.DataFrame, groups: list[list[str]], aggregates: list[pl.Expr]
) -> pl.DataFrame:
    """Classes with missing values counted together with all rows complete where they are not, and equal
    elsewhere."""
    empty = [pl.all_horizontal(pl.col(name).is_null() for name in _values(group)) for group in groups]
    flags = classes.select([flag.alias(str(i)) for i, flag in enumerate(empty)])
    done = [classes.filter(~pl.any_horizontal(empty))]
    for pattern in flags.unique().rows():
        if not any(pattern):
            continue
        here = classes.filter(
            pl.all_horizontal(flag if is_empty else ~flag for flag, is_empty in zip(empty, pattern, strict=True))
        )
        known = [name for group, is_empty in zip(groups, pattern, strict=True) if not is_empty for name in group]
        keys = here.select(names := [name for group in groups for name in group])
        if known:
            joined = keys.select(known).join(table, on=known, how="inner", nulls_equal=True)
            counted = joined.group_by(known).agg(aggregates)
            done.append(keys.join(counted, on=known, how="left", nulls_equal=True).select(classes.columns))
        else:
            counted = table.select(aggregates)
            done.append(keys.join(counted, how="cross").select([*names, *counted.columns]))
    return pl.concat(done)


def _values(group: list[str]) -> list[str]:
    """Without the level, which is never missing."""
    return [name for name in group if not (name.endswith("_level") and len(group) > 1)]
