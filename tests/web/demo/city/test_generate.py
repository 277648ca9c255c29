"""The city as a whole: the same every time, of the size asked for, and written as announced."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import xlrd
from openpyxl import load_workbook

from tests.web.demo.city import reading
from web.demo.city import CityFiles, generate, plan
from web.demo.city.files import write
from web.demo.city.generate import LEAST_ROWS
from web.demo.city.people import populate
from web.demo.city.tables import carpark, company
from web.demo.city.tables.base import City, RawTable

DEPARTMENTS = plan().departments
CODES = [department.code for department in DEPARTMENTS]


def hashes(city: CityFiles) -> dict[str, str]:
    return {code: hashlib.sha256(path.read_bytes()).hexdigest() for code, path in city.files.items()}


class TestDeterminism:
    def test_another_process_writes_the_same_bytes(self, small_city: CityFiles, tmp_path: Path) -> None:
        """Another process has other string hashes and another time of writing."""
        program = (
            "import pathlib, sys; from web.demo.city import generate;"
            f"generate(pathlib.Path(sys.argv[1]), scale={small_city.truth.scale})"
        )
        environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "America/New_York"}
        subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, env=environment, cwd=_root())
        again = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
        first = hashes(small_city)
        assert again == {small_city.files[code].name: digest for code, digest in first.items()}

    def test_another_seed_gives_other_files(self, small_city: CityFiles, tmp_path: Path) -> None:
        other = generate(tmp_path, seed=7, scale=small_city.truth.scale)
        ours, theirs = hashes(small_city), hashes(other)
        assert all(ours[code] != theirs[code] for code in CODES)


def _root() -> Path:
    import web

    return Path(web.__file__).parents[1]


class TestSize:
    def test_it_writes_one_file_for_each_department_under_the_announced_name(self, small_city: CityFiles) -> None:
        assert list(small_city.files) == CODES
        for department in DEPARTMENTS:
            path = small_city.files[department.code]
            assert path.name == department.dataset.delivery.file_name
        assert {path.name for path in small_city.folder.iterdir()} == {path.name for path in small_city.files.values()}

    def test_rows_follow_the_scale_but_never_fall_below_the_least(self, small_city: CityFiles) -> None:
        for department in DEPARTMENTS:
            wanted = max(LEAST_ROWS, round(department.dataset.rows * small_city.truth.scale))
            assert small_city.truth.tables[department.code].rows == wanted

    def test_the_smallest_city_is_still_whole(self, tmp_path: Path) -> None:
        city = generate(tmp_path, scale=0.0001)
        for department in DEPARTMENTS:
            _, rows = reading.rows_of(city, department.code)
            assert len(rows) == LEAST_ROWS

    @pytest.mark.parametrize("scale", [0, -1.0, float("nan")])
    def test_a_scale_that_is_not_positive_is_refused(self, tmp_path: Path, scale: float) -> None:
        with pytest.raises(ValueError, match="scale must be positive"):
            generate(tmp_path / "city", scale=scale)
        assert not (tmp_path / "city").exists()

    def test_progress_tells_each_department_once(self, tmp_path: Path) -> None:
        heard: list[tuple[str, int, int]] = []
        generate(tmp_path, scale=0.0001, on_progress=lambda *news: heard.append(news))
        assert heard == [(code, done, len(CODES)) for done, code in enumerate(CODES, start=1)]

    def test_too_many_rows_for_a_legacy_sheet_are_refused(self, tmp_path: Path) -> None:
        department = plan().department("nanshan-market")
        city = City(1, populate(1, 400), company.company_names(1, 40))
        table = company.build(city, 60)
        long = RawTable({name: values.repeat(1_100) for name, values in table.columns.items()})
        with pytest.raises(ValueError, match="65536 rows"):
            write(department, long, tmp_path, city.rng("x"))


@pytest.mark.parametrize("code", CODES)
class TestFiles:
    def test_columns_and_rows_can_be_read_back(self, small_city: CityFiles, code: str) -> None:
        names, rows = reading.rows_of(small_city, code)
        assert names == [field.name for field in plan().department(code).dataset.fields]
        assert len(rows) == small_city.truth.tables[code].rows

    def test_subjects_are_as_many_as_the_truth_says_and_come_again(self, small_city: CityFiles, code: str) -> None:
        subject = plan().department(code).dataset.subject
        truth = small_city.truth.tables[code]
        if subject is None:
            assert truth.subjects == 0
            return
        names, rows = reading.rows_of(small_city, code)
        values = [row[names.index(subject)] for row in rows]
        assert all(values)
        assert len(set(values)) == truth.subjects
        assert truth.subjects < truth.rows - truth.duplicates

    def test_repeated_rows_are_as_many_as_the_truth_says(self, small_city: CityFiles, code: str) -> None:
        _, rows = reading.rows_of(small_city, code)
        repeats = sum(before == after for before, after in pairwise(rows))
        assert repeats == small_city.truth.tables[code].duplicates
        assert repeats >= 2


class TestBrokenRows:
    @pytest.mark.parametrize("code", [d.code for d in DEPARTMENTS if d.dataset.delivery.format == "csv"])
    def test_csv_lines_of_another_length_are_those_of_the_truth(self, small_city: CityFiles, code: str) -> None:
        delivery = plan().department(code).dataset.delivery
        path = small_city.files[code]
        header, _, bad = reading.csv_rows(path, delivery.encoding or "", delivery.delimiter or "")
        truth = small_city.truth.tables[code].broken
        assert {row.line: row.fields for row in truth} == bad
        assert len(bad) >= 3
        for row in truth:
            short = bad[row.line] < len(header)
            assert row.reason == ("too_few_fields" if short else "too_many_fields")

    @pytest.mark.parametrize("code", [d.code for d in DEPARTMENTS if d.dataset.delivery.format == "jsonl"])
    def test_json_lines_that_are_no_object_are_those_of_the_truth(self, small_city: CityFiles, code: str) -> None:
        _, _, bad = reading.jsonl_rows(small_city.files[code], "utf-8")
        assert {row.line for row in small_city.truth.tables[code].broken} == bad
        assert len(bad) >= 2

    def test_sheets_and_parquet_have_none(self, small_city: CityFiles) -> None:
        for department in DEPARTMENTS:
            if department.dataset.delivery.format in ("xlsx", "xls", "parquet"):
                assert small_city.truth.tables[department.code].broken == ()


class TestSheets:
    def test_the_rental_sheet_has_a_title_and_a_merged_header(self, small_city: CityFiles) -> None:
        sheet = load_workbook(small_city.files["futian-housing"]).worksheets[0]
        merged = {str(area) for area in sheet.merged_cells.ranges}
        assert sheet["A1"].value == "福田区住房租赁备案一览表"
        assert str(sheet["A2"].value).startswith("填报单位：福田区住房和建设局")
        assert {"A1:R1", "A2:R2", "A3:A4", "B3:E3", "R3:R4"} <= merged
        assert sheet["B3"].value == "房屋信息"
        assert sheet["B4"].value == "房屋地址"

    def test_the_legacy_sheet_has_a_title_across_its_columns(self, small_city: CityFiles) -> None:
        book = xlrd.open_workbook(str(small_city.files["nanshan-market"]), formatting_info=True)
        sheet = book.sheet_by_index(0)
        assert sheet.cell_value(0, 0) == "南山区企业登记信息一览表"
        assert (0, 1, 0, sheet.ncols) in sheet.merged_cells

    def test_long_numbers_stay_text(self, small_city: CityFiles) -> None:
        names, rows = reading.rows_of(small_city, "futian-housing")
        for name in ("承租人身份证号", "lxdh"):
            assert all(isinstance(row[names.index(name)], str) for row in rows)


class TestMess:
    def test_gb18030_is_needed_and_utf8_would_fail(self, small_city: CityFiles) -> None:
        raw = small_city.files["futian-hotline"].read_bytes()
        with pytest.raises(UnicodeDecodeError):
            raw.decode("utf-8")

    def test_dates_come_in_several_forms(self, small_city: CityFiles) -> None:
        names, rows = reading.rows_of(small_city, "futian-parking")
        values = [row[names.index("驶入时间")] for row in rows]
        assert any("/" in value for value in values)
        assert any("年" in value for value in values)
        assert any(value.isdigit() for value in values)
        assert sum(value[4:5] == "-" for value in values) > len(values) * 0.9

    def test_missing_values_full_width_digits_and_stray_spaces_occur(self, small_city: CityFiles) -> None:
        names, rows = reading.rows_of(small_city, "nanshan-water")
        phones = [row[names.index("联系电话")] for row in rows]
        ids = [row[names.index("sfzh")] for row in rows]
        assert {"-", "无", "NULL"} & set(phones)
        assert any("０" <= character <= "９" for phone in phones for character in phone)
        assert any(number.startswith(" ") for number in ids)

    def test_some_requests_span_lines(self, small_city: CityFiles) -> None:
        names, rows = reading.rows_of(small_city, "futian-hotline")
        assert any("\n" in row[names.index("诉求内容")] for row in rows)

    def test_a_list_without_persons_keeps_its_names_apart(self) -> None:
        city = City(3, populate(3, 400), company.company_names(3, 40))
        table = carpark.build(city, 900)
        names = [name.strip() for name in table.columns["停车场名称"].tolist()]
        assert len(set(names)) == len(names) - table.duplicates
