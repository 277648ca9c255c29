"""The distinct values of a column with their counts: what hierarchies are built from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.hierarchies.encoded import factorise
from anonymizer.shapes import personal_free
from contracts.errors import InvalidInput

MOST_UNREADABLE = 0.1


@dataclass(frozen=True)
class Distinct:
    """``values`` are distinct and rising, ``codes`` is each row's place among them (-1: missing)."""

    name: str
    values: pl.Series
    codes: npt.NDArray[np.int32]
    unreadable: int = 0
    """Rows whose value no hierarchy could read, and which count as missing."""

    @classmethod
    def of(cls, column: pl.Series) -> Distinct:
        """Read a column."""
        values, codes = factorise(column)
        return cls(column.name, values, codes)

    @property
    def has_missing(self) -> bool:
        """Some row is empty."""
        return bool((self.codes < 0).any())

    def leaves(self, leaf_of_value: npt.NDArray[np.int64], leaves: int) -> npt.NDArray[np.int32]:
        """Each row's leaf, given each value's; rows without a value get the leaf after the others."""
        if len(leaf_of_value) == 0:
            return np.full(len(self.codes), leaves, dtype=np.int32)
        table = np.append(leaf_of_value, leaves).astype(np.int32)
        return table[self.codes]

    def without(self, bad: pl.Series, what: str, remedy: str) -> Distinct:
        """The same with ``bad`` values counted as missing: departments' tables hold a few impossible dates
        and stray marks. Raises when they are so many that the hierarchy does not fit the column."""
        if not bad.any():
            return self
        unfit = np.append(bad.fill_null(True).to_numpy(), False)[self.codes]
        rows = int(unfit.sum())
        if rows > MOST_UNREADABLE * max(1, int((self.codes >= 0).sum())):
            self.refuse(bad, what, remedy)
        keep = ~bad.fill_null(True)
        place = np.where(keep.to_numpy(), np.cumsum(keep.to_numpy()) - 1, -1)
        codes = np.append(place, -1)[self.codes].astype(np.int32)
        return Distinct(self.name, self.values.filter(keep), codes, self.unreadable + rows)

    def refuse(self, bad: pl.Series, what: str, remedy: str, *, place: str | None = None) -> None:
        """Raise when some value is ``bad``, naming column, value (or its shape), first row, and the way out.

        ``place`` of the policy that is at fault: the column's hierarchy unless given."""
        if not bad.any():
            return
        code = int(bad.arg_true()[0])
        occurrences = int((self.codes == code).sum())
        row = int(np.argmax(self.codes == code)) + 1
        value = personal_free(self.values[code], occurrences)
        kinds = int(bad.sum())
        raise InvalidInput.at(
            place or f"columns/{self.name}/operator/hierarchy",
            f"Column {self.name!r}: {what} the value {value} (row {row}"
            + (f", and {kinds - 1} more values" if kinds > 1 else "")
            + f"). {remedy}",
        )
