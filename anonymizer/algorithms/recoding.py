"""What a search answers: what each combination is shown as."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from anonymizer.engines import Histogram
from anonymizer.errors import Unreachable

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Recoding:
    """``cells[combination, column]``, which combinations are ``suppressed``, and what the search did."""

    cells: IntArray
    suppressed: BoolArray
    certificate: dict[str, int | float | str | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Budget:
    """How much may be suppressed: ``rows`` of the table, and subjects losing all of their rows."""

    share: float
    rows: int
    subjects: int

    @classmethod
    def of(cls, histogram: Histogram, share: float) -> Budget:
        """The limit of a policy on a table; halves and less are never rounded up."""
        slack = 1e-9
        return cls(
            share,
            int(share * histogram.total_rows + slack),
            int(share * histogram.total_subjects + slack),
        )

    def allows(self, histogram: Histogram, suppressed: BoolArray) -> bool:
        """Whether these combinations may all be left out."""
        if int(histogram.rows[suppressed].sum()) > self.rows:
            return False
        if histogram.requirements.subjects.additive and histogram.total_rows == histogram.total_subjects:
            return True
        kept = histogram.subjects_in(np.flatnonzero(~suppressed))
        return histogram.total_subjects - kept <= self.subjects


def unreachable(histogram: Histogram, suppressed: BoolArray, budget: Budget, why: str) -> Unreachable:
    """The error that says how far the table is from what is asked, and what would help."""
    rows = int(histogram.rows[suppressed].sum())
    total = histogram.total_rows
    lost = histogram.total_subjects - histogram.subjects_in(np.flatnonzero(~suppressed))
    fixed = [column.name for column in histogram.columns if not column.tree.root]
    help_ = []
    if total == 0 or histogram.total_subjects < histogram.requirements.k:
        help_.append("ask for a smaller k or give a larger table")
    if fixed:
        help_.append(f"generalise or drop {', '.join(fixed)}, which the policy publishes as they are")
    help_.append(f"allow suppressing {rows / total:.1%} of the rows" if total else "give a table with rows")
    return Unreachable(
        f"{histogram.requirements.asked} cannot be reached: {why}. "
        f"{rows} of {total} rows ({lost} of {histogram.total_subjects} subjects) "
        f"would be suppressed, the limit is {budget.share:.1%}. To go on: {'; or '.join(help_)}."
    )
