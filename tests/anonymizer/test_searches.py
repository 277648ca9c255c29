"""The searches: the optimum is one, local recoding loses little, suppression stays within its limit."""

from __future__ import annotations

import csv
import itertools
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.algorithms import full_domain
from anonymizer.algorithms.recoding import Recoding
from anonymizer.engines import Histogram
from anonymizer.errors import Unreachable
from anonymizer.preparation import Prepared, prepare
from contracts.privacy import CategoryHierarchy, ColumnPolicy, ColumnRole, Generalise, KAnonymity, Policy
from tests.quick import examples

SECRET = b"0123456789abcdef"
TREES = {
    "a": [["a1", "A", "AB"], ["a2", "A", "AB"], ["b1", "B", "AB"], ["c1", "C", "CD"], ["d1", "D", "CD"]],
    "b": [["x", "XY"], ["y", "XY"], ["z", "Z"]],
    "c": [["m"], ["f"]],
}


def loss_of(histogram: Histogram, recoding: Recoding) -> float:
    """Mean loss over rows and columns, suppressed rows 1."""
    lost = [
        np.where(recoding.suppressed, 1.0, column.tree.cell_loss(recoding.cells[:, place]))
        for place, column in enumerate(histogram.columns)
    ]
    weight = histogram.rows / histogram.rows.sum()
    return float(np.mean([(weight * column).sum() for column in lost]))


def brute_force(histogram: Histogram, k: int, limit: float) -> float | None:
    """The least loss of all nodes, counted row by row."""
    rows = histogram.leaf[histogram.combination_of_row]
    best = None
    for node in itertools.product(*(range(column.tree.levels) for column in histogram.columns)):
        shown = [
            tuple(int(c.tree.node_of[level][leaf]) for c, level, leaf in zip(histogram.columns, node, row, strict=True))
            for row in rows
        ]
        kept = [key for key in shown if shown.count(key) >= k]
        if len(shown) - len(kept) > limit * len(shown) + 1e-9:
            continue
        lost = sum(np.mean([c.tree.loss[n] for c, n in zip(histogram.columns, key, strict=True)]) for key in kept)
        loss = (lost + len(shown) - len(kept)) / len(shown)
        best = loss if best is None else min(best, loss)
    return best


def rules(k: int, limit: float, algorithm: str, trees: dict[str, list[list[str]]] = TREES) -> Policy:
    return Policy(
        columns={
            name: ColumnPolicy(
                role=ColumnRole.QUASI_IDENTIFIER, operator=Generalise(hierarchy=CategoryHierarchy(rows=rows))
            )
            for name, rows in trees.items()
        },
        models=[KAnonymity(k=k)],
        suppression_limit=limit,
        algorithm=algorithm,  # type: ignore[arg-type]  # pydantic takes the name
    )


