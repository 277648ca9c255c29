"""Which rows of a released table are alike in every column: what is hashed and written once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.engines import rows_alike
from anonymizer.hierarchies.encoded import factorise

_MOST = 0.5  # above this share of different rows nothing is gained


@dataclass(frozen=True)
class Repeats:
    """``first``: a row of each kind; ``place``: each row's kind; ``count``: rows of each kind."""

    first: npt.NDArray[np.int64]
    place: npt.NDArray[np.int32]
    count: npt.NDArray[np.int64]


def find(class_of_row: npt.NDArray[np.int32], others: Sequence[pl.Series]) -> Repeats | None:
    """Rows alike in their class and in the other published columns; None where most rows are different."""
    rows = len(class_of_row)
    if rows == 0:
        return None
    columns: list[npt.NDArray[np.int32]] = [class_of_row]
    widths = [int(class_of_row.max()) + 1]
    for other in others:
        # Of columns that tell rows apart a few thousand rows are enough to see it.
        if other.head(5_000).n_unique() > _MOST * min(rows, 5_000):
            return None
        distinct, codes = factorise(other)
        columns.append(codes + np.int32(1))
        widths.append(len(distinct) + 1)
    first, place = rows_alike(columns, widths)
    if len(first) > _MOST * rows:
        return None
    return Repeats(first, place.astype(np.int32), np.bincount(place, minlength=len(first)))
