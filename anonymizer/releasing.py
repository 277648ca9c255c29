"""From classes and operators to the rows of the release and their data contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer import identifying, operators
from anonymizer.applying import Classes
from anonymizer.hierarchies.publishers import field_type
from anonymizer.preparation import Prepared
from anonymizer.results import Finding, Progress
from anonymizer.sources import uncoded
from anonymizer.threads import each
from contracts.errors import InvalidInput
from contracts.privacy import (
    ColumnPolicy,
    Drop,
    Keep,
    Mask,
    MicroAggregate,
    Pseudonymise,
    RedactText,
    Round,
    TopBottom,
    With,
)
from contracts.schema import ContractField, DataContract

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Released:
    """Released rows with their contract.

    Per row ``row``, its number in the table, and ``class_of_row``; ``others`` are the published columns that are no
    generalised quasi-identifiers. ``hidden`` counts findings hidden in texts by type, ``changed`` the texts changed.
    """

    table: pl.DataFrame
    contract: DataContract
    row: IntArray
    class_of_row: npt.NDArray[np.int32]
    others: list[pl.Series]
    hidden: Counter[str]
    changed: int


def release_rows(
    prepared: Prepared,
    classes: Classes,
    secret: bytes,
    release_id: str,
    *,
    tell: Progress,
    only: IntArray | None = None,
    order: Callable[[int], IntArray] | None = None,
) -> Released:
    """The released rows, with all that is known of them.

    ``only``: row numbers to release (those suppressed are left out all the same), for a look at some rows. ``order``
    gives, for a number of rows, the order they are put in; without it they stay in table order.
    """
    class_of_row = classes.of_row(prepared)
    kept = class_of_row >= 0
    published_rows = np.flatnonzero(kept)
    if only is not None:
        chosen = np.zeros(len(kept), dtype=bool)
        chosen[only] = True
        kept &= chosen
    row = np.flatnonzero(kept)
    everything = len(row) == len(kept)
    table = prepared.table if everything else prepared.table.filter(pl.Series(kept))
    shuffled = None if order is None else order(len(row))
    in_order = row
    row = row if shuffled is None else row[shuffled]
    class_of_row = class_of_row[row]
    policy = prepared.policy
    published = {
        column.name: shown for column, shown in zip(prepared.quasi_identifiers, classes.published, strict=True)
    }
    series: list[pl.Series] = []
    others: list[pl.Series] = []
    fields: list[ContractField] = []
    hidden: Counter[str] = Counter()
    changed = 0
    parts = [part.values for shown in published.values() for part in shown]
    spread = iter(each(lambda values: values.gather(class_of_row), parts))
    shown_of = {name: [next(spread) for _ in shown] for name, shown in published.items()}
    for name, column in policy.columns.items():
        if name in published:
            for part, values in zip(published[name], shown_of[name], strict=True):
                series.append(values)
                fields.append(_field(part.field, column, values))
            continue
        if isinstance(column.operator, Drop | With):
            continue
        values = uncoded(table.get_column(name))
        if isinstance(column.operator, RedactText):
            values, found, cells = operators.redact(
                values, column.operator, _scan_text, lambda share: tell("text", 0.5 + 0.3 * share)
            )
            hidden += found
            changed += cells
        elif isinstance(column.operator, MicroAggregate):
            # Groups are of all rows that are published, whichever of them are looked at here.
            whole = uncoded(prepared.table.get_column(name)).gather(published_rows)
            subject = None if prepared.subject is None else prepared.subject[published_rows]
            values = operators.micro_aggregate(whole, column.operator, subject)
            values = values.gather(np.searchsorted(published_rows, in_order))
        else:
            values = _treated(values, column, secret, release_id)
        if shuffled is not None:
            values = values.gather(shuffled)
        others.append(values)
        series.append(values)
        fields.append(_field(ContractField(name=name, type=field_type(values.dtype)), column, values))
    names = [field.name for field in fields]
    clash = next((name for name in names if names.count(name) > 1), None)
    if clash is not None:
        raise InvalidInput(f"Two published columns would be called {clash!r}: rename the one in the table")
    left_out = [name for name, column in policy.columns.items() if isinstance(column.operator, Drop)]
    released = pl.DataFrame(series) if series else pl.DataFrame()
    if not series:
        raise InvalidInput("The policy publishes no column")
    contract = DataContract(fields=fields, left_out=left_out)
    if only is None:  # of some rows neither can be told
        contract.primary_key = identifying.primary_key(released, fields, policy)
        contract.coordinates = identifying.coordinates(released, fields, policy)
    return Released(released, contract, row, class_of_row, others, hidden, changed)


def _scan_text(texts: Sequence[str]) -> list[list[Finding]]:
    """The text engine, imported when the first text is read: it takes seconds to load."""
    from anonymizer.classify.text import memory

    return memory.find_in_texts(texts)


def _field(field: ContractField, column: ColumnPolicy, values: pl.Series) -> ContractField:
    return field.model_copy(
        update={
            "treatment": column.operator.kind,
            "role": column.role.value,
            "title": column.title,
            "nullable": values.null_count() > 0,
        }
    )


def _treated(values: pl.Series, column: ColumnPolicy, secret: bytes, release_id: str) -> pl.Series:
    match column.operator:
        case Keep():
            return values
        case Mask() as operator:
            return operators.mask(values, operator)
        case Round() as operator:
            return operators.round_to(values, operator)
        case TopBottom() as operator:
            return operators.top_bottom(values, operator)
        case Pseudonymise() as operator:
            return operators.pseudonymise(values, operator, secret, release_id)
        case other:
            raise InvalidInput.at(
                f"columns/{values.name}/operator/kind", f"{other.kind!r} does not work on column {values.name!r}"
            )
