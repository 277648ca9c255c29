"""The tally draws exactly the twelve digits beside it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.charts.marks import COLUMNS, NotAHash, columns_of, logo, tally, tally_pair

hashes = st.text("0123456789abcdef", min_size=12, max_size=64)


def read_back(svg: str) -> str:
    """The hex digits that a drawn tally shows, from the heights of its columns."""
    path = re.search(r'class="ty-b" d="M0 24(.*?)V24z"', svg)
    assert path
    bits = [round((20 - float(level)) / 5.5) for level in re.findall(r"V([\d.]+)H", path[1])]
    assert len(bits) == COLUMNS
    return "".join(f"{4 * high + low:x}" for high, low in zip(bits[::2], bits[1::2], strict=True))


@given(hashes)
def test_the_digits_can_be_read_back_from_the_drawing(digest: str) -> None:
    assert read_back(tally(digest)) == digest[:12]


def test_a_prefix_and_capitals_do_not_matter() -> None:
    assert columns_of("sha256:9F3C21A7E04B") == columns_of("9f3c21a7e04bffff")


@pytest.mark.parametrize("text", ["", "9f3c", "9f3c21a7e04g", "停车停车停车停车停车停车"])
def test_what_is_no_hash_is_refused(text: str) -> None:
    with pytest.raises(NotAHash):
        tally(text)


@given(hashes, hashes)
def test_a_pair_closes_only_when_both_agree(one: str, other: str) -> None:
    assert ("fx" in tally_pair(one, other)) == (one[:12] != other[:12])


def test_the_logo_is_silent() -> None:
    assert 'aria-hidden="true"' in logo()
