"""`/aggregate` says what DuckDB says about the same rows, with every filter and measure."""

import asyncio
import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import duckdb
import httpx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.schema import ContractField, DataContract
from marketplace.gateway import aggregates
from marketplace.gateway.columns import Columns
from marketplace.gateway.fields import Fields
from tests.factories.dataplane import STATIONS, DataPlane
from tests.factories.filtering import ROWS, SCHEMA, ZONE, filters, in_both, open_copy
from tests.quick import examples

MEASURES = {
    "count": "count(*)",
    "count:number": "count(number)",
    "distinct:place": "count(DISTINCT place)",
    "distinct:whole": "count(DISTINCT whole)",
    "sum:whole": "CAST(sum(whole) AS VARCHAR)",
    "avg:number": "avg(number)",
    "min:day": "CAST(min(day) AS VARCHAR)",
    "max:place": "max(place)",
    "max:whole": "max(whole)",
    "min:number": "min(number)",
    "min:place": "min(place)",
    "min:truth": "min(truth)",
    "quantile:number": "quantile_cont(number, 0.5)",
    "quantile:number:0.9": "quantile_cont(number, 0.9)",
}
GROUPS = {
    "place": "place",
    "truth": "truth",
    "whole": "whole",
    "day:month": "CAST(date_trunc('month', day)::DATE AS VARCHAR)",
    "day:week": "CAST(date_trunc('week', day)::DATE AS VARCHAR)",
    "moment:day": "CAST((moment + INTERVAL 8 HOUR)::DATE AS VARCHAR)",
}


@settings(max_examples=examples(60))
@given(rows=ROWS, asked=st.lists(filters(), max_size=2), by=st.lists(st.sampled_from(sorted(GROUPS)), unique=True))
def test_groups_are_those_of_duckdb(tmp_path_factory: Any, rows: Any, asked: Any, by: list[str]) -> None:
    by = by[:3]
    parameters = [("group_by", ",".join(by)), ("measures", ",".join(MEASURES)), ("limit", "1000")]
    where = " AND ".join(condition for _, condition in asked) or "true"
    keys = ", ".join(GROUPS[name] for name in by)
    with in_both(tmp_path_factory.getbasetemp() / "aggregates", rows) as (copy, fields, duck):
        parsed = aggregates.parse([*parameters, *(parameter for parameter, _ in asked)], fields)
        found, total = aggregates.compute(parsed, Columns(copy, ZONE))
        expected = duck.execute(
            f"SELECT {keys + ', ' if keys else ''}{', '.join(MEASURES.values())} FROM released WHERE {where}"
            + (f" GROUP BY {keys}" if keys else "")
        ).fetchall()
    place = len(by) + list(MEASURES).index("sum:whole")
    for row in found:
        row[place] = None if row[place] is None else str(row[place])
    assert total == len(expected)
    as_text = sorted(_rounded(row) for row in found)
    assert as_text == sorted(_rounded(row) for row in expected)


def test_sums_beyond_64_bits_and_without_end_can_be_told(tmp_path: Path) -> None:
    nothing = dict.fromkeys(SCHEMA.names)
    rows = [nothing | {"whole": 2**62, "number": math.inf}, nothing | {"whole": 2**62, "number": -math.inf}]
    with in_both(tmp_path, rows) as (copy, fields, _):
        asked = aggregates.parse([("measures", "sum:whole,sum:number,avg:number")], fields)
        groups, total = aggregates.compute(asked, Columns(copy, ZONE))
    before, after = aggregates.body(asked, groups, total, "1", sample=False)
    figures = {"sum:whole": 2**63, "sum:number": None, "avg:number": None}
    assert json.loads(before + b"null" + after)["groups"] == [figures]


def test_keys_of_more_combinations_than_64_bits_hold(tmp_path: Path) -> None:
    size = 60_000
    table = pa.table({name: pa.array(range(size)) for name in "abcd"})
    contract = DataContract(fields=[ContractField(name=name, type="integer") for name in "abcd"])
    copy = open_copy(tmp_path, table, contract)
    asked = aggregates.parse([("group_by", "a,b,c,d"), ("limit", "3")], Fields(copy, contract, None, ZONE))
    groups, total = aggregates.compute(asked, Columns(copy, ZONE))
    assert total == size
    assert groups == [[n, n, n, n, 1] for n in range(3)]


def _rounded(row: Any) -> str:
    return str([round(value, 9) + 0.0 if isinstance(value, float) else value for value in row])


def call(plane: DataPlane, **parameters: Any) -> httpx.Response:
    return asyncio.run(plane.get("/car-parks/aggregate", **parameters))


class TestOverHttp:
    def test_groups_with_filter_sort_and_limit(self, shared_plane: DataPlane, tmp_path: Path) -> None:
        path = tmp_path / "stations.csv"
        path.write_text(STATIONS)
        expected = duckdb.sql(
            f"SELECT district, count(*) AS n, avg(spaces) FROM read_csv('{path}') WHERE fee >= 3 "
            "GROUP BY district ORDER BY n DESC, district LIMIT 2"
        ).fetchall()
        asked = {
            "group_by": "district",
            "measures": "count,avg:spaces",
            "sort": "-count,district",
            "limit": 2,
            "fee.gte": 3,
        }
        answer = call(shared_plane, **asked)
        body = answer.json()
        assert [tuple(group.values()) for group in body["groups"]] == expected
        assert (body["total"], body["release"]) == (3, "2026.11")
        again = call(shared_plane, **asked, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    def test_csv(self, shared_plane: DataPlane) -> None:
        answer = call(shared_plane, group_by="opened:quarter", measures="count,max:opened", format="csv")
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert rows[0] == ["opened:quarter", "count", "max:opened"]
        assert [row[0] for row in rows[1:]] == ["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"]
        assert sum(int(row[1]) for row in rows[1:]) == 300

    @pytest.mark.parametrize(
        ("parameters", "named"),
        [
            ({"group_by": "nowhere"}, "group_by"),
            ({"group_by": "spaces:month"}, "group_by"),
            ({"group_by": "opened:hour"}, "group_by"),
            ({"group_by": "district,district"}, "group_by"),
            ({"measures": "median:fee"}, "measures"),
            ({"measures": "avg:district"}, "measures"),
            ({"measures": "quantile:fee:1.5"}, "measures"),
            ({"measures": "sum:fee:0.5"}, "measures"),
            ({"sort": "fee"}, "sort"),
            ({"limit": "0"}, "limit"),
            ({"cursor": "c_x"}, "cursor"),
        ],
    )
    def test_what_cannot_be_read_is_named(
        self, shared_plane: DataPlane, parameters: dict[str, str], named: str
    ) -> None:
        answer = call(shared_plane, **parameters)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == named

    def test_it_costs_one_unit_and_only_fields_of_the_plan(self, plane: DataPlane) -> None:
        dataset = plane.dataset()
        plane.release(dataset)
        key = plane.key(plane.subscribe(dataset, quota=2))
        statuses = [
            asyncio.run(plane.get("/car-parks/aggregate", key, group_by="district", **{"spaces.gte": i})).status_code
            for i in range(3)
        ]
        assert statuses == [200, 200, 429]


def test_columns_are_let_go_when_their_release_is_withdrawn(plane: DataPlane) -> None:
    release = plane.release(plane.dataset(openness="unconditional"))
    assert call(plane, group_by="district").status_code == 200
    assert plane.gateway.delivery.tables.columns.size > np.int32().nbytes * 300
    plane.withdraw(release)
    plane.gateway.delivery.tick()
    assert plane.gateway.delivery.tables.columns.size == 0
