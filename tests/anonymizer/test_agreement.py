"""Random tables, hierarchies, policies, nulls and seeds: what a release claims is counted again from its rows alone.

Nothing here uses the library's counting, trees or searches; values are generalised anew from the policy's own words.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable
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
    EntropyLDiversity,
    Generalise,
    KAnonymity,
    Keep,
    Model,
    NumericHierarchy,
    Policy,
    PrefixHierarchy,
    RecursiveCLDiversity,
    SubjectUnit,
    TCloseness,
)
from tests.quick import runs_long

EXAMPLES = 500 if runs_long() else 25
SENSITIVE = ["s1", "s2", "s3"]
Case = tuple[pl.DataFrame, Policy, bytes]


@st.composite
def trees(draw: st.DrawFn) -> list[list[str]]:
    """A tree of categories over some values: each level joins groups of the one below."""
    values = [f"v{n}" for n in range(draw(st.integers(1, 6)))]
    rows = [[value] for value in values]
    groups = list(range(len(values)))
    for level in range(draw(st.integers(0, 2))):
        joined = {group: draw(st.integers(0, 2)) for group in sorted(set(groups))}
        groups = [joined[group] for group in groups]
        for row, group in zip(rows, groups, strict=True):
            row.append(f"g{level}-{group}")
    return rows


@st.composite
def numbers(draw: st.DrawFn) -> NumericHierarchy:
    """Widths that nest, or cut points that do."""
    ranges = draw(st.sampled_from(["nested", "free"]))
    if draw(st.booleans()):
        widths = [float(draw(st.sampled_from([1, 2, 5])))]
        for factor in draw(st.lists(st.sampled_from([2, 3, 5]), max_size=2)):
            widths.append(widths[-1] * factor)
        return NumericHierarchy(widths=widths, origin=float(draw(st.sampled_from([0, 3]))), ranges=ranges)
    finest = sorted(draw(st.sets(st.integers(1, 29), min_size=1, max_size=4)))
    coarser = [cut for cut in finest if draw(st.booleans())]
    cuts = [[float(c) for c in finest], *([[float(c) for c in coarser]] if coarser and coarser != finest else [])]
    return NumericHierarchy(cut_points=cuts, ranges=ranges)


@st.composite
def cases(draw: st.DrawFn, algorithm: str | None = None) -> Case:
    """A table of up to 40 rows with two or three quasi-identifiers."""
    size = draw(st.integers(1, 40))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    tree, widths = draw(trees()), draw(numbers())
    empty = draw(st.booleans())
    maybe = (lambda values: st.one_of(st.none(), values)) if empty else (lambda values: values)
    data: dict[str, list[Any]] = {
        "row": list(range(size)),
        "who": column(maybe(st.integers(0, size))),
        "cat": column(maybe(st.sampled_from([row[0] for row in tree]))),
        "num": column(maybe(st.integers(0, 30))),
        "code": column(maybe(st.sampled_from(["1101", "1102", "1201", "2", "2101"]))),
        "s": column(maybe(st.sampled_from(SENSITIVE))),
    }
    quasi = ColumnRole.QUASI_IDENTIFIER
    lengths = draw(st.sampled_from([[4, 2], [2], [3, 1]]))
    operators: dict[str, Any] = {
        "cat": Generalise(hierarchy=CategoryHierarchy(rows=tree)),
        "num": Generalise(hierarchy=widths),
        "code": draw(st.sampled_from([Drop(), Keep(), Generalise(hierarchy=PrefixHierarchy(lengths=lengths))])),
    }
    models: list[Model] = [KAnonymity(k=draw(st.integers(2, 5)))]
    models += draw(
        st.lists(
            st.one_of(
                st.builds(DistinctLDiversity, column=st.just("s"), l=st.integers(2, 3)),
                st.builds(EntropyLDiversity, column=st.just("s"), l=st.sampled_from([1.3, 2.0])),
                st.builds(RecursiveCLDiversity, column=st.just("s"), c=st.sampled_from([1.5, 4.0]), l=st.just(2)),
                st.builds(
                    TCloseness,
                    column=st.just("s"),
                    t=st.sampled_from([0.15, 0.4]),
                    distance=st.sampled_from(["equal", "ordered"]),
                ),
            ),
            max_size=2,
            unique_by=lambda model: model.kind,
        )
    )
    by_subject = draw(st.booleans())
    blurred = any(not isinstance(model, KAnonymity | DistinctLDiversity) for model in models)
    rules = Policy(
        subject="who" if by_subject else None,
        subject_unit=SubjectUnit.PERSON if by_subject else SubjectUnit.ROW,
        columns={
            "row": ColumnPolicy(role=ColumnRole.PLAIN, operator=Keep()),
            "who": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop()),
            **{name: ColumnPolicy(role=quasi, operator=operator) for name, operator in operators.items()},
            "s": ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Keep()),
        },
        models=models,
        suppression_limit=draw(st.sampled_from([0.0, 0.1, 0.5])),
        missing=draw(st.sampled_from(["value", "suppress"] if blurred else ["value", "any", "suppress"])),
        algorithm=algorithm or draw(st.sampled_from(["local", "full-domain"])),  # type: ignore[arg-type]
    )
    kinds = {"who": pl.Int64, "cat": pl.String, "num": pl.Int64, "code": pl.String, "s": pl.String}
    return pl.DataFrame(data, schema_overrides=kinds), rules, draw(st.binary(min_size=16, max_size=16))


def signature(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a released row shows of each quasi-identifier; None where it shows that the value is missing."""
    shown: list[Any] = []
    for name in ("cat", "num", "code"):
        if f"{name}_low" in row:
            pair = (row[f"{name}_low"], row[f"{name}_high"])
            shown.append(None if pair == (None, None) else pair)
        elif f"{name}_code" in row:
            code = row[f"{name}_code"]
            shown.append(None if code is None else (code, row[f"{name}_level"]))
        elif name in row:
            shown.append(row[name])
    return tuple(shown)


