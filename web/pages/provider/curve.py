"""Loss and risk for several k, as pages show them: two charts with the policy's k marked, and everything as a table."""

from collections.abc import Callable, Sequence
from typing import Any

from contracts.privacy import CurvePoint
from web.charts.lines import Lines, Series
from web.formats import DASH, number, percent
from web.i18n import gettext as _


def curve(points: Sequence[CurvePoint], k: int) -> dict[str, Any] | None:
    """What `provider/curve.html` takes; None where no k can be reached or there is nothing to choose from."""
    if sum(point.reached for point in points) < 2:
        return None
    mark = next((place for place, point in enumerate(points) if point.k == k), None)
    names = [number(point.k) for point in points]

    def chart(title: str, note: str, series: list[Series]) -> Lines:
        return Lines(
            title=title,
            note=note,
            names=names,
            name_head=_("k"),
            series=series,
            digits=2,
            mark=mark,
            mark_label=_("k = %(k)s, as the policy asks", k=number(k)),
        )

    return {
        "loss": chart(
            _("What each k costs"),
            _("in percent"),
            [
                Series(_("Information lost"), _of(points, lambda point: point.loss)),
                Series(_("Rows suppressed"), _of(points, lambda point: point.suppression_share)),
            ],
        ),
        "risk": chart(
            _("What each k protects from"),
            _("risk of being recognised, in percent"),
            [
                Series(_("Highest risk"), _of(points, lambda point: _attacker(point, "prosecutor", "highest"))),
                Series(_("Average risk"), _of(points, lambda point: _attacker(point, "prosecutor", "average"))),
            ],
        ),
        "rows": [_row(point, point.k == k) for point in points],
        "unreached": [number(point.k) for point in points if not point.reached],
    }


def _of(points: Sequence[CurvePoint], figure: Callable[[CurvePoint], float | None]) -> list[float | None]:
    """A figure of each point, in percent; None where k is not reached."""
    found = [figure(point) if point.reached else None for point in points]
    return [None if value is None else value * 100 for value in found]


def _attacker(point: CurvePoint, name: str, figure: str) -> float | None:
    risk = next((one for one in point.attackers if one.attacker == name), None)
    return None if risk is None else float(getattr(risk, figure))


def _row(point: CurvePoint, own: bool) -> list[str]:
    """The cells of one k: loss, suppression, smallest class, then highest and average risk by attacker."""
    name = _("%(k)s (policy)", k=number(point.k)) if own else number(point.k)
    if not point.reached:
        return [name, *[DASH] * 8]
    risks = [
        _percent(_attacker(point, attacker, figure))
        for attacker, figure in (
            ("prosecutor", "highest"),
            ("prosecutor", "average"),
            ("journalist", "highest"),
            ("journalist", "average"),
            ("marketer", "average"),
        )
    ]
    smallest = DASH if point.smallest_class is None else number(point.smallest_class)
    return [name, _percent(point.loss), _percent(point.suppression_share), smallest, *risks]


def _percent(value: float | None) -> str:
    return DASH if value is None else percent(value, 2)
