"""Filters on generalised values: a range or a shortened code is found by everything it may stand for."""

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.schema import ContractField, DataContract
from marketplace.gateway import aggregates, query
from marketplace.gateway.copies import Copies, Copy, Source
from marketplace.gateway.errors import BadAggregate, FieldNotAllowed, ReleasePreparing
from marketplace.gateway.fields import Fields

RELEASE = "01a20b79-3d8c-7620-8c0a-5b69b34f7a62"
AGES: list[tuple[int | None, int | None]] = [
    (18, 24),
    (25, 29),
    (30, 39),
    (40, 40),
    (90, None),
    (None, 17),
    (None, None),
]
CODES = ["440305", "4403", "44", "*", "110101", None, "440304"]
CONTRACT = DataContract(
    fields=[
        ContractField(name="age_low", type="integer", range_of="age", bound="low"),
        ContractField(name="age_high", type="integer", range_of="age", bound="high"),
        ContractField(name="area_code", type="string", range_of="area", bound="code"),
        ContractField(name="area_level", type="integer", range_of="area", bound="level"),
        ContractField(name="seen", type="timestamp"),
    ]
)


def _source(folder: Path, sha256: str | None = None) -> Source:
    table = pa.table(
        {
            "age_low": pa.array([low for low, _ in AGES], pa.int64()),
            "age_high": pa.array([high for _, high in AGES], pa.int64()),
            "area_code": pa.array(CODES),
            "area_level": pa.array([len(code or "") for code in CODES], pa.int32()),
            "seen": pa.array([date(2026, 11, day + 1) for day in range(7)]).cast(pa.timestamp("us", "UTC")),
        }
    )
    path = folder / "data.parquet"
    pq.write_table(table, path)
    import hashlib

    return Source("copy", sha256 or hashlib.sha256(path.read_bytes()).hexdigest(), CONTRACT, lambda: path.open("rb"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    folder = tmp_path_factory.mktemp("copy")
    return Copies(folder).get(_source(folder))


def _found(copy: Copy, *parameters: tuple[str, str], allowed: frozenset[str] | None = None) -> list[int]:
    fields = Fields(copy, CONTRACT, allowed, ZoneInfo("Asia/Shanghai"))
    asked = query.parse([*parameters, ("limit", "1000")], fields, RELEASE)
    return [row[0] for row in copy.query(*asked.sql())]


def _ages(holds: Any) -> list[int]:
    return [
        row
        for row, (low, high) in enumerate(AGES, 1)
        if not (low is None and high is None)
        and holds(-(10**9) if low is None else low, 10**9 if high is None else high)
    ]


@given(age=st.integers(0, 120))
@settings(deadline=None)
def test_ranges_are_found_by_what_they_contain(copy: Copy, age: int) -> None:
    text = str(age)
    assert _found(copy, ("age", text)) == _ages(lambda low, high: low <= age <= high)
    assert _found(copy, ("age.gte", text)) == _ages(lambda low, high: high >= age)
    assert _found(copy, ("age.gt", text)) == _ages(lambda low, high: high > age)
    assert _found(copy, ("age.lte", text)) == _ages(lambda low, high: low <= age)
    assert _found(copy, ("age.lt", text)) == _ages(lambda low, high: low < age)
    outside = _found(copy, ("age.ne", text))
    assert sorted([*outside, *_found(copy, ("age", text))]) == list(range(1, 8))


def test_several_values_and_missing_ones(copy: Copy) -> None:
    assert _found(copy, ("age.in", "20,40")) == [1, 4]
    assert _found(copy, ("age.null", "true")) == [7]
    assert _found(copy, ("age.null", "false")) == [1, 2, 3, 4, 5, 6]


def test_codes_are_found_by_what_they_may_stand_for(copy: Copy) -> None:
    assert _found(copy, ("area", "440305")) == [1, 2, 3, 4]
    assert _found(copy, ("area", "4403")) == [1, 2, 3, 4, 7]
    assert _found(copy, ("area", "110101")) == [4, 5]
    assert _found(copy, ("area.in", "110101,440304")) == [2, 3, 4, 5, 7]
    assert _found(copy, ("area.ne", "440305")) == [5, 6, 7]
    assert _found(copy, ("area_code", "4403")) == [2]


def test_times_are_compared_as_moments(copy: Copy) -> None:
    assert _found(copy, ("seen.lt", "2026-11-03T00:00:00Z")) == [1, 2]
    assert _found(copy, ("seen.lt", "2026-11-03T08:00:00+08:00")) == [1, 2]
    assert _found(copy, ("seen.lt", "2026-11-03T08:00:00 08:00")) == [1, 2]  # a plus sign that was not encoded
    assert _found(copy, ("seen.gte", "2026-11-03T08:00:00")) == [3, 4, 5, 6, 7]  # the city's time


def test_fields_outside_the_plan_are_refused(copy: Copy) -> None:
    allowed = frozenset({"area_code", "seen"})
    with pytest.raises(FieldNotAllowed):
        _found(copy, ("age_low", "20"), allowed=allowed)
    with pytest.raises(FieldNotAllowed):
        _found(copy, ("select", "age_high"), allowed=allowed)
    fields = Fields(copy, CONTRACT, allowed, ZoneInfo("Asia/Shanghai"))
    assert [column.name for column in query.parse([], fields, RELEASE).columns] == ["area_code", "seen"]


@pytest.mark.parametrize("parameter", [("group_by", "age"), ("measures", "avg:age"), ("group_by", "area")])
def test_ranges_have_no_groups_of_their_own(copy: Copy, parameter: tuple[str, str]) -> None:
    fields = Fields(copy, CONTRACT, None, ZoneInfo("Asia/Shanghai"))
    with pytest.raises(BadAggregate, match="age_low, age_high" if "age" in parameter[1] else "area_code"):
        aggregates.parse([parameter], fields)


def test_bytes_that_were_not_approved_are_not_served(tmp_path: Path) -> None:
    with pytest.raises(ReleasePreparing):
        Copies(tmp_path).get(_source(tmp_path, sha256="0" * 64))
    assert not list((tmp_path / "cache" / "releases").glob("*.sqlite"))


@given(
    place=st.integers(0, 2**62),
    fingerprint=st.binary(min_size=8, max_size=8).map(bytes.hex),
)
@settings(deadline=None)
def test_cursors_come_back_as_they_were(place: int, fingerprint: str) -> None:
    cursor = query.write_cursor(RELEASE, fingerprint, place)
    assert query.release_of_cursor(cursor) == RELEASE
    assert query.read_cursor(cursor, RELEASE, fingerprint) == place
