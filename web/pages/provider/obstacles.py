"""Why a table does not reach k as it is, and what helps most, as pages show it."""

from typing import Any

from contracts.privacy import HelpfulStep, Obstacles, Policy
from web.formats import number, percent
from web.i18n import gettext as _
from web.pages.portal.words import word
from web.pages.provider.effect_words import LEVELS


def obstacles(found: Obstacles | None, policy: Policy) -> dict[str, Any] | None:
    """What `provider/obstacles.html` takes; None where nothing was counted."""
    if found is None:
        return None
    limit = percent(policy.suppression_limit, 0)
    failing = percent(found.failing)
    sentence = (
        _(
            "With every column on its finest level %(share)s of the rows would have to be suppressed, the limit is "
            "%(limit)s. What helps most, one after another:",
            share=failing,
            limit=limit,
        )
        if found.steps
        else _(
            "With every column on its finest level %(share)s of the rows would have to be suppressed, the limit is "
            "%(limit)s.",
            share=failing,
            limit=limit,
        )
    )
    return {
        "sentence": sentence,
        "steps": [_step(step) for step in found.steps],
        "rows": [
            [" + ".join(one.columns), number(one.groups), percent(one.below_k), percent(one.unique)]
            for one in found.separations
        ],
    }


def _step(step: HelpfulStep) -> str:
    before, after = percent(step.before), percent(step.after)
    if not step.level:
        return _(
            "Show nothing of %(column)s: suppression falls from %(before)s to %(after)s.",
            column=step.column,
            before=before,
            after=after,
        )
    return _(
        "Make %(column)s coarser (%(level)s): suppression falls from %(before)s to %(after)s.",
        column=step.column,
        level=word(LEVELS, step.level) if step.level in LEVELS else step.level,
        before=before,
        after=after,
    )
