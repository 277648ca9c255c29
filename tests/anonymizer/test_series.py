"""Releases of one dataset beside each other: intersecting a subject's classes leaves k subjects and l values.

Candidates are found again in plain Python, from the raw rows and what each release shows of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.errors import SeriesUnreachable, Unreachable
from anonymizer.series import Earlier, columns_needed
from contracts.privacy import (
    CategoryHierarchy,
    ColumnPolicy,
    ColumnRole,
    DistinctLDiversity,
    Drop,
    EntropyLDiversity,
    Generalise,
    KAnonymity,
    Keep,
    Model,
    NumericHierarchy,
    Policy,
    RecursiveCLDiversity,
    SubjectUnit,
    TCloseness,
    UncomparedRelease,
)
from tests.quick import examples

SECRET = b"0123456789abcdef"
TREE = [["a1", "A"], ["a2", "A"], ["b1", "B"], ["b2", "B"]]
QUASI = ("town", "age")


def policy(
    models: list[Model],
    *,
    limit: float = 0.0,
    algorithm: str = "local",
    missing: str = "value",
    subject: bool = True,
) -> Policy:
    """People with a town, an age and an illness."""
    quasi = ColumnRole.QUASI_IDENTIFIER
    return Policy(
        subject="card" if subject else None,
        subject_unit=SubjectUnit.PERSON if subject else SubjectUnit.ROW,
        columns={
            "row": ColumnPolicy(role=ColumnRole.PLAIN, operator=Keep()),
            "card": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop()),
            "town": ColumnPolicy(role=quasi, operator=Generalise(hierarchy=CategoryHierarchy(rows=TREE))),
            "age": ColumnPolicy(role=quasi, operator=Generalise(hierarchy=NumericHierarchy(widths=[1, 5]))),
            "illness": ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Keep()),
        },
        models=models,
        suppression_limit=limit,
        missing=missing,  # type: ignore[arg-type]  # pydantic takes the name
        algorithm=algorithm,  # type: ignore[arg-type]
    )


def table(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows of card, town, age, illness; numbered."""
    kinds = {"row": pl.Int64, "card": pl.String, "town": pl.String, "age": pl.Int64, "illness": pl.String}
    return pl.DataFrame([(place, *row) for place, row in enumerate(rows)], schema=kinds, orient="row")


@dataclass
class Shown:
    """One release of a series: raw rows by number, and the signature of each that is published."""

    raw: dict[int, dict[str, Any]]
    class_of: dict[int, tuple[Any, ...]]

    @classmethod
    def of(cls, raw: pl.DataFrame, released: pl.DataFrame) -> Shown:
        names = [name for name in released.columns if name.split("_")[0] in QUASI]
        return cls(
            {row["row"]: row for row in raw.to_dicts()},
            {row["row"]: tuple(row[name] for name in names) for row in released.to_dicts()},
        )

    def rows_of(self, card: str) -> list[int]:
        return [number for number, row in self.raw.items() if row["card"] == card]

    def class_before(self, row: dict[str, Any], alone: bool) -> tuple[Any, ...] | None:
        """Where a later row's subject is found: its only class, or the class of the row that says the same."""
        if row["card"] is None:
            return None
        own = [number for number in self.rows_of(row["card"]) if number in self.class_of]
        classes = {self.class_of[number] for number in own}
        if alone and len(classes) == 1:
            return classes.pop()
        same = {self.class_of[n] for n in own if all(self.raw[n][q] == row[q] for q in QUASI)}
        return same.pop() if same else None

    def values_in(self, signature: tuple[Any, ...]) -> set[Any]:
        return {self.raw[number]["illness"] for number, own in self.class_of.items() if own == signature}


def candidates_left(now: Shown, before: list[Shown]) -> list[tuple[set[Any], set[Any]]]:
    """For every published row the subjects and values that stay when its classes are intersected."""
    trails: dict[int, tuple[Any, ...]] = {}
    for number, row in now.raw.items():
        kinds = {tuple(now.raw[n][q] for q in QUASI) for n in now.rows_of(row["card"])}
        trails[number] = tuple(one.class_before(row, len(kinds) == 1) for one in before)
    found = []
    for number, signature in now.class_of.items():
        alike = [n for n, own in now.class_of.items() if own == signature and trails[n] == trails[number]]
        subjects = {now.raw[n]["card"] for n in alike}
        values = {now.raw[n]["illness"] for n in alike}
        row = now.raw[number]
        there = [(one, own) for one, own in zip(before, trails[number], strict=True) if own is not None]
        unchanged = there and all(
            any(one.raw[n]["illness"] == row["illness"] for n in one.rows_of(row["card"]) if one.class_of.get(n) == own)
            for one, own in there
        )
        if unchanged:
            for one, own in there:
                values &= one.values_in(own)
        found.append((subjects, values))
    return found


