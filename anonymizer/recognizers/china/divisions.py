"""The administrative divisions of China, province to district, as a gazetteer.

GB/T 2260 codes and names; the list is `data/divisions.tsv` (source and licence in its head). Street names of their
own are not kept: 街道 and 镇 are told by their ending.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

_PEOPLES: Final = (
    "蒙古族|回族|藏族|维吾尔族?|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族?|傣族|黎族|傈僳族|佤族|畲族|"
    "拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯|普米族|塔吉克|怒族|"
    "鄂温克族|德昂族|保安族|裕固族|独龙族|鄂伦春|各族"
)
_SUFFIXES: Final = re.compile(rf"(?:特别行政区|(?:{_PEOPLES})*自治[区州县旗]|林区|新区|地区|矿区|省|市|区|县|旗|盟)$")


@cache
def division_codes() -> dict[str, str]:
    """Six-digit code to name."""
    text = (files("anonymizer.recognizers.china") / "data" / "divisions.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {row[0]: row[1] for row in rows}


@cache
def division_names() -> frozenset[str]:
    """Full names of all divisions."""
    return frozenset(division_codes().values())


@cache
def short_names() -> frozenset[str]:
    """Names of provinces and cities without their ending (广东, 深圳), of two characters or more."""
    return frozenset(
        short
        for code, name in division_codes().items()
        if code.endswith("00") and len(short := _SUFFIXES.sub("", name)) >= 2
    )


@cache
def _by_head() -> dict[str, tuple[str, ...]]:
    """First two characters to the names that begin so, longest first."""
    heads: dict[str, list[str]] = {}
    for name in division_names() | short_names():
        heads.setdefault(name[:2], []).append(name)
    return {head: tuple(sorted(names, key=len, reverse=True)) for head, names in heads.items()}


def find_divisions(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of division names within `text[start:end]`, longest first at each place, none overlapping.

    A look-up per position: an alternation of 3,700 names would be tried branch by branch.
    """
    heads = _by_head()
    found: list[tuple[int, int]] = []
    place = start
    while place < end - 1:
        for name in heads.get(text[place : place + 2], ()):
            if text.startswith(name, place, end):
                found.append((place, place + len(name)))
                place += len(name)
                break
        else:
            place += 1
    return found
