"""Operators on single columns."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import operators
from anonymizer.results import Finding
from contracts.errors import InvalidInput
from contracts.privacy import Mask, Pseudonymise, RedactText, Round, TopBottom

SECRET = b"0123456789abcdef"


def series(*values: object) -> pl.Series:
    return pl.Series("c", values)


def test_mask_keeps_ends_only_when_as_many_are_hidden() -> None:
    column = series("13800138000", "12345", "张三丰", None)
    assert operators.mask(column, Mask(keep_start=3, keep_end=2)).to_list() == ["138******00", "*****", "***", None]
    assert operators.mask(column, Mask(char="$")).to_list() == ["$" * 11, "$" * 5, "$$$", None]


@given(st.text(max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_mask_keeps_length_and_hides_at_least_half(text: str, start: int, end: int) -> None:
    shown = operators.mask(series(text), Mask(keep_start=start, keep_end=end, char="■"))[0]
    assert len(shown) == len(text)
    if "■" not in text:
        assert shown.count("■") * 2 >= len(text)


def test_round_goes_away_from_zero_at_halves() -> None:
    assert operators.round_to(series(14, 15, -15, None), Round(step=10)).to_list() == [10, 20, -20, None]
    assert operators.round_to(series(0.25, 0.14), Round(step=0.1)).to_list() == [0.3, 0.1]


def test_top_and_bottom() -> None:
    assert operators.top_bottom(series(-5, 50, 500, None), TopBottom(low=0, high=100)).to_list() == [0, 50, 100, None]
    with pytest.raises(InvalidInput, match="row 2"):
        operators.top_bottom(series("1", "much"), TopBottom(high=3))


def test_pseudonyms_depend_on_key_column_and_scope() -> None:
    column = series("a", "b", "a", None)

    def codes(operator: Pseudonymise, secret: bytes = SECRET, release: str = "r1", name: str = "c") -> list[str]:
        return operators.pseudonymise(column.alias(name), operator, secret, release).to_list()

    release, dataset = Pseudonymise(), Pseudonymise(scope="dataset")
    first = codes(release)
    assert first[0] == first[2] != first[1]
    assert first[3] is None
    assert all(code is None or (code.startswith("p") and len(code) == 21) for code in first)
    assert codes(release) == first
    assert codes(release, release="r2")[0] != first[0]
    assert codes(dataset) == codes(dataset, release="r2")
    assert codes(dataset)[0] not in first
    assert codes(release, name="d")[0] != first[0]
    assert codes(release, secret=b"another secret!!")[0] != first[0]


def stub_finder(seen: list[str]):  # type: ignore[no-untyped-def]
    def find(texts: Sequence[str]) -> list[list[Finding]]:
        seen.extend(texts)
        return [
            [
                Finding("PERSON", t.index("王五"), t.index("王五") + 2, 0.9),
                Finding("CN_NAME_PART", t.index("五"), t.index("五") + 2, 0.5),
            ]
            if "王五" in t
            else []
            for t in texts
        ]

    return find


def test_text_is_read_once_and_overlapping_findings_are_joined() -> None:
    seen: list[str] = []
    column = series("找王五先生", "没有", "找王五先生", None)
    clean, hidden, changed = operators.redact(column, RedactText(), stub_finder(seen))
    assert clean.to_list() == ["找<PERSON>生", "没有", "找<PERSON>生", None]
    assert sorted(seen) == sorted({"找王五先生", "没有"})
    assert (dict(hidden), changed) == ({"PERSON": 2}, 2)
    masked, _, _ = operators.redact(column, RedactText(style="mask"), stub_finder([]))
    assert masked[0] == "找***生"
    kept, _, count = operators.redact(column, RedactText(entities=["CN_MOBILE"]), stub_finder([]))
    assert kept.to_list() == column.to_list()
    assert count == 0
