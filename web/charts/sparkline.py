"""A line without axes, the size of a word; the figure it shows stands beside it in words."""

from collections.abc import Sequence

from markupsafe import Markup

from web.charts.svg import coordinate, markup

WIDTH, HEIGHT, TOP, BOTTOM = 144.0, 32.0, 3.0, 30.0


def sparkline(values: Sequence[float]) -> Markup:
    """The course of up to a few dozen values, the last one as a dot. Zero is always on the scale."""
    if not values:
        return Markup("")
    high = max(*values, 0) if len(values) > 1 else max(values[0], 0)
    low = min(*values, 0) if len(values) > 1 else min(values[0], 0)
    span = (high - low) or 1

    def y(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - low) / span

    step = WIDTH / (len(values) - 1) if len(values) > 1 else 0.0
    points = [(index * step, y(value)) for index, value in enumerate(values)]
    if len(points) == 1:
        points = [(0.0, points[0][1]), (WIDTH, points[0][1])]
    path = "L".join(f"{coordinate(px, 0)} {coordinate(py, 1)}" for px, py in points)
    end_x, end_y = points[-1]
    return markup(
        f'<svg class="spark" viewBox="0 0 {coordinate(WIDTH)} {coordinate(HEIGHT)}" aria-hidden="true">',
        f'<path class="l1" stroke-width="1.5" d="M{path}"/>',
        '<path class="l1" stroke-width="5" stroke-linecap="round"',
        f' d="M{coordinate(end_x, 0)} {coordinate(end_y, 1)}h0"/>',
        "</svg>",
    )
