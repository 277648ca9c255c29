"""What readers hand on: rows as columns of text, with the line each came from, and the rows they set aside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from catalog.vault.intake.formats import Note
from catalog.vault.intake.reasons import Broken

Aside = Callable[[Broken], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows. Columns are text, or typed where the file itself is typed. `lines` holds the line of each row; None
    stands for `first_line`, `first_line` + 1 and so on."""

    frame: pl.DataFrame
    first_line: int
    lines: npt.NDArray[np.int64] | None = None

    def line(self, index: int) -> int:
        """The line that row `index` came from."""
        return self.first_line + index if self.lines is None else int(self.lines[index])


class Reader(Protocol):
    """A file opened by its format. `batches` can be run again from the beginning."""

    names: list[str]
    notes: list[Note]
    kept_as_text: frozenset[str]
    """Columns whose values the file itself marks as text, so that digits in them are no numbers."""

    def batches(self, aside: Aside) -> Iterator[Batch]:
        """The rows, in pieces; what cannot be read goes to `aside`."""
        ...


def text_frame(names: list[str], columns: list[list[str | None]]) -> pl.DataFrame:
    """A frame of text columns."""
    return pl.DataFrame([pl.Series(name, values, pl.String) for name, values in zip(names, columns, strict=True)])