@st.composite
def series(draw: st.DrawFn) -> tuple[list[pl.DataFrame], Policy]:
    """Two to four tables of mostly the same people: some come, some leave, some move, some fall ill."""
    several = draw(st.booleans())
    people = draw(st.integers(6, 24))
    chance = draw(st.randoms(use_true_random=False))
    alive = {
        f"c{n}": [_row(chance) for _ in range(chance.choice((1, 1, 2, 3)) if several else 1)] for n in range(people)
    }
    churn = draw(st.sampled_from([0.0, 0.1, 0.4]))
    tables = []
    for month in range(draw(st.integers(2, 4))):
        if month:
            for card in [card for card in list(alive)[1:] if chance.random() < churn]:
                del alive[card]
            for n in range(chance.randrange(1 + int(churn * people * 1.5))):
                alive[f"m{month}-{n}"] = [_row(chance)]
            for rows in alive.values():
                if len(rows) > 1 and chance.random() < churn:
                    rows.pop()
                for place in range(len(rows)):
                    if chance.random() < churn:
                        rows[place] = (*_row(chance)[:2], rows[place][2])
                    if chance.random() < churn / 2:
                        rows[place] = (*rows[place][:2], _row(chance)[2])
        rows = [(card, *row) for card, rows in alive.items() for row in rows]
        chance.shuffle(rows)
        tables.append(table(rows))
    models: list[Model] = [KAnonymity(k=draw(st.integers(2, 4)))]
    models += draw(
        st.sampled_from(
            [
                [],
                [DistinctLDiversity(column="illness", l=2)],
                [DistinctLDiversity(column="illness", l=3)],
                [EntropyLDiversity(column="illness", l=1.5)],
                [RecursiveCLDiversity(column="illness", c=4, l=2)],
                [TCloseness(column="illness", t=0.6)],
            ]
        )
    )
    rules = policy(
        models,
        limit=draw(st.sampled_from([0.0, 0.2, 0.6])),
        algorithm=draw(st.sampled_from(["local", "full-domain"])),
        missing=draw(st.sampled_from(["value", "suppress"])),
        subject=several or draw(st.booleans()),
    )
    return tables, rules


def _row(chance: Any) -> tuple[Any, ...]:
    return (
        chance.choice(["a1", "a1", "a2", "b1", "b2", None]),
        chance.choice([20, 20, 21, 27, 33]),
        chance.choice(["flu", "cold", "gout", "hay fever"]),
    )


def release_all(tables: list[pl.DataFrame], rules: Policy) -> tuple[list[Shown], list[Any], Unreachable | None]:
    """Release one after another, until one is refused."""
    earlier: list[Earlier] = []
    shown: list[Shown] = []
    results: list[Any] = []
    for month, raw in enumerate(tables):
        try:
            result = anonymizer.anonymize_in_series(raw, rules, secret=SECRET, release_id=f"r{month}", earlier=earlier)
        except Unreachable as error:
            return shown, results, error
        assert result.class_of_row is not None
        earlier.append(Earlier(f"r{month}", raw.select(columns_needed(rules)), rules, result.class_of_row))
        shown.append(Shown.of(raw, result.table))
        results.append(result)
    return shown, results, None


def least_values(rules: Policy) -> int:
    """Values that the policy wants to stay."""
    return max([2 if m.l < 2 else int(m.l) for m in rules.models if hasattr(m, "l")], default=1)


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(series())
def test_intersecting_classes_leaves_enough_subjects_and_values(case: tuple[list[pl.DataFrame], Policy]) -> None:
    tables, rules = case
    shown, results, refused = release_all(tables, rules)
    for month in range(1, len(shown)):
        now, before = shown[month], shown[:month]
        left = candidates_left(now, before)
        assert len(now.raw) - len(now.class_of) <= rules.suppression_limit * len(now.raw) + 1e-9
        for subjects, values in left:
            assert len(subjects) >= rules.k
            assert len(values) >= least_values(rules)
        told = results[month].public_report.claims.attested.series
        assert told.compared == [f"r{n}" for n in range(month)]
        assert told.k is None or rules.k <= told.k <= min(len(subjects) for subjects, _ in left)
    if isinstance(refused, SeriesUnreachable):
        assert not _reachable(tables[len(shown)], shown, rules)


