"""The rules that amounts follow, taken from the settings, and the arithmetic of fees, tax and days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from contracts.clock import month_bounds
from contracts.kit.settings import Settings
from contracts.money import round_half_up, share, tax_included

DUE_DAYS = 15  # an invoice of a period is due this long after it was issued
ORDER_HOURS = 24  # a first invoice not paid by then lapses with its subscription


@dataclass(frozen=True, slots=True)
class Rules:
    """Rates in parts per million, currency and the time zone that days and months are cut in."""

    timezone: str
    currency: str
    fee_ppm: int
    tax_ppm: int

    @classmethod
    def from_settings(cls, settings: Settings) -> "Rules":
        """The rules in force."""
        return cls(settings.timezone, settings.currency, settings.fee_ppm, settings.tax_ppm)

    def fee(self, amount: int) -> int:
        """The platform's fee: a share of the price, tax included, rounded half up for each line."""
        return share(amount, self.fee_ppm)

    def tax(self, amount: int) -> int:
        """The VAT contained in the price (价内税), rounded half up for each line."""
        return tax_included(amount, self.tax_ppm)


def reversal(whole: int, part: int, amount: int, reversed_before: int) -> int:
    """How much of a fee or tax of `whole` fen goes back when `part` of `amount` fen has been given back in all.

    Worked out from the sum given back so far, so that the parts of many refunds add up to `whole` without a lost fen.
    """
    return round_half_up(Fraction(whole * part, amount)) - reversed_before


@dataclass(frozen=True, slots=True)
class MonthShare:
    """The days of a month that are charged: from the day of `start` on to the month's end."""

    start: datetime
    end: datetime
    days: int
    of: int

    def amount(self, monthly_fee: int) -> int:
        """The fee for these days, rounded half up."""
        return round_half_up(Fraction(monthly_fee * self.days, self.of))


def rest_of_month(moment: datetime, timezone: str) -> MonthShare:
    """What a subscription that begins at `moment` is charged for: that day and every later one of its month."""
    _, end = month_bounds(moment, timezone)
    zone = ZoneInfo(timezone)
    last = (end.astimezone(zone) - timedelta(microseconds=1)).date()
    today = moment.astimezone(zone).date()
    return MonthShare(start=moment, end=end, days=(last - today).days + 1, of=last.day)


def whole_month(start: datetime, timezone: str) -> MonthShare:
    """The whole month that begins at `start`."""
    begin, end = month_bounds(start, timezone)
    days = ((end.astimezone(ZoneInfo(timezone)) - timedelta(microseconds=1)).date()).day
    return MonthShare(start=begin, end=end, days=days, of=days)
