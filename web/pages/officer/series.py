"""What a release tells together with earlier ones of its dataset, as the officer sees it."""

from typing import Any

from contracts.privacy import OfficerReport
from web.formats import number
from web.i18n import N_
from web.i18n import gettext as _
from web.pages.portal.words import word

REASONS = {
    "destroyed": N_("not compared: its raw data were destroyed on their date"),
    "no-link": N_("not compared: no column tells which rows are about the same subject"),
    "no-classes": N_("not compared: it has no classes, or they were not kept"),
}


def series(report: OfficerReport) -> dict[str, Any] | None:
    """What `officer/series.html` takes; None where the dataset had no earlier release."""
    claim = report.public.claims.attested.series
    if claim is None:
        return None
    sentences = []
    if claim.k is not None:
        sentences.append(
            _(
                "Whoever intersects this release with the earlier ones is left with at least %(k)s candidates for "
                "everybody. Subjects are followed by column %(column)s.",
                k=number(claim.k),
                column=claim.linked_by or "",
            )
        )
    sentences += [
        _(
            "Of column %(column)s at least %(count)s values stay possible where a value has not changed; %(wanted)s "
            "are asked for.",
            column=found.column or "",
            count=number(found.reached),
            wanted=number(found.required),
        )
        for found in claim.diversity
        if found.reached is not None
    ]
    few = [
        _(
            "%(count)s subjects of %(release)s are gone with fewer than k of their class. Who knows that somebody left "
            "can compare both releases; a later release cannot prevent that.",
            count=number(one.gone_below_k),
            release=one.release,
        )
        for one in report.series
        if one.gone_below_k
    ]
    told = [
        [one.release, number(one.followed), number(one.gone), number(one.gone_below_k), _("compared")]
        for one in report.series
    ]
    missing = [[one.release, None, None, None, word(REASONS, one.reason)] for one in claim.not_compared]
    return {"sentences": sentences, "care": few, "rows": told + missing}
