"""The truth agrees with the files, survives being stored, and judges findings fairly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.demo.city import reading
from web.demo.city import PERSONAL, CityFiles, Found, Semantic, Span, TableTruth, Truth, compare, plan
from web.demo.city.hotline_phrases import BODIES, ENDINGS, OPENINGS, RENTAL_REMARKS, WATER_REMARKS, WHOLE
from web.demo.city.hotline_text import pieces, surname
from web.demo.city.people import FULL_SIZE, populate
from web.demo.city.truth import ColumnTruth, Score

_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_GRAMMAR: dict[Semantic, str] = {
    Semantic.CN_MOBILE: r"(\+86 )?1[3-9]\d[ -]?\d{4}[ -]?\d{4}",
    Semantic.CN_LANDLINE: r"(\(0755\)|0755-?)?[28]\d{7}",
    Semantic.CN_RESIDENT_ID: r"\d{6} ?\d{8} ?\d{3}[\dXx]",
    Semantic.EMAIL_ADDRESS: r"[a-z0-9.]+@[a-z0-9]+\.com",
    Semantic.CN_LICENSE_PLATE: r"[\u4e00-\u9fa5][A-Za-z][ ·]?[A-Za-z0-9]{5,6}",
    Semantic.CN_USCC: r"91[0-9A-Z]{16}",
    Semantic.CN_ADDRESS: r".+\d+(室|房|号|栋|座)?.*",
    Semantic.ORGANIZATION: r"深圳市.+有限公司",
    Semantic.DATE_TIME: r"(\d{4}年)?\d{1,2}月\d{1,2}[日号](\d{1,2}时)?|\d{4}-\d\d-\d\d",
    Semantic.LOCATION: r"[\u4e00-\u9fa5]+",
}
TEXT_TABLES = [d.code for d in plan().departments if any(f.role == "free_text" for f in d.dataset.fields)]


@pytest.mark.parametrize("code", TEXT_TABLES)
def test_spans_stand_where_their_values_are(small_city: CityFiles, code: str) -> None:
    truth = small_city.truth
    people = populate(truth.seed, max(400, round(FULL_SIZE * truth.scale)))
    names = set(people.name) | {surname(name) for name in people.name}
    header, rows = reading.rows_of(small_city, code)
    seen: set[Semantic] = set()
    for column, spans in truth.tables[code].spans.items():
        at = header.index(column)
        for row, found in spans.items():
            text = rows[row][at]
            end = 0
            for span in found:
                assert end <= span.start < span.end <= len(text)
                value = text[span.start : span.end]
                if span.type is Semantic.PERSON:
                    assert value in names
                else:
                    assert re.fullmatch(_GRAMMAR[span.type], value.translate(_DIGITS)), (span.type, value)
                end = span.end
                seen.add(span.type)
    assert {Semantic.PERSON, Semantic.CN_MOBILE} <= seen


def test_no_number_of_a_person_stands_outside_a_span(small_city: CityFiles) -> None:
    header, rows = reading.rows_of(small_city, "futian-hotline")
    spans = small_city.truth.tables["futian-hotline"].spans["诉求内容"]
    tell_tale = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|\d{17}[\dXx]|@")
    for row, cells in enumerate(rows):
        text = cells[header.index("诉求内容")]
        for match in tell_tale.finditer(text):
            assert any(s.start <= match.start() and match.end() <= s.end for s in spans.get(row, ()))


def test_hotline_texts_hold_every_kind_of_personal_value(small_city: CityFiles) -> None:
    spans = small_city.truth.tables["futian-hotline"].spans["诉求内容"]
    kinds = {span.type for found in spans.values() for span in found}
    assert PERSONAL - {Semantic.BIRTH_DATE, Semantic.ACCOUNT_ID} <= kinds


def test_every_phrase_can_be_filled() -> None:
    phrases = [*OPENINGS, *ENDINGS, *RENTAL_REMARKS, *WATER_REMARKS]
    phrases += [phrase for group in (*BODIES.values(), *WHOLE.values()) for phrase in group]
    for phrase in phrases:
        assert "".join(literal + (f"{{{slot}}}" if slot else "") for literal, slot in pieces(phrase)) == phrase


def test_a_phrase_with_an_unknown_slot_is_refused() -> None:
    with pytest.raises(ValueError, match="nickname"):
        pieces("我叫{nickname}")


@pytest.mark.parametrize("department", plan().departments, ids=lambda d: d.code)
def test_filled_cells_are_counted_as_a_reader_would(small_city: CityFiles, department) -> None:
    marks = {"", "-", "无", "NULL", "/", "未知", "匿名", "未评价", "未公示", "待查", "—", None, 999.9}
    names, rows = reading.rows_of(small_city, department.code)
    for column in small_city.truth.tables[department.code].columns:
        cells = [row[names.index(column.name)] for row in rows]
        assert column.filled == sum(cell not in marks for cell in cells), column.name


def test_the_truth_survives_being_stored_and_holds_no_value(small_city: CityFiles, tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    small_city.truth.save(path)
    assert Truth.load(path) == small_city.truth
    stored = path.read_text()
    names, rows = reading.rows_of(small_city, "futian-hotline")
    for column in ("来电号码", "工单编号"):
        assert not any(row[names.index(column)] in stored for row in rows)


def test_truth_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text('{"version": 99}')
    with pytest.raises(ValueError, match="version 99"):
        Truth.load(path)


# --- compare ------------------------------------------------------------------------------------


def _perfect(table: TableTruth) -> Found:
    return Found(
        {column.name: column.type for column in table.columns if column.type is not Semantic.PLAIN},
        {name: {row: list(spans) for row, spans in rows.items()} for name, rows in table.spans.items()},
    )


def test_types_that_claim_nothing_of_persons_are_no_findings(small_city: CityFiles) -> None:
    table = small_city.truth.tables["futian-parking"]
    result = compare(table, Found({"订单号": "RECORD_ID", "支付方式": "CATEGORY", "驶入时间": "DATE_TIME"}))
    assert result.columns.found == 0


def test_a_birth_date_found_as_a_date_is_covered(small_city: CityFiles) -> None:
    table = small_city.truth.tables["futian-health"]
    assert "csrq" not in compare(table, Found({"csrq": "DATE_TIME"})).missed_columns


@pytest.mark.parametrize("code", [d.code for d in plan().departments])
def test_perfect_findings_cover_everything(small_city: CityFiles, code: str) -> None:
    table = small_city.truth.tables[code]
    result = compare(table, _perfect(table))
    assert result.spans.coverage == result.spans.precision == 1.0
    assert result.columns.coverage == result.columns.precision == result.cell_coverage == 1.0
    assert result.missed_columns == result.mistyped_columns == result.false_columns == ()


def test_no_findings_cover_nothing(small_city: CityFiles) -> None:
    table = small_city.truth.tables["futian-hotline"]
    result = compare(table, Found({}))
    assert result.spans.covered == result.columns.covered == result.personal_cells_covered == 0
    assert result.spans.true > 0
    assert result.cell_coverage == 0.0
    assert "来电号码" in result.missed_columns


def test_a_header_with_its_merged_group_in_front_is_the_same_column(small_city: CityFiles) -> None:
    table = small_city.truth.tables["futian-housing"]
    result = compare(table, Found({"承租人信息_lxdh": "PHONE_NUMBER", "房屋信息 房屋地址": "CN_ADDRESS"}))
    assert result.columns.covered == 2
    assert result.mistyped_columns == ()


def test_a_type_of_another_kind_is_told_and_so_is_a_plain_column(small_city: CityFiles) -> None:
    table = small_city.truth.tables["futian-parking"]
    result = compare(table, Found({"车牌号码": "PERSON", "支付方式": "PERSON"}))
    assert result.mistyped_columns == ("车牌号码",)
    assert result.false_columns == ("支付方式",)
    assert result.columns.precise == 1


def _one_text(*spans: Span) -> TableTruth:
    column = ColumnTruth("内容", Semantic.FREE_TEXT, "free_text", personal=False, filled=1)
    return TableTruth("x", "x.csv", 1, 0, 0, (column,), (), {"内容": {0: spans}})


SPAN = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(SPAN, st.lists(SPAN, max_size=5))
def test_a_span_is_covered_when_all_of_it_is_masked(gold: tuple[int, int], said: list[tuple[int, int]]) -> None:
    table = _one_text(Span(Semantic.PERSON, *gold))
    result = compare(table, Found({}, {"内容": {0: [("X", *one) for one in said]}}))
    masked = [any(start <= at < end for start, end in said) for at in range(*gold)]
    assert result.spans.covered == int(all(masked))
    assert result.personal_cells_covered == int(all(masked))
    touching = sum(start < gold[1] and gold[0] < end for start, end in said)
    assert (result.spans.found, result.spans.precise) == (len(said), touching)


def test_a_public_place_is_neither_owed_nor_wrong() -> None:
    table = _one_text(Span(Semantic.LOCATION, 0, 4))
    assert compare(table, Found({})).spans == Score()
    assert compare(table, Found({}, {"内容": {0: [("CN_ADDRESS", 0, 4)]}})).spans.precision == 1.0


def test_findings_in_a_row_without_spans_are_wrong() -> None:
    table = _one_text(Span(Semantic.PERSON, 0, 2))
    result = compare(table, Found({}, {"内容": {5: [("PERSON", 0, 2)]}}))
    assert (result.spans.found, result.spans.precise) == (1, 0)
