"""Whatever the table and the policy: released rows hide among k subjects, and say nothing untrue about them.

Every check here is counted again in plain Python from the released rows alone, with nothing of the
library's counting.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.errors import Unreachable
from contracts.privacy import (
    CategoryHierarchy,
    ColumnPolicy,
    ColumnRole,
    DistinctLDiversity,
    Drop,
    Generalise,
    KAnonymity,
    Keep,
    Model,
    NumericHierarchy,
    Policy,
    PrefixHierarchy,
    SubjectUnit,
)
from tests.quick import examples

SECRET = b"0123456789abcdef"
TREE = [
    ["apple", "fruit", "plant"],
    ["pear", "fruit", "plant"],
    ["rose", "flower", "plant"],
    ["cow", "mammal", "animal"],
    ["dog", "mammal", "animal"],
]
WIDTHS = [1.0, 5.0, 10.0]


@dataclass(frozen=True)
class Case:
    """A random table with its policy."""

    table: pl.DataFrame
    policy: Policy


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Tables of up to 60 rows with nulls, repeating subjects and every choice a policy has."""
    size = draw(st.integers(1, 60))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    table = pl.DataFrame(
        {
            "row": list(range(size)),
            "person": column(st.one_of(st.none(), st.integers(0, max(1, size // 2)))),
            "age": column(st.one_of(st.none(), st.integers(0, 24))),
            "kind": column(st.one_of(st.none(), st.sampled_from([row[0] for row in TREE]))),
            "code": column(st.sampled_from(["4403", "4401", "4503", "11"])),
            "sex": column(st.sampled_from(["m", "f"])),
            "illness": column(st.one_of(st.none(), st.sampled_from(["flu", "cold", "gout"]))),
        },
        schema_overrides={"person": pl.Int64, "age": pl.Int64, "kind": pl.String, "illness": pl.String},
    )
    quasi = ColumnRole.QUASI_IDENTIFIER
    by_subject = draw(st.booleans())
    columns = {
        "row": ColumnPolicy(role=ColumnRole.PLAIN, operator=Keep()),
        "person": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop()),
        "age": ColumnPolicy(
            role=quasi,
            operator=Generalise(
                hierarchy=NumericHierarchy(widths=WIDTHS, ranges=draw(st.sampled_from(["nested", "free"])))
            ),
        ),
        "kind": ColumnPolicy(role=quasi, operator=Generalise(hierarchy=CategoryHierarchy(rows=TREE))),
        "code": ColumnPolicy(role=quasi, operator=Generalise(hierarchy=PrefixHierarchy(lengths=[4, 2]))),
        "sex": ColumnPolicy(role=quasi, operator=draw(st.sampled_from([Keep(), Drop()]))),
        "illness": ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Keep()),
    }
    models: list[Model] = [KAnonymity(k=draw(st.integers(2, 7)))]
    if draw(st.booleans()):
        models.append(DistinctLDiversity(column="illness", l=2))
    policy = Policy(
        subject="person" if by_subject else None,
        subject_unit=SubjectUnit.PERSON if by_subject else SubjectUnit.ROW,
        columns=columns,
        models=models,
        suppression_limit=draw(st.sampled_from([0.0, 0.1, 0.5])),
        missing=draw(st.sampled_from(["value", "any", "suppress"])),
        algorithm=draw(st.sampled_from(["local", "full-domain"])),
    )
    return Case(table, policy)


def signature(row: dict[str, Any], policy: Policy) -> tuple[Any, ...]:
    """What a released row shows of its quasi-identifiers; None where a value is missing."""
    shown: list[Any] = []
    for name in ("age", "kind", "code", "sex"):
        if f"{name}_low" in row:
            pair = (row[f"{name}_low"], row[f"{name}_high"])
            shown.append(None if pair == (None, None) else pair)
        elif f"{name}_code" in row:
            code = row[f"{name}_code"]
            shown.append(None if code is None else (code, row[f"{name}_level"]))
        elif name in row:
            shown.append(row[name])
    return tuple(shown)


def look_alikes(row: tuple[Any, ...], other: tuple[Any, ...], policy: Policy) -> bool:
    """Whether ``other`` is counted with ``row``."""
    if policy.missing == "any":
        return all(a is None or a == b for a, b in zip(row, other, strict=True))
    return row == other


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_every_released_row_hides_among_k_subjects(case: Case) -> None:
    table, policy = case.table, case.policy
    rows = table.to_dicts()
    subject = [row["person"] if policy.subject else row["row"] for row in rows]
    try:
        result = anonymizer.anonymize(table, policy, secret=SECRET, release_id="r")
    except Unreachable:
        assert not trivially_reachable(rows, subject, policy)
        return
    released = result.table.to_dicts()
    signatures = [signature(row, policy) for row in released]
    for own in set(signatures):
        alike = [row for row, other in zip(released, signatures, strict=True) if look_alikes(own, other, policy)]
        subjects = {subject[row["row"]] for row in alike}
        assert len(subjects) >= policy.k
        for model in policy.models:
            if isinstance(model, DistinctLDiversity):
                assert len({row["illness"] for row in alike}) >= model.l
    kept = {row["row"] for row in released}
    assert len(rows) - len(kept) <= policy.suppression_limit * len(rows)
    lost = set(subject) - {subject[row] for row in kept}
    assert len(lost) <= policy.suppression_limit * len(set(subject))
    for row in released:
        assert_true_of(row, rows[row["row"]])
        if policy.missing == "suppress":
            assert rows[row["row"]]["age"] is not None
            assert rows[row["row"]]["kind"] is not None

    attested = result.public_report.claims.attested
    assert attested.rows_in == len(rows)
    assert attested.rows_suppressed == len(rows) - len(released)
    assert attested.subjects_suppressed == len(lost)
    classes = defaultdict(set)
    for row, own in zip(released, signatures, strict=True):
        classes[own].add(subject[row["row"]])
    assert attested.k_by_subject == (min(map(len, classes.values())) if classes else None)


def trivially_reachable(rows: list[dict[str, Any]], subject: list[Any], policy: Policy) -> bool:
    """Showing nothing but what cannot be generalised would do, so giving up is wrong."""
    usable = [
        row for row in rows if policy.missing != "suppress" or (row["age"] is not None and row["kind"] is not None)
    ]
    sex_kept = isinstance(policy.columns["sex"].operator, Keep)
    groups = defaultdict(list)
    for row in usable:
        groups[row["sex"] if sex_kept else ""].append(row)
    gone = [row for row in rows if row not in usable]
    for members in groups.values():
        enough = len({subject[row["row"]] for row in members}) >= policy.k and all(
            len({row["illness"] for row in members}) >= model.l
            for model in policy.models
            if isinstance(model, DistinctLDiversity)
        )
        gone += [] if enough else members
    kept = {subject[row["row"]] for row in rows if row not in gone}
    return len(gone) <= policy.suppression_limit * len(rows) and len(set(subject) - kept) <= (
        policy.suppression_limit * len(set(subject))
    )


def assert_true_of(shown: dict[str, Any], raw: dict[str, Any]) -> None:
    """A released row says nothing of the raw row that is not so, and uses only what its hierarchies hold."""
    low, high = shown["age_low"], shown["age_high"]
    if low is None:
        assert high is None
        assert raw["age"] is None
    else:
        assert raw["age"] is None or low <= raw["age"] <= high
    assert shown["illness"] == raw["illness"]
    paths = {row[0]: [*row, "*"] for row in TREE}
    code = raw["code"]
    for name, path in (("kind", paths.get(raw["kind"] or "")), ("code", [code[:4], code[:2], "*"])):
        if f"{name}_code" in shown:
            text, level = shown[f"{name}_code"], shown[f"{name}_level"]
            allowed = [(text, level)] == [(None, 0)] if path is None and text is None else None
            if path is None:
                assert allowed or text == "*"
            else:
                assert text == path[level]
        else:
            text = shown[name]
            assert text in (path or [None, "*"])
    if "sex" in shown:
        assert shown["sex"] == raw["sex"]


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.randoms(use_true_random=False))
def test_the_same_rows_give_the_same_content_hash(case: Case, random: Any) -> None:
    try:
        first = anonymizer.anonymize(case.table, case.policy, secret=SECRET, release_id="r")
    except Unreachable:
        return
    again = anonymizer.anonymize(case.table, case.policy, secret=SECRET, release_id="r")
    assert again.content_hash == first.content_hash
    assert again.table.equals(first.table)


def test_a_subject_with_many_rows_counts_once() -> None:
    table = pl.DataFrame({"who": ["a"] * 10 + ["b"], "age": [30] * 11})
    age = ColumnPolicy(role=ColumnRole.QUASI_IDENTIFIER, operator=Generalise(hierarchy=NumericHierarchy(widths=[1.0])))
    who = ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop())

    def policy(k: int) -> Policy:
        return Policy(
            subject="who", subject_unit=SubjectUnit.PERSON, columns={"who": who, "age": age},
            models=[KAnonymity(k=k)], suppression_limit=0.0,
        )  # fmt: skip

    result = anonymizer.anonymize(table, policy(2), secret=SECRET, release_id="r")
    claims = result.public_report.claims
    assert claims.attested.k_by_subject == 2
    assert claims.recomputable.k_by_row == 11
    assert claims.recomputable.k_by_subject is None
    with pytest.raises(Unreachable, match=r"0 of 2 subjects|2 of 2 subjects"):
        anonymizer.anonymize(table, policy(3), secret=SECRET, release_id="r")


def test_rows_without_a_subject_are_one_unknown_subject() -> None:
    table = pl.DataFrame({"who": [None, None, None, "b"], "age": [30] * 4}, schema_overrides={"who": pl.String})
    columns = {
        "who": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop()),
        "age": ColumnPolicy(
            role=ColumnRole.QUASI_IDENTIFIER, operator=Generalise(hierarchy=NumericHierarchy(widths=[1.0]))
        ),
    }
    policy = Policy(subject="who", subject_unit=SubjectUnit.PERSON, columns=columns, models=[KAnonymity(k=3)])
    with pytest.raises(Unreachable, match="2 subjects"):
        anonymizer.anonymize(table, policy, secret=SECRET, release_id="r")
