"""Periods: one is open at any time; each ends at its month's end, or earlier when the operator says so."""

from datetime import datetime

from sqlmodel import Session, col, select

from contracts.access import Actor, Permission
from contracts.clock import month_bounds, month_name, now
from contracts.events import Event
from contracts.kit import audit, outbox
from marketplace.billing.errors import PeriodNotFound, PeriodNotOpen
from marketplace.billing.models import Period, PeriodState
from marketplace.billing.rules import Rules
from marketplace.ledger import service as ledger


def open_period(session: Session, rules: Rules) -> Period:
    """The open period, made for this month when there has never been one. Its end may have passed: see `close_due`."""
    ledger.hold(session)  # periods begin and end under the journal's lock, so there is one open period at a time
    found = current(session)
    if found is None:
        start, end = month_bounds(now(), rules.timezone)
        month = month_name(start, rules.timezone)
        found = Period(name=month, month=month, ordinal=1, start_at=start, end_at=end)
        session.add(found)
        session.flush()
    return found


def current(session: Session) -> Period | None:
    """The open period."""
    query = select(Period).where(Period.state == PeriodState.OPEN).execution_options(populate_existing=True)
    return session.exec(query).first()


def close_period(session: Session, actor: Actor, rules: Rules, period_id: str | None = None) -> Period:
    """End the open period this instant: the operator's early close. The rest of the month becomes the next period.

    `period_id`, when given, must be the open one, so that a second click does not end the following period too.
    What follows (sealing, rating, invoices, statements) is the worker's, begun by `period.closed`.
    """
    actor.require(Permission.PERIOD_CLOSE)
    period = open_period(session, rules)
    if period_id is not None and period.id != period_id:
        raise PeriodNotOpen("This period has ended already.", open_period=period.name)
    boundary = ledger.close_time(session)
    if boundary <= period.start_at:
        raise PeriodNotOpen("This period began this very instant; there is nothing to close.", open_period=period.name)
    return _end(session, actor, rules, period, min(boundary, period.end_at))


def close_due(session: Session, actor: Actor, rules: Rules) -> Period | None:
    """End the open period if its month is over; None when nothing was due. To be called until it gives None."""
    period = open_period(session, rules)
    if period.end_at > now():
        return None
    ledger.close_time(session, period.end_at)
    return _end(session, actor, rules, period, period.end_at)


def _end(session: Session, actor: Actor, rules: Rules, period: Period, end: datetime) -> Period:
    _, month_end = month_bounds(period.start_at, rules.timezone)
    early = end < month_end
    if early or period.ordinal > 1:
        period.name = f"{period.month}.{period.ordinal}"
    period.end_at, period.state, period.ended_by, period.ended_at = end, PeriodState.CLOSING, actor.person_id, now()
    session.add(period)
    session.flush()
    if early:
        following = Period(
            name=f"{period.month}.{period.ordinal + 1}",
            month=period.month,
            ordinal=period.ordinal + 1,
            start_at=end,
            end_at=month_end,
        )
    else:
        start, following_end = month_bounds(end, rules.timezone)
        month = month_name(start, rules.timezone)
        following = Period(name=month, month=month, ordinal=1, start_at=start, end_at=following_end)
    session.add(following)
    session.flush()
    audit.record(session, actor, "period.closed", "period", period.id, name=period.name, early=early)
    outbox.emit(session, Event.PERIOD_CLOSED, period_id=period.id)
    return period


def mark_closed(session: Session, period_id: str) -> Period:
    """Every invoice of the period is out: statements may be issued."""
    session.flush()
    period = session.get_one(Period, period_id, with_for_update=True, populate_existing=True)
    if period.state == PeriodState.CLOSING:
        period.state, period.closed_at = PeriodState.CLOSED, now()
        session.add(period)
        session.flush()
        outbox.emit(session, Event.PERIOD_INVOICED, period_id=period.id)
    return period


def get_period(session: Session, id_or_name: str) -> Period:
    """A period by id or by name, such as `2026-11.1`."""
    found = session.get(Period, id_or_name) or session.exec(select(Period).where(Period.name == id_or_name)).first()
    if found is None:
        raise PeriodNotFound(f"There is no period {id_or_name}.", period=id_or_name)
    return found


def periods(session: Session) -> list[Period]:
    """All periods, newest first."""
    return list(session.exec(select(Period).order_by(col(Period.start_at).desc())))


def is_month_end(period: Period, rules: Rules) -> bool:
    """Whether a new month begins where the period ends."""
    return month_bounds(period.end_at, rules.timezone)[0] == period.end_at
