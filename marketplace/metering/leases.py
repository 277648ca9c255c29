"""Leases in the database: granting units, settling what was used, holding what cannot be known."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from contracts import clock
from contracts.ids import new_id
from marketplace.metering.allocation import LEASE_SECONDS, grantable_units
from marketplace.metering.models import Allowance, Lease, Worker

KEPT = timedelta(days=62)
"""Settled leases are kept so long: two periods."""
STALE_SECONDS = 30
"""A worker that has not shown itself for so long does not count when units are shared out."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan allows in a calendar month: `quota` included units, `limit` where answers stop (None: nowhere)."""

    quota: int | None
    limit: int | None


def grant(
    session: Session,
    worker_id: str,
    subscription_id: str,
    terms: Terms,
    wanted: int,
    timezone: str,
    moment: datetime | None = None,
) -> Lease | None:
    """Lend units of the month of `moment` (None: now) to a worker; None when none are left. Locks the subscription's
    allowance."""
    moment = moment or clock.now()
    start, end = clock.month_bounds(moment, timezone)
    allowance = _locked_allowance(session, subscription_id, start, end, terms)
    units = grantable_units(wanted, allowance.granted, terms.limit, _live_workers(session, moment))
    if units == 0:
        return None
    allowance.granted += units
    lease = Lease(
        id=new_id(),
        subscription_id=subscription_id,
        period_start=start,
        worker_id=worker_id,
        units=units,
        granted_at=moment,
        expires_at=min(moment + timedelta(seconds=LEASE_SECONDS), end),
    )
    session.add_all([allowance, lease])
    session.flush()
    return lease


def on_loan(session: Session, subscription_id: str) -> bool:
    """Whether some worker holds units of the subscription that it has not said to have used."""
    query = select(Lease.id).where(
        Lease.subscription_id == subscription_id, Lease.state == "open", col(Lease.used) < col(Lease.units)
    )
    return session.exec(query).first() is not None


def settle(session: Session, used: Mapping[str, int]) -> None:
    """Close open leases (id → units used) and give the rest back. Leases already closed are left alone."""
    unused: Counter[tuple[str, datetime]] = Counter()
    for lease in _locked_leases(session, sorted(used)):
        units = used[lease.id]
        if not 0 <= units <= lease.units:
            raise ValueError(f"lease {lease.id} of {lease.units} units cannot have used {units}")
        unused[lease.subscription_id, lease.period_start] += lease.units - units
        lease.used, lease.state, lease.settled_at = units, "settled", clock.now()
        session.add(lease)
    session.flush()
    _give_back(session, unused)


def settle_worker(session: Session, worker_id: str) -> int:
    """Close the open leases of a dead worker by what its sealed journal proves; the number of units given back."""
    ids = session.exec(select(Lease.id).where(Lease.worker_id == worker_id, Lease.state == "open")).all()
    leases = _locked_leases(session, sorted(ids))
    given_back = sum(lease.units - lease.recorded for lease in leases)
    settle(session, {lease.id: lease.recorded for lease in leases})
    return given_back


def hold_worker(session: Session, worker_id: str) -> int:
    """Keep the open leases of a worker whose journal cannot be read: their unused units stay away; how many leases."""
    ids = session.exec(select(Lease.id).where(Lease.worker_id == worker_id, Lease.state == "open")).all()
    for lease in _locked_leases(session, sorted(ids)):
        lease.state = "held"
        session.add(lease)
    session.flush()
    return len(ids)


def report_used(session: Session, used: Mapping[str, int]) -> None:
    """What workers say their open leases have used so far (id → units): for showing, not for settling."""
    if used:
        statement = sa.update(Lease).where(col(Lease.id) == sa.bindparam("of_lease"), col(Lease.state) == "open")
        session.connection().execute(
            statement.values(used=sa.bindparam("counted")),
            [{"of_lease": lease, "counted": units} for lease, units in sorted(used.items())],
        )


def add_recorded(session: Session, recorded: Mapping[str, int]) -> None:
    """Count units that a sealed segment proves (lease id → units)."""
    if recorded:
        statement = sa.update(Lease).where(col(Lease.id) == sa.bindparam("of_lease"))
        session.connection().execute(
            statement.values(recorded=Lease.recorded + sa.bindparam("counted")),
            [{"of_lease": lease, "counted": units} for lease, units in sorted(recorded.items())],
        )


def give_back_repeats(session: Session, repeats: Mapping[str, int]) -> None:
    """Units of answers that turned out to be repeats (lease id → units) return to their period."""
    back: Counter[tuple[str, datetime]] = Counter()
    for lease_id, units in repeats.items():
        lease = session.get_one(Lease, lease_id)
        back[lease.subscription_id, lease.period_start] += units
    _give_back(session, back)


def forget_old(session: Session) -> None:
    """Drop leases that were settled long ago and agree with what was recorded; others stay to be looked at."""
    oldest = clock.now() - KEPT
    session.connection().execute(
        sa.delete(Lease).where(
            col(Lease.state) == "settled", col(Lease.settled_at) < oldest, col(Lease.used) == col(Lease.recorded)
        )
    )


def _locked_allowance(
    session: Session, subscription_id: str, start: datetime, end: datetime, terms: Terms
) -> Allowance:
    query = (
        select(Allowance)
        .where(Allowance.subscription_id == subscription_id, Allowance.period_start == start)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    allowance = session.exec(query).one_or_none()
    if allowance is None:
        session.connection().execute(
            sa.text(
                "INSERT INTO metering_allowance (subscription_id, period_start, period_end, granted) "
                "VALUES (:subscription, :start, :end, 0) ON CONFLICT DO NOTHING"
            ).bindparams(
                sa.bindparam("start", type_=Allowance.__table__.c.period_start.type),  # type: ignore[attr-defined]  # SQLModel adds __table__
                sa.bindparam("end", type_=Allowance.__table__.c.period_end.type),  # type: ignore[attr-defined]  # same
            ),
            {"subscription": subscription_id, "start": start, "end": end},
        )
        allowance = session.exec(query).one()
    allowance.quota, allowance.limit = terms.quota, terms.limit
    return allowance


def _locked_leases(session: Session, ids: list[str]) -> list[Lease]:
    query = (
        select(Lease)
        .where(col(Lease.id).in_(ids), Lease.state == "open")
        .order_by(Lease.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(session.exec(query))


def _give_back(session: Session, back: Mapping[tuple[str, datetime], int]) -> None:
    for (subscription_id, period_start), units in sorted(back.items()):  # one order for all, so that none deadlock
        session.connection().execute(
            sa.update(Allowance)
            .where(col(Allowance.subscription_id) == subscription_id, col(Allowance.period_start) == period_start)
            .values(granted=Allowance.granted - units)
        )


def _live_workers(session: Session, moment: datetime) -> int:
    fresh = moment - timedelta(seconds=STALE_SECONDS)
    return session.exec(select(sa.func.count()).select_from(Worker).where(Worker.heartbeat_at > fresh)).one()
