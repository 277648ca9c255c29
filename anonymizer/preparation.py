"""A policy meeting a table: checked against each other, quasi-identifiers encoded, combinations counted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer import engines
from anonymizer.algorithms import full_domain, local
from anonymizer.algorithms.recoding import Recoding
from anonymizer.engines import Demand, Histogram
from anonymizer.errors import Unreachable
from anonymizer.hierarchies import EncodedColumn, encode, encode_plain
from anonymizer.hierarchies.distinct import Distinct
from anonymizer.hierarchies.encoded import factorise
from anonymizer.models import least_size
from anonymizer.operators import mask, round_to, top_bottom
from anonymizer.sources import uncoded
from anonymizer.threads import each
from contracts.errors import InvalidInput
from contracts.privacy import (
    SENSITIVE_MODELS,
    Algorithm,
    AverageRisk,
    CategoryHierarchy,
    Generalise,
    HouseholdRisk,
    Mask,
    MaxRisk,
    MissingMeaning,
    Model,
    Operator,
    Policy,
    Round,
    SensitiveModel,
    TCloseness,
    TopBottom,
)

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Prepared:
    """All that a search needs, and the table it came from. ``subject`` is each row's subject number, None:
    its own. ``searched``: what the search looks at instead, where it keeps apart more than a release shows
    (:mod:`anonymizer.series`); it has the same combinations."""

    table: pl.DataFrame
    policy: Policy
    histogram: Histogram
    subject: IntArray | None
    rows_without_subject: int
    searched: Histogram | None = None

    @property
    def quasi_identifiers(self) -> tuple[EncodedColumn, ...]:
        """The encoded quasi-identifiers, in the policy's order."""
        return self.histogram.columns


def prepare(table: pl.DataFrame, policy: Policy) -> Prepared:
    """Check that policy and table fit and count combinations.

    Raises :class:`InvalidInput` for a column only one of both knows, an empty table, or a value its hierarchy
    does not take. Rows whose subject is empty count as one unknown subject together: nothing shows that they
    are different people.
    """
    _check_columns(table, policy)
    subject, without = _subjects(table, policy)
    columns = each(lambda name: _encode(table, policy, name), policy.quasi_identifiers)
    demand = demand_of(table, policy, subject)
    histogram = engines.build(columns, table.height, demand, suppress_missing=policy.missing is MissingMeaning.SUPPRESS)
    return Prepared(table, policy, histogram, subject, without)


def demand_of(table: pl.DataFrame, policy: Policy, subject: IntArray | None) -> Demand:
    """What a policy asks of the classes of a table whose rows have these subjects."""
    subjects = table.height if subject is None else len(np.unique(subject))
    k, average = limits(policy, subjects)
    return Demand(
        subject,
        k,
        average,
        [(m, _values(table, policy, m)) for m in policy.models if isinstance(m, SENSITIVE_MODELS)],
        None if policy.household is None else factorise(table.get_column(policy.household))[1].astype(np.int64),
        min((m.risk for m in policy.models if isinstance(m, HouseholdRisk)), default=None),
        ", ".join(_asked(model) for model in policy.models),
    )


def limits(policy: Policy, subjects: int, k: int | None = None) -> tuple[int, float | None]:
    """Subjects every class needs under all models about risk, and the largest classes / subjects of the release;
    with ``k`` as if the policy asked for so many."""
    population = policy.population
    if population is not None and population < subjects:
        raise InvalidInput.at(
            "population", f"The population has {population} subjects, the table already {subjects}: correct its size"
        )
    share = 1.0 if population is None else subjects / population
    k, average = policy.k if k is None else k, None
    for model in policy.models:
        if isinstance(model, MaxRisk):
            k = max(k, least_size(model.risk / (share if model.attacker == "journalist" else 1.0)))
        elif isinstance(model, AverageRisk):
            limit = model.risk / (share if model.attacker == "marketer" else 1.0)
            average = limit if average is None else min(average, limit)
    return k, average


def _values(table: pl.DataFrame, policy: Policy, model: SensitiveModel) -> IntArray:
    """Each row's value of a sensitive column as the release shows it, numbered in its order; empty is 0."""
    column = as_shown(table.get_column(model.column), policy.columns[model.column].operator)
    distinct, codes = factorise(column)
    order = model.order if isinstance(model, TCloseness) else None
    if order is None:
        return codes.astype(np.int64) + 1
    rank = {text: place + 1 for place, text in enumerate(order)}
    texts = distinct.cast(pl.String)
    Distinct(column.name, distinct, codes).refuse(
        ~texts.is_in(order), "the order of its values lacks", "Add it to order.", place=f"models/{model.kind}/order"
    )
    return np.array([*(rank[text] for text in texts.to_list()), 0], dtype=np.int64)[codes]


