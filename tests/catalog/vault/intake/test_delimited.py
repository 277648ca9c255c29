"""CSV and its relatives, clean and broken."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.vault.intake import limits
from catalog.vault.intake.reasons import Rejected
from tests.catalog.vault.intake.reading import read
from tests.quick import examples

VISITS = "姓名,年龄,区\n王小明,34,福田区\n李芳,51,南山区\n张伟,28,福田区\n"


@pytest.mark.parametrize(
    ("encoding", "recognised"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_chinese_encodings_are_recognised(encoding: str, recognised: str) -> None:
    outcome = read(VISITS.encode(encoding))
    assert outcome.format.encoding == recognised
    assert outcome.table.rows() == [("王小明", 34, "福田区"), ("李芳", 51, "南山区"), ("张伟", 28, "福田区")]


def test_big5_is_told_from_gb18030() -> None:
    text = (
        "姓名,電話,地區\n王小明,0912345678,台北市中正區\n陳美麗,0922333444,高雄市前鎮區\n林國華,0933444555,臺中市西區\n"
    )
    outcome = read(text.encode("big5"))
    assert outcome.format.encoding == "big5"
    assert outcome.table["姓名"].to_list() == ["王小明", "陳美麗", "林國華"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters_are_recognised(delimiter: str) -> None:
    outcome = read(VISITS.replace(",", delimiter).encode())
    assert outcome.format.delimiter == delimiter
    assert outcome.table.columns == ["姓名", "年龄", "区"]


def test_a_header_below_title_rows_is_found() -> None:
    outcome = read(("福田区卫生局门诊记录\n统计日期：2026年11月,,\n\n" + VISITS).encode())
    assert outcome.format.header_row == 4
    assert outcome.table.columns == ["姓名", "年龄", "区"]
    assert outcome.table.height == 3
    assert [note.code for note in outcome.format.notes] == ["titles"]


def test_values_of_a_person_never_become_names_of_columns() -> None:
    rows = (
        "王小明,深圳市南山区,13800138000\n李小红,深圳市福田区,13900139000\n张小伟,深圳市罗湖区,13700137000\n".encode()
    )
    assert read(rows).format.header_row == 0
    with pytest.raises(Rejected, match="column 3 holds personal data") as refused:
        read(b"name,place,number\n" + rows, header_row=2)
    assert "138" not in str(refused.value.told())
    titled = "填报人：王小明 13800138000\n姓名,区\n李小红,福田区\n".encode()
    assert read(titled, delimiter=";").format.header_row == 0


def test_a_file_without_a_header_gets_names() -> None:
    outcome = read(b"1,2.5,2026-01-01\n2,3.5,2026-01-02\n3,4.5,2026-01-03\n")
    assert outcome.format.header_row == 0
    assert outcome.table.columns == ["column_1", "column_2", "column_3"]
    assert outcome.table.height == 3


def test_repeated_and_missing_names_become_unique() -> None:
    outcome = read(b"name,name,,\nA,B,C,D\nE,F,G,H\n", header_row=1)
    assert outcome.table.columns == ["name", "name_2", "column_3", "column_4"]


def test_mixed_line_ends_give_the_same_rows() -> None:
    outcome = read("姓名,年龄\r\n王,1\n李,2\r张,3\r\n".encode())
    assert outcome.table.rows() == [("王", 1), ("李", 2), ("张", 3)]
    assert [note.code for note in outcome.format.notes] == ["line_ends"]


def test_quoted_line_breaks_delimiters_and_quotes_stay_in_their_field() -> None:
    outcome = read(b'id,text\n1,"a, ""b""\nc"\n2,"d"\n3,e\n')
    assert outcome.table.rows() == [(1, 'a, "b"\nc'), (2, "d"), (3, "e")]
    assert outcome.aside == []


def test_rows_with_too_few_or_too_many_fields_are_set_aside_with_their_place() -> None:
    outcome = read(b"a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n")
    assert outcome.table.rows() == [(1, 2, 3), (10, 11, 12)]
    assert outcome.places == [(3, 3, "fields"), (4, 4, "fields")]
    assert outcome.aside[0].raw == "4,5"
    assert outcome.aside[0].sentence() == "2 fields instead of 3"


def test_lines_are_counted_through_quoted_line_breaks() -> None:
    outcome = read(b'id,text\n1,"a\nb\nc"\n2\n3,d\n')
    assert outcome.places == [(5, 2, "fields")]


def test_a_quote_that_never_closes_breaks_one_row_only() -> None:
    rows = "".join(f"{i},text {i}\n" for i in range(600))
    outcome = read(f'id,text\n{rows}600,"open\n{rows}'.encode())
    assert outcome.places == [(602, 2, "quote_open")]
    assert outcome.table.height == 1200


def test_a_quote_that_never_closes_in_a_long_file_breaks_one_row_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHUNK", 4_000)
    monkeypatch.setattr(limits, "LINE", 8_000)
    rows = "".join(f"{i},text {i}\n" for i in range(5_000))
    outcome = read(f'id,text\n1,x\n2,"open\n{rows}'.encode())
    assert outcome.places == [(3, 2, "quote_open")]
    assert outcome.table["id"].to_list() == [1, *range(5_000)]


def test_a_row_of_very_many_fields_is_set_aside() -> None:
    rows = "1,2\n" * 1_000
    outcome = read(f"a,b\n{rows}{',' * 2_000_000}\n{rows}".encode())
    assert outcome.places == [(1_002, 3, "fields")]
    assert outcome.table.height == 2_000


def test_text_after_a_closing_quote_is_set_aside() -> None:
    outcome = read(b'id,text\n1,"a"b\n2,c\n3,5" pipe\n')
    assert outcome.places == [(2, 2, "quote_inside")]
    assert outcome.table["text"].to_list() == ["c", '5" pipe']


def test_undecodable_bytes_break_their_row_only() -> None:
    lines = [f"{i},福田区\n".encode("gb18030") for i in range(300)]
    lines[100] = b"100,\xff\xfe\xff\n"
    outcome = read("编号,区\n".encode("gb18030") + b"".join(lines))
    assert outcome.places == [(102, 2, "undecodable")]
    assert outcome.table.height == 299


def test_a_nul_character_breaks_its_row_only() -> None:
    data = b"id,text\n" + b"".join(b"%d,abc\n" % i for i in range(100_000))
    outcome = read(data.replace(b"99000,abc", b"99000,a\0c"))
    assert outcome.places == [(99_002, 2, "control")]
    assert outcome.table.height == 99_999


def test_empty_rows_are_set_aside_and_blank_lines_passed_over() -> None:
    outcome = read(b"a,b\n1,2\n,\n\n3,4\n\n\n")
    assert outcome.table.rows() == [(1, 2), (3, 4)]
    assert outcome.places == [(3, None, "empty")]


def test_encoding_delimiter_and_header_can_be_corrected() -> None:
    text = "报表\n编号;区,街道\n1;福田,园岭\n2;南山,粤海\n"
    outcome = read(text.encode("gb18030"), encoding="gbk", delimiter=";", header_row=2)
    assert outcome.table.columns == ["编号", "区,街道"]
    assert outcome.table.rows() == [(1, "福田,园岭"), (2, "南山,粤海")]
    bare = read(b"x,y\np,q\n", header_row=0)
    assert bare.table.rows() == [("x", "y"), ("p", "q")]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """However the text is cut into chunks, rows and places are the same."""
    rows = [f'{i},"第{i}行，\n有""引号"""\n' if i % 5 == 0 else f"{i},福田区{i}\n" for i in range(300)]
    rows[77] = "77\n"
    data = ("编号,内容\n" + "".join(rows)).encode(encoding)
    whole = read(data)
    for size in (64, 129, 1000):
        monkeypatch.setattr(limits, "CHUNK", size)
        cut = read(data)
        assert cut.table.equals(whole.table)
        assert cut.places == whole.places
    assert whole.table.height == 299


CELL = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\ufdd0", include_characters="\n"),
    max_size=12,
)


@settings(max_examples=examples(150))
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=20))
def test_whatever_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    """Every row is in the table or set aside; none is lost, none invented, whatever stands in the cells."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["alpha", "beta", "gamma"])
    writer.writerow(["x", "y", "z"])
    writer.writerows(rows)
    types = {name: {"type": "string"} for name in ("alpha", "beta", "gamma")}
    outcome = read(target.getvalue().encode(), types=types, delimiter=",", header_row=1, encoding="utf-8")
    expected = [tuple(cell.strip() or None for cell in row) for row in [("x", "y", "z"), *rows]]
    kept = [row for row in expected if any(row)]
    assert outcome.table.rows() == kept
    assert [broken.reason for broken in outcome.aside] == ["empty"] * (len(expected) - len(kept))
