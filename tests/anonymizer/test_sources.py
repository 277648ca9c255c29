"""Reading tables from files and from other libraries."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymizer.sources import read, read_told
from contracts.errors import FileRejected, InvalidInput


def test_csv_keeps_what_only_looks_like_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "code;id;n;x;mixed\n007;440305199001011234;12;1.50;1\n012;440305199001011235;-3;2.25;a\n;;;;\n",
        encoding="utf-8",
    )
    table = read(path)
    assert table.schema == {"code": pl.String, "id": pl.String, "n": pl.Int64, "x": pl.Float64, "mixed": pl.String}
    assert table["code"].to_list() == ["007", "012", None]
    assert set(read(path, text_only=True).dtypes) == {pl.String}


def test_gb18030_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    for name, encoding in (("a.csv", "gb18030"), ("b.csv", "utf-8-sig")):
        (tmp_path / name).write_text("姓名,年龄\n王五,20\n", encoding=encoding)
        assert read(tmp_path / name).to_dicts() == [{"姓名": "王五", "年龄": 20}]


def test_every_kind_of_table_reads_alike(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    table.write_parquet(tmp_path / "t.parquet")
    table.write_ndjson(tmp_path / "t.jsonl")
    sources = [
        table, table.lazy(), table.to_arrow(), pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
        tmp_path / "t.parquet", str(tmp_path / "t.jsonl"),
    ]  # fmt: skip
    assert isinstance(sources[2], pa.Table)
    for source in sources:
        assert read(source).to_dicts() == table.to_dicts()  # type: ignore[arg-type]  # one kind after another


def test_what_cannot_be_read_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
    (tmp_path / "t.docx").write_bytes(b"x")
    for name, words in (
        ("none.csv", "no file"), ("empty.csv", "no header"), ("broken.parquet", "footer cannot"), ("t.docx", "give a"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=words):
            read(tmp_path / name)
    with pytest.raises(InvalidInput, match="lists"):
        read(pl.DataFrame({"a": [[1]]}))
    with pytest.raises(InvalidInput, match="Binary"):
        read(pl.DataFrame({"a": [b"x"]}))
    with pytest.raises(InvalidInput, match="no columns"):
        read(pl.DataFrame())


WIDE = ",".join(f"c{number}" for number in range(10_000)) + "\n"


@pytest.mark.parametrize(
    ("name", "content", "words", "place"),
    [
        ("wide.csv", WIDE * 2, "10000 columns; at most 1000", "column 1001"),
        ("long.csv", "y" * 3_000_000, "longer than 1,000,000 bytes", "line 1"),
        ("ragged.csv", 'a,b,c\n1,"2\n2",3\n4,5,6,7\n', "Line 4 of .* has 4 fields instead of 3", "line 4, column 4"),
        ("middle.jsonl", '{"a":1}\n{"a":\n{"a":2}\n', "Line 2 of .* is not valid JSON", "line 2, column 6"),
        ("kinds.jsonl", '{"a":1}\n[2]\n', "Line 2 of .* is not a JSON object", "line 2, column 1"),
        ("deep.jsonl", '{"a":1}\n{"a":' + "[" * 9_000 + "]" * 9_000 + "}\n", "2 of .* nested", "line 2, column 1"),
        ("keys.jsonl", "".join(f'{{"k{number}":1}}\n' for number in range(2_000)), "1001 columns", "column 1001"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(tmp_path: Path, name: str, content: str, words: str, place: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(FileRejected, match=words) as caught:
        read(tmp_path / name)
    assert caught.value.extra["place"] == place


def test_a_place_in_gb18030_text_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("姓名,年龄\n王五,20\n赵六,30,40\n", encoding="gb18030")
    with pytest.raises(FileRejected, match=r"Line 3 of .* has 3 fields instead of 2"):
        read(tmp_path / "t.csv")


def test_a_parquet_footer_that_points_outside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [f"text {number}" for number in range(1000)]}), path)
    size = pq.read_metadata(path).row_group(0).column(0).total_compressed_size
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - length : -8].replace(_varint(size), _varint(1 << 40))
    path.write_bytes(data[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(FileRejected, match="row group 1 lies outside it"):
        read(path)


def _varint(number: int) -> bytes:
    number, coded = number << 1, b""
    while number > 127:
        coded, number = coded + bytes([number & 127 | 128]), number >> 7
    return coded + bytes([number])


class TestShortRows:
    def test_they_are_left_out_and_told(self, tmp_path: Path) -> None:
        path = tmp_path / "short.csv"
        path.write_text('a,b,c\n1,"2\n2",3\n4,5\n\n6,7,\n8\n', encoding="utf-8")
        found = read_told(path, text_only=True)
        assert found.frame.rows() == [("1", "2\n2", "3"), ("6", "7", None)]
        assert (found.rows_set_aside, found.first_line) == (2, 4)
        with pytest.warns(UserWarning, match="2 rows have fewer fields than the header .* line 4"):
            assert read(path).height == 2

    def test_rows_are_counted_in_gb18030_too(self, tmp_path: Path) -> None:
        path = tmp_path / "short.csv"
        path.write_bytes("姓名,区\n王,\n李\n".encode("gb18030"))
        assert read_told(path).rows_set_aside == 1

    def test_a_header_alone_is_no_table(self, tmp_path: Path) -> None:
        path = tmp_path / "header.csv"
        path.write_text("a,b\n", encoding="utf-8")
        with pytest.raises(InvalidInput, match="a header line but no rows"):
            read(path)
