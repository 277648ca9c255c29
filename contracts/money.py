"""Money: integer minor units (fen) with a currency. No floats, no silent rounding."""

from dataclasses import dataclass
from fractions import Fraction

CNY = "CNY"


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units of one currency; arithmetic across currencies is refused."""

    amount: int
    currency: str = CNY

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other.amount

    def __str__(self) -> str:
        sign = "-" if self.amount < 0 else ""
        return f"{sign}{abs(self.amount) // 100}.{abs(self.amount) % 100:02d} {self.currency}"


def round_half_up(value: Fraction) -> int:
    """Round to the nearest integer, halves away from zero (四舍五入), the rule for every amount we compute."""
    doubled = abs(value) * 2
    whole = (doubled.numerator // doubled.denominator + 1) // 2
    return whole if value >= 0 else -whole


def share(amount: int, rate_ppm: int) -> int:
    """`amount` (fen) times a rate in parts per million, rounded half up to the fen."""
    return round_half_up(Fraction(amount * rate_ppm, 1_000_000))


def tax_included(amount: int, rate_ppm: int) -> int:
    """The tax (fen) contained in a tax-inclusive `amount` at `rate_ppm` (价内税), rounded half up to the fen."""
    return round_half_up(Fraction(amount * rate_ppm, 1_000_000 + rate_ppm))


def allocate(amount: int, weights: list[int]) -> list[int]:
    """Split `amount` by `weights` so that the parts add up exactly; the largest remainders get the odd fen."""
    total = sum(weights)
    if total <= 0:
        raise ValueError("weights must add up to more than zero")
    parts = [amount * weight // total for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in remainders[: amount - sum(parts)]:
        parts[i] += 1
    return parts
