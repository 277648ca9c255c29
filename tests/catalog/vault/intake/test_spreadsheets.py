"""Spreadsheets: layout, cell types, formulas, and files that mean harm."""

import datetime as dt
import io
import os
import time
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from catalog.vault.intake import limits
from catalog.vault.intake.reasons import Rejected
from tests.catalog.vault.intake.reading import read

DATA = Path(os.environ.get("SHUYI_TEST_DATA", Path(__file__).parents[5] / "shared" / "data"))
WEATHER = DATA / "shenzhen-weather" / "weather_june_july_2022.xls"
at = dt.datetime.fromisoformat


def workbook(fill: object) -> bytes:
    """An XLSX file that `fill(book, sheet)` wrote."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    fill(book, book.add_worksheet("明细"))  # type: ignore[operator]  # a function of two
    book.close()
    return target.getvalue()


def plain(rows: list[list[object]]) -> bytes:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return workbook(fill)


def rezipped(data: bytes, changes: dict[str, bytes]) -> bytes:
    """The workbook with some parts replaced or added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return target.getvalue()


def test_title_row_and_merged_header_become_column_names() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.merge_range(0, 0, 0, 4, "福田区租赁备案登记表（2026年11月）")
        sheet.merge_range(1, 0, 2, 0, "编号")
        sheet.merge_range(1, 1, 2, 1, "承租人")
        sheet.merge_range(1, 2, 1, 3, "地址")
        sheet.merge_range(1, 4, 2, 4, "月租金")
        sheet.write_row(2, 2, ["街道", "小区"])
        sheet.write_row(3, 0, ["0001", "王小明", "园岭街道", "百花园", 5200])
        sheet.write_row(4, 0, ["0002", "李芳", "沙头街道", "金地", 6100.5])

    outcome = read(workbook(fill))
    assert outcome.table.columns == ["编号", "承租人", "地址_街道", "地址_小区", "月租金"]
    assert outcome.table.rows() == [
        ("0001", "王小明", "园岭街道", "百花园", 5200.0),
        ("0002", "李芳", "沙头街道", "金地", 6100.5),
    ]
    assert (outcome.format.header_row, outcome.format.header_rows) == (2, 2)
    assert {note.code for note in outcome.format.notes} == {"titles", "merged_header"}


def test_most_columns_may_stand_in_groups() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.merge_range(0, 0, 0, 6, "备案一览表")
        sheet.merge_range(1, 0, 1, 6, "填报单位：住房和建设局")
        sheet.merge_range(2, 0, 3, 0, "备案编号")
        sheet.merge_range(2, 1, 2, 3, "出租人信息")
        sheet.merge_range(2, 4, 2, 6, "承租人信息")
        sheet.write_row(3, 1, ["姓名", "证件号", "电话"] * 2)
        for row in range(4, 12):
            sheet.write_row(row, 0, [f"A{row}", "甲", f"4401{row}", f"1380013{row:04d}", "乙", f"4403{row}", "无"])

    outcome = read(workbook(fill))
    assert outcome.table.columns == [
        "备案编号",
        *(f"{side}信息_{word}" for side in ("出租人", "承租人") for word in ("姓名", "证件号", "电话")),
    ]
    assert outcome.table.height == 8


def test_cells_keep_their_types() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, ["代码", "数量", "比例", "日期", "时间", "有效"])
        for row, code in enumerate(["1001", "1002"], start=1):
            sheet.write_string(row, 0, code)
            sheet.write_row(row, 1, [row * 3, row / 4])
            sheet.write_datetime(row, 3, at("2026-11-03"), day)
            sheet.write_datetime(row, 4, at("2026-11-03 08:05:00"), moment)
            sheet.write_boolean(row, 5, row == 1)

    outcome = read(workbook(fill))
    assert list(outcome.types.values()) == ["string", "integer", "number", "date", "timestamp", "boolean"]
    assert outcome.table.row(0) == ("1001", 3, 0.25, dt.date(2026, 11, 3), at("2026-11-03 08:05:00"), True)


