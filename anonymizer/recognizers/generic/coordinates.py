"""COORDINATES: a point on the earth, exact enough to find a home.

ISO 6709: latitude and longitude in decimal degrees (four places are eleven metres), or degrees, minutes and seconds.
WGS 84 and the shifted GCJ-02 look alike. The pair decides; a single decimal is a measurement, unless 经度 or 纬度
stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.grammar import Grammar, Match

_DECIMAL = r"[+-]?\d{1,3}\.\d{4,12}"
_ANGLE = r"\d{1,3}°\d{1,2}[′'](?:\d{1,2}(?:\.\d{1,6})?[″\"]?)?"
_SEXAGESIMAL = rf"[NSEWnsew东西南北][纬经]?{_ANGLE}|{_ANGLE}[NSEWnsew]"
_PAIR: Final = re.compile(
    rf"(?<![\d.+-])(?P<x>{_DECIMAL})°?[NSEWnsew]?[ \t]{{0,2}}[,;/ ][ \t]{{0,2}}(?P<y>{_DECIMAL})°?[NSEWnsew]?(?![\d.])"
)
_LABELLED: Final = re.compile(
    r"(?:[东西]经|[南北]纬|经度|纬度|longitude|latitude|lng|lon|lat)[\"' \t]{0,2}[:=为]?[ \t]{0,2}"
    rf"(?P<value>{_DECIMAL}°?)(?![\d.])",
    re.IGNORECASE,
)
_DEGREES: Final = re.compile(rf"(?:{_SEXAGESIMAL})(?:[ \t]{{0,2}}[,;/]?[ \t]{{0,2}}(?:{_SEXAGESIMAL}))?")


class Coordinates(Grammar):
    """A pair of decimals within range, a labelled one, degrees with minutes."""

    entity = "COORDINATES"
    requires = (".", "°")

    def find(self, text: str) -> Iterator[Match]:
        for found in _PAIR.finditer(text):
            x, y = sorted((abs(float(found["x"])), abs(float(found["y"]))))
            if x <= 90 and y <= 180:
                yield Match(self.entity, found.start(), found.end(), 0.8)
        for found in _LABELLED.finditer(text):
            yield Match(self.entity, found.start("value"), found.end("value"), 0.85)
        for found in _DEGREES.finditer(text):
            yield Match(self.entity, found.start(), found.end(), 0.85)