def figure(model: Model, classes: list[list[dict[str, Any]]], who: list[Any]) -> float | None:
    """What a model measures in the class that is worst off: every value once for each subject that shows it."""
    counts = [Counter(value for _, value in {(who[row["row"]], row["s"]) for row in own}) for own in classes]
    match model:
        case DistinctLDiversity():
            return min(len(own) for own in counts)
        case EntropyLDiversity():
            return min(
                math.exp(-sum(n / own.total() * math.log(n / own.total()) for n in own.values())) for own in counts
            )
        case RecursiveCLDiversity(l=l):
            falling = [sorted(own.values(), reverse=True) for own in counts]
            return None if any(len(f) < l for f in falling) else max(f[0] / sum(f[l - 1 :]) for f in falling)
        case TCloseness(distance=kind):
            whole = sum(counts, Counter())
            values = sorted(whole, key=lambda value: (value is not None, value))
            gaps = [[own[v] / own.total() - whole[v] / whole.total() for v in values] for own in counts]
            if kind == "equal":
                return max(sum(map(abs, gap)) / 2 for gap in gaps)
            return max(sum(map(abs, itertools.accumulate(gap))) / max(len(values) - 1, 1) for gap in gaps)
    raise AssertionError(model)


def meets(model: Model, reached: float | None) -> bool:
    match model:
        case DistinctLDiversity(l=least) | EntropyLDiversity(l=least):
            return reached is not None and reached >= least - 1e-9
        case RecursiveCLDiversity(c=c):
            return reached is not None and reached < c
        case TCloseness(t=t):
            return reached is not None and reached <= t + 1e-9
    raise AssertionError(model)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(cases())
