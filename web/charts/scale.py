"""Axes: round ends, three ticks, and which labels fit below."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def nice_ceiling(value: float, *, whole: bool = False) -> float:
    """The smallest round number not below `value` whose half is round too; `whole` keeps the half an integer."""
    if value < 1e-300:  # nothing, or so little that powers of ten come to nothing
        return 2.0 if whole else 1.0
    power = 10.0 ** math.floor(math.log10(value))
    top = next(step * power for step in _STEPS if step * power >= value * (1 - 1e-12))
    if whole:
        return max(2.0, float(math.ceil(top / 2) * 2))
    return top


@dataclass(frozen=True, slots=True)
class Axis:
    """The vertical axis of a plot, from `low` to `high`."""

    low: float
    high: float

    @property
    def ticks(self) -> tuple[float, float, float]:
        """Top, middle, bottom: the order in which they stand."""
        return (self.high, (self.high + self.low) / 2, self.low)

    def y(self, value: float) -> float:
        """Where `value` lies in a plot 100 high: 0 at the top."""
        return 100 * (self.high - value) / (self.high - self.low)


def axis_for(values: Sequence[float], *, from_zero: bool = True) -> Axis:
    """An axis that holds all `values`; with zero on it unless `from_zero` is off."""
    present = list(values) or [0.0]
    whole = all(float(value).is_integer() for value in present)
    high, low = max(present), min(present)
    if from_zero:
        if low >= 0:
            return Axis(0.0, nice_ceiling(high, whole=whole))
        bound = nice_ceiling(max(abs(high), abs(low)), whole=whole)
        return Axis(-bound, bound if high > 0 else 0.0)
    span = nice_ceiling((high - low) or abs(high) or 1.0, whole=whole)
    step = span / 2
    bottom = math.floor(low / step) * step
    top = bottom + span
    while top < high:
        top += span
    return Axis(bottom, top)


def label_places(count: int, wanted: int = 6) -> list[int]:
    """Which of `count` places get a label: all when few, else at even distances from the first on."""
    if count <= wanted + 1:
        return list(range(count))
    step = math.ceil(count / wanted)
    return list(range(0, count, step))
