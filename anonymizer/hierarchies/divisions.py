"""Administrative divisions read from codes, resident identity numbers or addresses.

Codes follow GB/T 2260 (two digits province, four city, six district) and the statistical code (nine: street).
Addresses are read with the gazetteer: a district's name that several cities share is taken for the city the
address names, else for the city most of the column's other addresses lie in.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache

import numpy as np
import polars as pl

from anonymizer.hierarchies.distinct import Distinct
from anonymizer.hierarchies.encoded import EncodedColumn, FloatArray, build_tree
from anonymizer.hierarchies.publishers import ANYTHING, CodePublisher
from anonymizer.recognizers.china.divisions import division_codes, find_divisions
from contracts.privacy import DivisionLevel, DivisionsHierarchy

_DIGITS = {DivisionLevel.STREET: 9, DivisionLevel.DISTRICT: 6, DivisionLevel.CITY: 4, DivisionLevel.PROVINCE: 2}
_STREET = re.compile(r"[\u4e00-\u9fff]{1,8}?(?:街道|镇|乡)")
_NO_CITY = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}


def encode(name: str, hierarchy: DivisionsHierarchy, column: pl.Series, *, mixed: bool) -> EncodedColumn:
    """Divisions of a column. A value that names no division shows as ``*`` on every level."""
    distinct = Distinct.of(column)
    texts = distinct.values.cast(pl.String).to_list()
    places = _places(texts, hierarchy.reads)
    paths = [
        tuple(_at_level(place, level) for level in hierarchy.levels) if place else (None,) * len(hierarchy.levels)
        for place in places
    ]
    leaves = sorted(set(paths), key=lambda path: tuple(p or "" for p in path))
    place_of = {path: index for index, path in enumerate(leaves)}
    leaf_of_value = np.array([place_of[path] for path in paths], dtype=np.int64)
    keys: list[list[object]] = [[path[level] for path in leaves] for level in range(len(hierarchy.levels))]
    loss: list[FloatArray] = []
    for level_keys in keys:
        covered = Counter(level_keys)
        scale = max(len(leaves) - 1, 1)
        loss.append(np.array([(covered[key] - 1) / scale for key in level_keys], dtype=np.float64))
    tree, origins = build_tree(keys, loss, has_missing=distinct.has_missing)
    shown: list[str | None] = [
        ANYTHING if level == -2 else None if level == -1 else str(keys[level][leaf]) for level, leaf in origins
    ]
    publisher = CodePublisher(name, shown, tree.level.tolist(), mixed)
    rows = distinct.leaves(leaf_of_value, len(leaves))
    return EncodedColumn(name, (name,), rows, tree, publisher, (*hierarchy.levels, ANYTHING), False)


def readable_share(texts: list[str]) -> float:
    """Share of texts that tell a district; codes must be known to the gazetteer."""
    known = division_codes()
    places = _places(texts, "auto")
    good = [place for place in places if place and len(place[0]) >= 6 and place[0][:6] in known]
    return len(good) / len(texts) if texts else 0.0


def _places(texts: list[str], reads: str) -> list[_Place | None]:
    reads = reads if reads != "auto" else _what_it_is(texts)
    if reads == "address":
        return _places_of_addresses(texts)
    most = 6 if reads == "resident-id" else 9
    return [_place_of_code(text, most) for text in texts]


# A place is (code of up to six digits or nine, street name or None); names are given for addresses, codes
# for codes.
_Place = tuple[str, str | None, bool]


def _what_it_is(texts: list[str]) -> str:
    digits = sum(1 for text in texts[:1000] if text[:6].isdigit())
    if digits * 2 < len(texts[:1000]):
        return "address"
    lengths = Counter(len(text) for text in texts[:1000])
    return "resident-id" if lengths and lengths.most_common(1)[0][0] in (15, 18) else "code"


def _place_of_code(text: str, most: int) -> _Place | None:
    text = text.strip()
    digits = re.match(r"\d*", text)
    code = digits.group(0)[:most] if digits else ""
    return (code, None, False) if len(code) >= 2 else None


def _at_level(place: _Place, level: DivisionLevel) -> str | None:
    code, street, named = place
    digits = _DIGITS[level]
    if not named:
        return code[:digits] if len(code) >= digits else None
    if level is DivisionLevel.STREET:
        return full_name(code) + street if street and len(code) >= 6 else None
    return full_name(code[:digits]) if len(code) >= digits else None


@cache
def full_name(code: str) -> str:
    """``440305`` to 广东省深圳市南山区; a code the gazetteer does not know stays as it is."""
    names = division_codes()
    parts: list[str] = []
    for digits in (2, 4, 6):
        if len(code) >= digits:
            part = names.get(code[:digits].ljust(6, "0"))
            if part and part not in _NO_CITY and (not parts or parts[-1] != part):
                parts.append(part)
    return "".join(parts) or code


@cache
def _codes_by_name() -> dict[str, list[str]]:
    by_name: dict[str, list[str]] = defaultdict(list)
    for code, name in division_codes().items():
        significant = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
        if name not in _NO_CITY:
            by_name[name].append(significant)
            short = re.sub(r"(?:省|市)$", "", name)
            if len(significant) < 6 and len(short) >= 2 and short != name:
                by_name[short].append(significant)
    return dict(by_name)


def _places_of_addresses(texts: list[str]) -> list[_Place | None]:
    found: list[tuple[list[str], str | None]] = []
    for text in texts:
        spans = find_divisions(text, 0, min(len(text), 60))
        candidates: list[str] = []
        end = 0
        for start, stop in spans:
            codes = _codes_by_name().get(text[start:stop], [])
            below = [c for c in codes if any(c.startswith(k) and c != k for k in candidates)]
            if not candidates:
                candidates, end = codes, stop
            elif below:
                candidates, end = below, stop
        rest = _STREET.match(text, end) if candidates else None
        found.append((candidates, rest.group(0) if rest else None))
    cities = Counter(codes[0][:4] for codes, _ in found if len(codes) == 1 and len(codes[0]) >= 4)
    places: list[_Place | None] = []
    for codes, street in found:
        if len(codes) > 1:
            known = [code for code in codes if cities[code[:4]]]
            code = min(known, key=lambda code: (-cities[code[:4]], code), default=None)
        else:
            code = codes[0] if codes else None
        places.append((code, street, True) if code else None)
    return places