def test_an_independent_count_agrees_on_every_claim(case: Case) -> None:
    table, rules, secret = case
    raw = table.to_dicts()
    who = [row["who"] if rules.subject else row["row"] for row in raw]
    try:
        result = anonymizer.anonymize(table, rules, secret=secret, release_id=secret.hex())
    except Unreachable:
        return
    released = result.table.to_dicts()
    attested = result.public_report.claims.attested
    kept = {row["row"] for row in released}
    assert len(kept) == len(released) == attested.rows_in - attested.rows_suppressed
    assert len(raw) - len(kept) <= rules.suppression_limit * len(raw) + 1e-9
    assert len(set(who) - {who[n] for n in kept}) <= rules.suppression_limit * len(set(who)) + 1e-9
    there = [row["num"] for row in raw if row["num"] is not None]
    for row in released:
        _check_row(row, raw[row["row"]], rules, there)
    classes = defaultdict(list)
    for row in released:
        classes[signature(row)].append(row)
    if not classes:
        return
    groups = list(classes.values())
    subjects = [{who[row["row"]] for row in own} for own in groups]
    assert attested.k_by_subject == min(map(len, subjects))
    recounted = result.public_report.claims.recomputable
    assert recounted.classes == len(groups)
    if rules.missing != "any":
        assert min(map(len, subjects)) >= rules.k
        assert recounted.k_by_row == min(map(len, groups))
        for model, told in zip(rules.models[1:], result.public_report.thresholds[1:], strict=True):
            reached = figure(model, groups, who)
            assert told.reached == pytest.approx(reached)
            assert meets(model, reached)
        return
    for own in classes:  # an empty cell may stand for any: rows count with those they do not contradict
        alike = [row for other, rows in classes.items() if _agree(own, other) for row in rows]
        assert len({who[row["row"]] for row in alike}) >= rules.k
        for model in rules.models[1:]:
            assert meets(model, figure(model, [alike], who))


