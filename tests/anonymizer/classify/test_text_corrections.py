"""Corrections of texts by digests: findings dropped, names added, offsets of the raw text, nothing without its key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer.classify.corrections import Corrections, corrected, in_force, phrase_digest, retyped
from anonymizer.results import Finding
from anonymizer.scanning import scan
from contracts.privacy import ColumnRole

KEY = b"k" * 32


def of(*, nobody: tuple[str, ...] = (), names: tuple[str, ...] = (), key: bytes = KEY) -> Corrections:
    lengths: dict[int, set[str]] = {}
    for name in names:
        lengths.setdefault(len(name), set()).add(phrase_digest(key, name))
    return Corrections(
        key=KEY,
        not_personal=frozenset(phrase_digest(key, phrase) for phrase in nobody),
        names={length: frozenset(digests) for length, digests in lengths.items()},
    )


def test_a_finding_that_is_nobodys_is_dropped_however_wide_it_is_written() -> None:
    found = [Finding("CN_MOBILE", 2, 13, 0.9), Finding("PERSON", 0, 2, 0.9)]
    text = "张三１３８００１３８０００"
    assert of(nobody=("13800138000",)).apply(text, found) == [found[1]]


def test_a_name_is_found_wherever_it_stands_and_takes_what_it_overlaps() -> None:
    text = "阿牛哥和阿牛哥说"
    found = of(names=("阿牛哥",)).apply(text, [Finding("CN_ADDRESS", 2, 5, 0.9)])
    assert [(f.type, f.start, f.end) for f in found] == [("PERSON", 0, 3), ("PERSON", 4, 7)]


def test_another_key_knows_nothing() -> None:
    other = of(nobody=("张三",), names=("阿牛哥",), key=b"x" * 32)
    assert other.apply("张三阿牛哥", [Finding("PERSON", 0, 2, 0.9)]) == [Finding("PERSON", 0, 2, 0.9)]
    assert phrase_digest(KEY, "张三") != phrase_digest(b"x" * 32, "张三")


def test_they_are_in_force_within_alone() -> None:
    found = [[Finding("PERSON", 0, 2, 0.9)]]
    with in_force(of(nobody=("张三",))):
        assert corrected(["张三"], found) == [[]]
    assert corrected(["张三"], found) == found


@given(st.text("阿牛哥张三1 ，", max_size=30), st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=4))
def test_no_two_findings_overlap_and_none_is_lost(text: str, places: list[tuple[int, int]]) -> None:
    findings, end = [], 0
    for start, length in places:
        first = end + start
        if first + length <= len(text):
            findings.append(Finding("CN_MOBILE", first, first + length, 0.9))
            end = first + length
    after = of(names=("阿牛", "张三")).apply(text, findings)
    marks = [place for f in after for place in range(f.start, f.end)]
    assert len(marks) == len(set(marks))
    lost = {p for f in findings for p in range(f.start, f.end)} - set(marks)
    assert not any(place + 1 in lost for place in lost)  # a single sign left over is nothing


@pytest.mark.parametrize(
    ("kind", "role"),
    [("PERSON", "direct-identifier"), ("AGE", "quasi-identifier"), ("INCOME", "sensitive"), ("NOT_PERSONAL", "plain")],
)
def test_a_column_means_what_was_said(kind: str, role: str) -> None:
    import polars as pl

    result = retyped(scan(pl.DataFrame({"甲": [f"x{n}" for n in range(20)], "乙": ["1"] * 20})), {"甲": kind})
    column = result.column("甲")
    assert column is not None
    assert column.role is ColumnRole(role)
    assert column.confidence == 1.0
    assert bool(column.entity_counts) == (kind == "PERSON")
