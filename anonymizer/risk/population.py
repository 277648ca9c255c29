"""How many subjects of the population are unique, estimated from the class sizes of a sample of it.

Three estimators and the rule that chooses among them:

- *Zayatz* (Estimation of the number of unique population elements using a sample, 1991): how often a sample unique is
  a population unique, by Bayes' rule over the class sizes seen.
- *Pitman* (Hoshino, Applying Pitman's sampling formula to microdata disclosure risk assessment, 2001): the two
  parameters of Pitman's formula by greatest likelihood; uniques grow with the population to the power of one of them.
- *SNB* (Chen, Keller-McNulty, Estimation of identification disclosure risk in microdata, 1998): class sizes are one
  plus a negative binomial, whose parameters are found from the sample's uniques and pairs; the number of classes is
  Shlosser's estimate as modified by Haas and Stokes (1998).
- The rule of Dankar, El Emam, Neisa, Roffey (Estimating the re-identification risk of clinical data sets, 2012): Pitman
  where at most a tenth of the population was drawn, else the smaller of SNB and Zayatz; Zayatz where one has no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, isfinite, lgamma, log, sqrt

import numpy as np
import numpy.typing as npt

from contracts.privacy import PopulationUniques

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_SMALL_SHARE = 0.1
_STEPS = 80
_GOLDEN = (sqrt(5) - 1) / 2


def population_uniques(sizes: IntArray, population: int) -> PopulationUniques:
    """Estimates from the sizes of the sample's classes and the number of subjects in the population."""
    size, classes = np.unique(sizes[sizes > 0], return_counts=True)
    sample, uniques = int((size * classes).sum()), int(classes[size == 1].sum())
    if uniques == 0 or sample >= population:
        found: dict[str, float | None] = dict.fromkeys(("zayatz", "pitman", "snb"), float(uniques))
    else:
        found = {
            "zayatz": _zayatz(size, classes, population),
            "pitman": _pitman(size, classes, population),
            "snb": _snb(size, classes, population),
        }
    rule = _rule(found, sample / population)
    estimate = found[rule] or 0.0
    return PopulationUniques(
        population=population,
        zayatz=found["zayatz"],
        pitman=found["pitman"],
        snb=found["snb"],
        chosen=rule,
        estimate=estimate,
        share=estimate / population,
    )


def _rule(found: dict[str, float | None], drawn: float) -> str:
    if drawn <= _SMALL_SHARE:
        return "pitman" if found["pitman"] is not None else "zayatz"
    snb, zayatz = found["snb"], found["zayatz"]
    return "snb" if snb is not None and zayatz is not None and snb <= zayatz else "zayatz"


def _zayatz(size: IntArray, classes: IntArray, population: int) -> float:
    sample = int((size * classes).sum())
    chance = np.array([_one_drawn(int(s), sample, population) for s in size])
    weighed = classes * chance
    return float(weighed[size == 1].sum() / weighed.sum()) * float(classes[size == 1].sum()) * population / sample


def _one_drawn(size: int, sample: int, population: int) -> float:
    """Chance that exactly one of ``size`` subjects is among the sample's (hypergeometric)."""
    if sample - 1 > population - size:
        return 0.0
    return exp(log(size) + _choose(population - size, sample - 1) - _choose(population, sample))


def _choose(total: int, taken: int) -> float:
    return lgamma(total + 1) - lgamma(taken + 1) - lgamma(total - taken + 1)