def _reachable(raw: pl.DataFrame, before: list[Shown], rules: Policy) -> bool:
    """Hiding all quasi-identifiers would do, so refusing is wrong. Only where subjects alone are asked for."""
    if len(rules.models) > 1:
        return False
    now = Shown(raw={row["row"]: row for row in raw.to_dicts()}, class_of={})
    groups = defaultdict(list)
    gone = []
    for number, row in now.raw.items():
        if rules.missing == "suppress" and row["town"] is None:
            gone.append(number)
            continue
        kinds = {tuple(now.raw[n][q] for q in QUASI) for n in now.rows_of(row["card"])}
        groups[tuple(one.class_before(row, len(kinds) == 1) for one in before)].append(number)
    for own in groups.values():
        if len({now.raw[n]["card"] for n in own}) < rules.k:
            gone += own
    kept = {now.raw[n]["card"] for n in now.raw if n not in gone}
    everybody = {row["card"] for row in now.raw.values()}
    limit = rules.suppression_limit
    return len(gone) <= limit * len(now.raw) and len(everybody) - len(kept) <= limit * len(everybody)


def released(raw: pl.DataFrame, rules: Policy, earlier: list[Earlier], name: str) -> tuple[Shown, Earlier, Any]:
    """One release of a series."""
    result = anonymizer.anonymize_in_series(raw, rules, secret=SECRET, release_id=name, earlier=earlier)
    assert result.class_of_row is not None
    return Shown.of(raw, result.table), Earlier(name, raw, rules, result.class_of_row), result


PEOPLE = [(f"c{n}", TREE[n % 4][0], 20 + n % 3, ("flu", "cold", "gout")[n % 3]) for n in range(60)]


def test_alone_each_release_would_do_but_together_they_point_at_one_person() -> None:
    """Town decides in the first, age in the second: without the check two classes of five share one subject."""
    rules = policy([KAnonymity(k=5)])
    first_rows = [(f"c{n}", "a1" if n < 5 else "b1", 20, "flu") for n in range(10)]
    second_rows = [(f"c{n}", "a1", 20 if n in (0, 5, 6, 7, 8) else 33, "flu") for n in range(10)]
    first, before, _ = released(table(first_rows), rules, [], "r1")
    alone, _, _ = released(table(second_rows), rules, [], "r2")
    assert min(len(subjects) for subjects, _ in candidates_left(alone, [first])) == 1
    together, _, result = released(table(second_rows), rules, [before], "r2")
    assert min(len(subjects) for subjects, _ in candidates_left(together, [first])) >= 5
    assert result.public_report.claims.attested.series.k >= 5


def test_an_unchanged_table_loses_no_more_than_before() -> None:
    rules = policy([KAnonymity(k=5), DistinctLDiversity(column="illness", l=2)])
    first, before, one = released(table(PEOPLE), rules, [], "r1")
    again, _, two = released(table(PEOPLE), rules, [before], "r2")
    losses = [result.public_report.claims.attested.loss for result in (one, two)]
    assert losses[1] == pytest.approx(losses[0])
    assert first.class_of == again.class_of


def test_each_of_several_rows_is_followed_by_itself() -> None:
    """Five have rows in both classes of the first release; the one that stays was with the other five."""
    rules = policy([KAnonymity(k=6)])
    both = [f"c{n}" for n in range(5)]
    first = [(c, "a1", 20, "flu") for c in [*both, "x"]] + [(f"c{n}", "b1", 33, "flu") for n in range(10)]
    second = [(f"c{n}", "b1", 33, "flu") for n in range(10)]
    _, before, _ = released(table(first), rules, [], "r1")
    _, _, result = released(table(second), rules, [before], "r2")
    attested = result.public_report.claims.attested
    assert (attested.series.k, attested.loss) == (10, 0)


def test_a_newcomer_is_not_told_by_subtracting_the_earlier_release() -> None:
    """One person more: who knows that they are new takes the old rows away and reads what is left."""
    rules = policy([KAnonymity(k=5)])
    _, before, _ = released(table(PEOPLE), rules, [], "r1")
    more = table([*PEOPLE, ("new", "a1", 20, "gout")])
    with pytest.raises(SeriesUnreachable, match="hold back the 1 rows of new subjects") as refused:
        released(more, rules, [before], "r2")
    assert "beside the earlier releases r1" in refused.value.detail.lower()
    assert refused.value.code == "series-unreachable"
    shown, _, result = released(more, policy([KAnonymity(k=5)], limit=0.05), [before], "r2")
    assert 60 not in shown.class_of
    assert result.public_report.claims.attested.rows_suppressed == 1


