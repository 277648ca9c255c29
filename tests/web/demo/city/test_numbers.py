"""Invented numbers are well formed; checked by code that is not ours where there is some."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from web.demo.city import numbers

SEEDS = st.integers(0, 2**32 - 1)


@given(st.text("0123456789", min_size=17, max_size=17))
def test_resident_check_is_iso_7064_mod_11_2(body: str) -> None:
    assert mod_11_2.is_valid(body + numbers.resident_check(body))


@given(SEEDS, st.lists(st.dates(date(1930, 1, 1), date(2010, 12, 31)), min_size=1, max_size=60))
def test_resident_ids_are_distinct_and_tell_birth_and_sex(seed: int, births: list[date]) -> None:
    rng = np.random.default_rng(seed)
    male = rng.random(len(births)) < 0.5
    ids = numbers.resident_ids(rng, births, male)
    assert len(set(ids)) == len(ids)
    for number, birth, man in zip(ids, births, male, strict=True):
        assert mod_11_2.is_valid(number)
        assert number[6:14] == f"{birth:%Y%m%d}"
        assert (int(number[16]) % 2 == 1) == man
        assert number[:6] in numbers.LOCAL_DIVISIONS + numbers.OTHER_DIVISIONS


def test_many_people_born_on_one_day_still_get_distinct_ids() -> None:
    births = [date(1990, 5, 1)] * 2_000
    ids = numbers.resident_ids(np.random.default_rng(1), births, np.ones(2_000, dtype=bool))
    assert len(set(ids)) == 2_000


@given(SEEDS, st.integers(1, 80))
def test_credit_codes_are_distinct_and_valid(seed: int, count: int) -> None:
    codes = numbers.credit_codes(np.random.default_rng(seed), count)
    assert len(set(codes)) == count
    for code in codes:
        assert uscc.is_valid(code)
        assert numbers.organisation_check(code[8:16]) == code[16]


@pytest.mark.parametrize(
    ("body", "check"),
    # Published examples: GB 11714 (D2143569-X) and GB 32100 (91350100M000100Y43).
    [("D2143569", "X"), ("M000100Y", "4")],
)
def test_organisation_check_of_published_examples(body: str, check: str) -> None:
    assert numbers.organisation_check(body) == check


def test_credit_code_check_of_a_published_example() -> None:
    assert numbers.uscc_check("91350100M000100Y4") == "3"


@given(SEEDS, st.integers(1, 200))
def test_mobiles_and_landlines_look_like_those_in_use(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    mobiles = numbers.mobiles(rng, count)
    assert len(set(mobiles)) == count
    assert all(re.fullmatch(r"1[3-9]\d{9}", number) for number in mobiles)
    assert all(number[:3] in numbers.MOBILE_PREFIXES for number in mobiles)
    assert all(re.fullmatch(r"0755-[28]\d{7}", number) for number in numbers.landlines(rng, count))


@given(SEEDS, st.integers(1, 200))
def test_plates_are_distinct_and_their_colour_fits(seed: int, count: int) -> None:
    plates, colours = numbers.plates(np.random.default_rng(seed), count)
    assert len(set(plates)) == count
    for plate, colour in zip(plates, colours, strict=True):
        pattern = r"[\u4e00-\u9fa5][A-Z][DF]\d{5}" if colour == "绿" else r"[\u4e00-\u9fa5][A-Z][A-HJ-NP-Z0-9]{5}"
        assert re.fullmatch(pattern, plate)
