"""The city drawn by its own data: points by longitude and latitude, without tiles and without a server to ask.

Equirectangular projection with the middle latitude's cosine, which is exact enough for one city. Points are
grouped into three sizes and written as one path each, so a thousand cost a few kilobytes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from web.charts.figure import Table, data_table
from web.charts.svg import coordinate, described, markup
from web.formats import number
from web.i18n import gettext as _

WIDTH, HEIGHT, MARGIN = 1120.0, 600.0, 24.0
STROKES = (5.0, 8.0, 13.0)
TABLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """WGS84 degrees. `weight` (0 or more) chooses one of three sizes; `label` names the point in the table."""

    longitude: float
    latitude: float
    weight: float = 1.0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A name written on the map."""

    name: str
    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class PointMap:
    """Points of the city. `bounds` (west, south, east, north) fixes the frame; else the points do, without the
    outermost hundredth when there are many."""

    title: str
    points: Sequence[GeoPoint]
    note: str = ""
    sentence: str = ""
    places: Sequence[Place] = ()
    bounds: tuple[float, float, float, float] | None = None
    name_head: str = ""
    weight_head: str = ""
    with_table: bool = True


def _frame(points: Sequence[GeoPoint]) -> tuple[float, float, float, float]:
    def ends(values: list[float]) -> tuple[float, float]:
        ordered = sorted(values)
        cut = len(ordered) // 200
        return ordered[cut], ordered[-1 - cut]

    west, east = ends([point.longitude for point in points])
    south, north = ends([point.latitude for point in points])
    return west, south, east, north


class _Projection:
    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        west, south, east, north = bounds
        self._squeeze = math.cos(math.radians((south + north) / 2))
        width = max((east - west) * self._squeeze, 1e-9)
        height = max(north - south, 1e-9)
        if width <= 1e-9 and height <= 1e-9:
            width = height = 0.01
        self._scale = min((WIDTH - 2 * MARGIN) / width, (HEIGHT - 2 * MARGIN) / height)
        self._west, self._north = west, north
        self._left = (WIDTH - width * self._scale) / 2
        self._top = (HEIGHT - height * self._scale) / 2

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        x = self._left + (longitude - self._west) * self._squeeze * self._scale
        return x, self._top + (self._north - latitude) * self._scale


def _path(spots: list[tuple[int, int]]) -> str:
    """Round dots: moves relative to each other, each followed by a line of no length."""
    pieces: list[str] = []
    x = y = 0
    for index, (to_x, to_y) in enumerate(sorted(set(spots))):
        pieces.append(f"M{to_x} {to_y}h0" if index == 0 else f"m{to_x - x} {to_y - y}h0")
        x, y = to_x, to_y
    return "".join(pieces)


def point_map(chart: PointMap) -> Markup:
    """The map as a `<figure>`. Points outside the frame are not drawn; points that share a dot are drawn once."""
    bounds = chart.bounds or (_frame(chart.points) if chart.points else (113.75, 22.45, 114.62, 22.86))
    projection = _Projection(bounds)
    groups = _sizes(chart.points)
    drawn: list[str] = []
    for stroke, group in zip(STROKES, groups, strict=True):
        spots = []
        for point in group:
            x, y = projection.at(point.longitude, point.latitude)
            if 0 <= x <= WIDTH and 0 <= y <= HEIGHT:
                spots.append((round(x), round(y)))
        if spots:
            drawn.append(f'<path class="dots" stroke-width="{coordinate(stroke)}" d="{_path(spots)}"/>')
    names = []
    for place in chart.places:
        x, y = projection.at(place.longitude, place.latitude)
        if 0 <= x <= WIDTH and 0 <= y <= HEIGHT:
            names.append(
                markup(
                    f'<text x="{coordinate(100 * x / WIDTH, 1)}%" y="{coordinate(100 * y / HEIGHT, 1)}%">',
                    escape(place.name),
                    "</text>",
                )
            )
    sentence = chart.sentence or " ".join(part for part in (chart.title, chart.note) if part)
    picture = markup(
        f'<div class="map"><svg {described(sentence)}>',
        f'<svg viewBox="0 0 {coordinate(WIDTH)} {coordinate(HEIGHT)}">',
        *drawn,
        '</svg><g aria-hidden="true">',
        *names,
        "</g></svg></div>",
    )
    note = markup("<small>", escape(chart.note), "</small>") if chart.note else ""
    table = _table(chart) if chart.with_table and chart.points else ""
    return markup(
        '<figure class="chart"><figcaption>', escape(chart.title), note, "</figcaption>", picture, table, "</figure>"
    )


def _sizes(points: Sequence[GeoPoint]) -> tuple[list[GeoPoint], list[GeoPoint], list[GeoPoint]]:
    """Small, middle, large: by thirds of the largest weight's square root, so that area follows weight."""
    groups: tuple[list[GeoPoint], list[GeoPoint], list[GeoPoint]] = ([], [], [])
    largest = max((point.weight for point in points), default=0.0)
    same = all(point.weight == largest for point in points)
    for point in points:
        share = math.sqrt(point.weight / largest) if largest > 0 else 0.0
        groups[0 if same else min(2, int(share * 3))].append(point)
    return groups


def _table(chart: PointMap) -> Markup:
    """The heaviest points; a map of thousands has its full table in the download."""
    ordered = sorted(chart.points, key=lambda point: -point.weight)[:TABLE_ROWS]
    head = [chart.name_head or _("Place"), _("Longitude"), _("Latitude")]
    if chart.weight_head:
        head.append(chart.weight_head)
    rows = [
        [
            point.label or str(index + 1),
            f"{point.longitude:.4f}",
            f"{point.latitude:.4f}",
            *([number(point.weight)] if chart.weight_head else []),
        ]
        for index, point in enumerate(ordered)
    ]
    shown = (
        _("Show the data")
        if len(chart.points) <= TABLE_ROWS
        else _("Show the first %(shown)s of %(all)s", shown=number(TABLE_ROWS), all=number(len(chart.points)))
    )
    table = data_table(Table(chart.title, head, rows))
    return markup("<details><summary>", escape(shown), "</summary>", table, "</details>")
