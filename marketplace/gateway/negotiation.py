"""Which form and which coding an answer takes: `format`, `Accept` and `Accept-Encoding` (RFC 9110, section 12)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from marketplace.gateway.errors import UnknownParameter, at

Form = Literal["json", "csv", "arrow", "parquet"]
Coding = Literal["", "zstd", "gzip"]
MEDIA_TYPES: dict[Form, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
COMPRESSIBLE = frozenset(MEDIA_TYPES[form] for form in ("json", "csv", "arrow")) | {"application/problem+json"}
"""Parquet is compressed already."""
ROWS: tuple[Form, ...] = ("json", "csv", "arrow")
GROUPS: tuple[Form, ...] = ("json", "csv")
RECORD: tuple[Form, ...] = ("json",)
FILES: tuple[Form, ...] = ("csv", "parquet", "arrow")
_CODINGS: tuple[Coding, ...] = ("zstd", "gzip")


def form_of(parameters: Sequence[tuple[str, str]], accept: str, offered: tuple[Form, ...]) -> Form:
    """The form asked for by `format`, else the one of those `offered` that `Accept` likes best, the first where it
    likes none. Raises `UnknownParameter`."""
    for name, value in parameters:
        if name == "format":
            for form in offered:
                if form == value:
                    return form
            raise at(UnknownParameter, "format", f"The forms of this answer are: {', '.join(offered)}.")
    return _liked_best(accept, offered) if accept else offered[0]


@lru_cache(1024)
def _liked_best(accept: str, offered: tuple[Form, ...]) -> Form:
    ranges = dict(_weighted(accept))
    best, best_weight = offered[0], 0.0
    for form in offered:
        media_type = MEDIA_TYPES[form].partition(";")[0]
        names = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
        weight = next((ranges[name] for name in names if name in ranges), 0.0)  # the most specific one counts
        if weight > best_weight:
            best, best_weight = form, weight
    return best


@lru_cache(1024)
def coding_of(accept_encoding: str) -> Coding:
    """How to compress for somebody: what they like best of what we can, zstd where they like both the same; "" where
    they want neither, or rather have it as it is."""
    weights = dict(_weighted(accept_encoding))
    weights.setdefault("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    weights.setdefault("zstd", weights.get("*", 0.0))
    best: Coding = ""
    best_weight = weights.get("identity", 0.0)
    for coding in _CODINGS:
        if weights[coding] > best_weight or (weights[coding] == best_weight > 0 and not best):
            best, best_weight = coding, weights[coding]
    return best


def _weighted(header: str) -> list[tuple[str, float]]:
    """The parts of a header with their weights, 1 where none is given or can be read."""
    found = []
    for part in header.split(","):
        name, *options = part.split(";")
        weight = 1.0
        for option in options:
            key, _, value = option.partition("=")
            if key.strip().lower() == "q":
                try:
                    weight = min(1.0, max(0.0, float(value)))
                except ValueError:
                    weight = 1.0
        found.append((name.strip().lower(), weight))
    return found
