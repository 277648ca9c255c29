"""Types of columns: recognised, and given by a person."""

import datetime as dt

import pytest

from contracts.errors import InvalidInput
from tests.catalog.vault.intake.reading import read

at = dt.datetime.fromisoformat


def column(*values: str, **correction: object) -> tuple[str, list[object]]:
    data = "n,v\n" + "".join(f'{i},"{value}"\n' for i, value in enumerate(values))
    outcome = read(data.encode(), **correction)
    return outcome.types["v"], outcome.table["v"].to_list()


@pytest.mark.parametrize(
    ("values", "type_", "read_as"),
    [
        (["1", "-2", "0"], "integer", [1, -2, 0]),
        (["1,234", "56", "1,234,567"], "integer", [1234, 56, 1234567]),
        (["1.5", "2", "-3.25"], "number", [1.5, 2.0, -3.25]),
        (["1,234.50", "12.00"], "number", [1234.5, 12.0]),
        (["001", "014", "120"], "string", ["001", "014", "120"]),  # leading zeros are codes
        (["440305199001011234", "440305198512317890"], "string", None),  # more digits than a number can keep
        (["13800138000", "13912345678"], "string", None),  # all of one length: telephone numbers
        (["12345678901", "1"], "integer", [12345678901, 1]),
        (["true", "FALSE"], "boolean", [True, False]),
        (["是", "否"], "string", ["是", "否"]),
        (["2026-11-03", "2026-1-3"], "date", [dt.date(2026, 11, 3), dt.date(2026, 1, 3)]),
        (["2026/11/03", "2026.1.3"], "date", [dt.date(2026, 11, 3), dt.date(2026, 1, 3)]),
        (["2026年11月3日", "2026年1月31日"], "date", [dt.date(2026, 11, 3), dt.date(2026, 1, 31)]),
        (["20261103", "20260131"], "date", [dt.date(2026, 11, 3), dt.date(2026, 1, 31)]),
        (["20261303", "20260131"], "integer", [20261303, 20260131]),
        (["2026-02-30", "2026-01-01"], "string", None),
        (
            ["2026-11-03 08:05", "2026-11-03 23:59:59"],
            "timestamp",
            [at("2026-11-03 08:05:00"), at("2026-11-03 23:59:59")],
        ),
        (
            ["2026年11月3日 8时5分", "2026年11月3日 14时05分30秒"],
            "timestamp",
            [at("2026-11-03 08:05:00"), at("2026-11-03 14:05:30")],
        ),
        (["2026-11-03T00:00:00Z", "2026-11-03T08:00:00+08:00"], "timestamp",
         [at("2026-11-03 08:00:00"), at("2026-11-03 08:00:00")]),  # as the city's clocks show it
        (["12", "-", "NULL", "7"], "integer", [12, None, None, 7]),
        (["-", "—", "a"], "string", ["-", "—", "a"]),
        ([" 12 ", "\t7"], "integer", [12, 7]),
    ],
)  # fmt: skip
def test_types_are_recognised(values: list[str], type_: str, read_as: list[object] | None) -> None:
    found, cells = column(*values)
    assert found == type_
    assert cells == (values if read_as is None else read_as)


def test_text_loses_the_space_around_it() -> None:
    assert column(" 福田区 ", "\u3000南山区\t") == ("string", ["福田区", "南山区"])


def test_a_type_can_be_given_and_what_does_not_fit_is_set_aside() -> None:
    data = "编号,金额\n1,12.5\n2,待定\n3,8\n".encode()
    assert read(data).types["金额"] == "string"
    outcome = read(data, types={"金额": {"type": "number"}})
    assert outcome.table.rows() == [(1, 12.5), (3, 8.0)]
    assert outcome.places == [(3, 2, "type")]
    assert outcome.aside[0].raw == "2\t待定"


def test_a_near_miss_is_pointed_out() -> None:
    rows = [f"{i},{i * 3}" for i in range(200)] + ["200,未测"]
    outcome = read(("编号,读数\n" + "\n".join(rows) + "\n").encode())
    readings = outcome.format.columns[1]
    assert (readings.type, readings.nearly, readings.nearly_misses) == ("string", "integer", 1)


def test_a_date_pattern_can_be_given() -> None:
    data = b"id,day\n1,03/11/2026\n2,31/01/2026\n"
    outcome = read(data, types={"day": {"type": "date", "pattern": "%d/%m/%Y"}})
    assert outcome.table["day"].to_list() == [dt.date(2026, 11, 3), dt.date(2026, 1, 31)]
    with pytest.raises(InvalidInput, match="%d/%m/%Y"):
        read(data, types={"day": {"type": "date", "pattern": "day"}})


def test_numbers_may_be_kept_as_text() -> None:
    outcome = read(b"id,code\n1,7\n2,8\n", types={"code": {"type": "string"}})
    assert outcome.table["code"].to_list() == ["7", "8"]


def test_truth_values_of_all_kinds_are_read_when_asked_for() -> None:
    found, cells = column("是", "否", "1", types={"v": {"type": "boolean"}})
    assert (found, cells) == ("boolean", [True, False, True])


def test_columns_can_be_renamed() -> None:
    outcome = read(b"xm,nl\nA,1\nB,2\n", names={"xm": "name", "nl": "age"})
    assert outcome.table.columns == ["name", "age"]
    assert [c.source for c in outcome.format.columns] == ["xm", "nl"]


@pytest.mark.parametrize(
    ("correction", "told"),
    [
        ({"types": {"none": {"type": "integer"}}}, "no column none"),
        ({"names": {"none": "x"}}, "no column none"),
        ({"names": {"xm": "nl"}}, "called nl"),
        ({"encoding": "klingon"}, "klingon"),
        ({"encoding": "base64"}, "base64"),
        ({"header_row": 30}, "no line 30"),
        ({"delimiter": '"'}, "delimiter"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(correction: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read(b"xm,nl\nA,1\nB,2\n", **correction)
