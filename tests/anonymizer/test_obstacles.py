"""Why a table does not reach k: counted again one by one, and told with the way out."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.errors import Unreachable
from anonymizer.preparation import prepare
from anonymizer.report.obstacles import obstacles
from contracts.privacy import ColumnPolicy, ColumnRole, KAnonymity, Keep, MissingMeaning, Policy
from tests.anonymizer.test_curve import tables
from tests.anonymizer.test_searches import SECRET, TREES, rules
from tests.quick import examples


def share_below(rows: list[tuple[str, ...]], k: int) -> float:
    """Share of rows whose combination fewer than k rows show."""
    count = Counter(rows)
    return sum(count[row] < k for row in rows) / len(rows)


def shown(table: pl.DataFrame, levels: dict[str, int]) -> list[tuple[str, ...]]:
    """The table's rows with each column on a level of its tree; past the last level nothing is shown."""
    columns = []
    for name, rows in TREES.items():
        trees = {row[0]: [*row, "*"] for row in rows}
        columns.append([trees[value][min(levels.get(name, 0), len(trees[value]) - 1)] for value in table[name]])
    return list(zip(*columns, strict=True))


@settings(max_examples=examples(60))
@given(table=tables(), k=st.integers(2, 6), limit=st.sampled_from([0.0, 0.1, 0.3]))
def test_separations_and_steps_are_what_counting_one_by_one_gives(table: pl.DataFrame, k: int, limit: float) -> None:
    found = obstacles(prepare(table, rules(k, limit, "full-domain")))
    assert found is not None
    for separation in found.separations:
        rows = list(table.select(separation.columns).iter_rows())
        assert separation.groups == len(set(rows))
        assert separation.below_k == pytest.approx(share_below(rows, k))
        assert separation.unique == pytest.approx(share_below(rows, 2))
    assert found.separations[0].columns == list(TREES)
    sets = {tuple(sorted(s.columns)) for s in found.separations[1:]}
    assert sets == {(n,) for n in TREES} | {tuple(sorted(pair)) for pair in combinations(TREES, 2)}
    assert found.failing == pytest.approx(share_below(shown(table, {}), k))
    share, levels = found.failing, dict.fromkeys(TREES, 0)
    for step in found.steps:
        assert share > limit
        assert step.before == pytest.approx(share)
        last = {name: len(rows[0]) for name, rows in TREES.items()}
        tried = {}
        for name in TREES:
            for level in range(levels[name] + 1, last[name] + 1):
                # A level that tells apart what the one before it does is no step.
                before, after = (set(shown(table.select(pl.all()), {**dict.fromkeys(TREES, 9), name: at}))
                                 for at in (levels[name], level))  # fmt: skip
                if len(before) != len(after):
                    tried[name, level] = share_below(shown(table, levels | {name: level}), k)
                    break
        assert step.after == pytest.approx(min(tried.values()))
        levels[step.column] = next(
            level for (name, level), left in tried.items() if name == step.column and left == pytest.approx(step.after)
        )
        share = step.after
    assert share <= limit or table.height < k or len(found.steps) == 12


def kept(table: pl.DataFrame, limit: float, **more: object) -> Policy:
    """A policy that publishes every column as it is."""
    column = ColumnPolicy(role=ColumnRole.QUASI_IDENTIFIER, operator=Keep())
    content = {"columns": dict.fromkeys(table.columns, column), "models": [KAnonymity(k=5)]}
    return Policy(suppression_limit=limit, **(content | more))  # type: ignore[arg-type]  # pydantic checks


def test_the_error_names_the_column_to_make_coarser_and_what_that_gives() -> None:
    table = pl.DataFrame({"sex": ["m", "f"] * 20, "door": [str(i) for i in range(40)]})
    with pytest.raises(Unreachable) as caught:
        anonymizer.anonymize(table, kept(table, 0.05), secret=SECRET, release_id="r")
    assert "generalise or drop door" in caught.value.detail
    assert "suppression falls from 100.0% to 0.0%" in caught.value.detail
    assert "sex, " not in caught.value.detail


def test_the_error_tells_what_empty_cells_cost() -> None:
    table = pl.DataFrame({"sex": ["m", "f", None, None] * 10})
    with pytest.raises(Unreachable) as caught:
        anonymizer.anonymize(table, kept(table, 0.05, missing=MissingMeaning.SUPPRESS), secret=SECRET, release_id="r")
    assert "count an empty cell as a value of its own: suppression falls from 50.0% to 0.0%" in caught.value.detail


def test_a_preview_out_of_reach_says_what_stands_in_the_way() -> None:
    table = pl.DataFrame({"sex": ["m", "f"] * 20, "door": [str(i) for i in range(40)]})
    effect = anonymizer.preview(table, kept(table, 0.05))
    assert not effect.reached
    assert effect.obstacles is not None
    assert effect.obstacles.separations[0].unique == 1.0
    assert effect.obstacles.separations[1].columns in (["door"], ["sex", "door"])


def test_the_whole_table_is_explored_for_the_officer() -> None:
    table = pl.DataFrame({name: [rows[i * 7 % len(rows)][0] for i in range(40)] for name, rows in TREES.items()})
    found = anonymizer.explore(table, rules(5, 0.0, "local"), secret=SECRET, release_id="r")
    assert found.obstacles is not None
    assert found.obstacles.steps
