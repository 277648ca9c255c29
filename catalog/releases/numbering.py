"""The numbers of release requests: RR-2026-0042, counted anew each year, none left out and none twice."""

from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from catalog.releases.models import RequestCounter
from contracts import clock


def next_number(session: Session, timezone: str) -> str:
    """The next number of the year that it is in `timezone`; given up again if the transaction is rolled back."""
    year = clock.now().astimezone(ZoneInfo(timezone)).year
    try:
        with session.begin_nested():
            session.add(RequestCounter(year=year, last=0))
    except IntegrityError:
        pass  # the year has begun
    counter = session.get_one(RequestCounter, year, with_for_update=True, populate_existing=True)
    counter.last += 1
    session.add(counter)
    session.flush()
    return f"RR-{year}-{counter.last:04d}"
