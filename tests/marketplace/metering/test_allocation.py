"""Lease arithmetic: what is granted never exceeds the limit, and nothing stays out of reach."""

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.metering.allocation import SMALLEST, grantable_units, wanted_units

units = st.integers(0, 10**9)


@given(wanted=st.integers(1, 10**6), granted=units, limit=units, workers=st.integers(0, 5000))
@settings(deadline=None)
def test_a_grant_stays_within_what_is_left(wanted: int, granted: int, limit: int, workers: int) -> None:
    got = grantable_units(wanted, granted, limit, workers)
    assert 0 <= got <= wanted
    assert got <= max(0, limit - granted)
    assert (got > 0) == (limit > granted)


@given(wanted=st.integers(1, 10**6), granted=units, workers=st.integers(0, 5000))
@settings(deadline=None)
def test_without_a_limit_all_that_is_wanted_is_granted(wanted: int, granted: int, workers: int) -> None:
    assert grantable_units(wanted, granted, None, workers) == wanted


@given(rate=st.floats(0, 1e6), last=st.integers(0, 10**6))
@settings(deadline=None)
def test_leases_grow_with_the_rate_but_not_at_once(rate: float, last: int) -> None:
    assert SMALLEST <= wanted_units(rate, last) <= max(4 * last, 4 * SMALLEST)
