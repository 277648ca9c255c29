"""Numbers of documents: `IN-2026-11-0001`, without gaps, in the order of the transactions that took them."""

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from marketplace.ledger.models import Sequence


def next_number(session: Session, prefix: str) -> str:
    """The next number under `prefix`. The row stays locked until the transaction ends, so a rollback leaves no gap."""
    session.flush()
    row = session.get(Sequence, prefix, with_for_update=True, populate_existing=True)
    if row is None:
        try:
            with session.begin_nested():
                session.add(Sequence(name=prefix))
        except IntegrityError:
            pass  # another transaction took the first number; its lock is waited for below
        row = session.get_one(Sequence, prefix, with_for_update=True, populate_existing=True)
    row.last += 1
    session.add(row)
    session.flush()
    return f"{prefix}-{row.last:04d}"
