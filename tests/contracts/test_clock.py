"""Time: UTC from one clock; months and days cut in the city's time zone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import clock
from contracts.clock import day_bounds, month_bounds, month_name

moments = st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants bounds without zone
zones = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "UTC"])


def test_the_clock_is_in_utc_and_can_be_stopped() -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=timezone(timedelta(hours=8)))
    with clock.frozen(noon):
        assert clock.now() == noon
        assert clock.now().tzinfo is UTC
        with clock.frozen(noon + timedelta(days=1)):
            assert clock.now() == noon + timedelta(days=1)
        assert clock.now() == noon
    assert clock.now().tzinfo is UTC
    assert clock.now() > noon.replace(year=2025)


def test_a_month_begins_at_midnight_of_the_city() -> None:
    start, end = month_bounds(datetime(2026, 10, 31, 16, tzinfo=UTC), "Asia/Shanghai")
    assert (start, end) == (datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC))
    assert month_name(start, "Asia/Shanghai") == "2026-11"
    assert month_name(start - timedelta(microseconds=1), "Asia/Shanghai") == "2026-10"


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)])
def test_a_day_is_as_long_as_its_clocks_make_it(day: str, hours: int) -> None:
    start, end = day_bounds(datetime.fromisoformat(f"{day}T12:00:00+00:00"), "Europe/Berlin")
    assert end - start == timedelta(hours=hours)


@given(moments, zones)
def test_periods_are_half_open_and_follow_each_other(moment: datetime, zone: str) -> None:
    for bounds in (day_bounds, month_bounds):
        start, end = bounds(moment, zone)
        assert start <= moment < end
        assert bounds(start, zone) == (start, end)
        assert bounds(end, zone)[0] == end
