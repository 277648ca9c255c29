"""What a policy would do to a table, fast enough to show while it is being edited."""

from __future__ import annotations

import secrets

import numpy as np

from anonymizer import sources
from anonymizer.applying import form_classes, raw_sizes
from anonymizer.errors import Unreachable
from anonymizer.preparation import Prepared, prepare, search
from anonymizer.releasing import release_rows
from anonymizer.report.builder import linked, warnings
from anonymizer.report.curve import curve
from anonymizer.report.losses import losses, overall
from anonymizer.report.obstacles import obstacles
from anonymizer.report.utility import draw, sample_rows
from anonymizer.results import PolicyEffect
from anonymizer.risk import bars
from anonymizer.sources import Source
from contracts.privacy import HistogramBar, Policy
from contracts.text import Text

_LARGEST = 50_000
_SEED = b"shuyi preview"


def preview(table: Source, policy: Policy, *, rows: int = 20, explore: bool = False) -> PolicyEffect:
    """The effect of a policy: k reached, suppression, loss, class sizes and ``rows`` sample rows (raw cells
    as shapes).

    Tables of more than 50,000 rows are judged by that many rows drawn at random, which makes classes look
    smaller than they are; ``sampled`` and a warning say so. With ``explore`` risk and loss are told for several
    k. A policy that cannot be carried out is no error here: ``reached`` is False and ``problem`` and ``obstacles``
    tell why.
    Raises :class:`contracts.errors.InvalidInput` where policy and table do not fit together.
    """
    frame = sources.read(table)
    total = frame.height
    sampled = total > _LARGEST
    if sampled:
        frame = frame[np.sort(draw(_SEED, total, _LARGEST)).tolist()]
    prepared = prepare(frame, policy)
    before = raw_sizes(prepared)
    quasi = bool(prepared.quasi_identifiers)
    k_before = int(before.min()) if quasi and len(before) else None
    histogram_before = bars(before) if quasi else []
    notes = [_sampled_note(total, prepared)] if sampled else []
    try:
        recoding = search(prepared, _SEED)
    except Unreachable as error:
        return PolicyEffect(
            reached=False, problem=error.detail, k_required=policy.k, k_before=k_before, k_reached=None,
            rows_in=total, rows_used=frame.height, sampled=sampled, rows_suppressed=frame.height,
            suppression_share=1.0, loss=1.0, loss_by_column=[], histogram_before=histogram_before,
            histogram_after=[], sample=[], warnings=notes, curve=curve(prepared, None) if explore else [],
            obstacles=obstacles(prepared),
        )  # fmt: skip
    classes = form_classes(prepared, recoding)
    by_column = losses(prepared, recoding, classes)
    chosen = np.sort(draw(_SEED, frame.height, rows))
    # A key of the moment: the pseudonyms shown are those of no release.
    released = release_rows(
        prepared, classes, secrets.token_bytes(32), "preview", tell=lambda stage, share: None, only=chosen
    )
    suppressed = int(prepared.histogram.rows[recoding.suppressed].sum())
    found = warnings(prepared, by_column, linked(prepared, classes))
    after: list[HistogramBar] = bars(classes.subjects) if quasi else []
    return PolicyEffect(
        reached=True,
        problem=None,
        k_required=policy.k,
        k_before=k_before,
        k_reached=int(classes.subjects.min()) if quasi and len(classes.subjects) else None,
        rows_in=total,
        rows_used=frame.height,
        sampled=sampled,
        rows_suppressed=suppressed,
        suppression_share=suppressed / frame.height,
        loss=overall(by_column),
        loss_by_column=by_column,
        histogram_before=histogram_before,
        histogram_after=after,
        sample=sample_rows(prepared, classes, released.contract, chosen, released.table),
        warnings=notes + [warning.text for warning in found],
        curve=curve(prepared, recoding) if explore else [],
        obstacles=obstacles(prepared) if explore else None,
    )


def _sampled_note(total: int, prepared: Prepared) -> Text:
    used = prepared.table.height
    return {
        "zh-CN": f"按随机抽取的 {used} 行（共 {total} 行）估计：整表的等价类更大，损失更小。",
        "en": f"Judged by {used} rows drawn from {total}: in the whole table classes are larger and less is lost.",
    }
