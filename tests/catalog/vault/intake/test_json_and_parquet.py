"""JSON Lines, JSON arrays and Parquet."""

import datetime as dt
import io
import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.vault.intake import limits
from catalog.vault.intake.reasons import Rejected
from tests.catalog.vault.intake.reading import read

ROWS = [
    {"id": "007", "age": 31, "place": {"district": "福田", "street": "园岭"}, "tags": ["a", "b"], "ok": True},
    {"id": "008", "age": None, "place": {"district": "南山"}, "since": "2026-11-03"},
]


def lines(rows: list[object]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


@pytest.mark.parametrize("as_array", [False, True])
def test_objects_become_rows_and_inner_objects_columns(as_array: bool) -> None:
    data = json.dumps(ROWS, ensure_ascii=False, indent=2).encode() if as_array else lines(list(ROWS))
    outcome = read(data)
    assert outcome.format.kind == ("json" if as_array else "jsonl")
    assert outcome.table.columns == ["id", "age", "place.district", "place.street", "tags", "ok", "since"]
    assert outcome.table.row(0) == ("007", 31, "福田", "园岭", '["a","b"]', True, None)
    assert outcome.table.row(1) == ("008", None, "南山", None, None, None, dt.date(2026, 11, 3))


def test_broken_lines_are_set_aside_with_line_and_column() -> None:
    data = b'{"a": 1}\n{"a": 2,}\n\n[3]\n{"a": 4}\n{"a": "\xff"}\n{"a": null}'
    outcome = read(data)
    assert outcome.table["a"].to_list() == [1, 4]
    assert outcome.places == [(2, 8, "json"), (4, 1, "json_kind"), (6, 8, "undecodable"), (7, None, "empty")]


def test_a_broken_array_names_its_place() -> None:
    with pytest.raises(Rejected, match="line 3, column 11"):
        read(b'[\n {"a": 1},\n {"a": 2, }\n]')
    with pytest.raises(Rejected, match="broken"):
        read(b'[{"a": 1}, {"a": 2')


def test_arrays_are_taken_off_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MIB", 100)
    rows = [{"id": i, "text": "福田" * (i % 30)} for i in range(300)]
    outcome = read(json.dumps(rows, ensure_ascii=False).encode())
    assert outcome.table["id"].to_list() == list(range(300))


def test_a_single_object_is_no_table() -> None:
    with pytest.raises(Rejected):
        read(b"{\n")
    with pytest.raises(Rejected, match="empty"):
        read(b"[]")


def parquet(table: pa.Table, **options: object) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target, **options)
    return target.getvalue()


def test_parquet_keeps_its_types() -> None:
    shanghai = dt.datetime.fromisoformat("2026-11-03T08:00:00+08:00")
    table = pa.table(
        {
            "code": ["1", "2"],
            "n": pa.array([1, None], pa.int16()),
            "x": pa.array([1.5, 2.5], pa.float32()),
            "day": [dt.date(2026, 11, 3), None],
            "at": pa.array([shanghai, shanghai], pa.timestamp("ns", "UTC")),
            "kind": pa.array(["a", "b"]).dictionary_encode(),
        }
    )
    outcome = read(parquet(table))
    assert list(outcome.types.values()) == ["string", "integer", "number", "date", "timestamp", "string"]
    assert outcome.table["at"][0] == dt.datetime.fromisoformat("2026-11-03T08:00:00")
    assert outcome.table["code"].to_list() == ["1", "2"]


def test_parquet_types_can_be_corrected() -> None:
    outcome = read(parquet(pa.table({"code": ["1", "x"]})), types={"code": {"type": "integer"}})
    assert outcome.table["code"].to_list() == [1]
    assert outcome.places == [(2, 1, "type")]


def test_many_row_groups_are_read() -> None:
    table = pa.table({"n": list(range(10_000))})
    assert read(parquet(table, row_group_size=1000)).table["n"].sum() == sum(range(10_000))


def test_nested_columns_are_refused_by_name() -> None:
    with pytest.raises(Rejected, match="column tags holds nested"):
        read(parquet(pa.table({"id": [1], "tags": [["a"]]})))


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_truncated_parquet_file_is_refused(kept: float) -> None:
    data = parquet(pa.table({"n": list(range(1000))}))
    with pytest.raises(Rejected, match="damaged or cut short") as caught:
        read(data[: int(len(data) * kept)])
    assert caught.value.place == "end of the file"


def test_a_damaged_row_group_is_named() -> None:
    data = bytearray(parquet(pa.table({"n": [str(i) * 9 for i in range(20_000)]}), row_group_size=10_000))
    data[60_000:90_000] = b"\xff" * 30_000
    with pytest.raises(Rejected, match="row group"):
        read(bytes(data))


def test_empty_rows_of_parquet_are_set_aside() -> None:
    outcome = read(parquet(pl.DataFrame({"a": [1, None, 3], "b": ["x", None, "z"]}).to_arrow()))
    assert outcome.table.height == 2
    assert outcome.places == [(2, None, "empty")]
