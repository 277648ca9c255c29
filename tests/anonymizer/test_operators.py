"""Operators on single columns."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anonymizer
from anonymizer import operators
from anonymizer.results import Finding
from contracts.errors import InvalidInput
from contracts.privacy import Mask, MicroAggregate, Policy, Pseudonymise, RedactText, Round, TopBottom

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


@given(
    st.lists(st.one_of(st.none(), st.integers(-30, 30)), min_size=1, max_size=60),
    st.integers(2, 6),
    st.lists(st.integers(0, 12), min_size=60, max_size=60),
    st.booleans(),
)
def test_micro_aggregation_shows_means_of_neighbours_of_enough_subjects(
    numbers: list[int | None], size: int, people: list[int], by_subject: bool
) -> None:
    who = people[: len(numbers)] if by_subject else list(range(len(numbers)))
    column = pl.Series("c", numbers, dtype=pl.Int64)
    there = [n for n, number in enumerate(numbers) if number is not None]
    subject = np.array(who, dtype=np.int64) if by_subject else None
    if there and len({who[n] for n in there}) < size:
        with pytest.raises(InvalidInput, match=f"fewer than {size} subjects"):
            operators.micro_aggregate(column, MicroAggregate(size=size), subject)
        return
    shown = operators.micro_aggregate(column, MicroAggregate(size=size), subject).to_list()
    groups: dict[float, list[int]] = {}
    for n, (number, mean) in enumerate(zip(numbers, shown, strict=True)):
        assert (number is None) == (mean is None)
        if mean is not None:
            groups.setdefault(mean, []).append(n)
    spans = []
    for mean, members in groups.items():
        own = [numbers[n] or 0 for n in members]
        assert mean == pytest.approx(sum(own) / len(own))
        assert len({who[n] for n in members}) >= size
        spans.append((min(own), max(own)))
    spans.sort()
    assert all(above > below for (_, below), (above, _) in itertools.pairwise(spans))  # neighbours, equal ones together
    if not by_subject and there and len(set(numbers) - {None}) == len(there):
        assert max(map(len, groups.values())) < 2 * size


def test_micro_aggregation_is_that_of_mdav() -> None:
    """By hand, groups of three: the farthest from the mean and its nearest, then the farthest from that, and so on."""
    column = series(1, 2, 3, 10, 11, 12, 13, 100)
    shown = operators.micro_aggregate(column, MicroAggregate(size=3), None).to_list()
    assert shown == pytest.approx([5.4] * 5 + [125 / 3] * 3)
    longer = series(0, 1, 2, 10, 11, 12, 20, 21, 22, 90)
    shown = operators.micro_aggregate(longer, MicroAggregate(size=3), None).to_list()
    assert shown == pytest.approx([1.0] * 3 + [53 / 4] * 4 + [133 / 3] * 3)


def test_means_are_of_published_rows_and_the_release_verifies(tmp_path: Path) -> None:
    """Two alone in their town are suppressed; their incomes are in no mean."""
    towns = ["a"] * 6 + ["b"] * 6 + ["c"] * 2
    table = pl.DataFrame({"town": towns, "income": [*range(12), 1000, 2000]})
    policy = Policy.from_mapping(
        {
            "columns": {
                "town": {"role": "quasi-identifier", "operator": {"kind": "keep"}},
                "income": {"role": "sensitive", "operator": {"kind": "micro-aggregate", "size": 4}},
            },
            "models": [{"kind": "k-anonymity", "k": 3}],
            "suppression_limit": 0.2,
        }
    )
    result = anonymizer.anonymize(table, policy, secret=SECRET, release_id="r", out=tmp_path / "r")
    assert sorted(result.table["income"].to_list()) == [1.5] * 4 + [5.5] * 4 + [9.5] * 4
    assert anonymizer.verify(tmp_path / "r").mismatches == []
    shown = anonymizer.preview(table, policy, rows=20)
    assert {row.after["income"] for row in shown.sample if row.after} == {"1.5", "5.5", "9.5"}


@pytest.mark.parametrize(
    ("role", "models", "place"),
    [
        ("quasi-identifier", [], "columns/income/operator/kind"),
        ("sensitive", [{"kind": "distinct-l-diversity", "column": "income", "l": 2}], "models/1/column"),
    ],
)
def test_micro_aggregation_is_for_columns_that_nothing_counts(role: str, models: list[Any], place: str) -> None:
    content = {
        "columns": {"income": {"role": role, "operator": {"kind": "micro-aggregate"}}},
        "models": [{"kind": "k-anonymity", "k": 2}, *models],
    }
    with pytest.raises(InvalidInput) as refused:
        Policy.from_mapping(content)
    assert f"#/{place}" in {error["pointer"] for error in refused.value.errors}
