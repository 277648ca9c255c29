"""Reading tables from files and from other libraries."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from anonymizer.sources import read
from contracts.errors import InvalidInput


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
        ("none.csv", "no file"), ("empty.csv", "no header"), ("broken.parquet", "cannot be read"), ("t.docx", "give a"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=words):
            read(tmp_path / name)
    with pytest.raises(InvalidInput, match="lists"):
        read(pl.DataFrame({"a": [[1]]}))
    with pytest.raises(InvalidInput, match="Binary"):
        read(pl.DataFrame({"a": [b"x"]}))
    with pytest.raises(InvalidInput, match="no columns"):
        read(pl.DataFrame())
