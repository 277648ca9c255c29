"""What a call costs: counted against the rate, free where it must be, else a unit taken and its record written. Who
only asks what it would cost is told, and pays nothing."""

import orjson

from contracts.kit.database import Database
from contracts.kit.settings import Settings
from marketplace.gateway.answers import Answer, not_modified
from marketplace.gateway.callers import Access
from marketplace.gateway.calls import Call, MustBlock, Progress
from marketplace.gateway.errors import OrganisationRateExceeded, RateExceeded
from marketplace.gateway.limiter import RateLimiter, Standing
from marketplace.gateway.repeats import Repeats
from marketplace.metering import service as metering
from marketplace.metering.meter import Meter
from marketplace.metering.purses import Account

ORGANISATION = "organisation"
"""The policy's name in headers."""


class Charging:
    """See the module. Thread-safe; one a process."""

    def __init__(self, database: Database, settings: Settings, meter: Meter) -> None:
        self._database, self._timezone, self._meter = database, settings.timezone, meter
        self._organisation_rate = settings.organisation_rate_per_minute
        self._limiter = RateLimiter(settings.home)
        self._repeats = Repeats()

    def close(self) -> None:
        """Give back what the process holds."""
        self._limiter.close()

    def limited(self, progress: Progress, access: Access) -> Standing:
        """Count the call against the rates of its key and of its organisation, once."""
        if progress.standing is None:
            progress.standing = self._counted(access)
        standing = progress.standing
        if not standing.allowed and standing.policy == ORGANISATION:
            raise OrganisationRateExceeded(
                f"All keys of an organisation together may make {standing.limit} calls a minute. "
                f"Wait {standing.retry_after} s and go on.",
                retry_after=max(1, standing.retry_after),
            )
        if not standing.allowed:
            raise RateExceeded(
                f"{standing.limit} calls a minute are allowed here. Wait {standing.retry_after} s and go on.",
                retry_after=max(1, standing.retry_after),
            )
        return standing

    def _counted(self, access: Access) -> Standing:
        standing = self._limiter.hit(access.rate_name, access.rate_per_minute)
        organisation_id = access.account.organisation_id
        if not standing.allowed or not organisation_id:
            return standing
        together = self._limiter.hit(f"organisation:{organisation_id}", self._organisation_rate)
        return standing if together.allowed else together._replace(policy=ORGANISATION)

    def free(self, call: Call, progress: Progress, access: Access, etag: str) -> Answer | str | None:
        """Count against the rate; then 304 where the asker has the answer already, or what the call would cost where
        only that is asked, or the receipt of the answer that this one repeats, or None: the answer costs a unit."""
        standing = self.limited(progress, access)
        if call.dry_run:
            return self._foretold(call, progress, access, etag)
        if call.has_already(etag):
            self.count(access.account, 304, "not-modified", 0, 0)
            answer = Answer(304, "application/json")
            answer.etag, answer.standing = etag, standing
            return not_modified(answer)
        if access.terms is None:
            return None
        repeated = self._repeats.receipt_of(call, access.account, progress.fingerprint)
        if repeated is None:
            self._meter.refuse_if_exhausted(access.account.subscription_id, access.terms)
        return repeated

    def pay(
        self,
        call: Call,
        progress: Progress,
        access: Access,
        answer: Answer,
        rows: int,
        size: int,
        repeated: str | None,
        may_block: bool,
    ) -> None:
        """Take a unit and record the answer, or count it where it is free. Nothing leaves before this returns."""
        answer.standing, answer.rows, answer.size = progress.standing, rows, size
        account = access.account
        answer.quota = access.terms.limit if access.terms else None
        if access.terms is None:
            answer.receipt = ""
            self.count(account, answer.status, "sandbox" if access.sample else "", rows, size)
        elif repeated is not None:
            answer.receipt, answer.reason = repeated, "repeat"
            self.count(account, answer.status, "repeat", rows, size)
        else:
            charge = self._meter.charge if may_block else self._meter.admit
            receipt = charge(
                account,
                access.terms,
                status=answer.status,
                rows=rows,
                size=size,
                fingerprint=progress.fingerprint,
                request_id=call.request_id,
            )
            if receipt is None:
                raise MustBlock
            answer.receipt, answer.units = receipt, 1
            if call.request_id:
                self._repeats.remember(call, account, progress.fingerprint, receipt)

    def _foretold(self, call: Call, progress: Progress, access: Access, etag: str) -> Answer:
        if call.has_already(etag):
            reason = "not-modified"
        elif access.terms is None:
            reason = "sandbox" if access.sample else "open"
        elif self._repeats.receipt_of(call, access.account, progress.fingerprint) is not None:
            reason = "repeat"
        else:
            reason = ""
        return self.cost(progress, access, 0 if reason else 1, reason)

    def cost(self, progress: Progress, access: Access, units: int, reason: str = "") -> Answer:
        """The answer to a dry run: what the call would cost, why nothing where it is free, what is left of quota and
        rate. The quota is live to a few seconds. Blocks."""
        standing = self.limited(progress, access)
        told: dict[str, object] = {"dry_run": True, "units": units, "reason": reason, "quota": None}
        admitted = True
        if access.terms is not None:
            with self._database.reading() as session:
                state = metering.quota_state(session, access.account.subscription_id, access.terms, self._timezone)
            told["quota"] = {
                "quota": state.quota,
                "limit": state.limit,
                "used": state.used,
                "left": state.left,
                "period_end": state.period_end.isoformat().replace("+00:00", "Z"),
            }
            admitted = state.left is None or state.left >= units
        told["rate"] = {"limit": standing.limit, "left": standing.remaining, "reset": standing.reset}
        answer = Answer(200, "application/json", orjson.dumps(told | {"admitted": admitted}))
        answer.standing, answer.quota = standing, access.terms.limit if access.terms else None
        self.count(access.account, 200, "dry-run", 0, len(answer.body))
        return answer

    def count(self, account: Account, status: int, reason: str, rows: int, size: int) -> None:
        """Count an answer that costs nothing."""
        self._meter.tally(account, status, reason, rows=rows, size=size)

    def sent_less(self, account: Account, receipt: str, rows: int, size: int) -> None:
        """A stream ended before all that `pay` recorded was sent: take the rest back."""
        self._meter.sent_less(account, receipt, rows, size)
