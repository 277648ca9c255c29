"""The officer's report as pages show it: conclusions, treatments with a sample, class sizes, risk, utility."""

from typing import Any

from catalog.releases.models import Artifact
from contracts.privacy import AttackerRisk, ColumnUtility, Exploration, OfficerReport, Policy
from web.formats import number, percent
from web.i18n import N_, localized
from web.i18n import gettext as _
from web.pages.officer.series import series
from web.pages.officer.uniques import uniques
from web.pages.portal.words import MODELS, UNITS, figure, word
from web.pages.provider.curve import curve
from web.pages.provider.effect import before_after, class_sizes
from web.pages.provider.obstacles import obstacles

ATTACKERS = {
    "prosecutor": N_("Who knows that the person is in the table (prosecutor)"),
    "journalist": N_("Who looks for anybody (journalist)"),
    "marketer": N_("Who wants as many as possible (marketer)"),
}


def review(policy: Policy, artifact: Artifact, report: OfficerReport, row: int) -> dict[str, Any]:
    """What the review page shows; `row` chooses the sample row."""
    sample = report.sample
    row = max(0, min(row, len(sample) - 1))
    chosen = sample[row] if sample else None
    unit = word(UNITS, policy.subject_unit)
    found = report.exploration
    return {
        "figures": _figures(policy, artifact, report),
        "to_judge": [localized(warning.text) for warning in report.public.warnings],
        "row": row + 1,
        "rows": len(sample),
        "suppressed_row": chosen is not None and chosen.after is None,
        "shown": before_after(policy, chosen.before, chosen.after) if chosen else [],
        "classes": class_sizes(report.risk_after.histogram, artifact.k_required, unit),
        "meters": _meters(report) if policy.quasi_identifiers else [],
        "utility": _utility(report),
        "series": series(report) if policy.quasi_identifiers else None,
        "uniques": uniques(found.sample_uniques) if found else None,
        "curve": curve(found.curve, policy.k) if found else None,
        "obstacles": obstacles(found.obstacles, policy) if found else None,
        "unexplored": _unexplored(policy, found),
        "losses": [(found.column, found.loss) for found in report.public.claims.attested.loss_by_column],
        "suppressed": [
            (combination.subjects, _shapes(combination.shapes)) for combination in report.suppressed_profile[:10]
        ],
    }


def _unexplored(policy: Policy, found: Exploration | None) -> str:
    """Why nothing is told of other k, where something could be."""
    if not policy.quasi_identifiers:
        return ""
    if found is None:
        return _("How other k would do is still being worked out. It will be here when you open this page again.")
    return _("How other k would do could not be worked out. The operator can see why.") if found.failed else ""


def full(policy: Policy, report: OfficerReport) -> dict[str, Any]:
    """What the full report adds: before the treatment, riskiest combinations, distributions, the public claims."""
    unit = word(UNITS, policy.subject_unit)
    public = report.public
    return {
        "before": class_sizes(report.risk_before.histogram, policy.k, unit),
        "risk_before": [_risk_row(found) for found in report.risk_before.attackers],
        "risk_after": [_risk_row(found) for found in report.risk_after.attackers],
        "households": _households(report),
        "riskiest": [(found.subjects, _shapes(found.shapes)) for found in report.riskiest],
        "distributions": [_distribution(found) for found in report.utility],
        "treatments": [
            (found.column, localized(found.description), ", ".join(found.published_as) or "—")
            for found in public.treatments
        ],
        "assumptions": [localized(text) for text in public.assumptions],
        "laws": [
            (localized(found.source), found.article, localized(found.requirement)) for found in public.law_references
        ],
        "recomputable": public.claims.recomputable,
        "attested": public.claims.attested,
        "discernibility": report.discernibility,
        "average_class_ratio": report.average_class_ratio,
        "unit": unit,
    }


