"""Diversity, closeness and risk: what a release reaches is counted again in plain Python, from its rows alone."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.algorithms import local
from anonymizer.engines import Histogram
from anonymizer.errors import Unreachable
from anonymizer.preparation import prepare
from contracts.errors import InvalidInput
from contracts.privacy import (
    AverageRisk,
    CategoryHierarchy,
    ColumnPolicy,
    ColumnRole,
    DistinctLDiversity,
    Drop,
    EntropyLDiversity,
    Generalise,
    KAnonymity,
    Keep,
    MaxRisk,
    Model,
    Policy,
    RecursiveCLDiversity,
    SubjectUnit,
    TCloseness,
)
from tests.quick import examples

SECRET = b"0123456789abcdef"
QUASI = ("town", "job")
TREES = {
    "town": [["a1", "A"], ["a2", "A"], ["b1", "B"], ["b2", "B"]],
    "job": [["nurse", "health"], ["doctor", "health"], ["cook", "service"]],
}
ILLNESSES = ["cold", "flu", "gout", "hay fever"]

SENSITIVE: st.SearchStrategy[Model] = st.one_of(
    st.builds(DistinctLDiversity, column=st.just("illness"), l=st.integers(2, 3)),
    st.builds(EntropyLDiversity, column=st.just("illness"), l=st.sampled_from([1.2, 2.0, 2.5])),
    st.builds(RecursiveCLDiversity, column=st.just("illness"), c=st.sampled_from([0.8, 2.0, 4.0]), l=st.integers(2, 3)),
    st.builds(TCloseness, column=st.just("illness"), t=st.sampled_from([0.1, 0.3]), distance=st.just("equal")),
    st.builds(
        TCloseness,
        column=st.just("illness"),
        t=st.sampled_from([0.1, 0.3]),
        distance=st.just("ordered"),
        order=st.sampled_from([None, ILLNESSES[::-1]]),
    ),
    st.builds(TCloseness, column=st.just("income"), t=st.sampled_from([0.1, 0.3]), distance=st.just("ordered")),
    st.builds(DistinctLDiversity, column=st.just("income"), l=st.integers(2, 3)),
    st.builds(AverageRisk, risk=st.sampled_from([0.05, 0.2])),
    st.builds(MaxRisk, risk=st.sampled_from([0.15, 0.3])),
)


def policy(models: list[Model], *, limit: float = 0.0, algorithm: str = "local", subject: bool = False) -> Policy:
    columns = {
        "row": ColumnPolicy(role=ColumnRole.PLAIN, operator=Keep()),
        "person": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop()),
        **{
            name: ColumnPolicy(
                role=ColumnRole.QUASI_IDENTIFIER, operator=Generalise(hierarchy=CategoryHierarchy(rows=TREES[name]))
            )
            for name in QUASI
        },
        "illness": ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Keep()),
        "income": ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Keep()),
    }
    return Policy(
        subject="person" if subject else None,
        subject_unit=SubjectUnit.PERSON if subject else SubjectUnit.ROW,
        columns=columns,
        models=models,
        suppression_limit=limit,
        algorithm=algorithm,  # type: ignore[arg-type]  # pydantic takes the name
    )


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    size = draw(st.integers(1, 36))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    return pl.DataFrame(
        {
            "row": list(range(size)),
            "person": column(st.integers(0, max(1, size // 2))),
            "town": column(st.sampled_from([row[0] for row in TREES["town"]])),
            "job": column(st.one_of(st.none(), st.sampled_from([row[0] for row in TREES["job"]]))),
            "illness": column(st.one_of(st.none(), st.sampled_from(ILLNESSES))),
            "income": column(st.integers(1, 4)),
        },
        schema_overrides={"job": pl.String, "illness": pl.String},
    )


Rows = list[dict[str, Any]]


def figure(model: Model, groups: list[Rows], subject: list[Any]) -> float | None:
    """What a model measures in the worst of these classes, from its definition."""
    pairs = [Counter(v for _, v in {(subject[r["row"]], r[model.column]) for r in g}) for g in groups]  # type: ignore[union-attr]
    match model:
        case DistinctLDiversity():
            return min(len(counts) for counts in pairs)
        case EntropyLDiversity():
            return min(
                math.exp(-sum(c / counts.total() * math.log(c / counts.total()) for c in counts.values()))
                for counts in pairs
            )
        case RecursiveCLDiversity(l=l):
            ratios = []
            for counts in pairs:
                falling = sorted(counts.values(), reverse=True)
                if len(falling) < l:
                    return None
                ratios.append(falling[0] / sum(falling[l - 1 :]))
            return max(ratios)
        case TCloseness():
            whole = sum(pairs, Counter())
            values = sorted(whole, key=lambda v: (v is not None, v))
            if model.order is not None:
                values = sorted(whole, key=lambda v: -1 if v is None else model.order.index(v))
            return max(float(distance(counts, whole, values, model.distance)) for counts in pairs)
    raise AssertionError(model)


def distance(own: Counter[Any], whole: Counter[Any], values: list[Any], kind: str) -> Fraction:
    gaps = [Fraction(own[v], own.total()) - Fraction(whole[v], whole.total()) for v in values]
    if kind == "equal":
        return sum((abs(gap) for gap in gaps), Fraction(0)) / 2
    if len(values) == 1:
        return Fraction(0)
    return sum((abs(below) for below in itertools.accumulate(gaps)), Fraction(0)) / (len(values) - 1)


def holds(model: Model, groups: list[Rows], subject: list[Any]) -> bool:
    sizes = [len({subject[r["row"]] for r in g}) for g in groups]
    match model:
        case KAnonymity(k=k):
            return min(sizes) >= k
        case MaxRisk(risk=risk):
            return max(1 / size for size in sizes) <= risk + 1e-9
        case AverageRisk(risk=risk):
            return len(groups) / len({subject[r["row"]] for g in groups for r in g}) <= risk + 1e-9
        case DistinctLDiversity(l=l) | EntropyLDiversity(l=l):
            reached = figure(model, groups, subject)
            return reached is not None and reached >= l - 1e-9
        case RecursiveCLDiversity(c=c):
            reached = figure(model, groups, subject)
            return reached is not None and reached < c
        case TCloseness(t=t):
            reached = figure(model, groups, subject)
            return reached is not None and reached <= t + 1e-9


def shown(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((row.get(f"{n}_code", row.get(n)), row.get(f"{n}_level")) for n in QUASI)


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow])
@given(
    tables(),
    st.lists(SENSITIVE, min_size=1, max_size=3, unique_by=lambda m: (m.kind, getattr(m, "column", None))),
    st.integers(2, 4),
    st.sampled_from([0.0, 0.2, 0.6]),
    st.sampled_from(["local", "full-domain"]),
    st.booleans(),
)
def test_every_model_holds_in_every_class_of_a_release(
    table: pl.DataFrame, models: list[Model], k: int, limit: float, algorithm: str, by_subject: bool
) -> None:
    rules = policy([KAnonymity(k=k), *models], limit=limit, algorithm=algorithm, subject=by_subject)
    rows = table.to_dicts()
    subject = [row["person" if by_subject else "row"] for row in rows]
    try:
        result = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r")
    except Unreachable:
        assert not all(holds(model, [rows], subject) for model in rules.models)
        return
    released = result.table.to_dicts()
    assert len(rows) - len(released) <= limit * len(rows) + 1e-9
    classes = defaultdict(list)
    for row in released:
        classes[shown(row)].append(row)
    groups = list(classes.values())
    if not groups:
        return
    for model in rules.models:
        assert holds(model, groups, subject), model
    for model, threshold in zip(rules.models, result.public_report.thresholds, strict=True):
        if isinstance(model, KAnonymity | MaxRisk | AverageRisk):
            assert threshold.reached is not None
            continue
        assert threshold.reached == pytest.approx(figure(model, groups, subject))


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow])
@given(tables(), SENSITIVE, st.sampled_from([0.0, 0.2]))
def test_full_domain_is_optimal_under_every_model(table: pl.DataFrame, model: Model, limit: float) -> None:
    """All nodes of the lattice, each leaving out failing classes until those that stay meet the model."""
    rules = policy([KAnonymity(k=2), model], limit=limit, algorithm="full-domain")
    rows = table.to_dicts()
    subject = [row["row"] for row in rows]
    paths = {name: {None: [None, None, "*"]} | {r[0]: [*r, "*"] for r in TREES[name]} for name in QUASI}
    cost = {name: [0.0, {"A": 1 / 3, "B": 1 / 3, "health": 1 / 2, "service": 0.0, None: 0.0}, 1.0] for name in QUASI}
    best = None
    for node in itertools.product(range(3), repeat=2):
        classes = defaultdict(list)
        for row in rows:
            key = tuple(paths[n][row[n]][level] for n, level in zip(QUASI, node, strict=True))
            classes[key].append(row)
        # First what too few share, then what fails beside the rest, until nothing does.
        classes = {key: own for key, own in classes.items() if len(own) >= 2}
        per_class = [m for m in rules.models if not isinstance(m, AverageRisk)]
        while True:
            bad = [
                key for key, own in classes.items() if not all(one_holds(m, own, classes, subject) for m in per_class)
            ]
            if not bad:
                break
            for key in bad:
                del classes[key]
        kept = sum(map(len, classes.values()))
        if len(rows) - kept > limit * len(rows) + 1e-9:
            continue
        if classes and not all(holds(m, list(classes.values()), subject) for m in rules.models):
            continue
        lost = sum(
            len(own)
            * sum(cost[n][1][text] if lv == 1 else cost[n][lv] for n, lv, text in zip(QUASI, node, key, strict=True))
            / 2
            for key, own in classes.items()
        )
        loss = (lost + len(rows) - kept) / len(rows)
        best = loss if best is None else min(best, loss)
    try:
        result = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r")
    except Unreachable:
        assert best is None
        return
    assert result.public_report.certificate["optimal"] is True
    assert best is not None
    assert result.public_report.claims.attested.loss == pytest.approx(best)


def one_holds(model: Model, own: Rows, classes: dict[Any, Rows], subject: list[Any]) -> bool:
    """A class among those still there: distances are to all of them."""
    if not isinstance(model, TCloseness):
        return holds(model, [own], subject)
    counts = [Counter(row[model.column] for row in group) for group in classes.values()]
    whole = sum(counts, Counter())
    order = model.order
    values = sorted(whole, key=lambda v: (v is not None, v if order is None or v is None else order.index(v)))
    return distance(Counter(row[model.column] for row in own), whole, values, model.distance) <= model.t + 1e-9


@pytest.mark.parametrize("algorithm", ["local", "full-domain"])
@pytest.mark.parametrize("by_subject", [True, False])
def test_a_release_under_all_models_verifies_and_a_changed_one_does_not(
    tmp_path: Path, algorithm: str, by_subject: bool
) -> None:
    rng = np.random.default_rng(3)
    table = pl.DataFrame(
        {
            "row": range(400),
            "person": rng.integers(0, 300, 400),
            "town": rng.choice(["a1", "a2", "b1", "b2"], 400),
            "job": rng.choice(["nurse", "doctor", "cook"], 400),
            "illness": rng.choice(ILLNESSES, 400),
            "income": rng.integers(1, 9, 400),
        }
    )
    models: list[Model] = [
        KAnonymity(k=5), MaxRisk(risk=0.1), AverageRisk(risk=0.05), DistinctLDiversity(column="illness", l=3),
        EntropyLDiversity(column="illness", l=2.5), RecursiveCLDiversity(column="illness", c=3, l=2),
        TCloseness(column="illness", t=0.3), TCloseness(column="income", t=0.3, distance="ordered"),
    ]  # fmt: skip
    rules = policy(models, limit=0.05, algorithm=algorithm, subject=by_subject)
    result = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r", out=tmp_path / "r")
    checked = anonymizer.verify(tmp_path / "r")
    assert checked.mismatches == []
    assert {t.model for t in result.public_report.thresholds} == {m.kind for m in models}
    names = {check.name for check in checked.checks}
    assert {"highest risk", "l-diversity of illness"} <= names
    assert ("t-closeness of income" in names) is not by_subject
    stricter = rules.model_copy(update={"models": [*models[:-1], TCloseness(column="income", t=0.0001)]})
    (tmp_path / "r" / "policy.yaml").write_text(stricter.to_yaml(), encoding="utf-8")
    failed = {check.name for check in anonymizer.verify(tmp_path / "r").mismatches}
    assert ("t-closeness of income" in failed) is not by_subject


def test_a_class_left_whole_tells_nothing_of_its_parts() -> None:
    """The minimality attack. Towns a1 (2 people) and b1 (3) are two classes of k=2; only if both in a1 have the flu
    does l=2 forbid that. Who knows the algorithm and sees one class must still think every other case possible."""
    rules = policy([KAnonymity(k=2), DistinctLDiversity(column="illness", l=2)])

    def counted(illnesses: tuple[str, ...]) -> Histogram:
        table = pl.DataFrame(
            {
                "row": range(5), "person": range(5), "town": ["a1", "a1", "b1", "b1", "b1"], "job": ["cook"] * 5,
                "illness": illnesses, "income": [1] * 5,
            }
        )  # fmt: skip
        return prepare(table, rules).histogram

    def released(histogram: Histogram, coin: int) -> list[tuple[int, ...]]:
        recoding = local.recode(histogram, 0.0, coin.to_bytes(8, "big"))
        return [tuple(recoding.cells[c]) for c in histogram.combination_of_row]

    seen = ("flu", "flu", "cold", "gout", "hay fever")
    whole = released(counted(seen), 0)
    assert len(set(whole)) == 1
    for case in set(itertools.permutations(seen)):
        histogram = counted(case)
        assert any(released(histogram, coin) == whole for coin in range(40)), f"{case} would be ruled out"


@pytest.mark.parametrize(
    ("models", "place"),
    [
        ("[{kind: k-anonymity, k: 2}, {kind: max-risk, attacker: journalist, risk: 0.1}]", "models/1/attacker"),
        ("[{kind: k-anonymity, k: 2}, {kind: average-risk, attacker: marketer, risk: 0.1}]", "models/1/attacker"),
        ("[{kind: k-anonymity, k: 2}, {kind: t-closeness, column: town, t: 0.2}]", "models/1/column"),
        ("[{kind: k-anonymity, k: 2}, {kind: t-closeness, column: illness, t: 0.2, order: [a, b]}]", "models/1"),
        ("[{kind: t-closeness, column: illness, t: 0.2}]", "models"),
        ("[{kind: k-anonymity, k: 2}, {kind: entropy-l-diversity, column: illness, l: 2}]\nmissing: any", "missing"),
    ],
)
def test_contradictory_models_are_refused_with_their_place(models: str, place: str) -> None:
    text = (
        "columns:\n  town: {role: quasi-identifier, operator: {kind: keep}}\n"
        f"  illness: {{role: sensitive, operator: {{kind: keep}}}}\nmodels: {models}\n"
    )
    with pytest.raises(InvalidInput) as refused:
        Policy.from_yaml(text)
    assert [error["pointer"] for error in refused.value.errors or []] == ["#/" + place]


def test_a_value_outside_the_order_and_a_population_too_small_are_refused() -> None:
    table = pl.DataFrame({"row": [1, 2], "person": [1, 2], "town": ["a1", "a1"], "job": ["cook"] * 2,
                          "illness": ["cold", "plague"], "income": [1, 2]})  # fmt: skip
    ordered = TCloseness(column="illness", t=0.5, distance="ordered", order=["cold", "flu"])
    with pytest.raises(InvalidInput, match=r"'illness'.*row 2"):
        anonymizer.anonymize(table, policy([KAnonymity(k=2), ordered]), secret=SECRET, release_id="r")
    small = policy([KAnonymity(k=2)]).model_copy(update={"population": 1})
    with pytest.raises(InvalidInput, match="population has 1 subjects"):
        anonymizer.anonymize(table, small, secret=SECRET, release_id="r")


def test_a_larger_population_protects_from_the_journalist() -> None:
    table = pl.DataFrame({"row": range(8), "person": range(8), "town": ["a1"] * 4 + ["b1"] * 4, "job": ["cook"] * 8,
                          "illness": ["flu"] * 8, "income": [1] * 8})  # fmt: skip
    asked = MaxRisk(attacker="journalist", risk=0.125)
    rules = policy([KAnonymity(k=2)]).model_copy(update={"population": 16, "models": [KAnonymity(k=2), asked]})
    result = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r")
    reached = {t.model: t.reached for t in result.public_report.thresholds}
    assert reached == {"k-anonymity": 4.0, "max-risk": 0.125}
