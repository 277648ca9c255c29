"""What a subscription allows now: the only thing that the metered path reads of the commercial side."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["pending_payment", "suspended_unpaid", "ended"]


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The terms of an agreement compiled for the gateway.

    Quotas count calls in a calendar month of SHUYI_TIMEZONE; an operator's early close of a period does not
    reset them. `calls_limit_per_month` is where calls stop: the quota itself where overage is not allowed, the
    quota plus what the subscriber's cap buys where it is, None where nothing stops them.
    `reason` says why the subscription is not active: `pending_payment` and `suspended_unpaid` are answered
    with 402, `ended` with 403. `fields` are the columns that may be asked for; None means all.
    """

    subscription_id: str
    organisation_id: str
    dataset_id: str
    offering_id: str
    plan_id: str
    state: str
    reason: Reason | None
    quota_per_month: int | None
    calls_limit_per_month: int | None
    overage_allowed: bool
    rate_per_minute: int
    fields: frozenset[str] | None = None

    @property
    def active(self) -> bool:
        """Whether calls are answered."""
        return self.reason is None
