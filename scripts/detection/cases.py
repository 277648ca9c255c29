"""Labelled texts: files in three spellings, and the demo city's own hotline tickets and residents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import polars as pl

_KINDS: Final = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION"}
_SEED: Final = 20270309
"""Not the demo's own: other people, other tickets."""


class Span(NamedTuple):
    """Half-open stretch of code points."""

    type: str
    start: int
    end: int


class Case(NamedTuple):
    """A text and what is in it."""

    text: str
    spans: list[Span]


def load(path: Path) -> list[Case]:
    """Read `{"text","spans":[[type,start,end]]}` lines, a JSON list as presidio-research writes it, or IOB2 columns.

    Raises SystemExit naming the file and the line that cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".iob2":
        return list(map(_from_columns, text.split("\n\n")))
    if text.lstrip().startswith("["):
        return [
            Case(c["full_text"], [Span(s["entity_type"], s["start_position"], s["end_position"]) for s in c["spans"]])
            for c in json.loads(text)
        ]
    cases = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            row: dict[str, Any] = json.loads(line)
            cases.append(Case(row["text"], [Span(*span) for span in row["spans"]]))
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(f"bench_detection: {path.name}, line {number}: {error!r}") from None
    return cases


def _from_columns(block: str) -> Case:
    text = ""
    spans: list[Span] = []
    for row in (line.split("\t") for line in block.splitlines() if line and not line.startswith("#")):
        start = len(text)
        text += row[1]
        if row[2].startswith("B-"):
            spans.append(Span(_KINDS.get(row[2][2:], row[2][2:]), start, len(text)))
        elif row[2].startswith("I-") and spans:
            spans[-1] = spans[-1]._replace(end=len(text))
    return Case(text, spans)


def hotline(count: int) -> list[Case]:
    """Distinct tickets of an invented city, always the same."""
    from web.demo.city.generate import City, company, populate
    from web.demo.city.tables.hotline import build

    city = City(_SEED, populate(_SEED, 3 * count), company.company_names(_SEED, 300))
    table = build(city, round(count * 1.3))
    ((name, spans),) = table.spans.items()
    cases: dict[str, Case] = {}
    for row, text in enumerate(map(str, table.columns[name])):
        found = [Span(s.type.value, s.start, s.end) for s in spans.get(row, ())]
        cases.setdefault(text, Case(text, found))
    return list(cases.values())[:count]


def residents(rows: int) -> pl.DataFrame:
    """A register of invented residents with twelve columns."""
    import numpy as np
    import polars as pl

    from web.demo.city.people import populate

    people = populate(_SEED, rows)
    chance = np.random.default_rng(_SEED)
    return pl.DataFrame(
        {
            "姓名": people.name.astype(str),
            "性别": people.sex.astype(str),
            "出生日期": people.birth.astype("datetime64[D]").astype(str),
            "身份证号": people.resident_id.astype(str),
            "联系电话": people.mobile.astype(str),
            "电子邮箱": people.email.astype(str),
            "住址": people.address.astype(str),
            "街道": people.street_name.astype(str),
            "车牌": people.plate.astype(str),
            "缴费金额": chance.integers(100, 100_000, rows) / 100,
            "办理日期": (np.datetime64("2024-01-01") + chance.integers(0, 700, rows)).astype(str),
            "状态": chance.choice(["已办结", "处理中", "已退回"], rows),
        }
    )