def test_what_a_release_cannot_keep_alone_is_refused_as_before() -> None:
    rules = policy([KAnonymity(k=5)])
    _, before, _ = released(table(PEOPLE), rules, [], "r1")
    with pytest.raises(Unreachable) as refused:
        released(table(PEOPLE[:3]), rules, [before], "r2")
    assert not isinstance(refused.value, SeriesUnreachable)


def test_values_that_stay_the_same_must_differ_among_those_left() -> None:
    """Five share both classes, but of their old values only one is still there: it is the target's."""
    rules = policy([KAnonymity(k=3), DistinctLDiversity(column="illness", l=2)])
    first = [("t", "a1", 20, "flu"), ("u", "a1", 20, "cold"), ("v", "a1", 20, "cold")]
    second = [("t", "a1", 20, "flu"), ("u", "a1", 20, "gout"), ("v", "a1", 20, "gout")]
    _, before, _ = released(table(first), rules, [], "r1")
    with pytest.raises(SeriesUnreachable):
        released(table(second), rules, [before], "r2")
    _, _, result = released(table(first), rules, [before], "r2")
    [left] = result.public_report.claims.attested.series.diversity
    assert (left.column, left.required, left.reached) == ("illness", 2, 2)


def test_rows_without_a_subject_column_are_linked_by_an_identifier_of_their_own() -> None:
    rules = policy([KAnonymity(k=5)], subject=False)
    _, before, _ = released(table(PEOPLE), rules, [], "r1")
    _, _, result = released(table(PEOPLE), rules, [before], "r2")
    told = result.public_report.claims.attested.series
    assert (told.linked_by, told.compared) == ("card", ["r1"])
    assert [one.followed for one in result.officer_report.series] == [60]
    _, _, result = released(table([*PEOPLE, ("c1", "a1", 20, "flu")]), rules, [before], "r2")
    told = result.public_report.claims.attested.series
    assert told.not_compared == [UncomparedRelease(release="r1", reason="no-link")]
    assert "series-not-compared" in {warning.code for warning in result.public_report.warnings}


def test_what_could_not_be_compared_is_said() -> None:
    gone = UncomparedRelease(release="2026.10", reason="destroyed")
    result = anonymizer.anonymize_in_series(
        table(PEOPLE), policy([KAnonymity(k=5)]), secret=SECRET, release_id="r", not_compared=[gone]
    )
    told = result.public_report.claims.attested.series
    assert told is not None
    assert (told.compared, told.not_compared, told.k) == ([], [gone], None)
    [warning] = [w for w in result.public_report.warnings if w.code == "series-not-compared"]
    assert "2026.10" in warning.text["en"]
    assert "destroyed" in warning.text["en"]


def test_who_left_few_together_is_told_to_the_officer_alone() -> None:
    rules = policy([KAnonymity(k=5)], limit=0.2)
    _, before, _ = released(table(PEOPLE), rules, [], "r1")
    _, _, result = released(table(PEOPLE[1:]), rules, [before], "r2")
    [told] = result.officer_report.series
    assert (told.gone, told.gone_below_k, told.followed) == (1, 1, 59)
    assert "gone" not in result.public_report.model_dump_json()


def test_numbers_written_as_text_are_the_same_subject() -> None:
    rules = policy([KAnonymity(k=5)])
    rows = table([(str(n), *rest) for n, (_, *rest) in enumerate(PEOPLE)])
    first, before, _ = released(rows.with_columns(pl.col("card").cast(pl.Int64)), rules, [], "r1")
    assert len(first.class_of) == 60
    _, _, result = released(rows, rules, [before], "r2")
    assert result.officer_report.series[0].followed == 60


def test_a_release_in_a_series_is_the_same_again_and_verifies(tmp_path: Any) -> None:
    rules = policy([KAnonymity(k=5), DistinctLDiversity(column="illness", l=2)], limit=0.3)
    _, before, _ = released(table(PEOPLE), rules, [], "r1")
    moved = table([(card, "b1" if n % 7 == 0 else town, age, ill) for n, (card, town, age, ill) in enumerate(PEOPLE)])
    results = [
        anonymizer.anonymize_in_series(
            moved, rules, secret=SECRET, release_id="r2", earlier=[before], out=tmp_path / str(n)
        )
        for n in range(2)
    ]
    assert results[0].content_hash == results[1].content_hash
    checked = anonymizer.verify(tmp_path / "0")
    assert checked.mismatches == []
    assert checked.attested["subjects left beside r1"] == str(
        results[0].public_report.claims.attested.series.k  # type: ignore[union-attr]
    )
    assert sum(bar.subjects for bar in results[0].officer_report.risk_before.histogram) == 60