def _agree(own: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(a is None or a == b for a, b in zip(own, other, strict=True))


def _levels(rules: Policy, name: str) -> list[Callable[[Any], Any]]:
    """What a value is shown as on each level of its hierarchy, from the policy's words."""
    operator = rules.columns[name].operator
    if isinstance(operator, Keep):
        return [lambda value: value]
    assert isinstance(operator, Generalise)
    match operator.hierarchy:
        case CategoryHierarchy(rows=rows):
            assert rows is not None
            paths = {row[0]: row for row in rows}
            return [lambda value, level=level: paths[value][level] for level in range(len(rows[0]))] + [lambda _: "*"]
        case PrefixHierarchy(lengths=lengths):
            return [lambda value, n=n: value[:n] for n in lengths] + [lambda _: "*"]
        case NumericHierarchy(widths=widths, cut_points=cuts, origin=origin):
            if widths is not None:
                found = []
                for width in widths:

                    def band(value: int, width: float = width) -> tuple[float, float]:
                        low = origin + math.floor((value - origin) / width) * width
                        return low, low + width - 1

                    found.append(band)
                return found
            return [
                lambda value, own=own: (
                    max((c for c in own if c <= value), default=None),
                    min((c - 1 for c in own if c > value), default=None),
                )
                for own in cuts or []
            ]
    raise AssertionError(operator)


def _check_row(row: dict[str, Any], raw: dict[str, Any], rules: Policy, numbers_there: list[int]) -> None:
    """A released row says nothing untrue, and only what its hierarchies can say."""
    assert row["s"] == raw["s"]
    for name in ("cat", "code"):
        if isinstance(rules.columns[name].operator, Drop):
            continue
        levels = _levels(rules, name)
        value = raw[name]
        if f"{name}_code" in row:
            code, level = row[f"{name}_code"], row[f"{name}_level"]
            expected = (
                (None, 0) if value is None and code is None else ("*" if value is None else levels[level](value), level)
            )
            assert (code, level) == expected, name
        elif value is None:
            assert row[name] in (None, "*")
        else:
            assert row[name] in {level(value) for level in levels}, name
    low, high, value = row["num_low"], row["num_high"], raw["num"]
    if value is None:
        return
    bands = [band(value) for band in _levels(rules, "num")]
    hierarchy = rules.columns["num"].operator.hierarchy  # type: ignore[union-attr]
    assert low is None or low <= value
    assert high is None or value <= high
    if hierarchy.ranges == "nested" or rules.algorithm == "full-domain":
        assert (low, high) in bands or (low, high) == _widest(rules, numbers_there)
    else:  # any run of the finest bands
        finest = _levels(rules, "num")[0]
        assert low is None or finest(low)[0] == low
        assert high is None or finest(high)[1] == high


def _widest(rules: Policy, there: list[int]) -> tuple[Any, Any]:
    """The full range: open with cut points, from the first to the last of the coarsest bands with widths."""
    if rules.columns["num"].operator.hierarchy.cut_points is not None:  # type: ignore[union-attr]
        return None, None
    coarsest = [_levels(rules, "num")[-1](value) for value in there]
    return min(low for low, _ in coarsest), max(high for _, high in coarsest)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(cases(algorithm="full-domain"))
def test_the_optimum_is_that_of_all_nodes(case: Case) -> None:
    """Every combination of levels of the two trees, counted and weighed one by one, for k-anonymity alone."""
    table, rules, secret = case
    columns = rules.columns | {name: ColumnPolicy(role=ColumnRole.PLAIN, operator=Drop()) for name in ("num",)}
    if isinstance(columns["code"].operator, Keep):
        columns["code"] = ColumnPolicy(role=ColumnRole.PLAIN, operator=Drop())
    rules = Policy.from_mapping(
        rules.model_copy(update={"columns": columns, "models": [KAnonymity(k=rules.k)]}).model_dump(mode="json")
    )
    missing = rules.missing
    if missing == "any":
        return
    raw = table.to_dicts()
    who = [row["who"] if rules.subject else row["row"] for row in raw]
    names = [name for name in ("cat", "code") if isinstance(rules.columns[name].operator, Generalise)]
    levels = {name: _levels(rules, name) for name in names}
    leaves = {name: _domain(table, rules, name) for name in names}
    best = None
    for node in itertools.product(*(range(len(levels[name])) for name in names)):
        groups = defaultdict(list)
        gone = 0
        for number, row in enumerate(raw):
            if missing == "suppress" and any(row[name] is None for name in names):
                gone += 1
                continue
            key = []
            for name, level in zip(names, node, strict=True):
                value, top = row[name], level == len(levels[name]) - 1
                key.append("*" if top else None if value is None else levels[name][level](value))
            groups[tuple(key)].append(number)
        lost = float(gone)
        kept: set[Any] = set()
        for own in groups.values():
            if len({who[n] for n in own}) < rules.k:
                gone += len(own)
                lost += len(own)
                continue
            kept |= {who[n] for n in own}
            for n in own:
                lost += sum(
                    _cost(raw[n][name], name, level, levels, leaves) for name, level in zip(names, node, strict=True)
                ) / len(names)
        limit = rules.suppression_limit
        if gone > limit * len(raw) + 1e-9 or len(set(who)) - len(kept) > limit * len(set(who)) + 1e-9:
            continue
        loss = lost / len(raw)
        best = loss if best is None else min(best, loss)
    try:
        result = anonymizer.anonymize(table, rules, secret=secret, release_id="r")
    except Unreachable:
        assert best is None
        return
    assert result.public_report.certificate["optimal"] is True
    assert best is not None
    assert result.public_report.claims.attested.loss == pytest.approx(best)


def _domain(table: pl.DataFrame, rules: Policy, name: str) -> list[Any]:
    """The leaves of a tree: all that a category lists, the finest prefixes that occur."""
    operator = rules.columns[name].operator
    assert isinstance(operator, Generalise)
    if isinstance(operator.hierarchy, CategoryHierarchy):
        assert operator.hierarchy.rows is not None
        return [row[0] for row in operator.hierarchy.rows]
    return list(dict.fromkeys(value for value in table.get_column(name).to_list() if value is not None))


def _cost(value: Any, name: str, level: int, levels: dict[str, Any], leaves: dict[str, list[Any]]) -> float:
    shown = levels[name]
    if level == len(shown) - 1:
        return 1.0
    if value is None:
        return 0.0
    finest = {shown[0](leaf) for leaf in leaves[name]}
    own = shown[level](value)
    covered = {shown[0](leaf) for leaf in leaves[name] if shown[level](leaf) == own}
    return (len(covered) - 1) / (len(finest) - 1) if len(finest) > 1 else 0.0
