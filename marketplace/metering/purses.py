"""What one worker process holds of the quota: leases, by subscription, and what sizes the next one."""

import threading
from collections import deque
from dataclasses import dataclass, field

from marketplace.metering.journal import Context
from marketplace.metering.leases import Terms

REFILL_BELOW = 0.3


@dataclass(frozen=True, slots=True)
class Account:
    """Whose answer it is: the journal context without the lease."""

    subscription_id: str
    organisation_id: str
    key_id: str
    dataset_id: str
    release_id: str
    mode: str

    def context(self, lease_id: str) -> Context:
        return Context(
            lease_id,
            self.subscription_id,
            self.organisation_id,
            self.key_id,
            self.dataset_id,
            self.release_id,
            self.mode,
        )


@dataclass(slots=True)
class Held:
    """A lease in this process. `deadline` on the monotonic clock, `until` is the end of its quota period. `context` is
    that of `account`, whose answer was the last."""

    id: str
    units: int
    left: int
    deadline: float
    until: int
    account: Account | None = None
    context: Context | None = None

    @property
    def used(self) -> int:
        return self.units - self.left

    def context_of(self, account: Account) -> Context:
        """The journal context of an account's answers under this lease."""
        if self.context is None or self.account is not account:
            self.account, self.context = account, account.context(self.id)
        return self.context


@dataclass(slots=True)
class Purse:
    """The leases of one subscription, and what sizes the next one."""

    terms: Terms
    leases: deque[Held] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)  # one request asks the database, the others wait
    taken: int = 0
    rate: float = 0.0
    counted_at: float = 0.0
    last_units: int = 0
    empty_until: float = 0.0
    may_return: bool = False

    def rate_at(self, moment: float) -> float:
        """Units a second lately; `moment` on the monotonic clock."""
        elapsed = moment - self.counted_at
        if elapsed >= 0.2:
            latest = self.taken / elapsed if self.counted_at else 0.0
            self.rate = max(latest, self.rate * 0.5 ** (elapsed / 5))
            self.taken, self.counted_at = 0, moment
        return self.rate

    def runs_low(self) -> bool:
        """Whether it is time to ask for more units, before there are none."""
        return sum(lease.left for lease in self.leases) < REFILL_BELOW * self.last_units
