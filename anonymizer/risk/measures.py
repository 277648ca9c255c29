"""How easily subjects can be told apart, from the sizes of classes that look alike.

Three attackers after El Emam: the *prosecutor* knows the target is in the table (risk 1/size), the *journalist* looks
for anyone and would need the population (without its size the table stands for it, which overstates), the *marketer*
matches everybody (expected share of right matches: classes / subjects).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from anonymizer.risk.population import population_uniques
from contracts.privacy import AttackerRisk, HistogramBar, Risk

IntArray = npt.NDArray[np.int64]

_BARS: tuple[tuple[int, int | None], ...] = (
    (1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 999), (1000, None),
)  # fmt: skip


def measure(sizes: IntArray, *, threshold: float, population: int | None = None, drawn: int | None = None) -> Risk:
    """Risk of classes of these sizes (in subjects); ``threshold`` is the highest risk thought acceptable.

    With ``population`` (subjects it has) and ``drawn`` (subjects of the table read) the journalist and the marketer
    look there: a class has as many more subjects as the population has more than the table.
    """
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
    share = 1.0 if population is None else (drawn or subjects) / population
    above, above_there = (float(sizes[factor / sizes > threshold + 1e-12].sum()) / subjects for factor in (1.0, share))
    return Risk(
        threshold=threshold,
        subjects=subjects,
        classes=classes,
        unique_subjects=int((sizes == 1).sum()),
        smallest_class=int(sizes.min()),
        average_class=subjects / classes,
        attackers=[
            AttackerRisk(attacker="prosecutor", highest=highest, average=average, share_above=above),
            AttackerRisk(
                attacker="journalist", highest=share * highest, average=share * average, share_above=above_there
            ),
            AttackerRisk(
                attacker="marketer",
                highest=share * average,
                average=share * average,
                share_above=1.0 if share * average > threshold + 1e-12 else 0.0,
            ),
        ],
        histogram=bars(sizes),
        population_uniques=None if population is None else population_uniques(sizes, population),
    )


def bars(sizes: IntArray) -> list[HistogramBar]:
    """Class sizes counted in bars that grow with the size."""
    found = []
    for low, high in _BARS:
        inside = (sizes >= low) & (sizes <= high if high is not None else True)
        found.append(HistogramBar(low=low, high=high, classes=int(inside.sum()), subjects=int(sizes[inside].sum())))
    return found
