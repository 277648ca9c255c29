"""The outbox: what is to happen later is one row, written in the transaction that makes it necessary.

`emit` is called by services. The worker (`contracts.kit.jobs`) turns each row into one job per registered handler.
A worker in the same process is woken by the commit; on PostgreSQL workers elsewhere are woken by NOTIFY, which the
server sends at commit; other workers find the row by polling.
"""

import re
import threading
import weakref
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Field, Session, SQLModel, col, select

from contracts import clock
from contracts.events import Event
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime

NOTIFY_CHANNEL = "shuyi_outbox"
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}")
_PENDING = "shuyi.outbox.pending"


class OutboxRow(SQLModel, table=True):
    """One event that happened. `created_at`: when it happened; `dispatched_at`: when its jobs were written."""

    __tablename__ = "kit_outbox"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    event: str = Field(max_length=80)
    payload: dict[str, str] = Field(sa_type=sa.JSON)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    dispatched_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


def emit(session: Session, event: Event, **ids: str) -> None:
    """Write one outbox row in the caller's transaction. `ids` are identifiers only (letters, digits, `_.:-`, at most
    80 characters): whatever else a handler needs it reads from the tables. Raises ValueError for anything else."""
    for name, value in ids.items():
        if not _IDENTIFIER.fullmatch(value):
            raise ValueError(f"{event} may carry identifiers only, and `{name}` is none")
    session.add(OutboxRow(event=str(event), payload=ids))
    announce(session)


def announce(session: Session) -> None:
    """Wake the workers when the caller's transaction commits; nothing happens when it rolls back."""
    if not session.info.get(_PENDING):
        session.info[_PENDING] = True
        if session.get_bind().dialect.name == "postgresql":
            session.connection().execute(sa.text("SELECT pg_notify(:channel, '')"), {"channel": NOTIFY_CHANNEL})


def since(session: Session, events: Iterable[Event], after: datetime) -> list[tuple[str, dict[str, str]]]:
    """Id and payload of what happened after a moment, oldest first: a feed for caches of other processes. Rows become
    visible at their commit, so a reader looks back further than its last look and knows rows by their id."""
    wanted = select(OutboxRow).where(
        col(OutboxRow.event).in_([str(event) for event in events]), OutboxRow.created_at > after
    )
    return [(row.id, row.payload) for row in session.exec(wanted.order_by(col(OutboxRow.id)))]


_listeners: "weakref.WeakSet[threading.Event]" = weakref.WeakSet()


def wake_on_commit(wakeup: threading.Event) -> None:
    """Have `wakeup` set whenever a transaction of this process has written to the outbox."""
    _listeners.add(wakeup)


@sa_event.listens_for(OrmSession, "after_commit")
def _after_commit(session: Any) -> None:
    if session.info.pop(_PENDING, False):
        for wakeup in list(_listeners):
            wakeup.set()


@sa_event.listens_for(OrmSession, "after_rollback")
def _after_rollback(session: Any) -> None:
    session.info.pop(_PENDING, None)