def _asked(model: Model) -> str:
    """A model in a message: ``k-anonymity 5``, ``t-closeness 0.2 on illness``."""
    figure = next(getattr(model, name) for name in ("k", "l", "t", "risk") if hasattr(model, name))
    return f"{model.kind} {figure:g}" + (f" on {model.column}" if isinstance(model, SENSITIVE_MODELS) else "")


def search(prepared: Prepared, coin: bytes) -> Recoding:
    """Find what every combination is shown as; raises :class:`anonymizer.errors.Unreachable`.

    ``coin`` seeds the chance by which local recoding hides why it stopped (see there).
    """
    histogram, policy = prepared.searched or prepared.histogram, prepared.policy
    if not prepared.quasi_identifiers:
        nothing = np.zeros(histogram.combinations, dtype=bool)
        cells = np.empty((histogram.combinations, 0), dtype=np.int64)
        return Recoding(cells, nothing, {"search": "none: no quasi-identifiers", "optimal": True})
    if policy.algorithm is Algorithm.FULL_DOMAIN:
        seconds = full_domain.SECONDS if policy.search_seconds is None else policy.search_seconds
        return _published(histogram, full_domain.recode(histogram, policy.suppression_limit, seconds=seconds))
    if policy.missing is MissingMeaning.ANY:
        # Classes in which an empty cell is a value of its own hold as well: there are more candidates, not fewer.
        with suppress(Unreachable):
            found = local.recode(histogram, policy.suppression_limit, coin, missing_is_any=True)
            return _published(histogram, found)
    return _published(histogram, local.recode(histogram, policy.suppression_limit, coin))


def _published(histogram: Histogram, recoding: Recoding) -> Recoding:
    """Without the columns that a release does not show."""
    return replace(recoding, cells=recoding.cells[:, : histogram.shown]) if histogram.unpublished else recoding


def search_along(prepared: Prepared, ks: Sequence[int], seconds: float) -> dict[int, Recoding]:
    """What a search would find were so many subjects asked for, from the counts already made; what cannot be reached is
    left out. A full-domain search takes the effort of ``seconds`` for all together."""
    histogram, policy = prepared.searched or prepared.histogram, prepared.policy
    if policy.algorithm is Algorithm.FULL_DOMAIN:
        found = full_domain.along(histogram, policy.suppression_limit, ks, seconds=seconds)
    else:
        any_value = policy.missing is MissingMeaning.ANY
        found = local.along(histogram, policy.suppression_limit, ks, missing_is_any=any_value)
    return {k: _published(histogram, recoding) for k, recoding in found.items()}


def _check_columns(table: pl.DataFrame, policy: Policy) -> None:
    absent = [name for name in policy.columns if name not in table.columns]
    if absent:
        raise InvalidInput(
            f"The policy names columns the table does not have: {', '.join(absent)}. "
            f"The table has: {', '.join(table.columns)}",
            errors=[{"pointer": f"#/columns/{name}", "detail": "not in the table"} for name in absent],
        )
    unnamed = [name for name in table.columns if name not in policy.columns]
    if unnamed:
        raise InvalidInput(
            f"The policy says nothing of these columns of the table: {', '.join(unnamed)}. "
            "Add them, with operator drop to leave them out",
            errors=[{"pointer": f"#/columns/{name}", "detail": "missing in the policy"} for name in unnamed],
        )
    if table.height == 0:
        raise InvalidInput("The table has no rows")


def _subjects(table: pl.DataFrame, policy: Policy) -> tuple[IntArray | None, int]:
    if policy.subject is None:
        return None, 0
    distinct, codes = factorise(table.get_column(policy.subject))
    unknown = codes < 0
    numbers = np.where(unknown, len(distinct), codes).astype(np.int64)
    return numbers, int(unknown.sum())


def _encode(table: pl.DataFrame, policy: Policy, name: str) -> EncodedColumn:
    operator = policy.columns[name].operator
    if isinstance(operator, Generalise):
        hierarchy = operator.hierarchy
        if isinstance(hierarchy, CategoryHierarchy) and hierarchy.rows is None:
            raise InvalidInput.at(
                f"columns/{name}/operator/hierarchy/file",
                f"Column {name!r}: the hierarchy file {hierarchy.file!r} was not read; "
                "load the policy with load_policy",
            )
        return encode(name, hierarchy, table, mixed=policy.algorithm is Algorithm.LOCAL)
    return encode_plain(name, as_shown(table.get_column(name), operator))


def as_shown(column: pl.Series, operator: Operator) -> pl.Series:
    """A column as the release shows it, where an operator makes different values alike: those are what counts."""
    match operator:
        case Mask():
            return mask(uncoded(column), operator)
        case Round():
            return round_to(uncoded(column), operator)
        case TopBottom():
            return top_bottom(uncoded(column), operator)
        case _:
            return column
