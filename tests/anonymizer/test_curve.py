"""Risk and loss for several k: each point is what a run for that k finds, and the policy's own is the release."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.algorithms import full_domain, local
from anonymizer.engines import Histogram
from anonymizer.errors import Unreachable
from anonymizer.preparation import prepare
from contracts.privacy import ColumnPolicy, ColumnRole, DistinctLDiversity, KAnonymity, Keep, MaxRisk, Policy
from tests.anonymizer.test_searches import SECRET, TREES, brute_force, loss_of, rules
from tests.quick import examples

KS = [2, 3, 5, 8]


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    size = draw(st.integers(1, 30))
    columns = {
        name: draw(st.lists(st.sampled_from([r[0] for r in rows]), min_size=size, max_size=size))
        for name, rows in TREES.items()
    }
    return pl.DataFrame(columns)


def sizes(histogram: Histogram, recoding: local.Recoding) -> list[int]:
    """Rows of each class, counted one by one."""
    count: dict[tuple[int, ...], int] = {}
    for combination in histogram.combination_of_row.tolist():
        if not recoding.suppressed[combination]:
            key = tuple(recoding.cells[combination].tolist())
            count[key] = count.get(key, 0) + 1
    return list(count.values())


@pytest.mark.parametrize("largest", [1, 4_000_000])
@settings(max_examples=examples(40))
@given(table=tables(), limit=st.sampled_from([0.0, 0.1, 0.3]))
def test_one_full_domain_search_finds_the_optimum_of_every_k(largest: int, table: pl.DataFrame, limit: float) -> None:
    histogram = prepare(table, rules(3, limit, "full-domain")).histogram
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_domain, "_LARGEST", largest)
        found = full_domain.along(histogram, limit, KS)
    for k in KS:
        expected = brute_force(histogram, k, limit)
        assert (k in found) == (expected is not None)
        if expected is not None:
            assert found[k].certificate["optimal"] is True
            assert loss_of(histogram, found[k]) == pytest.approx(expected)
            assert all(size >= k for size in sizes(histogram, found[k]))


@settings(max_examples=examples(60))
@given(table=tables(), limit=st.sampled_from([0.0, 0.1, 0.3]))
def test_local_recoding_for_several_k_is_what_runs_for_them_find_or_better(table: pl.DataFrame, limit: float) -> None:
    histogram = prepare(table, rules(3, limit, "local")).histogram
    found = local.along(histogram, limit, KS)
    before = 0.0
    for k in KS:
        try:
            alone = local.recode(prepare(table, rules(k, limit, "local")).histogram, limit, b"coin")
        except Unreachable:
            assert k not in found
            continue
        assert all(size >= k for size in sizes(histogram, found[k]))
        assert histogram.rows[found[k].suppressed].sum() <= limit * table.height + 1e-9
        loss = loss_of(histogram, found[k])
        assert before - 1e-12 <= loss <= loss_of(histogram, alone) + 1e-12
        before = loss


def people() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "a": [TREES["a"][i * 7 % 5][0] for i in range(60)],
            "b": [TREES["b"][i * i % 3][0] for i in range(60)],
            "c": [TREES["c"][i // 7 % 2][0] for i in range(60)],
        }
    )


@pytest.mark.parametrize("algorithm", ["local", "full-domain"])
def test_the_policys_own_point_is_the_release(algorithm: str) -> None:
    result = anonymizer.anonymize(people(), rules(4, 0.1, algorithm), secret=SECRET, release_id="r")
    curve = anonymizer.explore(people(), rules(4, 0.1, algorithm), secret=SECRET, release_id="r").curve
    assert [point.k for point in curve] == [2, 3, 4, 5, 10, 20, 50]
    own, attested = curve[2], result.public_report.claims.attested
    assert own.loss == attested.loss
    assert own.rows_suppressed == attested.rows_suppressed
    assert own.smallest_class == attested.k_by_subject
    assert own.attackers == result.officer_report.risk_after.attackers
    for point in curve:
        if point.reached:
            assert point.smallest_class is not None
            assert point.smallest_class >= point.k
            assert point.attackers[0].highest == pytest.approx(1 / point.smallest_class)


def test_a_policy_out_of_reach_still_shows_which_k_is_within() -> None:
    table = pl.DataFrame({"a": ["a1"] * 6, "b": ["x"] * 6, "c": ["m"] * 6})
    effect = anonymizer.preview(table, rules(9, 0.0, "local"), explore=True)
    assert not effect.reached
    assert {point.k: point.reached for point in effect.curve} == {2: True, 3: True, 5: True, 9: False}


def test_a_smaller_k_changes_nothing_where_a_risk_model_asks_for_more() -> None:
    policy = rules(3, 0.1, "local")
    policy = policy.model_copy(update={"models": [KAnonymity(k=3), MaxRisk(risk=0.1)]})
    curve = anonymizer.preview(people(), policy, explore=True).curve
    assert {point.k for point in curve if point.reached} >= {2, 3, 5, 10}
    assert all(point.smallest_class is not None and point.smallest_class >= 10 for point in curve if point.reached)
    assert len({point.loss for point in curve if point.k <= 10}) == 1


def test_each_point_keeps_the_models_on_sensitive_values() -> None:
    columns = dict(rules(2, 0.0, "local").columns) | {"s": ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Keep())}
    policy = Policy(
        columns=columns, models=[KAnonymity(k=2), DistinctLDiversity(column="s", l=2)], suppression_limit=0.2
    )
    table = people().with_columns(s=pl.Series([f"s{i % 4 if i % 3 else 0}" for i in range(60)]))
    histogram = prepare(table, policy).histogram
    for k, recoding in local.along(histogram, 0.2, [2, 5, 10]).items():
        seen: dict[tuple[int, ...], list[str]] = {}
        for combination, value in zip(histogram.combination_of_row.tolist(), table["s"].to_list(), strict=True):
            if not recoding.suppressed[combination]:
                seen.setdefault(tuple(recoding.cells[combination].tolist()), []).append(value)
        assert seen
        assert all(len(values) >= k and len(set(values)) >= 2 for values in seen.values())