def _pitman(size: IntArray, classes: IntArray, population: int) -> float | None:
    sample, kinds = int((size * classes).sum()), int(classes.sum())
    pairs = list(zip(size.tolist(), classes.tolist(), strict=True))

    def best_theta(alpha: float) -> tuple[float, float]:
        def likelihood(scale: float) -> float:
            theta = exp(scale) - alpha
            tables = (kinds - 1) * log(alpha) + lgamma(kinds + theta / alpha) - lgamma(1 + theta / alpha)
            return tables - lgamma(sample + theta) + lgamma(1 + theta)

        return _highest(likelihood, log(1e-6), log(1e9))

    def profile(alpha: float) -> float:
        own: float = sum(count * (lgamma(s - alpha) - lgamma(1 - alpha)) for s, count in pairs)
        return best_theta(alpha)[1] + own

    low, high = 1e-4, 1 - 1e-4
    alpha, _ = _highest(profile, low, high)
    if not low * 2 < alpha < high - low:
        return None
    theta = exp(best_theta(alpha)[0]) - alpha
    expected = exp(lgamma(theta + 1) - lgamma(theta + alpha) + alpha * log(population))
    return expected if isfinite(expected) and 0 <= expected <= population else None


def _highest(figure: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    """Where a function with one peak is highest, and how high (golden section)."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = figure(left), figure(right)
    for _ in range(_STEPS):
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = figure(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = figure(right)
    return (left, at_left) if at_left > at_right else (right, at_right)


def _snb(size: IntArray, classes: IntArray, population: int) -> float | None:
    drawn = float((size * classes).sum()) / population
    ones, twos = float(classes[size == 1].sum()), float(classes[size == 2].sum())
    if twos == 0:
        return None
    kinds = _classes_of_population(size, classes, drawn)

    def shape(beta: float) -> float | None:
        """The first parameter that gives pairs to uniques as seen (their ratio rises with it)."""
        low, high = 1e-9, 1e6
        if _pairs_to_ones(high, beta, drawn) < twos / ones:
            return None
        for _ in range(_STEPS):
            middle = sqrt(low * high)
            low, high = (middle, high) if _pairs_to_ones(middle, beta, drawn) < twos / ones else (low, middle)
        return sqrt(low * high)

    def surplus(beta: float) -> float | None:
        alpha = shape(beta)
        return None if alpha is None else kinds * _ones(alpha, beta, drawn) - ones

    grid = [float(b) for b in 1 / (1 + np.exp(-np.linspace(-12, 12, 97)))]
    before: tuple[float, float] | None = None
    for beta in grid:
        here = surplus(beta)
        if here is not None and before is not None and before[1] * here <= 0:
            low, high, at_low = before[0], beta, before[1]
            for _ in range(_STEPS):
                middle = (low + high) / 2
                value = surplus(middle)
                if value is None:
                    return None
                low, high, at_low = (middle, high, value) if at_low * value > 0 else (low, middle, at_low)
            alpha = shape(low)
            expected = float(kinds * low**alpha) if alpha is not None else float("nan")
            return expected if 0 <= expected <= population else None
        before = None if here is None else (beta, here)
    return None


def _ones(alpha: float, beta: float, drawn: float) -> float:
    """Chance that a class shows one subject in the sample: one plus a negative binomial, thinned."""
    rest = 1 - (1 - drawn) * (1 - beta)
    ratio = (1 - beta) * drawn / rest
    return exp(alpha * log(beta / rest)) * (drawn + (1 - drawn) * alpha * ratio)


def _pairs_to_ones(alpha: float, beta: float, drawn: float) -> float:
    """Chance that a class shows two subjects over the chance that it shows one."""
    ratio = (1 - beta) * drawn / (1 - (1 - drawn) * (1 - beta))
    two = drawn * alpha * ratio + (1 - drawn) * alpha * (alpha + 1) / 2 * ratio**2
    return two / (drawn + (1 - drawn) * alpha * ratio)


def _classes_of_population(size: IntArray, classes: IntArray, drawn: float) -> float:
    """Classes that the population has, those of the sample included."""
    i, count = size.astype(np.float64), classes.astype(np.float64)
    missed = (1 - drawn) ** i
    first = (i * drawn**2 * (1 - drawn**2) ** (i - 1) * count).sum()
    second = (missed * ((1 + drawn) ** i - 1) * count).sum()
    third = (missed * count).sum() / (i * drawn * (1 - drawn) ** (i - 1) * count).sum()
    return float(count.sum() + count[size == 1].sum() * first / second * third**2)
