"""The risk that at least one of a household is recognised, counted again in plain Python."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.errors import Unreachable
from contracts.errors import InvalidInput
from contracts.privacy import (
    CategoryHierarchy,
    ColumnPolicy,
    ColumnRole,
    Drop,
    Generalise,
    HouseholdRisk,
    KAnonymity,
    Keep,
    Policy,
    SubjectUnit,
)
from tests.quick import examples

SECRET = b"0123456789abcdef"
TREES = {
    "town": [["a1", "A"], ["a2", "A"], ["b1", "B"], ["b2", "B"]],
    "job": [["nurse", "health"], ["doctor", "health"], ["cook", "service"]],
}


def policy(risk: float | None, *, k: int = 2, limit: float = 0.0, algorithm: str = "local", subject: bool) -> Policy:
    return Policy(
        subject="person" if subject else None,
        subject_unit=SubjectUnit.PERSON if subject else SubjectUnit.ROW,
        household="home",
        columns={
            "row": ColumnPolicy(role=ColumnRole.PLAIN, operator=Keep()),
            "person": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop()),
            "home": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop()),
            **{
                name: ColumnPolicy(
                    role=ColumnRole.QUASI_IDENTIFIER, operator=Generalise(hierarchy=CategoryHierarchy(rows=rows))
                )
                for name, rows in TREES.items()
            },
        },
        models=[KAnonymity(k=k), *([] if risk is None else [HouseholdRisk(risk=risk)])],
        suppression_limit=limit,
        algorithm=algorithm,  # type: ignore[arg-type]  # pydantic takes the name
    )


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    size = draw(st.integers(1, 40))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    return pl.DataFrame(
        {
            "row": list(range(size)),
            "person": column(st.integers(0, size)),
            "home": column(st.one_of(st.none(), st.integers(0, max(1, size // 3)))),
            "town": column(st.sampled_from([row[0] for row in TREES["town"]])),
            "job": column(st.sampled_from([row[0] for row in TREES["job"]])),
        },
        schema_overrides={"home": pl.Int64},
    )


def household_risks(raw: list[dict[str, Any]], class_of: dict[int, Any], subject: str) -> dict[Any, float]:
    """One minus the product over members of what is left when each is guessed, from the definition."""
    alike = defaultdict(set)
    for number, own in class_of.items():
        alike[own].add(raw[number][subject])
    members: dict[Any, dict[Any, float]] = defaultdict(dict)
    for number, own in class_of.items():
        row = raw[number]
        home = ("home", row["home"]) if row["home"] is not None else ("alone", row[subject])
        known = members[home].get(row[subject], 0.0)
        members[home][row[subject]] = max(known, 1 / len(alike[own]))
    return {home: 1 - math.prod(1 - risk for risk in own.values()) for home, own in members.items()}


def class_of(released: pl.DataFrame) -> dict[int, Any]:
    names = [name for name in released.columns if name.split("_")[0] in TREES]
    return {row["row"]: tuple(row[name] for name in names) for row in released.to_dicts()}


@settings(max_examples=examples(120), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    tables(),
    st.sampled_from([None, 0.1, 0.3, 0.5]),
    st.integers(2, 4),
    st.sampled_from([0.0, 0.2, 0.6]),
    st.sampled_from(["local", "full-domain"]),
    st.booleans(),
)
def test_no_household_is_at_more_risk_than_asked_for(
    table: pl.DataFrame, risk: float | None, k: int, limit: float, algorithm: str, by_subject: bool
) -> None:
    rules = policy(risk, k=k, limit=limit, algorithm=algorithm, subject=by_subject)
    subject = "person" if by_subject else "row"
    raw = table.to_dicts()
    try:
        result = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r")
    except Unreachable:
        hidden = household_risks(raw, dict.fromkeys(range(len(raw))), subject)
        assert len({row[subject] for row in raw}) < k or (risk is not None and max(hidden.values()) > risk)
        return
    assert len(raw) - result.table.height <= limit * len(raw) + 1e-9
    for report, shown in (
        (result.officer_report.risk_after, class_of(result.table)),
        (result.officer_report.risk_before, {n: (row["town"], row["job"]) for n, row in enumerate(raw)}),
    ):
        risks = household_risks(raw, shown, subject)
        told = report.households
        assert told is not None
        assert told.households == len(risks)
        if not risks:
            continue
        assert told.highest == pytest.approx(max(risks.values()))
        assert told.average == pytest.approx(sum(risks.values()) / len(risks))
        over = sum(own > told.threshold + 1e-9 for own in risks.values())
        assert told.share_above == pytest.approx(over / len(risks))
    if risk is not None:
        assert result.officer_report.risk_after.households.highest <= risk + 1e-9  # type: ignore[union-attr]
        [threshold] = [t for t in result.public_report.thresholds if t.model == "household-risk"]
        assert threshold.required == risk


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(tables(), st.sampled_from([0.2, 0.5]))
def test_full_domain_loses_no_more_than_any_node_at_which_the_model_holds(table: pl.DataFrame, risk: float) -> None:
    raw = table.to_dicts()
    paths = {name: {row[0]: [*row, "*"] for row in rows} for name, rows in TREES.items()}
    cost = {"town": [0, 1 / 3, 1], "job": [0, {"health": 1 / 2, "service": 0}, 1]}
    best = None
    for node in itertools.product(range(3), repeat=2):
        levels = dict(zip(TREES, node, strict=True))
        shown = {n: tuple(paths[name][row[name]][levels[name]] for name in TREES) for n, row in enumerate(raw)}
        sizes = defaultdict(int)
        for own in shown.values():
            sizes[own] += 1
        if min(sizes.values()) < 2 or max(household_risks(raw, shown, "row").values()) > risk + 1e-9:
            continue
        job = [cost["job"][1][own[1]] if levels["job"] == 1 else cost["job"][levels["job"]] for own in shown.values()]  # type: ignore[index]
        loss = (cost["town"][levels["town"]] + sum(job) / len(raw)) / 2  # type: ignore[operator]
        best = loss if best is None else min(best, loss)
    try:
        result = anonymizer.anonymize(
            table, policy(risk, algorithm="full-domain", subject=False), secret=SECRET, release_id="r"
        )
    except Unreachable:
        assert best is None
        return
    assert result.public_report.certificate["optimal"] is True
    assert best is not None
    assert result.public_report.claims.attested.loss == pytest.approx(best)


def test_a_large_household_needs_larger_classes_than_k() -> None:
    rows = [
        {"row": n, "person": n, "home": 0 if n < 6 else n, "town": ("a1", "a2", "b1", "b2")[n % 4], "job": "cook"}
        for n in range(40)
    ]
    table = pl.DataFrame(rows)
    alone = anonymizer.anonymize(table, policy(None, k=5, subject=True), secret=SECRET, release_id="r")
    before = alone.officer_report.risk_after.households
    assert before is not None
    assert (before.largest, before.households) == (6, 35)
    assert before.highest == pytest.approx(1 - (1 - 1 / 10) ** 6)
    asked = anonymizer.anonymize(table, policy(0.3, k=5, subject=True), secret=SECRET, release_id="r")
    after = asked.officer_report.risk_after.households
    assert after is not None
    assert after.highest <= 0.3
    assert asked.public_report.claims.attested.loss > alone.public_report.claims.attested.loss


def test_the_highest_risk_of_a_household_is_attested(tmp_path: Path) -> None:
    table = pl.DataFrame([{"row": n, "person": n, "home": n // 2, "town": "a1", "job": "cook"} for n in range(20)])
    anonymizer.anonymize(table, policy(0.2, k=5, subject=True), secret=SECRET, release_id="r", out=tmp_path / "r")
    checked = anonymizer.verify(tmp_path / "r")
    assert checked.mismatches == []
    assert float(checked.attested["highest risk of a household"]) == pytest.approx(1 - (1 - 1 / 20) ** 2)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"household": None}, "models/1/kind"),
        ({"household": "house"}, "household"),
        ({"household": "person"}, "household"),
        ({"household": "row"}, "columns/row/operator/kind"),
        ({"missing": "any"}, "missing"),
    ],
)
def test_contradictions_are_refused_with_their_place(change: dict[str, Any], place: str) -> None:
    content = policy(0.2, subject=True).model_dump(mode="json") | change
    with pytest.raises(InvalidInput) as refused:
        Policy.from_mapping(content)
    assert {f"#/{place}"} <= {error["pointer"] for error in refused.value.errors}


def test_a_policy_without_households_keeps_its_fingerprint() -> None:
    without = policy(None, subject=True).model_copy(update={"household": None})
    assert "household" not in without.to_yaml()
    assert without.fingerprint() != policy(None, subject=True).fingerprint()
