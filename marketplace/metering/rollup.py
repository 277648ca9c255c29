"""From the records of a segment to roll-ups: pure counting, and the additive write of its result."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from marketplace.metering.buckets import Buckets, moment_of
from marketplace.metering.journal import Answer, Record, Settled, Tally
from marketplace.metering.models import Usage

REPEAT = "repeat"


class UsageKey(NamedTuple):
    """What roll-ups are kept apart by; `bucket` in microseconds since 1970."""

    subscription_id: str
    dataset_id: str
    key_id: str
    mode: str
    bucket: int
    status: int
    reason: str


@dataclass(slots=True)
class Amounts:
    """Counters of one roll-up row; may be negative when they are a difference."""

    calls: int = 0
    units: int = 0
    rows: int = 0
    size: int = 0

    def add(self, calls: int, units: int, rows: int, size: int) -> None:
        self.calls += calls
        self.units += units
        self.rows += rows
        self.size += size


@dataclass(slots=True)
class Counted:
    """What one segment comes to."""

    usage: dict[UsageKey, Amounts] = field(default_factory=lambda: defaultdict(Amounts))
    recorded: Counter[str] = field(default_factory=Counter)  # lease → units taken
    repeats: list[str] = field(default_factory=list)  # receipts of answers that are not billed
    repeated_units: Counter[str] = field(default_factory=Counter)  # lease → units to give back
    last_used: dict[str, int] = field(default_factory=dict)  # key → microseconds since 1970
    first_at: int | None = None
    last_at: int | None = None
    records: int = 0
    units: int = 0


def request_digest(key_id: str, request_id: str, fingerprint: int) -> str:
    """Names one client request: the same key, request id and request give the same digest."""
    text = f"{key_id}\0{request_id}\0{fingerprint}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def count(records: Iterable[Record], buckets: Buckets, repeats: frozenset[str] = frozenset()) -> Counted:
    """Add up `records`; answers whose receipt is in `repeats` count as calls that cost nothing."""
    total = Counted()
    for record in records:
        context = record.context
        total.records += 1
        total.first_at = record.at if total.first_at is None else min(total.first_at, record.at)
        total.last_at = record.at if total.last_at is None else max(total.last_at, record.at)
        status, reason = (record.status, "") if not isinstance(record, Settled) else (200, "")
        calls, units, rows, size = 0, 0, 0, 0
        if isinstance(record, Answer):
            calls, units, rows, size = 1, record.units, record.rows, record.size
            total.recorded[context.lease_id] += units
            if record.receipt in repeats:
                total.repeats.append(record.receipt)
                total.repeated_units[context.lease_id] += units
                units, reason = 0, REPEAT
            total.units += units
        elif isinstance(record, Tally):
            calls, rows, size, reason = record.calls, record.rows, record.size, record.reason
        else:
            rows, size = -record.rows, -record.size
        key = UsageKey(
            context.subscription_id,
            context.dataset_id,
            context.key_id,
            context.mode,
            buckets.start(record.at),
            status,
            reason,
        )
        total.usage[key].add(calls, units, rows, size)
        if context.key_id:
            total.last_used[context.key_id] = max(record.at, total.last_used.get(context.key_id, 0))
    return total


def add_usage(session: Session, usage: Mapping[UsageKey, Amounts]) -> None:
    """Add to the stored roll-ups. Keys go in sorted order, so that two seals cannot deadlock."""
    for key, amounts in sorted(usage.items()):
        values = key._asdict() | {"bucket": moment_of(key.bucket)}
        counters = {"calls": amounts.calls, "units": amounts.units, "rows": amounts.rows, "size": amounts.size}
        upsert(session, Usage, values, counters)


def upsert(session: Session, model: type[SQLModel], key: Mapping[str, object], counters: Mapping[str, int]) -> None:
    """Insert a row, or add `counters` to the row with that primary key; the same statement on both databases."""
    table: sa.Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table classes
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(**key, **counters)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={name: table.c[name] + statement.excluded[name] for name in counters},
        )
    )
