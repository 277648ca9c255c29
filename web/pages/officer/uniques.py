"""By how few columns subjects stand alone, as the officer sees it."""

from typing import Any

from contracts.privacy import SampleUniques
from web.formats import number, percent
from web.i18n import gettext as _


def uniques(found: SampleUniques | None) -> dict[str, Any] | None:
    """What `officer/uniques.html` takes; None where nobody stands alone or nothing was counted."""
    if found is None or not found.uniques:
        return None
    sentences = [
        _("%(count)s combinations belong to one subject alone before treatment.", count=number(found.uniques)),
        _("All sets of columns were looked at.")
        if found.complete
        else _(
            "Sets of up to %(columns)s columns were looked at: the table is too large for more, so some who stand "
            "alone by more columns are not named here.",
            columns=number(found.columns_at_most),
        ),
    ]
    if found.dis is not None:
        sentences.append(
            _("A match with one of them is right with a chance of %(chance)s (DIS).", chance=percent(found.dis, 2))
        )
    return {
        "sentences": sentences,
        "sizes": [[number(one.size), number(one.found), number(one.combinations)] for one in found.by_size],
        "columns": [[one.column, percent(one.share)] for one in found.columns],
        "riskiest": [
            [
                number(one.score),
                None if one.dis_score is None else percent(one.dis_score, 2),
                number(one.smallest),
                number(one.found),
                " · ".join(f"{name} {shape or '—'}" for name, shape in one.shapes.items()),
            ]
            for one in found.riskiest
        ],
    }
