"""Risk and loss for several k, so that who decides can choose k before it is fixed."""

from __future__ import annotations

import numpy as np

from anonymizer.algorithms.recoding import Recoding
from anonymizer.applying import form_classes
from anonymizer.preparation import Prepared, limits, search_along
from anonymizer.report.losses import losses, overall
from anonymizer.risk import measure
from contracts.privacy import CurvePoint

KS = (2, 3, 5, 10, 20, 50)
_SECONDS = 10.0  # effort of a full-domain search over all k together


def curve(prepared: Prepared, own: Recoding | None) -> list[CurvePoint]:
    """A point for each k of :data:`KS` and for the policy's own, rising; all else of the policy stays.

    ``own`` is what the run found for the policy's k; without it that point is searched like the others. Where another
    model of the policy asks for more subjects than k (a highest risk), smaller k change nothing. Points whose k exceeds
    the table's subjects are left out, but for the policy's own.
    """
    if not prepared.quasi_identifiers:
        return []
    histogram, policy = prepared.histogram, prepared.policy
    subjects = histogram.total_subjects
    ks = sorted({k for k in KS if k <= subjects} | {policy.k})
    needed = {k: limits(policy, subjects, k)[0] for k in ks}
    asked = needed[policy.k]
    searched = set(needed.values()) - ({asked} if own is not None else set())
    found = search_along(prepared, sorted(searched), _SECONDS)
    if own is not None:
        found[asked] = own
    return [_point(prepared, k, found.get(needed[k])) for k in ks]


def _point(prepared: Prepared, k: int, recoding: Recoding | None) -> CurvePoint:
    histogram, policy = prepared.histogram, prepared.policy
    if recoding is None:
        return CurvePoint(k=k, reached=False)
    classes = form_classes(prepared, recoding)
    suppressed = int(histogram.rows[recoding.suppressed].sum())
    risk = measure(
        classes.subjects, threshold=1.0 / policy.k, population=policy.population, drawn=histogram.total_subjects
    )
    return CurvePoint(
        k=k,
        reached=True,
        loss=overall(losses(prepared, recoding, classes)),
        rows_suppressed=suppressed,
        suppression_share=suppressed / max(histogram.total_rows, 1),
        smallest_class=int(np.min(classes.subjects)) if len(classes.subjects) else None,
        attackers=risk.attackers,
        proved=bool(recoding.certificate.get("optimal", False)),
    )