def test_stored_results_of_formulas_are_taken_and_missing_ones_set_aside() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_row(1, 0, [1])
        sheet.write_formula(1, 1, "=A2*2", None, 2)
        sheet.write_row(2, 0, [5])
        sheet.write_formula(2, 1, "=A3*2", None, "")
        sheet.write_row(3, 0, [7, 14])

    outcome = read(workbook(fill))
    assert outcome.table.rows() == [(1, 2), (7, 14)]
    assert outcome.places == [(3, 2, "formula")]
    assert outcome.aside[0].sentence() == "the formula in B3 has no stored result"
    note = next(note for note in outcome.format.notes if note.code == "formulas")
    assert note.values == {"count": 2, "first": "B2"}


def test_error_cells_empty_rows_and_notes_below_are_set_aside() -> None:
    rows: list[list[object]] = [
        ["a", "b", "c"],
        [1, "x", 2],
        ["", "", ""],
        [3, "#REF!", 4],
        [5, "y", 6],
        ["注：初步统计"],
    ]
    outcome = read(plain(rows))
    assert outcome.table.rows() == [(1, "x", 2), (5, "y", 6)]
    assert outcome.places == [(3, None, "empty"), (4, 2, "error_cell"), (6, 1, "note")]


def test_text_that_looks_like_a_formula_stays_text() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(0, 0, ["id", "remark"])
        for row, text in enumerate(['=HYPERLINK("http://x")', "+1+1", "@SUM(A1)"], start=1):
            sheet.write_number(row, 0, row)
            sheet.write_string(row, 1, text)

    outcome = read(workbook(fill))
    assert outcome.table["remark"].to_list() == ['=HYPERLINK("http://x")', "+1+1", "@SUM(A1)"]


def test_a_cover_sheet_is_passed_over_and_a_sheet_can_be_chosen() -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.add_worksheet("封面").write(0, 0, "2026年报")
    for name, value in (("一月", 1), ("二月", 2)):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["区", "数"])
        sheet.write_row(1, 0, ["福田", value])
    book.close()
    assert read(target.getvalue()).format.sheet == "一月"
    assert read(target.getvalue(), sheet="二月").table.rows() == [("福田", 2)]
    with pytest.raises(Rejected, match="no sheet 三月"):
        read(target.getvalue(), sheet="三月")


def test_a_legacy_workbook_is_read() -> None:
    book = xlwt.Workbook(encoding="gbk")
    sheet = book.add_sheet("水表")
    sheet.write_merge(0, 0, 0, 2, "南山区水表读数")
    for place, name in enumerate(["户号", "读数", "抄表日期"]):
        sheet.write(1, place, name)
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for row in (2, 3):
        sheet.write(row, 0, f"00{row}")
        sheet.write(row, 1, row * 10)
        sheet.write(row, 2, at("2026-11-03"), day)
    target = io.BytesIO()
    book.save(target)
    outcome = read(target.getvalue())
    assert outcome.format.kind == "xls"
    assert outcome.table.rows() == [("002", 20, dt.date(2026, 11, 3)), ("003", 30, dt.date(2026, 11, 3))]


def test_a_real_workbook_in_code_page_936_is_read() -> None:
    if not WEATHER.exists():
        pytest.skip("needs the sample of real data, which is kept apart")
    outcome = read(WEATHER.read_bytes())
    assert outcome.table.height == 720
    assert not any("\ufffd" in name for name in outcome.table.columns)
    assert outcome.aside == []


def test_a_zip_bomb_is_refused_without_being_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SPREADSHEET_UNPACKED", 4 * limits.MIB)
    bomb = rezipped(plain([["a", "b"], [1, 2]]), {"xl/worksheets/sheet2.xml": b"0" * (5 * limits.MIB)})
    with pytest.raises(Rejected, match="unpacks to more") as caught:
        read(bomb)
    assert caught.value.place == "xl/worksheets/sheet2.xml"


def test_a_part_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(rezipped(plain([["a", "b"], [1, 2]]), {"xl/worksheets/sheet2.xml": b"0" * 100_000}))
    size = (100_000).to_bytes(4, "little")
    assert data.count(size) >= 1
    with pytest.raises(Rejected, match="damaged"):
        read(bytes(data).replace(size, (10).to_bytes(4, "little")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_xml_entity_bomb_is_refused(encoding: str) -> None:
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 9))
    declared = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]>'
    xml = f"{declared}<worksheet>&l8;</worksheet>"
    with pytest.raises(Rejected, match="entities") as caught:
        read(rezipped(plain([["a"], [1]]), {"xl/worksheets/sheet1.xml": xml.encode(encoding)}))
    assert caught.value.place == "xl/worksheets/sheet1.xml"


