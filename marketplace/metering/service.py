"""What other domains ask of metering: usage of a subscription, the state of its quota, sealing up to a moment."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from contracts import clock
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from marketplace.metering import workers
from marketplace.metering.errors import SealIncomplete
from marketplace.metering.leases import Terms
from marketplace.metering.models import Allowance, Lease, LiveUsage, Usage, Worker
from marketplace.metering.sealing import add_boundary

SEAL_WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class UsageTotals:
    """`calls`: billed answers; `rows`, `bytes`: what they held; `refused`: answers of 400 and above."""

    calls: int = 0
    rows: int = 0
    bytes: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class DayUsage:
    """Usage of one local day."""

    day: date
    totals: UsageTotals


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """Answers of one kind: `reason` is a problem's code, `repeat`, or empty."""

    status: int
    reason: str
    calls: int
    billed: int


@dataclass(frozen=True, slots=True)
class QuotaState:
    """Units of the running month. `used` is live to a few seconds; `on_lease` units are lent to workers right now;
    `held` units wait for a journal that cannot be read; `limit` None: calls do not stop."""

    period_start: datetime
    period_end: datetime
    quota: int | None
    limit: int | None
    used: int
    on_lease: int
    held: int

    @property
    def left(self) -> int | None:
        """Units until calls stop; None where they do not."""
        return None if self.limit is None else max(0, self.limit - self.used)


def usage_for(
    session: Session, subscription_id: str, start: datetime, end: datetime, *, live: bool = False
) -> UsageTotals:
    """Usage recorded from `start` (inclusive) to `end` (exclusive), as sealed; with `live`, what is still being
    written too. Exact where both are local midnights, full local hours, or boundaries made by `seal_through`."""
    models: tuple[type[Usage] | type[LiveUsage], ...] = (Usage, LiveUsage) if live else (Usage,)
    return _sum([_totals(session, model, subscription_id, start, end) for model in models])


def usage_by_day(
    session: Session, subscription_id: str, start: datetime, end: datetime, timezone: str
) -> list[DayUsage]:
    """Usage of each local day that begins in `[start, end)`, days without use included; live to a few seconds."""
    zone = ZoneInfo(timezone)
    by_day: dict[date, UsageTotals] = {}
    day, last = start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        by_day[day] = UsageTotals()
        day += timedelta(days=1)
    for model in (Usage, LiveUsage):
        query = (
            sa.select(col(model.bucket), *_counters(model))
            .where(*_of(model, subscription_id, start, end))
            .group_by(col(model.bucket))
        )
        for bucket, *counters in session.connection().execute(query):
            local = bucket.astimezone(zone).date()
            by_day[local] = _sum([by_day.get(local, UsageTotals()), UsageTotals(*map(int, counters))])
    return [DayUsage(day, by_day[day]) for day in sorted(by_day)]


def answers_by_kind(session: Session, subscription_id: str, start: datetime, end: datetime) -> list[AnswerCount]:
    """How many answers of each status and reason, most frequent status first; live to a few seconds."""
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for model in (Usage, LiveUsage):
        query = (
            sa.select(col(model.status), col(model.reason), sa.func.sum(model.calls), sa.func.sum(model.units))
            .where(*_of(model, subscription_id, start, end))
            .group_by(col(model.status), col(model.reason))
        )
        for status, reason, calls, units in session.connection().execute(query):
            before = found.get((status, reason), (0, 0))
            found[status, reason] = (before[0] + int(calls), before[1] + int(units))
    counts = [AnswerCount(status, reason, *both) for (status, reason), both in found.items() if both[0]]
    return sorted(counts, key=lambda count: (count.status, -count.calls))


def usage_by_key(session: Session, subscription_id: str, start: datetime, end: datetime) -> dict[str, UsageTotals]:
    """Sealed usage of each key of a subscription."""
    query = (
        sa.select(col(Usage.key_id), *_counters(Usage))
        .where(*_of(Usage, subscription_id, start, end))
        .group_by(col(Usage.key_id))
    )
    return {key: UsageTotals(*map(int, counters)) for key, *counters in session.connection().execute(query)}


def usage_of_dataset(session: Session, dataset_id: str, start: datetime, end: datetime) -> UsageTotals:
    """Sealed usage of a dataset by everybody, with and without keys; `calls` counts every answer that had data."""
    served = sa.and_(col(Usage.status) < 300, col(Usage.mode) != "test")
    query = sa.select(
        *(
            sa.func.coalesce(sa.func.sum(sa.case((condition, counter), else_=0)), 0)
            for condition, counter in (
                (served, col(Usage.calls)),
                (served, col(Usage.rows)),
                (served, col(Usage.size)),
                (col(Usage.status) >= 400, col(Usage.calls)),
            )
        )
    ).where(col(Usage.dataset_id) == dataset_id, col(Usage.bucket) >= start, col(Usage.bucket) < end)
    return UsageTotals(*map(int, session.connection().execute(query).one()))


