"""Minimal sample uniques and their scores, against their definitions written out."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.applying import raw_groups
from anonymizer.preparation import prepare
from anonymizer.risk.uniques import Uniques, minimal_uniques
from contracts.privacy import ColumnPolicy, ColumnRole, Drop, KAnonymity, Keep, Policy, SubjectUnit
from tests.quick import examples

SECRET = b"0123456789abcdef"


def policy(columns: int, *, subject: bool, population: int | None = None) -> Policy:
    keep = ColumnPolicy(role=ColumnRole.QUASI_IDENTIFIER, operator=Keep())
    who = ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop())
    return Policy(
        subject="who" if subject else None,
        subject_unit=SubjectUnit.PERSON if subject else SubjectUnit.ROW,
        columns={"who": who} | {f"q{n}": keep for n in range(columns)},
        models=[KAnonymity(k=2)],
        population=population,
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[pl.DataFrame, Policy]:
    columns = draw(st.integers(1, 5))
    rows = draw(st.integers(1, 25))
    values = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d"][: draw(st.integers(2, 4))]))
    cells = st.lists(values, min_size=rows, max_size=rows)
    who = draw(st.lists(st.integers(0, rows), min_size=rows, max_size=rows))
    table = pl.DataFrame(
        {"who": who} | {f"q{n}": draw(cells) for n in range(columns)},
        schema_overrides={f"q{n}": pl.String for n in range(columns)},
    )
    return table, policy(columns, subject=draw(st.booleans()))


def found_in(table: pl.DataFrame, rules: Policy, work: int = 10**9) -> tuple[Uniques, list[tuple[Any, ...]]]:
    """What the library finds, and the values of each of its combinations."""
    prepared = prepare(table, rules)
    first, group = raw_groups(prepared)
    histogram = prepared.histogram
    uniques = minimal_uniques(histogram.leaf, histogram.requirements.subjects, first, group, len(first), work=work)
    row = [int(np.flatnonzero(histogram.combination_of_row == c)[0]) for c in first]
    return uniques, [tuple(table.select(rules.quasi_identifiers).row(n)) for n in row]


def by_definition(table: pl.DataFrame, rules: Policy) -> set[tuple[tuple[int, ...], tuple[Any, ...]]]:
    """Every set of columns and values that one subject shows and of which no part is shown by one subject."""
    rows = table.select(rules.quasi_identifiers).rows()
    who = table.get_column("who").to_list() if rules.subject else list(range(len(rows)))
    width = len(rules.quasi_identifiers)
    shown = defaultdict(set)
    for row, own in zip(rows, who, strict=True):
        for size in range(1, width + 1):
            for places in combinations(range(width), size):
                shown[places, tuple(row[p] for p in places)].add(own)
    found = set()
    for (places, values), subjects in shown.items():
        parts = [
            (tuple(places[i] for i in part), tuple(values[i] for i in part))
            for size in range(1, len(places))
            for part in combinations(range(len(places)), size)
        ]
        if len(subjects) == 1 and all(len(shown[part]) > 1 for part in parts):
            found.add((places, values))
    return found


@settings(max_examples=examples(160), deadline=None)
@given(tables(), st.floats(0.01, 0.9))
def test_uniques_and_scores_are_those_of_the_definition(case: tuple[pl.DataFrame, Policy], drawn: float) -> None:
    table, rules = case
    uniques, values = found_in(table, rules)
    expected = by_definition(table, rules)
    told = {(places, tuple(values[c][p] for p in places)) for places, members in uniques.found for c in members}
    assert told == expected
    width = len(rules.quasi_identifiers)
    assert uniques.complete
    scores = []
    for own in values:
        mine = [places for places, shown in expected if tuple(own[p] for p in places) == shown]
        scores.append(sum(factorial(width - len(places)) for places in mine))
    assert uniques.scores.tolist() == pytest.approx(scores)
    total = sum(scores)
    for column, share in enumerate(uniques.contributions):
        parts = 0
        for own in values:
            for places, shown in expected:
                if column in places and tuple(own[p] for p in places) == shown:
                    parts += factorial(width - len(places))
        assert share == pytest.approx(parts / total if total else 0)
    _check_dis(table, rules, uniques, scores, drawn)


def _check_dis(table: pl.DataFrame, rules: Policy, uniques: Uniques, scores: list[float], drawn: float) -> None:
    groups = defaultdict(set)
    who = table.get_column("who").to_list() if rules.subject else list(range(table.height))
    for row, own in zip(table.select(rules.quasi_identifiers).rows(), who, strict=True):
        groups[row].add(own)
    alone = sum(len(own) == 1 for own in groups.values())
    pairs = 2 * sum(len(own) == 2 for own in groups.values())
    if not alone:
        assert uniques.dis(drawn) is None
        return
    dis = alone * drawn / (alone * drawn + pairs * (1 - drawn))
    assert uniques.dis(drawn) == pytest.approx(dis)
    power = 1 + (8 - len(rules.quasi_identifiers)) / 20
    spread = sum(1 / score**power for score in scores if score)
    for score, own in zip(scores, uniques.dis_scores(drawn), strict=True):
        expected = 1 / (1 + (alone / dis - alone) / (score**power * spread)) if score else 0
        assert own == pytest.approx(expected)


def test_work_that_runs_out_is_said_and_what_was_found_is_right() -> None:
    rng = np.random.default_rng(1)
    rules = policy(5, subject=False)
    table = pl.DataFrame({"who": range(200)} | {f"q{n}": rng.choice(list("abcde"), 200) for n in range(5)})
    whole, _ = found_in(table, rules)
    some, _ = found_in(table, rules, work=1000 + 15 * 200)
    assert (some.largest, some.complete, whole.complete) == (2, False, True)
    assert {places for places, _ in some.found} == {places for places, _ in whole.found if len(places) <= 2}


def test_the_exploration_names_who_is_special_by_shapes_alone() -> None:
    rows = [("Anna", "nurse", "44")] * 6 + [("Ben", "cook", "45")] * 6 + [("Zoë", "nurse", "45")]
    table = pl.DataFrame(
        {"who": range(13), "q0": [a for a, _, _ in rows], "q1": [b for _, b, _ in rows], "q2": [c for _, _, c in rows]}
    )
    found = anonymizer.explore(
        table, policy(3, subject=False, population=1300), secret=SECRET, release_id="r"
    ).sample_uniques
    assert found is not None
    assert (found.uniques, found.complete, found.columns_at_most) == (1, True, 2)
    assert [(one.size, one.found, one.combinations) for one in found.by_size] == [(1, 1, 1), (2, 1, 0)]
    [riskiest] = found.riskiest
    assert riskiest.shapes == {"q0": "某某某", "q1": "某某某某某", "q2": "00"}
    assert riskiest.score == pytest.approx(2 * 1 + 1)
    assert found.dis == pytest.approx(1.0)
    assert {one.column for one in found.columns} == {"q0", "q1", "q2"}
