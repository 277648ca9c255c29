"""The table of the benchmark, what is asked of it, and what the right answers are.

100,000 car parks of a made-up city, the same for the same number of rows. Every request differs from the others; half
of those for rows name the fields they want.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

NAME: Final = "stations"
KINDS: Final = ("row_by_key", "filter_100", "group_by")
FIELDS: Final = (
    "id", "name", "district", "street", "kind", "spaces", "fee", "opened", "longitude", "latitude",
)  # fmt: skip
INDEXED: Final = FIELDS
_DISTRICTS: Final = (
    "南山区", "福田区", "罗湖区", "宝安区", "龙岗区", "龙华区", "坪山区", "光明区", "盐田区", "大鹏新区",
    "前海", "西丽", "蛇口", "沙河", "布吉", "平湖", "坂田", "横岗",
)  # fmt: skip
_SORTS: Final = ("地下", "地面", "立体", "路侧", "楼顶", "临时")
MOST_SPACES: Final = 2000
FEES: Final = tuple(step / 2 for step in range(50))


def make(rows: int) -> pl.DataFrame:
    """The table."""
    chance = np.random.default_rng(20261129)
    number = np.arange(1, rows + 1)
    street = chance.integers(0, 400, rows)
    days = chance.integers(0, 5000, rows)
    return pl.DataFrame(
        {
            "id": number,
            "name": [f"{i:06d}号公共停车场" for i in number],
            "district": np.array(_DISTRICTS)[chance.integers(0, len(_DISTRICTS), rows)],
            "street": [f"第{i:03d}街道" for i in street],
            "kind": np.array(_SORTS)[chance.integers(0, len(_SORTS), rows)],
            "spaces": chance.integers(1, MOST_SPACES + 1, rows),
            "fee": np.array(FEES)[chance.integers(0, len(FEES), rows)],
            "opened": (np.datetime64("2012-01-01") + days).astype("datetime64[D]"),
            "longitude": (chance.integers(113_700_000, 114_600_000, rows) / 1e6),
            "latitude": (chance.integers(22_400_000, 22_900_000, rows) / 1e6),
        }
    )


def write_sqlite(table: pl.DataFrame, path: Path) -> None:
    """The table with the indexes that our copy of a release has; dates as ISO text."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            f"CREATE TABLE {NAME} (id INTEGER PRIMARY KEY, name TEXT, district TEXT, street TEXT, kind TEXT, "
            "spaces INTEGER, fee REAL, opened TEXT, longitude REAL, latitude REAL)"
        )
        rows = table.with_columns(pl.col("opened").cast(pl.String)).iter_rows()
        connection.executemany(f"INSERT INTO {NAME} VALUES ({','.join('?' * len(FIELDS))})", rows)
        for field in INDEXED[1:]:
            connection.execute(f"CREATE INDEX by_{field} ON {NAME} ({field})")
        connection.execute("ANALYZE")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, whoever answers it. `row_by_key`: `key`. `filter_100`: the first 100 rows of a district with at
    least `spaces`. `group_by`: per district the number of rows and the mean of `spaces`, of rows with at least
    `spaces` and at most `fee`. `select` None: all fields."""

    kind: str
    key: int = 0
    district: str = ""
    spaces: int = 0
    fee: float = 0.0
    select: tuple[str, ...] | None = None


def asks(kind: str, count: int, rows: int) -> Iterator[Ask]:
    """Different requests of one kind, the same ones each time, in an order without a pattern."""
    chance = random.Random(f"{kind} {rows}")
    chosen = [("id", *sorted(chance.sample(FIELDS[1:], chance.randint(2, 5)))) for _ in range(60)]
    seen: set[Ask] = set()
    if kind == "row_by_key":
        count = min(count, rows)  # half of them without `select`, so that many are soon found
    while len(seen) < count:
        select = chance.choice(chosen) if len(seen) % 2 else None
        if kind == "row_by_key":
            ask = Ask(kind, key=chance.randint(1, rows), select=select)
        elif kind == "filter_100":
            # Half of a district's rows at least, so there are always a hundred.
            ask = Ask(
                kind, district=chance.choice(_DISTRICTS), spaces=chance.randint(1, MOST_SPACES // 2), select=select
            )
        else:
            ask = Ask(kind, spaces=chance.randint(1, MOST_SPACES), fee=chance.choice(FEES))
        if ask not in seen:
            seen.add(ask)
            yield ask


class Truth:
    """Tells whether an answer is right."""

    def __init__(self, table: pl.DataFrame) -> None:
        self._table = table

    def check(self, who: str, ask: Ask, found: list[dict[str, Any]]) -> None:
        """Exits when the rows or groups found are not those that the table has."""
        if ask.kind == "group_by":
            told = {row["district"]: (row["count"], round(row["mean"], 6)) for row in found}
            kept = self._table.filter((pl.col("spaces") >= ask.spaces) & (pl.col("fee") <= ask.fee))
            groups = kept.group_by("district").agg(pl.len(), pl.col("spaces").mean().alias("mean")).iter_rows()
            if told != {district: (rows, round(mean, 6)) for district, rows, mean in groups}:
                raise SystemExit(f"{who} answers {ask} wrong: {sorted(told.items())[:3]}")
            return
        fields = ask.select or FIELDS
        if len(found) != (1 if ask.kind == "row_by_key" else 100):
            raise SystemExit(f"{who} answers {ask} with {len(found)} rows")
        for row in found:
            truth = self._table.row(row["id"] - 1, named=True)
            right = {name: str(truth[name]) if name == "opened" else truth[name] for name in fields}
            fits = truth["id"] == ask.key if ask.kind == "row_by_key" else truth["district"] == ask.district
            if row.keys() != right.keys() or {**row, "opened": str(row.get("opened"))[:10]} != {
                **right,
                "opened": str(right.get("opened")),
            }:
                raise SystemExit(f"{who} answers {ask} with {row}, not {right}")
            if not fits or truth["spaces"] < ask.spaces:
                raise SystemExit(f"{who} answers {ask} with another row: {row}")
