"""Who stands alone by how few columns, for the officer."""

from __future__ import annotations

import numpy as np

from anonymizer.applying import raw_groups
from anonymizer.preparation import Prepared
from anonymizer.report.utility import shapes_of
from anonymizer.risk.uniques import minimal_uniques
from contracts.privacy import ColumnShare, SampleUniques, SpecialUnique, UniquesOfSize

_SHOWN = 10


def sample_uniques(prepared: Prepared) -> SampleUniques | None:
    """Minimal sample uniques of the raw quasi-identifiers at their finest published level; an empty cell is a value of
    its own. None without quasi-identifiers."""
    if not prepared.quasi_identifiers:
        return None
    histogram, policy = prepared.histogram, prepared.policy
    first, group = raw_groups(prepared)
    uniques = minimal_uniques(histogram.leaf, histogram.requirements.subjects, first, group, len(first))
    count = np.zeros(len(first), dtype=np.int64)
    smallest = np.full(len(first), len(prepared.quasi_identifiers) + 1, dtype=np.int64)
    for places, members in uniques.found:
        count[members] += 1
        smallest[members] = np.minimum(smallest[members], len(places))
    drawn = None if policy.population is None else histogram.total_subjects / policy.population
    scores = uniques.scores
    chance = None if drawn is None else uniques.dis_scores(drawn)
    shown = np.argsort(-scores, kind="stable")[:_SHOWN]
    shown = shown[scores[shown] > 0]
    names = [column.name for column in prepared.quasi_identifiers]
    shares = sorted(zip(names, uniques.contributions.tolist(), strict=True), key=lambda item: -item[1])
    return SampleUniques(
        uniques=int(uniques.alone.sum()),
        columns_at_most=uniques.largest,
        complete=uniques.complete,
        by_size=[
            UniquesOfSize(
                size=size,
                found=sum(len(members) for places, members in uniques.found if len(places) == size),
                combinations=int((smallest == size).sum()),
            )
            for size in range(1, uniques.largest + 1)
        ],
        columns=[ColumnShare(column=name, share=share) for name, share in shares],
        dis=None if drawn is None else uniques.dis(drawn),
        riskiest=[
            SpecialUnique(
                score=float(scores[c]),
                dis_score=None if chance is None else float(chance[c]),
                found=int(count[c]),
                smallest=int(smallest[c]),
                shapes=shapes,
            )
            for c, shapes in zip(shown, shapes_of(prepared, first[shown]), strict=True)
        ],
    )
