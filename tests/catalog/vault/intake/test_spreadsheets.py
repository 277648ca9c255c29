"""Spreadsheets: layout, cell types, formulas, and files that mean harm."""

import datetime as dt
import io
import os
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
