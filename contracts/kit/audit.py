"""The audit log: append-only and chained by hashes, so that a row changed, removed or put between others shows.

Rows get their place in the chain at commit: the head of the chain is then the last lock a transaction takes, so
audited transactions cannot deadlock over it. Hence a row can be read once its transaction has committed.
`hash = SHA-256(canonical JSON of the row with prev_hash)`; the first row's `prev_hash` is 64 zeros.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Field, Session, SQLModel, col, select

from contracts import clock
from contracts.access import Actor
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime, append_only
from contracts.kit.logging import request_id

GENESIS = "0" * 64
_PENDING = "shuyi.audit.pending"


@append_only
class AuditEntry(SQLModel, table=True):
    """Who did what to which thing. `at`: when it was done, by the clock of the process that did it."""

    __tablename__ = "kit_audit"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    sequence: int = Field(unique=True, sa_type=sa.BigInteger)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor_id: str | None = Field(default=None, max_length=36, index=True)
    actor_name: str = Field(max_length=200)
    action: str = Field(max_length=80, index=True)
    subject_kind: str = Field(max_length=80)
    subject_id: str = Field(max_length=80, index=True)
    detail: dict[str, Any] = Field(sa_type=sa.JSON)
    request_id: str | None = Field(default=None, max_length=80)
    prev_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class AuditHead(SQLModel, table=True):
    """One row: the last link of the chain. Locked by whoever appends; tells when the tail was cut off."""

    __tablename__ = "kit_audit_head"

    id: int = Field(primary_key=True)
    sequence: int = Field(sa_type=sa.BigInteger)
    hash: str = Field(max_length=64)


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """Result of `verify_chain`: whether the chain holds, how long it is, and the first place where it does not."""

    intact: bool
    entries: int
    broken_at: int | None = None
    reason: str = ""


def record(session: Session, actor: Actor, action: str, subject_kind: str, subject_id: str, **detail: Any) -> None:
    """Log that `actor` did `action` (`noun.past_participle`) to a thing, in the caller's transaction. `detail` holds
    ids, counts, states and reasons: text, whole numbers, booleans, None, lists and maps of these (else TypeError)."""
    _check(detail)
    entry = AuditEntry(
        sequence=0,
        at=clock.now(),
        actor_id=actor.person_id,
        actor_name=actor.name,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        detail=detail,
        request_id=request_id.get(),
        prev_hash="",
        hash="",
    )
    savepoints = []
    nested = session.get_nested_transaction()
    while nested is not None and nested.nested:
        savepoints.append(nested)
        nested = nested.parent
    session.info.setdefault(_PENDING, []).append((entry, savepoints))


def entries(
    session: Session,
    *,
    subject_id: str | None = None,
    actor_id: str | None = None,
    action: str | None = None,
    actions: Collection[str] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AuditEntry]:
    """The latest entries first, those below sequence number `before` when paging."""
    query = select(AuditEntry).order_by(col(AuditEntry.sequence).desc()).limit(limit)
    for column, value in (
        (AuditEntry.subject_id, subject_id),
        (AuditEntry.actor_id, actor_id),
        (AuditEntry.action, action),
    ):
        if value is not None:
            query = query.where(col(column) == value)
    if actions is not None:
        query = query.where(col(AuditEntry.action).in_(list(actions)))
    if before is not None:
        query = query.where(col(AuditEntry.sequence) < before)
    return list(session.exec(query))


def verify_chain(session: Session) -> ChainStatus:
    """Recompute every link. Reads row by row, so memory stays bounded."""
    previous, sequence = GENESIS, 0
    rows: Iterable[AuditEntry] = session.exec(
        select(AuditEntry).order_by(col(AuditEntry.sequence)).execution_options(yield_per=1000)
    )
    for row in rows:
        sequence += 1
        if row.sequence != sequence:
            return ChainStatus(False, sequence - 1, sequence, "an entry is missing")
        if row.prev_hash != previous:
            return ChainStatus(False, sequence, sequence, "the link to the entry before is broken")
        if row.hash != _hash(row):
            return ChainStatus(False, sequence, sequence, "the entry was changed")
        previous = row.hash
    head = session.get(AuditHead, 1)
    if (head.sequence, head.hash) != (sequence, previous) if head else sequence:
        return ChainStatus(False, sequence, sequence + 1, "the newest entries are missing")
    return ChainStatus(True, sequence)


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError("keys of an audit detail are text")
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif not (value is None or isinstance(value, str | int)):
        raise TypeError(f"an audit detail may not hold {type(value).__name__}")


def _hash(entry: AuditEntry) -> str:
    body = entry.model_dump(exclude={"hash"}) | {"at": entry.at.isoformat(timespec="microseconds")}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@sa_event.listens_for(OrmSession, "before_commit")
def _append(session: Any) -> None:
    if session.in_nested_transaction() or not session.info.get(_PENDING):
        return
    pending = session.info.pop(_PENDING)
    session.flush()
    session.connection().execute(
        sa.text("INSERT INTO kit_audit_head (id, sequence, hash) VALUES (1, 0, :hash) ON CONFLICT (id) DO NOTHING"),
        {"hash": GENESIS},
    )
    head = session.exec(select(AuditHead).with_for_update().execution_options(populate_existing=True)).one()
    for entry, _ in pending:
        entry.sequence, entry.prev_hash = head.sequence + 1, head.hash
        entry.hash = _hash(entry)
        head.sequence, head.hash = entry.sequence, entry.hash
        session.add(entry)
    session.add(head)


@sa_event.listens_for(OrmSession, "after_soft_rollback")
def _forget(session: Any, previous: Any) -> None:
    if not previous.nested:
        session.info.pop(_PENDING, None)
    elif pending := session.info.get(_PENDING):
        pending[:] = [(entry, savepoints) for entry, savepoints in pending if previous not in savepoints]
