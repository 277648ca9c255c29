"""The meter of one worker process: units from leases counted down in memory, every answer in the journal first.

The hot path (`admit`) touches memory and one `write()`. Everything else, asking for leases, giving back, sealing,
showing live figures, looking after dead workers, happens in `acquire` (the request that finds no units waits for it)
and in `tick`, which a thread of its own calls four times a second.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from contracts import clock
from contracts.ids import new_receipt
from contracts.kit.database import Database, DatabaseAway
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from marketplace.metering import leases, workers
from marketplace.metering.allocation import USABLE_SECONDS, wanted_units
from marketplace.metering.buckets import Buckets, microseconds, moment_of
from marketplace.metering.errors import MeteringUnavailable, QuotaExhausted
from marketplace.metering.journal import JournalWriter
from marketplace.metering.leases import Terms
from marketplace.metering.models import Boundary, LiveUsage, Worker
from marketplace.metering.purses import Account, Held, Purse
from marketplace.metering.sealing import forget_old_requests, seal, segment_id

log = structlog.get_logger()

TICK_SECONDS = 0.25
SEGMENT_SECONDS = 30.0
SEGMENT_BYTES = 16 * 1024 * 1024
LIVE_SECONDS = 2.0
HEARTBEAT_SECONDS = 10.0
RECOVERY_SECONDS = 5.0
FORGET_SECONDS = 3600.0
ASK_AGAIN_SECONDS = 1.0


@dataclass(slots=True)
class _Tally:
    """Answers not yet in the journal; `at` is the time of the first."""

    at: int
    calls: int = 0
    rows: int = 0
    size: int = 0


@dataclass(slots=True)
class _Live:
    calls: int = 0
    units: int = 0
    rows: int = 0
    size: int = 0


_LiveKey = tuple[str, int, int, str]  # subscription, bucket, status, reason


class Meter:
    """See the module. `start()` before use, `stop()` at the end; both may be left out only by a crash."""

    def __init__(self, database: Database, store: ObjectStore, settings: Settings) -> None:
        self.database, self.store, self.settings = database, store, settings
        self.also_each_tick: list[Callable[[], None]] = []
        self._stopping = threading.Event()
        self._purses: dict[str, Purse] = {}
        self._finished: list[Held] = []
        self._tallies: dict[tuple[Account, int, str], _Tally] = {}
        self._live: defaultdict[_LiveKey, _Live] = defaultdict(_Live)
        self._closed: deque[Path] = deque()
        self._live_changed = False
        self._last_at = 0
        self._buckets = Buckets(settings.timezone, [])
        self._boundaries: tuple[datetime, ...] = ()
        self._sealed_through: datetime | None = None
        self._due = dict.fromkeys(("segment", "live", "heartbeat", "recovery", "forget"), 0.0)
        self._failing: set[str] = set()
        self._thread: threading.Thread | None = None

    # ---------------------------------------------------------------- life

    def start(self) -> None:
        """Finish dead workers of this machine, take a journal folder, begin to tick."""
        workers.recover(self.database, self.store, self.settings)
        self._place = workers.occupy(workers.journal_root(self.settings))
        self._journal = JournalWriter(self._place.folder)
        self._lock = self._journal.locked()
        try:
            with self.database.transaction() as session:
                workers.register(session, self._place)
        except BaseException:
            self._journal.close()
            self._place.remove()
            raise
        moment = time.monotonic()
        self._due |= {"segment": moment + SEGMENT_SECONDS, "heartbeat": moment + HEARTBEAT_SECONDS}
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
        self._thread.start()

    @property
    def worker_id(self) -> str:
        """This worker's id; its journal lies in a folder of that name."""
        return self._place.worker_id

    def stop(self) -> None:
        """Give all leases back, seal everything, leave nothing behind."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join()
        self._thread = None
        with self._lock:
            self._write_tallies()
            for purse in self._purses.values():
                self._finished += purse.leases
                purse.leases.clear()
        self._journal.close()
        workers.finish(self.database, self.store, self.settings, self._place)

    # ---------------------------------------------------------------- hot path

    def admit(
        self, account: Account, terms: Terms, *, status: int, rows: int, size: int, fingerprint: int, request_id: str
    ) -> str | None:
        """Take one unit and record the answer; its receipt, or None when this process holds no unit (see `acquire`).

        When this returns a receipt the record is in the journal. Raises `JournalUnwritable`; no unit is lost then.
        """
        purse = self._purses.get(account.subscription_id)
        if purse is None:
            return None
        receipt = new_receipt()
        with self._lock:
            at = self._now()
            lease = self._usable(purse, at)
            if lease is None:
                return None
            self._journal.answer(
                lease.context_of(account),
                at,
                status,
                1,
                rows,
                size,
                receipt,
                fingerprint,
                request_id.encode(),
            )
            lease.left -= 1
            purse.taken += 1
            self._count_live(account.subscription_id, at, status, "", 1, 1, rows, size)
        purse.terms = terms
        return receipt.hex()

    def acquire(self, subscription_id: str, terms: Terms) -> None:
        """Get units for a subscription from the database, unless another thread just did. Blocks.

        Raises `QuotaExhausted` when there are none, `MeteringUnavailable` when the database cannot be asked.
        """
        with self._lock:
            purse = self._purses.setdefault(subscription_id, Purse(terms))
        with purse.lock:
            with self._lock:
                if self._usable(purse, self._now()) is not None:
                    return
            if time.monotonic() < purse.empty_until and purse.terms == terms:
                raise self._exhausted(purse)
            purse.terms = terms
            if not self._ask(subscription_id, purse):
                purse.empty_until = time.monotonic() + ASK_AGAIN_SECONDS
                raise self._exhausted(purse)

    def refuse_if_exhausted(self, subscription_id: str, terms: Terms) -> None:
        """Raise `QuotaExhausted` when the database said so a moment ago; from memory, before any work is done."""
        purse = self._purses.get(subscription_id)
        if purse is None or not purse.empty_until or purse.terms != terms:
            return
        if time.monotonic() < purse.empty_until and not purse.leases:
            raise self._exhausted(purse)

    def charge(
        self, account: Account, terms: Terms, *, status: int, rows: int, size: int, fingerprint: int, request_id: str
    ) -> str:
        """`admit`, asking the database for units when there are none here. Blocks; raises what `acquire` raises."""
        while True:
            receipt = self.admit(
                account, terms, status=status, rows=rows, size=size, fingerprint=fingerprint, request_id=request_id
            )
            if receipt is not None:
                return receipt
            self.acquire(account.subscription_id, terms)

    def tally(self, account: Account, status: int, reason: str, *, rows: int = 0, size: int = 0) -> None:
        """Count an answer that consumes nothing. Written to the journal within a second."""
        with self._lock:
            at = self._now()
            counted = self._tallies.get((account, status, reason))
            if counted is None:
                counted = self._tallies[account, status, reason] = _Tally(at)
            counted.calls += 1
            counted.rows += rows
            counted.size += size
            if account.mode == "live":
                self._count_live(account.subscription_id, at, status, reason, 1, 0, rows, size)

    def sent_less(self, account: Account, receipt: str, rows: int, size: int) -> None:
        """A stream ended before all of what `charge` recorded was sent: take `rows` and `size` back."""
        with self._lock:
            at = self._now()
            self._journal.settled(account.context(""), at, bytes.fromhex(receipt), rows, size)
            self._count_live(account.subscription_id, at, 200, "", 0, 0, -rows, -size)

    def _now(self) -> int:
        self._last_at = max(self._last_at, clock.microseconds())  # a clock set back does not reorder records
        return self._last_at

    def _usable(self, purse: Purse, at: int) -> Held | None:
        while purse.leases:
            lease = purse.leases[0]
            if lease.left > 0 and at < lease.until and time.monotonic() < lease.deadline:
                return lease
            self._finished.append(purse.leases.popleft())
        return None

    def _count_live(
        self, subscription_id: str, at: int, status: int, reason: str, calls: int, units: int, rows: int, size: int
    ) -> None:
        live = self._live[subscription_id, self._buckets.start(at), status, reason]
        live.calls += calls
        live.units += units
        live.rows += rows
        live.size += size
        self._live_changed = True

    # ---------------------------------------------------------------- asking for units

    def _ask(self, subscription_id: str, purse: Purse) -> bool:
        asked = time.monotonic()
        wanted = wanted_units(purse.rate_at(asked), purse.last_units)
        with self._lock:
            # Of the month that answers are recorded in: a clock set back over its beginning must not get the worker
            # units of a month that is over for it.
            moment = moment_of(self._now())
        try:
            with self.database.transaction() as session:
                lease = leases.grant(
                    session, self.worker_id, subscription_id, purse.terms, wanted, self.settings.timezone, moment
                )
                purse.may_return = lease is None and leases.on_loan(session, subscription_id)
        except (SQLAlchemyError, DatabaseAway) as error:
            raise MeteringUnavailable(
                "Units cannot be taken from the quota right now. Nothing was charged.", retry_after=5
            ) from error
        if lease is None:
            return False
        purse.last_units = lease.units
        _, until = clock.month_bounds(lease.period_start, self.settings.timezone)
        with self._lock:
            purse.leases.append(Held(lease.id, lease.units, lease.units, asked + USABLE_SECONDS, microseconds(until)))
        return True

    def _exhausted(self, purse: Purse) -> QuotaExhausted:
        if purse.may_return:
            return QuotaExhausted(
                "The last calls of this month are in the hands of other workers; those not used come back in seconds.",
                retry_after=USABLE_SECONDS,
            )
        moment = clock.now()
        _, end = clock.month_bounds(moment, self.settings.timezone)
        told = end.astimezone(ZoneInfo(self.settings.timezone)).isoformat(timespec="seconds")
        return QuotaExhausted(
            f"All {purse.terms.limit} calls of this month are used up. Calls are answered again from "
            f"{told}, or at once under a larger plan.",
            retry_after=max(1, int((end - moment).total_seconds())),
        )

    # ---------------------------------------------------------------- in the background

    def _run(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            self.tick()

    def tick(self) -> None:
        """One round of background work. A step that fails is logged once and tried again next time."""
        for name, step in (
            ("boundaries", self._see_boundaries),
            ("tallies", self._flush_tallies),
            ("leases", self._return_and_refill),
            ("segment", self._rotate_when_due),
            ("live", self._show_live),
            ("heartbeat", self._heartbeat),
            ("recovery", self._recover),
            *((f"also_{i}", step) for i, step in enumerate(self.also_each_tick)),
        ):
            try:
                step()
            except Exception as error:  # the thread must outlive a database that is away
                if name not in self._failing:
                    log.warning("meter_step_failed", step=name, error=type(error).__name__, worker=self.worker_id)
                self._failing.add(name)
            else:
                self._failing.discard(name)

    def _is_due(self, name: str, seconds: float) -> bool:
        moment = time.monotonic()
        if moment < self._due[name]:
            return False
        self._due[name] = moment + seconds
        return True

    def _see_boundaries(self) -> None:
        with self.database.reading() as session:
            recent = clock.now() - timedelta(days=2)
            found = tuple(session.exec(select(Boundary.moment).where(col(Boundary.moment) > recent)).all())
        if not found:
            return
        if found != self._boundaries:
            with self._lock:
                self._boundaries, self._buckets = found, Buckets(self.settings.timezone, found)
        newest = max(found)
        if self._sealed_through is not None and self._sealed_through >= newest:
            return
        with self._lock:
            self._close_segment()
            self._last_at = max(self._last_at, microseconds(newest))  # nothing later is recorded before it
        self._seal_closed()
        self._update_worker(sealed_through=newest)
        self._sealed_through = newest

    def _rotate_when_due(self) -> None:
        if self._journal.size >= SEGMENT_BYTES or self._is_due("segment", SEGMENT_SECONDS):
            with self._lock:
                self._close_segment()
        self._seal_closed()

    def _close_segment(self) -> None:
        self._write_tallies()
        closed = self._journal.rotate()
        if closed is not None:
            self._closed.append(closed)
            self._live = defaultdict(_Live)

    def _seal_closed(self) -> None:
        while self._closed:
            damage = seal(self.database, self.store, self.settings, self.worker_id, self._closed[0])
            if damage is not None:
                log.error("journal_damaged", worker=self.worker_id, place=str(damage))
            self._closed.popleft()

    def _flush_tallies(self) -> None:
        with self._lock:
            self._write_tallies()

    def _write_tallies(self) -> None:
        while self._tallies:
            (account, status, reason), counted = next(iter(self._tallies.items()))
            self._journal.tally(
                account.context(""), counted.at, status, counted.calls, counted.rows, counted.size, reason
            )
            del self._tallies[account, status, reason]

    def _return_and_refill(self) -> None:
        moment = time.monotonic()
        with self._lock:
            at = self._now()
            for purse in self._purses.values():
                self._usable(purse, at)
            finished, self._finished = self._finished, []
            running_low = [
                (subscription_id, purse)
                for subscription_id, purse in self._purses.items()
                if purse.leases and purse.rate_at(moment) > 0 and purse.runs_low()
            ]
        if finished:
            try:
                with self.database.transaction() as session:
                    leases.settle(session, {lease.id: lease.used for lease in finished})
            except BaseException:
                with self._lock:
                    self._finished += finished
                raise
        for subscription_id, purse in running_low:
            with purse.lock:
                self._ask(subscription_id, purse)

    def _show_live(self) -> None:
        if not self._live_changed or not self._is_due("live", LIVE_SECONDS):
            return
        with self._lock:
            self._live_changed = False
            identity = segment_id(self.worker_id, self._journal.number)
            rows = [
                LiveUsage(
                    segment_id=identity,
                    subscription_id=subscription_id,
                    bucket=moment_of(bucket),
                    status=status,
                    reason=reason,
                    worker_id=self.worker_id,
                    calls=live.calls,
                    units=live.units,
                    rows=live.rows,
                    size=live.size,
                )
                for (subscription_id, bucket, status, reason), live in self._live.items()
            ]
            used = {lease.id: lease.used for purse in self._purses.values() for lease in purse.leases}
        try:
            with self.database.transaction() as session:
                session.connection().execute(sa.delete(LiveUsage).where(col(LiveUsage.segment_id) == identity))
                session.add_all(rows)
                leases.report_used(session, used)
        except BaseException:
            self._live_changed = True
            raise

    def _heartbeat(self) -> None:
        if self._is_due("heartbeat", HEARTBEAT_SECONDS):
            self._update_worker(heartbeat_at=clock.now())

    def _update_worker(self, **values: datetime) -> None:
        with self.database.transaction() as session:
            session.connection().execute(sa.update(Worker).where(col(Worker.id) == self.worker_id).values(**values))

    def _recover(self) -> None:
        if self._is_due("recovery", RECOVERY_SECONDS):
            workers.recover(self.database, self.store, self.settings)
        if self._is_due("forget", FORGET_SECONDS):
            with self.database.transaction() as session:
                forget_old_requests(session)
                leases.forget_old(session)
