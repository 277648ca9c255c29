"""Bars that compare one figure with a limit: quota and meter, and the swatches that explain them."""

from typing import Literal

from markupsafe import Markup

from web import formats
from web.charts.svg import coordinate, described, markup, rect
from web.i18n import gettext as _

NEARLY = 0.8
"""From this share of a quota on it is nearly used up."""

SwatchKind = Literal["used", "nearly", "spent", "forecast", "today", "one", "two", "limit", "soft"]
_SWATCHES: dict[str, str] = {
    "used": '<rect class="f1" width="18" height="10"/>',
    "nearly": '<rect class="f2" width="18" height="10"/>',
    "spent": '<rect class="fx" width="18" height="10"/>',
    "forecast": '<rect class="f1s" width="18" height="10"/>',
    "soft": '<rect class="f1s" width="18" height="10"/>',
    "today": '<rect class="fl" x="8" width="2" height="10"/>',
    "one": '<path class="l1" stroke-width="2.5" d="M0 5h18"/>',
    "two": '<path class="l2 dash" stroke-width="2.5" d="M0 5h18"/>',
    "limit": '<path class="li dash" stroke-width="1.5" d="M0 5h18"/>',
}


def swatch(kind: SwatchKind) -> Markup:
    """The sign that stands in a legend before its words."""
    return markup(f'<svg viewBox="0 0 18 10" aria-hidden="true">{_SWATCHES[kind]}</svg>')


def _clamped(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def quota(
    used: int, granted: int, forecast: int | None = None, elapsed: float | None = None, *, goes_on: bool = False
) -> Markup:
    """A quota's bar: used, expected at the end of the period, and how much of the period is gone (0 to 1). `goes_on`:
    what is used beyond the quota is paid for, so a quota used up is no fault."""
    share = used / granted if granted else 1.0
    fill = "f1" if share < NEARLY else ("f2" if share < 1 or goes_on else "fx")
    sentence = _("%(used)s of %(granted)s used", used=formats.number(used), granted=formats.number(granted))
    pieces = [rect(0, 6, 100, 12, "f0")]
    if forecast is not None:
        expected = forecast / granted if granted else 1.0
        sentence = _(
            "%(sentence)s, %(forecast)s expected by the end of the period",
            sentence=sentence,
            forecast=formats.number(forecast),
        )
        pieces.append(rect(0, 6, 100 * _clamped(expected), 12, "f1s"))
    pieces.append(rect(0, 6, 100 * _clamped(share), 12, fill))
    if elapsed is not None:
        pieces.append(rect(100 * _clamped(elapsed) - 0.15, 0, 0.3, 24, "fl"))
    return markup(f'<svg viewBox="0 0 100 24" preserveAspectRatio="none" {described(sentence)}>', *pieces, "</svg>")


def meter_state(value: float, limit: float | None, better: Literal["low", "high"] = "low") -> str:
    """`good`, `care` (exactly at the limit) or `stop` (beyond it, on the wrong side)."""
    if limit is None or (abs(value - limit) > 1e-9 and (value < limit) == (better == "low")):
        return "good"
    return "care" if abs(value - limit) <= 1e-9 else "stop"


def meter(
    value: float, limit: float | None, scale: float, better: Literal["low", "high"] = "low", label: str = ""
) -> Markup:
    """A value on a scale from 0 to `scale`, with its limit as a black line."""
    fill = {"good": "f1", "care": "f2", "stop": "fx"}[meter_state(value, limit, better)]
    sentence = f"{label} {formats.percent(value)}".strip()
    pieces = [rect(0, 5, 100, 6, "f0"), rect(0, 5, 100 * _clamped(value / scale), 6, fill)]
    if limit is not None:
        sentence = _("%(sentence)s, limit %(limit)s", sentence=sentence, limit=formats.percent(limit))
        pieces.append(rect(min(100 * _clamped(limit / scale), 99.5), 0, 0.5, 16, "fi"))
    return markup(
        f'<svg viewBox="0 0 {coordinate(100)} 16" preserveAspectRatio="none" {described(sentence)}>', *pieces, "</svg>"
    )


def meter_verdict(value: float, limit: float, better: Literal["low", "high"] = "low") -> str:
    """The words below a meter: what the limit is and on which side the value lies."""
    shown = formats.percent(limit)
    state = meter_state(value, limit, better)
    if state == "care":
        return _("Exactly at the limit of %(limit)s.", limit=shown)
    if better == "low":
        return (
            _("Below the limit of %(limit)s.", limit=shown)
            if state == "good"
            else _("Above the limit of %(limit)s.", limit=shown)
        )
    return (
        _("Above the required %(limit)s.", limit=shown)
        if state == "good"
        else _("Below the required %(limit)s.", limit=shown)
    )
