from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer.classify.profile import profile


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "20", "-3"], "integer"),
        (["1.5", "2", "1,000.25"], "decimal"),
        (["2024-01-31", "2024/1/3", "20240103"], "date"),
        (["2024-01-31 08:15:00", "2024-01-31T08:15:00Z", "20240131081500", "2024年1月31日 8时"], "date"),
        (["12:30", "8:05:11"], "date"),
        (["男", "女"], "text"),
        (["", None, "NULL", " "], "empty"),
        ([1, 2], "integer"),
        ([1.5, None], "decimal"),
        ([True, False], "boolean"),
        ([date(2024, 1, 31)], "date"),
        ([datetime(2024, 1, 31, 8, 15)], "date"),  # noqa: DTZ001 - a column of local times
    ],
)
def test_kind(values: list[object], kind: str) -> None:
    assert profile(pl.Series("c", values)).kind == kind


def test_values_are_folded_and_raw_ones_kept() -> None:
    found = profile(pl.Series("c", ["１３８１２３４５６７８", " 13812345678 "]))
    assert set(found.values.to_list()) == {"13812345678"}
    assert set(found.raw.to_list()) == {"１３８１２３４５６７８", " 13812345678 "}


@given(st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "NULL", "王五", " "])), max_size=40))
def test_every_cell_is_counted_once(cells: list[str | None]) -> None:
    found = profile(pl.Series("c", cells, dtype=pl.String))
    assert found.nulls + int(found.counts.sum()) == found.rows == len(cells)
    assert found.share(pl.repeat(True, found.distinct, dtype=pl.Boolean, eager=True)) == (1.0 if found.cells else 0.0)
