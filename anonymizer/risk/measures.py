"""How easily subjects can be told apart, from the sizes of classes that look alike.

Three attackers after El Emam: the *prosecutor* knows the target is in the table (risk 1/size), the
*journalist* looks for
anyone and would need the population (without one the table stands for it, which overstates), the
*marketer* matches
everybody (expected share of right matches: classes / subjects).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contracts.privacy import AttackerRisk, HistogramBar, Risk

IntArray = npt.NDArray[np.int64]

_BARS: tuple[tuple[int, int | None], ...] = (
    (1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 999), (1000, None),
)  # fmt: skip


def measure(sizes: IntArray, *, threshold: float) -> Risk:
    """Risk of classes of these sizes (in subjects); ``threshold`` is the highest risk thought acceptable."""
    sizes = sizes[sizes > 0]
    subjects, classes = int(sizes.sum()), len(sizes)
    if classes == 0:
        none = [
            AttackerRisk(attacker=a, highest=0.0, average=0.0, share_above=0.0)
            for a in ("prosecutor", "journalist", "marketer")
        ]
        return Risk(
            threshold=threshold, subjects=0, classes=0, unique_subjects=0, smallest_class=None, average_class=None,
            attackers=none, histogram=bars(sizes),
        )  # fmt: skip
    highest = 1.0 / float(sizes.min())
    average = classes / subjects
    above = float(sizes[1.0 / sizes > threshold + 1e-12].sum()) / subjects
    return Risk(
        threshold=threshold,
        subjects=subjects,
        classes=classes,
        unique_subjects=int((sizes == 1).sum()),
        smallest_class=int(sizes.min()),
        average_class=subjects / classes,
        attackers=[
            AttackerRisk(attacker="prosecutor", highest=highest, average=average, share_above=above),
            AttackerRisk(attacker="journalist", highest=highest, average=average, share_above=above),
            AttackerRisk(
                attacker="marketer",
                highest=average,
                average=average,
                share_above=1.0 if average > threshold + 1e-12 else 0.0,
            ),
        ],
        histogram=bars(sizes),
    )


def bars(sizes: IntArray) -> list[HistogramBar]:
    """Class sizes counted in bars that grow with the size."""
    found = []
    for low, high in _BARS:
        inside = (sizes >= low) & (sizes <= high if high is not None else True)
        found.append(HistogramBar(low=low, high=high, classes=int(inside.sum()), subjects=int(sizes[inside].sum())))
    return found
