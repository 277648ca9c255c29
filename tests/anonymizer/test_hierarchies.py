"""What columns are published as, level by level, and which values are refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from anonymizer.hierarchies import EncodedColumn, encode
from contracts.errors import InvalidInput
from contracts.privacy import (
    CategoryHierarchy,
    DateHierarchy,
    DateLevel,
    DivisionLevel,
    DivisionsHierarchy,
    GeoGridHierarchy,
    HourBandsHierarchy,
    NumericHierarchy,
    PrefixHierarchy,
)

at = datetime.fromisoformat


def shown(column: EncodedColumn, level: int) -> list[str]:
    """The readable text of every row on a level."""
    return column.labels(column.tree.node_of[level][column.leaf])


def published(column: EncodedColumn, level: int) -> dict[str, list[Any]]:
    """The release's columns of every row on a level."""
    parts = column.publish(column.tree.node_of[level][column.leaf])
    return {part.field.name: part.values.to_list() for part in parts}


def test_whole_numbers_become_inclusive_ranges() -> None:
    table = pl.DataFrame({"age": [17, 20, 24, None, 90]})
    column = encode("age", NumericHierarchy(widths=[1, 5, 10]), table, mixed=True)
    assert shown(column, 0) == ["17", "20", "24", "", "90"]
    assert published(column, 1) == {"age_low": [15, 20, 20, None, 90], "age_high": [19, 24, 24, None, 94]}
    assert shown(column, 3) == ["10–99"] * 5
    assert column.tree.loss[column.tree.node_of[1][0]] == pytest.approx(2 / 73)  # 15-19, cut to 17-19 of 17-90


def test_fractions_keep_clean_borders() -> None:
    table = pl.DataFrame({"x": [0.1, 0.3, 0.7, 1.05]})
    column = encode("x", NumericHierarchy(widths=[0.1, 0.5]), table, mixed=True)
    assert published(column, 0) == {"x_low": [0.1, 0.3, 0.7, 1.0], "x_high": [0.2, 0.4, 0.8, 1.1]}
    assert published(column, 1)["x_low"] == [0.0, 0.0, 0.5, 1.0]


def test_cut_points_hide_the_extremes() -> None:
    table = pl.DataFrame({"age": [3, 18, 64, 65, 117]})
    column = encode("age", NumericHierarchy(cut_points=[[18, 40, 65], [18]]), table, mixed=True)
    assert shown(column, 0) == ["≤ 17", "18–39", "40–64", "≥ 65", "≥ 65"]
    assert shown(column, 1) == ["≤ 17", "≥ 18", "≥ 18", "≥ 18", "≥ 18"]


def test_numbers_kept_as_text_are_read_and_others_refused() -> None:
    column = encode("age", NumericHierarchy(widths=[10]), pl.DataFrame({"age": ["21", "35", None]}), mixed=True)
    assert shown(column, 0) == ["20–29", "30–39", ""]
    with pytest.raises(InvalidInput, match=r"'age'.*shape '某某'.*row 2") as caught:
        encode("age", NumericHierarchy(widths=[10]), pl.DataFrame({"age": ["21", "不详"]}), mixed=True)
    assert "不详" not in caught.value.detail


def test_dates_become_spans() -> None:
    table = pl.DataFrame({"d": [date(1987, 2, 28), date(1987, 3, 1), date(2001, 12, 31), None]})
    levels = [DateLevel.DAY, DateLevel.MONTH, DateLevel.QUARTER, DateLevel.YEAR, DateLevel.DECADE]
    column = encode("d", DateHierarchy(levels=levels), table, mixed=True)
    assert published(column, 1)["d_high"] == [date(1987, 2, 28), date(1987, 3, 31), date(2001, 12, 31), None]
    assert published(column, 2)["d_low"][:2] == [date(1987, 1, 1)] * 2
    assert published(column, 4) == {
        "d_low": [date(1980, 1, 1), date(1980, 1, 1), date(2000, 1, 1), None],
        "d_high": [date(1989, 12, 31), date(1989, 12, 31), date(2009, 12, 31), None],
    }
    assert published(column, 5)["d_low"] == [date(1980, 1, 1)] * 4


@pytest.mark.parametrize("text", ["1987-02-28", "1987/02/28", "1987年02月28日", "19870228"])
def test_dates_written_as_text_are_read(text: str) -> None:
    column = encode("d", DateHierarchy(levels=[DateLevel.YEAR]), pl.DataFrame({"d": [text]}), mixed=True)
    assert published(column, 0)["d_low"] == [date(1987, 1, 1)]


def test_timestamps_within_the_day_and_weeks() -> None:
    table = pl.DataFrame({"t": [at("2026-11-24T07:05"), at("2026-11-24T11:59"), at("2026-11-29")]})
    column = encode("t", DateHierarchy(levels=[DateLevel.HOUR, DateLevel.DAY_PART, DateLevel.WEEK]), table, mixed=True)
    assert published(column, 1)["t_low"][0] == at("2026-11-24T06:00")
    assert len(set(shown(column, 1))) == 2
    assert len(set(shown(column, 2))) == 1
    bands = encode("t", HourBandsHierarchy(hours=[1, 6]), table, mixed=True)
    assert published(bands, 1) == {
        "t_code": ["06:00-11:59", "06:00-11:59", "00:00-05:59"], "t_level": [1, 1, 1],
    }  # fmt: skip


