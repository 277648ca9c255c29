"""What can go wrong while metering."""

from contracts.errors import RateLimited, Unavailable


class MeteringUnavailable(Unavailable):
    """Usage cannot be recorded or granted right now, so nothing is answered."""

    code = "metering-unavailable"
    title = "Usage cannot be recorded right now"


class JournalUnwritable(MeteringUnavailable):
    """The worker's journal takes no more records (disk full, disk gone)."""


class JournalUnreadable(Exception):
    """A segment is damaged: what the worker had leased is held, not given back."""


class QuotaExhausted(RateLimited):
    """The units of the period are used up."""

    code = "quota-exhausted"
    title = "The quota of this period is used up"


class SealIncomplete(Unavailable):
    """Some worker has not yet sealed what it recorded before the boundary; `workers` lists them."""

    code = "usage-not-complete"
    title = "Usage is not complete yet"
