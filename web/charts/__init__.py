"""Our own drawings, as SVG made on the server: no script, no inline style, each with a sentence and a table.

A page builds one of the dataclasses below and hands it to its function, in Python or as `charts.bars(chart)` in a
template. Plots stretch with the page (`preserveAspectRatio="none"`); words are HTML or unstretched SVG text, so
they keep their size.
"""

from web.charts.bars import Bar, Bars, bars
from web.charts.figure import Limit
from web.charts.histogram import Bin, ClassSizes, class_size_bins, histogram
from web.charts.lines import Lines, Series, lines
from web.charts.marks import NotAHash, logo, tally, tally_pair
from web.charts.meters import meter, meter_state, meter_verdict, quota, swatch
from web.charts.pointmap import GeoPoint, Place, PointMap, point_map
from web.charts.shares import Part, Shares, shares
from web.charts.sparkline import sparkline

__all__ = [
    "Bar",
    "Bars",
    "Bin",
    "ClassSizes",
    "GeoPoint",
    "Limit",
    "Lines",
    "NotAHash",
    "Part",
    "Place",
    "PointMap",
    "Series",
    "Shares",
    "bars",
    "class_size_bins",
    "histogram",
    "lines",
    "logo",
    "meter",
    "meter_state",
    "meter_verdict",
    "point_map",
    "quota",
    "shares",
    "sparkline",
    "swatch",
    "tally",
    "tally_pair",
]