def _figures(policy: Policy, artifact: Artifact, report: OfficerReport) -> list[dict[str, str]]:
    share = artifact.rows_suppressed / artifact.rows_in if artifact.rows_in else 0.0
    told = [
        {
            "value": number(share * 100, 2),
            "unit": "%",
            "label": _(
                "suppressed: %(rows)s rows, limit %(limit)s",
                rows=number(artifact.rows_suppressed),
                limit=percent(policy.suppression_limit, 0),
            ),
        },
        {
            "value": number(artifact.rows_published),
            "label": _("rows published of %(rows)s", rows=number(artifact.rows_in)),
        },
    ]
    if policy.quasi_identifiers:
        told.insert(
            0,
            {
                "value": number(artifact.k_reached) if artifact.k_reached is not None else "—",
                "label": _("smallest class, %(k)s asked for", k=number(artifact.k_required)),
            },
        )
        loss = report.public.claims.attested.loss
        told.append({"value": number(loss * 100, 1), "unit": "%", "label": _("information lost")})
    for threshold in report.public.thresholds:
        if threshold.column is None:
            continue
        told.append(
            {
                "value": figure(threshold.reached),
                "label": _(
                    "%(model)s; column %(column)s, %(wanted)s asked for",
                    model=word(MODELS, threshold.model),
                    column=threshold.column,
                    wanted=number(threshold.required),
                ),
            }
        )
    return told[:4]


def _meters(report: OfficerReport) -> list[dict[str, Any]]:
    limit = report.risk_after.threshold
    shown = []
    for found in report.risk_after.attackers:
        value = found.highest if found.attacker != "marketer" else found.average
        shown.append(
            {
                "label": word(ATTACKERS, found.attacker),
                "value": value,
                "limit": limit,
                "scale": max(limit * 2, value, 0.01),
                "hint": _(
                    "on average %(average)s; above the limit %(share)s",
                    average=percent(found.average, 2),
                    share=percent(found.share_above, 2),
                ),
            }
        )
    homes = report.risk_after.households
    if homes is not None:
        before = report.risk_before.households
        shown.append(
            {
                "label": _("That at least one of a household is recognised"),
                "value": homes.highest,
                "limit": homes.threshold,
                "scale": max(homes.threshold * 2, homes.highest, 0.01),
                "hint": _(
                    "on average %(average)s; above the limit %(share)s; before the treatment %(before)s",
                    average=percent(homes.average, 2),
                    share=percent(homes.share_above, 2),
                    before=percent(before.share_above if before else None, 2),
                ),
            }
        )
    return shown


def _utility(report: OfficerReport) -> list[tuple[str, int, int | None, float | None]]:
    """Column, different values before and after, share of the distribution kept."""
    return [
        (
            found.column,
            found.distinct_before,
            found.distinct_after,
            None if found.distance is None else 1 - found.distance,
        )
        for found in report.utility
    ]


def _distribution(found: ColumnUtility) -> dict[str, Any]:
    after = {share.label: share.share for share in found.after}
    labels = list(dict.fromkeys([share.label for share in found.before] + list(after)))
    before = {share.label: share.share for share in found.before}
    return {
        "column": found.column,
        "rows": [(label or "—", before.get(label), after.get(label)) for label in labels[:12]],
        "kept": None if found.distance is None else 1 - found.distance,
    }


def _households(report: OfficerReport) -> list[list[str]]:
    """Risk of households before and after, where the policy tells who lives together."""
    before, after = report.risk_before.households, report.risk_after.households
    if before is None or after is None:
        return []
    both = (before, after)
    return [
        [_("Households"), *(number(one.households) for one in both)],
        [_("Members of the largest"), *(number(one.largest) for one in both)],
        [_("Highest risk"), *(percent(one.highest) for one in both)],
        [_("Average risk"), *(percent(one.average, 2) for one in both)],
        [_("Share above %(limit)s", limit=percent(after.threshold)), *(percent(one.share_above) for one in both)],
    ]


def _risk_row(found: AttackerRisk) -> tuple[str, float, float, float]:
    return word(ATTACKERS, found.attacker), found.highest, found.average, found.share_above


def _shapes(shapes: dict[str, str]) -> str:
    return " · ".join(f"{name} {shape or '—'}" for name, shape in shapes.items())