@settings(max_examples=examples(60))
@given(st.data())
def test_full_domain_finds_the_optimum(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    table = pl.DataFrame(
        {
            name: data.draw(st.lists(st.sampled_from([r[0] for r in rows]), min_size=size, max_size=size))
            for name, rows in TREES.items()
        }
    )
    k, limit = data.draw(st.integers(2, 6)), data.draw(st.sampled_from([0.0, 0.1, 0.3]))
    histogram = prepare(table, rules(k, limit, "full-domain")).histogram
    expected = brute_force(histogram, k, limit)
    try:
        recoding = full_domain.recode(histogram, limit)
    except Unreachable:
        assert expected is None
        return
    assert recoding.certificate["optimal"] is True
    assert expected is not None
    assert loss_of(histogram, recoding) == pytest.approx(expected)


@settings(max_examples=examples(30))
@given(st.data())
def test_a_lattice_too_large_to_hold_is_walked_to_the_same_optimum(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    columns = {n: data.draw(st.lists(st.sampled_from([r[0] for r in rows]), min_size=size, max_size=size))
               for n, rows in TREES.items()}  # fmt: skip
    k, limit = data.draw(st.integers(2, 6)), data.draw(st.sampled_from([0.0, 0.1, 0.3]))
    histogram = prepare(pl.DataFrame(columns), rules(k, limit, "full-domain")).histogram
    expected = brute_force(histogram, k, limit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_domain, "_LARGEST", 1)
        if expected is None:
            with pytest.raises(Unreachable):
                full_domain.recode(histogram, limit)
            return
        recoding = full_domain.recode(histogram, limit)
    assert recoding.certificate["optimal"] is True
    assert loss_of(histogram, recoding) == pytest.approx(expected)


@pytest.mark.parametrize("largest", [1, 4_000_000])
def test_a_search_cut_short_says_how_far_it_is_from_its_bound(largest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_domain, "_LARGEST", largest)
    table = pl.DataFrame({name: [rows[i * 7 % len(rows)][0] for i in range(40)] for name, rows in TREES.items()})
    histogram = prepare(table, rules(3, 0.0, "full-domain")).histogram
    certificate = full_domain.recode(histogram, 0.0, seconds=1e-9).certificate
    best = brute_force(histogram, 3, 0.0)
    assert best is not None
    assert certificate["optimal"] is False
    assert certificate["lower_bound"] <= best + 1e-12
    assert best <= certificate["loss"] + 1e-12
    assert certificate["gap"] == pytest.approx(certificate["loss"] - certificate["lower_bound"])


def test_every_node_of_the_lattice_is_accounted_for() -> None:
    table = pl.DataFrame({name: [rows[i * 7 % len(rows)][0] for i in range(40)] for name, rows in TREES.items()})
    certificate = full_domain.recode(prepare(table, rules(3, 0.1, "full-domain")).histogram, 0.1).certificate
    told = ("nodes_checked", "nodes_struck_off", "nodes_ruled_out_by_bound")
    assert sum(int(certificate[name]) for name in told) == certificate["lattice_nodes"] == 4 * 3 * 2


def test_unreachable_says_why_and_what_would_help() -> None:
    table = pl.DataFrame({"a": ["a1", "a2"], "b": ["x", "y"], "c": ["m", "f"]})
    for algorithm in ("local", "full-domain"):
        with pytest.raises(Unreachable) as caught:
            anonymizer.anonymize(table, rules(5, 0.0, algorithm), secret=SECRET, release_id="r")
        assert "k-anonymity 5 cannot be reached" in caught.value.detail
        assert "smaller k" in caught.value.detail


ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SHUYI_TEST_DATA", ROOT.parent / "shared" / "data")) / "adult"
needs_adult = pytest.mark.skipif(not DATA.is_dir(), reason="the Adult table is not here (SHUYI_TEST_DATA)")


def adult_policy(limit: float, algorithm: str, k: int = 5) -> Policy:
    trees = {}
    with (DATA / "adult.csv").open(encoding="utf-8") as stream:
        names = stream.readline().strip().split(";")
    for name in names:
        with (DATA / f"adult_hierarchy_{name}.csv").open(encoding="utf-8", newline="") as stream:
            trees[name] = [row for row in csv.reader(stream, delimiter=";") if row]
    return rules(k, limit, algorithm, trees)


@needs_adult
@pytest.mark.parametrize(
    ("k", "limit", "loss"),
    [(5, 0.0, 0.6355), (5, 0.02, 0.3633), (5, 0.05, 0.2752), (10, 0.0, 0.6355), (10, 0.02, 0.3857), (10, 0.05, 0.3235)],
)
def test_adult_full_domain_loses_what_the_optimum_loses(k: int, limit: float, loss: float) -> None:
    result = anonymizer.anonymize(
        DATA / "adult.csv", adult_policy(limit, "full-domain", k), secret=SECRET, release_id="adult"
    )
    attested = result.public_report.claims.attested
    assert result.public_report.certificate["optimal"] is True
    assert attested.loss == pytest.approx(loss, abs=2e-4)
    assert attested.rows_suppressed <= limit * 30162
    assert attested.k_by_subject is not None
    assert attested.k_by_subject >= k


@needs_adult
def test_adult_local_recoding_loses_little_and_the_release_verifies(tmp_path: Path) -> None:
    folder = tmp_path / "adult"
    result = anonymizer.anonymize(
        DATA / "adult.csv", adult_policy(0.0, "local"), secret=SECRET, release_id="adult", out=folder
    )
    attested = result.public_report.claims.attested
    assert attested.loss <= 0.6 * 0.183
    assert attested.rows_suppressed == 0
    assert result.table.height == 30162
    assert anonymizer.verify(folder).mismatches == []


def test_a_search_that_errs_publishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be published is counted again before it leaves."""

    def errs(prepared: Prepared, coin: bytes) -> Recoding:
        cells = prepared.histogram.leaf
        return Recoding(cells, np.zeros(len(cells), dtype=bool), {"optimal": True})

    monkeypatch.setattr("anonymizer.anonymise.search", errs)
    table = pl.DataFrame({name: [rows[i * 7 % len(rows)][0] for i in range(40)] for name, rows in TREES.items()})
    with pytest.raises(RuntimeError, match="the policy asks for 20"):
        anonymizer.anonymize(table, rules(20, 0.0, "local"), secret=SECRET, release_id="r1")


def test_columns_of_more_combinations_than_numbers_hold_are_kept_apart() -> None:
    """16 values in 17 columns are 2**68 combinations; who differs in the first column alone must not be taken for
    alike."""
    chance = np.random.default_rng(1)
    values = [chance.permutation(np.arange(48) % 16) for _ in range(17)]
    columns = {f"q{place:02d}": [f"v{value:02d}" for value in np.repeat(row, 2)] for place, row in enumerate(values)}
    columns["q00"] = [f"v{place % 16:02d}" for place in range(96)]
    trees = {name: [[f"v{value:02d}"] for value in range(16)] for name in columns}
    result = anonymizer.anonymize(
        pl.DataFrame(columns), rules(2, 0.0, "full-domain", trees), secret=SECRET, release_id="r1"
    )
    claims = result.public_report.claims
    assert claims.recomputable.k_by_row == claims.attested.k_by_subject == 2
    assert claims.attested.loss == pytest.approx(1 / 17)
