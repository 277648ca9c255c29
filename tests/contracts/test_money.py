"""Money: whole fen, one currency, and nothing lost in rounding."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.money import Money, allocate, round_half_up, share, tax_included

amounts = st.integers(-(10**15), 10**15)


def test_amounts_of_one_currency_add_and_subtract() -> None:
    assert Money(150) + Money(75) - Money(25) == Money(200)
    assert -Money(5) == Money(-5)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="CNY with USD"):
        Money(1, "CNY") + Money(1, "USD")


@pytest.mark.parametrize(("amount", "text"), [(0, "0.00 CNY"), (5, "0.05 CNY"), (-105, "-1.05 CNY"), (99, "0.99 CNY")])
def test_an_amount_reads_in_yuan(amount: int, text: str) -> None:
    assert str(Money(amount)) == text


@pytest.mark.parametrize(
    ("value", "rounded"), [("1/2", 1), ("-1/2", -1), ("3/2", 2), ("5/2", 3), ("49/100", 0), ("0", 0)]
)
def test_halves_are_rounded_away_from_zero(value: str, rounded: int) -> None:
    assert round_half_up(Fraction(value)) == rounded


@given(amounts, st.integers(0, 1_000_000))
def test_a_share_is_within_half_a_fen_of_the_exact_value(amount: int, rate: int) -> None:
    assert abs(share(amount, rate) - Fraction(amount * rate, 1_000_000)) <= Fraction(1, 2)


@given(amounts, st.integers(0, 1_000_000))
def test_contained_tax_on_the_net_price_gives_the_price_again(amount: int, rate: int) -> None:
    tax = tax_included(amount, rate)
    assert abs((amount - tax) * Fraction(1_000_000 + rate, 1_000_000) - amount) <= 1


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(lambda w: sum(w) > 0))
def test_an_allocation_adds_up_and_is_fair_to_the_fen(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    assert all(
        abs(part - Fraction(amount * weight, sum(weights))) < 1 for part, weight in zip(parts, weights, strict=True)
    )


def test_nothing_cannot_be_allocated_by_no_weight() -> None:
    with pytest.raises(ValueError, match="more than zero"):
        allocate(10, [0, 0])