def sheet(cells: str) -> bytes:
    """A workbook whose first sheet is this mark-up, beside a shared text of 100,000 characters."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return rezipped(
        plain([["a", "b"], [1, "x"]]),
        {
            "xl/worksheets/sheet1.xml": f"<worksheet {space}><sheetData>{cells}</sheetData></worksheet>".encode(),
            "xl/sharedStrings.xml": f"<sst {space}><si><t>{'x' * 100_000}</t></si><si><t>y</t></si></sst>".encode(),
        },
    )


def row(number: int, *values: str) -> str:
    cells = (f'<c r="{"AB"[place]}{number}" t="s"><v>{value}</v></c>' for place, value in enumerate(values))
    return f'<row r="{number}">{"".join(cells)}</row>'


def test_two_cells_far_apart_are_refused_before_all_between_take_memory() -> None:
    with pytest.raises(Rejected, match="more than 24,000,000 cells") as caught:
        read(sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))
    assert caught.value.place == "xl/worksheets/sheet1.xml"
    # Cells that only have a style take none.
    styled = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    assert read(sheet(row(1, "1", "1") + row(2, "1", "1") + styled)).table.height >= 1


def test_a_long_text_that_many_cells_share_is_refused() -> None:
    with pytest.raises(Rejected, match="768 MB"):
        read(sheet("".join(row(number, "0", "1") for number in range(1, 10_000))))
    assert read(sheet("".join(row(number, str(int(number > 5)), "1") for number in range(1, 20)))).table.height > 5


def test_a_directory_of_very_many_parts_is_refused() -> None:
    data = plain([["a", "b"], [1, 2]])
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entries = data[start:end] * 6_000
    size = len(entries).to_bytes(4, "little")
    with pytest.raises(Rejected, match="10,000 parts"):
        read(data[:start] + entries + data[end : end + 12] + size + data[end + 16 :])


def test_overlapping_merged_cells_are_refused() -> None:
    data = sheet(row(1, "1", "1") + row(2, "1", "1"))
    merged = "".join(f'<mergeCell ref="A1:B{number}"/>' for number in range(2, 1_000))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    changed = xml.replace(b"</sheetData>", f"</sheetData><mergeCells>{merged}</mergeCells>".encode())
    with pytest.raises(Rejected, match="damaged"):
        read(rezipped(data, {"xl/worksheets/sheet1.xml": changed}))


def test_formulas_are_noted_wherever_a_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        for number in range(1, 60):
            sheet.write_number(number, 0, number)
            sheet.write_formula(number, 1, f"=A{number + 1}*2", None, "" if number == 30 else number * 2)

    data = workbook(fill)
    for size in range(100, 120):
        monkeypatch.setattr("catalog.vault.intake.xlsx_parts._WINDOW", size)
        outcome = read(data)
        assert outcome.places == [(31, 2, "formula")]
        assert next(note for note in outcome.format.notes if note.code == "formulas").values["count"] == 59


def test_mark_up_that_never_ends_is_read_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for cells in ('<c r="A1"><f>' * 60_000, "<c" * 400_000, "<c " + 'r="A1" ' * 100_000):
        started = time.process_time()
        with pytest.raises(Rejected, match=r"damaged|empty"):
            read(sheet(cells))
        assert time.process_time() - started < 20


def test_other_archives_and_damaged_workbooks_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    with pytest.raises(Rejected, match="ZIP"):
        read(target.getvalue())
    whole = plain([["a", "b"], [1, 2]])
    for broken in (whole[: len(whole) // 2], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000):
        with pytest.raises(Rejected, match="damaged"):
            read(broken)


def test_an_empty_workbook_is_refused() -> None:
    with pytest.raises(Rejected, match="empty"):
        read(plain([]))
    with pytest.raises(Rejected, match="header but no rows"):
        read(plain([["a", "b"], ["", ""]]))