def test_dates_without_time_cannot_have_hours() -> None:
    table = pl.DataFrame({"d": [date(2026, 1, 1)]})
    with pytest.raises(InvalidInput, match="without a time of day"):
        encode("d", DateHierarchy(levels=[DateLevel.HOUR]), table, mixed=True)


def test_a_category_without_a_row_is_refused_by_name_only_where_it_is_common() -> None:
    tree = CategoryHierarchy(rows=[["a", "x", "*"], ["b", "x", "*"]])
    column = encode("c", tree, pl.DataFrame({"c": ["a", "b", None]}), mixed=False)
    assert published(column, 1) == {"c": ["x", "x", None]}
    with pytest.raises(InvalidInput, match="'common'"):
        encode("c", tree, pl.DataFrame({"c": ["common"] * 30}), mixed=True)
    with pytest.raises(InvalidInput) as caught:
        encode("c", tree, pl.DataFrame({"c": ["a", "secret"]}), mixed=True)
    assert "secret" not in caught.value.detail


def test_prefixes() -> None:
    column = encode("c", PrefixHierarchy(lengths=[4, 2]), pl.DataFrame({"c": ["440305", "440304", "11"]}), mixed=True)
    assert shown(column, 0) == ["4403", "4403", "11"]
    assert published(column, 1) == {"c_code": ["44", "44", "11"], "c_level": [1, 1, 1]}


def test_divisions_of_codes_identity_numbers_and_addresses() -> None:
    levels = [DivisionLevel.DISTRICT, DivisionLevel.CITY, DivisionLevel.PROVINCE]
    codes = encode("c", DivisionsHierarchy(levels=levels), pl.DataFrame({"c": ["440305001", "4403", "x"]}), mixed=True)
    assert shown(codes, 0) == ["440305", "4403", "*"]
    assert shown(codes, 1) == ["4403", "4403", "*"]
    assert published(codes, 0)["c_level"] == [0, 1, 3]
    numbers = encode(
        "c", DivisionsHierarchy(levels=levels), pl.DataFrame({"c": ["440305199001011234"] * 3}), mixed=True
    )
    assert shown(numbers, 0) == ["440305"] * 3
    home = ["广东省深圳市南山区粤海街道科苑路1号", "深圳市福田区福华路2号", "南山区桃源街道3号", "不知道"]
    addresses = encode(
        "c", DivisionsHierarchy(levels=[DivisionLevel.STREET, *levels]), pl.DataFrame({"c": home}), mixed=True
    )
    assert shown(addresses, 0) == [
        "广东省深圳市南山区粤海街道", "广东省深圳市福田区", "广东省深圳市南山区桃源街道", "*",
    ]  # fmt: skip
    assert shown(addresses, 2) == ["广东省深圳市"] * 3 + ["*"]


def test_coordinates_become_cells_together() -> None:
    table = pl.DataFrame({"lat": [22.5311, 22.5389, None], "lng": [114.05, 114.059, 114.0]})
    column = encode("lat", GeoGridHierarchy(longitude="lng", decimals=[2, 1]), table, mixed=True)
    assert published(column, 0) == {
        "lat_low": [22.53, 22.53, None], "lat_high": [22.54, 22.54, None],
        "lng_low": [114.05, 114.05, None], "lng_high": [114.06, 114.06, None],
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="'lat'"):
        encode("lat", GeoGridHierarchy(longitude="lng", decimals=[2]), table.with_columns(lat=pl.lit(91.0)), mixed=True)


def test_every_level_nests_in_the_next() -> None:
    rng = np.random.default_rng(3)
    table = pl.DataFrame({"x": rng.integers(-500, 500, 300), "c": [f"{v:05d}" for v in rng.integers(0, 99999, 300)]})
    for name, hierarchy in (
        ("x", NumericHierarchy(widths=[1, 5, 10, 50])),
        ("x", NumericHierarchy(cut_points=[[-100, 0, 7, 100], [0]])),
        ("c", PrefixHierarchy(lengths=[5, 3, 1])),
    ):
        tree = encode(name, hierarchy, table, mixed=True).tree  # type: ignore[arg-type]  # a union by turns
        for fine, coarse in zip(tree.node_of[:-1], tree.node_of[1:], strict=True):
            assert len({(a, b) for a, b in zip(fine, coarse, strict=True)}) == len(set(fine))
            assert (tree.loss[fine] <= tree.loss[coarse] + 1e-12).all()


def test_a_few_unreadable_values_count_as_missing_and_are_counted() -> None:
    table = pl.DataFrame({"d": ["2026-01-05"] * 30 + ["2026-13-32"], "n": ["1,200"] * 30 + ["-"]})
    dates = encode("d", DateHierarchy(levels=[DateLevel.YEAR]), table, mixed=True)
    assert published(dates, 0)["d_low"][-2:] == [date(2026, 1, 1), None]
    numbers = encode("n", NumericHierarchy(widths=[100]), table, mixed=True)
    assert published(numbers, 0)["n_low"][-2:] == [1200, None]
    assert (dates.unreadable, numbers.unreadable) == (1, 1)
    assert not dates.faithful
