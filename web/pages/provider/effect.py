"""What a policy does, as the page shows it: figures, class sizes with the k line, shapes before and values after."""

from dataclasses import replace
from typing import Any

from anonymizer import PolicyEffect
from contracts.privacy import HistogramBar, Policy
from web.charts.histogram import Bin, ClassSizes
from web.formats import number, percent
from web.i18n import gettext as _
from web.i18n import localized
from web.messages import tell
from web.pages.portal.words import ROLE_KINDS, ROLES, UNITS, word
from web.pages.provider.curve import curve
from web.pages.provider.effect_words import LEVELS
from web.pages.provider.obstacles import obstacles
from web.pages.provider.policy_form import TREATMENTS, kind_of, parameter_of


def bins(bars: list[HistogramBar]) -> list[Bin]:
    """The anonymiser's bars as the chart takes them."""
    return [Bin(bar.low, bar.high, bar.classes, bar.subjects) for bar in bars]


def class_sizes(bars: list[HistogramBar], k: int, unit: str) -> ClassSizes | None:
    """The chart of class sizes, or None where there are no classes."""
    if not any(bar.classes for bar in bars):
        return None
    classes, subjects = sum(bar.classes for bar in bars), sum(bar.subjects for bar in bars)
    return ClassSizes(
        title=_("How many classes there are, by size"),
        bins=bins(bars),
        k=k,
        note=_("%(classes)s classes, %(count)s %(unit)s", classes=number(classes), count=number(subjects), unit=unit),
        unit=unit,
    )


def treatment(policy: Policy, name: str) -> str:
    """What the policy does with a column, in words."""
    column = policy.columns[name]
    kind = kind_of(column)
    said, parameter = word(TREATMENTS, kind), parameter_of(column)
    if kind in ("date", "divisions", "pseudonymise"):
        parameter = " → ".join(word(LEVELS, level) for level in parameter.split())
    return _("%(treatment)s (%(parameter)s)", treatment=said, parameter=parameter) if parameter else said


def before_after(policy: Policy, before: dict[str, str], after: dict[str, str] | None) -> list[dict[str, Any]]:
    """Rows for `ui.before_after`: every column with its role, treatment, shape before and value after."""
    rows = []
    for name, column in policy.columns.items():
        shown = None if after is None else after.get(name)
        rows.append(
            {
                "column": name,
                "role": word(ROLES, column.role),
                "role_kind": ROLE_KINDS.get(column.role, ""),
                "treatment": treatment(policy, name),
                "before": before.get(name, ""),
                "after": shown,
            }
        )
    return rows


def context(policy: Policy, found: PolicyEffect) -> dict[str, Any]:
    """What the effect's template knows."""
    unit = word(UNITS, policy.subject_unit)
    kept = next((row for row in found.sample if row.after is not None), None)
    suppressed = _(
        "%(share)s (%(rows)s rows)", share=percent(found.suppression_share, 2), rows=number(found.rows_suppressed)
    )
    limit = _("Suppressed, limit %(limit)s", limit=percent(policy.suppression_limit, 0))
    figures: list[tuple[str, str]] = [(limit, suppressed)]
    if policy.quasi_identifiers:
        reached = number(found.k_reached) if found.k_reached is not None else "—"
        asked = _("Smallest class, %(k)s asked for", k=number(found.k_required))
        figures = [(asked, reached), *figures, (_("Information lost"), percent(found.loss))]
    return {
        "effect": replace(found, problem=tell(found.problem)) if found.problem else found,
        "figures": figures,
        "chart": class_sizes(found.histogram_after, found.k_required, unit),
        "shown": before_after(policy, kept.before, kept.after) if kept else [],
        "losses": [(loss.column, loss.loss) for loss in found.loss_by_column],
        "warnings": [localized(text) for text in found.warnings],
        "curve": curve(found.curve, policy.k),
        "obstacles": obstacles(found.obstacles, policy),
    }
