"""What a search answers: what each combination is shown as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from anonymizer.engines import Histogram, rows_alike
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
    help_ = []
    if total == 0 or histogram.total_subjects < histogram.requirements.k:
        help_.append("ask for a smaller k or give a larger table")
    held = [place for place, column in enumerate(histogram.columns) if not column.tree.root]
    least = coarsest_suppression(histogram, held)
    hidden, left = _worth_hiding(histogram, held, budget.share)
    if hidden and total:
        help_.append(
            f"generalise or drop {', '.join(hidden)}, published as it is now: "
            f"suppression falls from {least:.1%} to {left:.1%}"
        )
    if not histogram.usable.all():
        counted = replace(histogram, usable=np.ones(histogram.combinations, dtype=bool))
        help_.append(
            "count an empty cell as a value of its own: "
            f"suppression falls from {least:.1%} to {coarsest_suppression(counted, held):.1%}"
        )
    if histogram.requirements.more_than_subjects:
        blind = replace(histogram, requirements=histogram.requirements.blind(histogram.requirements.k))
        help_.append(
            "ask less of sensitive values, households and the average risk: "
            f"suppression falls from {rows / total:.1%} to {coarsest_suppression(blind, held):.1%} without them"
        )
    help_.append(f"allow suppressing {rows / total:.1%} of the rows" if total else "give a table with rows")
    return Unreachable(
        f"{histogram.requirements.asked} cannot be reached: {why}. "
        f"{rows} of {total} rows ({lost} of {histogram.total_subjects} subjects) "
        f"would be suppressed, the limit is {budget.share:.1%}. To go on: {'; or '.join(help_)}."
    )


def coarsest_suppression(histogram: Histogram, held: Sequence[int]) -> float:
    """Share of rows that fail when the columns at ``held`` stay as they are and all others show nothing."""
    failing = ~histogram.usable
    usable = np.flatnonzero(histogram.usable)
    if len(usable):
        group, groups = np.zeros(len(usable), dtype=np.int64), 1
        if held:
            first, group = rows_alike(
                [histogram.leaf[usable, place] for place in held], [histogram.columns[p].tree.leaves for p in held]
            )
            groups = len(first)
        failing[usable] = ~histogram.requirements.publishable(usable, group, groups)[group]
    return float(histogram.rows[failing].sum()) / max(histogram.total_rows, 1)


def _worth_hiding(histogram: Histogram, held: list[int], limit: float) -> tuple[list[str], float]:
    """Columns to make coarser that so far cannot be, each time the one that helps most, until the limit is kept; and
    the share of rows that then still fails. None where that helps nothing."""
    rest, chosen = list(held), []
    share = start = coarsest_suppression(histogram, rest)
    while rest and share > limit:
        tried = {place: coarsest_suppression(histogram, [p for p in rest if p != place]) for place in rest}
        best = min(rest, key=lambda place: (tried[place], place))
        rest.remove(best)
        chosen.append(histogram.columns[best].name)
        share = tried[best]
    return (chosen, share) if share < start else ([], start)
