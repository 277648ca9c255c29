"""JSON Lines, JSON arrays and Parquet."""

import datetime as dt
import io
import json

import numpy as np
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


def test_nesting_without_end_is_told_with_its_line() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(Rejected, match="line 2 is nested too deeply") as caught:
        read(b'[{"a": 1},\n{"a": ' + deep + b"}]")
    assert caught.value.place == "line 2"
    barely = b"[" * 1_010 + b"]" * 1_010
    outcome = read(b'{"a": 1}\n{"a": ' + deep + b'}\n{"a": ' + barely + b'}\n{"a": 2}\n')
    assert outcome.table["a"].to_list() == [1, 2]
    assert [(line, reason) for line, _, reason in outcome.places] == [(2, "json"), (3, "json_deep")]


def test_numbers_of_very_many_digits_stay_as_written() -> None:
    digits = "9" * 5_000
    outcome = read(f'[{{"a": {digits}}}, {{"a": 1}}]'.encode())
    assert outcome.table["a"].to_list() == [digits, "1"]


@pytest.mark.parametrize("form", ["[%s,\n%s]", "%s\n%s\n"])
def test_half_a_character_breaks_its_row_only(form: str) -> None:
    outcome = read((form % ('{"a": "\\ud800"}', '{"a": "\\ud83d\\ude00"}')).encode())
    assert outcome.table["a"].to_list() == ["😀"]
    assert [(line, reason) for line, _, reason in outcome.places] == [(1, "json")]


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


def forged(table: pa.Table, old: int, new: int) -> bytes:
    """The table as Parquet, with another number in the footer in every place of `old`."""
    data = parquet(table)
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size : -8].replace(_varint(old), _varint(new))
    return data[: -8 - size] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _varint(number: int) -> bytes:
    number, coded = number << 1, b""
    while number > 127:
        coded, number = coded + bytes([number & 127 | 128]), number >> 7
    return coded + bytes([number])


def test_a_long_text_that_many_rows_share_is_refused_before_it_is_spread_out() -> None:
    shared = pa.DictionaryArray.from_arrays(pa.array(np.zeros(50_000, np.int32)), pa.array(["x" * 100_000]))
    with pytest.raises(Rejected, match=r"declares \d+ GB"):
        read(parquet(pa.table({"id": range(50_000), "t": shared})))
    few = pa.DictionaryArray.from_arrays(pa.array(np.zeros(400, np.int32)), pa.array(["x" * 1_000_000]))
    assert read(parquet(pa.table({"id": range(400), "t": few}))).table.height == 400


def test_rows_that_take_no_room_in_the_file_count_all_the_same() -> None:
    with pytest.raises(Rejected, match=r"declares \d+ GB"):
        read(forged(pa.table({"id": range(1000)}), 1000, 1 << 40))


@pytest.mark.parametrize("coded", [True, False])
def test_a_cell_without_end_is_refused_with_its_row(coded: bool) -> None:
    table = pa.table({"id": range(4), "t": ["a", "b", "c" * (17 * limits.MIB), "d"]})
    with pytest.raises(Rejected, match="row 3 in column t is longer than 16 MB") as caught:
        read(parquet(table, use_dictionary=coded))
    assert caught.value.place == "row 3, column t"


def test_a_forged_size_of_a_column_is_refused() -> None:
    table = pa.table({"id": range(1000), "t": [f"text {number}" for number in range(1000)]})
    size = pq.ParquetFile(io.BytesIO(parquet(table))).metadata.row_group(0).column(1).total_compressed_size
    with pytest.raises(Rejected, match="row group 1"):
        read(forged(table, size, 1 << 40))


def test_a_damaged_row_group_is_named() -> None:
    data = bytearray(parquet(pa.table({"n": [str(i) * 9 for i in range(20_000)]}), row_group_size=10_000))
    data[60_000:90_000] = b"\xff" * 30_000
    with pytest.raises(Rejected, match="row group"):
        read(bytes(data))


def test_empty_rows_of_parquet_are_set_aside() -> None:
    outcome = read(parquet(pl.DataFrame({"a": [1, None, 3], "b": ["x", None, "z"]}).to_arrow()))
    assert outcome.table.height == 2
    assert outcome.places == [(2, None, "empty")]
