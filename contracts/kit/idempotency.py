"""`Idempotency-Key` on writes that move money (draft-ietf-httpapi-idempotency-key-header).

The first request under a key does its work and stores its answer in the same transaction. The same request again gets
that answer; another request under the key is refused (422); one that comes while the first is under way too (409).
An answer that is an error is not kept: nothing happened, so the request may be sent again. Keys are kept 24 hours.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from contracts import clock
from contracts.errors import Conflict, InvalidInput
from contracts.ids import new_id
from contracts.kit.database import Database, UtcDateTime

KEPT = timedelta(hours=24)
LOCKED = timedelta(seconds=60)


class KeyReused(InvalidInput):
    """Another request came under this key before."""

    code = "idempotency-key-reused"
    title = "This Idempotency-Key belongs to another request"


class UnderWay(Conflict):
    """The first request under this key has not been answered yet."""

    code = "idempotency-key-in-progress"
    title = "A request with this Idempotency-Key is under way"


class IdempotencyKey(SQLModel, table=True):
    """One key of one caller. `locked_until`: until then the request under `token` is taken to be under way;
    `answered_at`: when its answer was stored, with the work's own transaction."""

    __tablename__ = "kit_idempotency_key"

    scope: str = Field(primary_key=True, max_length=80)
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: str = Field(max_length=64)
    token: str = Field(max_length=36)
    locked_until: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status: int | None = None
    headers: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    body: bytes = Field(default=b"", sa_type=sa.LargeBinary)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with; `replayed` when it is the stored answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    replayed: bool = False


def parse_key(header: str) -> str:
    """The key in the header's value: a quoted string as the draft has it, or bare as many clients send it. 1 to 255
    printable ASCII characters, else InvalidInput."""
    key = header.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise InvalidInput("Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same one."""
    return hashlib.sha256(b"\n".join((method.upper().encode(), path.encode(), body))).hexdigest()


def perform(database: Database, *, scope: str, key: str, request: str, work: Callable[[Session], Answer]) -> Answer:
    """Do `work` once for this `key` of this caller (`scope`: id of the person or organisation) and this `request` (its
    `fingerprint`). `work` gets the session of the one transaction in which its rows and the answer are committed;
    what it raises passes through and frees the key. Call it outside any other transaction. Raises KeyReused, UnderWay.
    """
    token = new_id()
    if (stored := _begin(database, scope, key, request, token)) is not None:
        return stored
    try:
        with database.transaction() as session:
            answer = work(session)
            _complete(session, scope, key, token, answer)
    except BaseException:
        _abandon(database, scope, key, token)
        raise
    return answer


def _begin(database: Database, scope: str, key: str, request: str, token: str) -> Answer | None:
    try:
        with database.transaction() as session:
            now = clock.now()
            row = session.get(IdempotencyKey, (scope, key), with_for_update=True)
            if row is not None and row.created_at + KEPT <= now:
                session.delete(row)
                session.flush()
                row = None
            if row is None:
                session.add(
                    IdempotencyKey(
                        scope=scope,
                        key=key,
                        fingerprint=request,
                        token=token,
                        locked_until=now + LOCKED,
                        created_at=now,
                    )
                )
                session.flush()
                return None
            if row.fingerprint != request:
                raise KeyReused("Another request was sent under this Idempotency-Key; use a new key.")
            if row.answered_at is not None:
                return Answer(row.status or 200, row.body, row.headers, replayed=True)
            if row.locked_until > now:
                raise _under_way()
            # The process that had it died. Its work was not committed, for the answer would have been too.
            row.token, row.locked_until = token, now + LOCKED
            session.add(row)
            return None
    except sa.exc.IntegrityError:
        raise _under_way() from None  # both came at the same instant, and the other one was first


def _complete(session: Session, scope: str, key: str, token: str, answer: Answer) -> None:
    row = session.get(IdempotencyKey, (scope, key), with_for_update=True, populate_existing=True)
    if row is None or row.token != token:
        raise _under_way()
    row.answered_at, row.status, row.body, row.headers = (
        clock.now(),
        answer.status,
        answer.body,
        dict(answer.headers),
    )
    session.add(row)


def _abandon(database: Database, scope: str, key: str, token: str) -> None:
    with database.transaction() as session:
        session.execute(
            sa.delete(IdempotencyKey).where(
                col(IdempotencyKey.scope) == scope,
                col(IdempotencyKey.key) == key,
                col(IdempotencyKey.token) == token,
                col(IdempotencyKey.answered_at).is_(None),
            )
        )


def _under_way() -> UnderWay:
    return UnderWay("A request with this Idempotency-Key is under way; ask again shortly.", retry_after=1)


def prune(session: Session) -> None:
    """Delete keys older than they are kept."""
    session.execute(sa.delete(IdempotencyKey).where(col(IdempotencyKey.created_at) < clock.now() - KEPT))