def quota_state(session: Session, subscription_id: str, terms: Terms, timezone: str) -> QuotaState:
    """The running month's quota of a subscription under the terms in force."""
    start, end = clock.month_bounds(clock.now(), timezone)
    allowance = session.get(Allowance, (subscription_id, start))
    granted = allowance.granted if allowance else 0
    out = {"open": (0, 0), "held": (0, 0)}
    query = (
        sa.select(col(Lease.state), sa.func.sum(Lease.units), sa.func.sum(Lease.used))
        .where(
            col(Lease.subscription_id) == subscription_id,
            col(Lease.period_start) == start,
            col(Lease.state) != "settled",
        )
        .group_by(col(Lease.state))
    )
    for state, units, used in session.connection().execute(query):
        out[state] = (int(units), int(used))
    on_lease, held = out["open"][0] - out["open"][1], out["held"][0] - out["held"][1]
    return QuotaState(start, end, terms.quota, terms.limit, granted - on_lease - held, on_lease, held)


def seal_through(
    database: Database,
    store: ObjectStore,
    settings: Settings,
    moment: datetime,
    *,
    wait_seconds: float = SEAL_WAIT_SECONDS,
) -> None:
    """Have every worker seal what it recorded before `moment`, and cut the roll-ups there.

    Afterwards `usage_for` with `moment` as start or end is complete and exact. Call it outside any transaction;
    repeating it changes nothing. Raises `SealIncomplete` when a worker does not follow in time: try again later.
    """
    if moment > clock.now():
        raise ValueError("usage can be sealed up to now, not into the future")
    with database.transaction() as session:
        add_boundary(session, store, settings, moment)
    give_up = time.monotonic() + wait_seconds
    while behind := _behind(database, store, settings, moment):
        if time.monotonic() > give_up:
            raise SealIncomplete(
                "Some worker has not sealed its usage yet. This is tried again.", retry_after=30, workers=behind
            )
        time.sleep(0.05)


def _behind(database: Database, store: ObjectStore, settings: Settings, moment: datetime) -> list[str]:
    """Workers that may still hold records from before `moment`. Dead ones of this machine are finished on the way."""
    workers.recover(database, store, settings)
    with database.reading() as session:
        rows = session.exec(
            select(Worker).where(sa.or_(col(Worker.sealed_through).is_(None), col(Worker.sealed_through) < moment))
        ).all()
    return [row.id for row in rows if row.started_at < moment]


def _totals(
    session: Session, model: type[Usage] | type[LiveUsage], subscription_id: str, start: datetime, end: datetime
) -> UsageTotals:
    query = sa.select(*_counters(model)).where(*_of(model, subscription_id, start, end))
    return UsageTotals(*map(int, session.connection().execute(query).one()))


def _of(
    model: type[Usage] | type[LiveUsage], subscription_id: str, start: datetime, end: datetime
) -> list[sa.ColumnElement[bool]]:
    conditions = [
        col(model.subscription_id) == subscription_id,
        col(model.bucket) >= start,
        col(model.bucket) < end,
    ]
    return [*conditions, col(Usage.mode) == "live"] if model is Usage else conditions


def _counters(model: type[Usage] | type[LiveUsage]) -> list[sa.ColumnElement[int]]:
    """Billed units, their rows, their bytes, refused calls."""
    billed = sa.and_(col(model.status) < 300, col(model.reason) == "")
    sums = (
        sa.func.sum(col(model.units)),
        sa.func.sum(sa.case((billed, col(model.rows)), else_=0)),
        sa.func.sum(sa.case((billed, col(model.size)), else_=0)),
        sa.func.sum(sa.case((col(model.status) >= 400, col(model.calls)), else_=0)),
    )
    return [sa.func.coalesce(total, 0) for total in sums]


def _sum(parts: list[UsageTotals]) -> UsageTotals:
    return UsageTotals(
        sum(part.calls for part in parts),
        sum(part.rows for part in parts),
        sum(part.bytes for part in parts),
        sum(part.refused for part in parts),
    )


def calls_by_day(
    session: Session, dataset_ids: Collection[str], start: datetime, end: datetime, timezone: str
) -> dict[str, list[int]]:
    """Sealed calls answered with data, by anybody, of each dataset: one number for each local day that begins in
    `[start, end)`. Datasets without any are there too."""
    zone = ZoneInfo(timezone)
    first = start.astimezone(zone).date()
    days = ((end - timedelta(microseconds=1)).astimezone(zone).date() - first).days + 1
    counts = {dataset_id: [0] * days for dataset_id in dataset_ids}
    query = (
        sa.select(col(Usage.dataset_id), col(Usage.bucket), sa.func.sum(col(Usage.calls)))
        .where(_served(), col(Usage.dataset_id).in_(list(dataset_ids)), *_between(start, end))
        .group_by(col(Usage.dataset_id), col(Usage.bucket))
    )
    for dataset_id, bucket, calls in session.connection().execute(query):
        counts[dataset_id][(bucket.astimezone(zone).date() - first).days] += int(calls)
    return counts


def calls_in_all(session: Session, start: datetime, end: datetime) -> int:
    """Sealed calls answered with data, by anybody, of every dataset."""
    query = sa.select(sa.func.coalesce(sa.func.sum(col(Usage.calls)), 0)).where(_served(), *_between(start, end))
    return int(session.connection().execute(query).scalar_one())


def _served() -> sa.ColumnElement[bool]:
    return sa.and_(col(Usage.status) < 300, col(Usage.mode) != "test")


def _between(start: datetime, end: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (col(Usage.bucket) >= start, col(Usage.bucket) < end)
