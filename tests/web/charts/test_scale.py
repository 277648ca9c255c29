"""Axes hold every value, end on round numbers, and show zero unless told otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.charts.scale import axis_for, label_places, nice_ceiling

figures = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("value", "whole", "top"),
    [
        (0, True, 2),
        (1, True, 2),
        (3, True, 4),
        (3995, True, 4000),
        (4001, True, 5000),
        (0.34, False, 0.4),
        (29107, True, 30000),
    ],
)
def test_round_ends(value: float, whole: bool, top: float) -> None:
    assert nice_ceiling(value, whole=whole) == pytest.approx(top)


@given(figures, st.booleans())
def test_every_value_lies_on_the_axis(values: list[float], from_zero: bool) -> None:
    axis = axis_for(values, from_zero=from_zero)
    assert axis.low < axis.high
    for value in values:
        assert -1e-6 <= axis.y(value) <= 100 + 1e-6
    if from_zero:
        assert axis.low <= 0 <= axis.high


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_counts_get_whole_ticks(values: list[int]) -> None:
    assert all(float(tick).is_integer() for tick in axis_for(values).ticks)


@given(st.integers(0, 1000))
def test_few_labels_from_the_first_on(count: int) -> None:
    places = label_places(count)
    assert len(places) <= 7
    assert places[:1] == ([0] if count else [])
    assert all(place < count for place in places)
