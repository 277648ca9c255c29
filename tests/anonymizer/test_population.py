"""Population uniques: each estimator recovers what its own model says, and the rule takes the right one."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from anonymizer.risk import measure
from anonymizer.risk.population import population_uniques


def sample_of(sizes: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Class sizes in a sample drawn without replacement from a population of these class sizes."""
    member = np.repeat(np.arange(len(sizes)), sizes)
    drawn = np.random.default_rng(seed).choice(member, int(share * len(member)), replace=False)
    return np.bincount(drawn, minlength=len(sizes))


def test_zayatz_is_bayes_rule_over_the_sizes_seen() -> None:
    sizes = np.array([1] * 6 + [2] * 3 + [4])
    sample, population = 16, 40
    chance = {s: s * comb(population - s, sample - 1) / comb(population, sample) for s in (1, 2, 4)}
    weighed = {1: 6 * chance[1], 2: 3 * chance[2], 4: chance[4]}
    expected = weighed[1] / sum(weighed.values()) * 6 * population / sample
    assert population_uniques(sizes, population).zayatz == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_snb_finds_the_uniques_of_a_population_of_its_kind(share: float) -> None:
    rng = np.random.default_rng(5)
    sizes = 1 + rng.negative_binomial(1.5, 0.3, 40_000)
    found = population_uniques(sample_of(sizes, share, 1), int(sizes.sum()))
    assert found.snb == pytest.approx((sizes == 1).sum(), rel=0.2)
    assert found.chosen in {"snb", "zayatz"}


def test_pitman_finds_the_uniques_of_a_population_of_its_kind() -> None:
    """A Chinese restaurant with discount .6 and strength 50 seats 60,000; every twentieth is seen."""
    rng = np.random.default_rng(9)
    alpha, theta, people = 0.6, 50.0, 60_000
    table = np.zeros(people, dtype=np.int64)
    tables = 1
    uniform = rng.random(people)
    for guest in range(1, people):
        if uniform[guest] * (guest + theta) < theta + alpha * tables:
            table[guest] = tables
            tables += 1
            continue
        # A table in proportion to its guests less the discount: a guest's own table, taken back now and then.
        while True:
            chosen = table[rng.integers(guest)]
            if rng.random() < 1 - alpha / np.count_nonzero(table[:guest] == chosen):
                break
        table[guest] = chosen
    sizes = np.bincount(table)
    found = population_uniques(sample_of(sizes, 0.05, 2), people)
    assert found.pitman == pytest.approx((sizes == 1).sum(), rel=0.25)
    assert found.chosen == "pitman"
    assert found.estimate == found.pitman


def test_without_sample_uniques_there_are_none_and_a_whole_population_is_counted() -> None:
    assert population_uniques(np.array([2, 5, 9]), 1000).estimate == 0
    assert population_uniques(np.array([1, 1, 2]), 4).estimate == 2


def test_a_population_lowers_the_risk_of_those_who_do_not_know_who_is_in_the_table() -> None:
    risk = measure(np.array([5, 10]), threshold=0.1, population=60, drawn=15)
    by_name = {attacker.attacker: attacker for attacker in risk.attackers}
    assert by_name["prosecutor"].highest == pytest.approx(1 / 5)
    assert by_name["journalist"].highest == pytest.approx(1 / 20)
    assert by_name["marketer"].average == pytest.approx(2 / 60)
    assert (by_name["prosecutor"].share_above, by_name["journalist"].share_above) == (pytest.approx(1 / 3), 0)
