"""Sealing: a closed journal segment becomes one Parquet object in the store, one manifest row and its roll-ups,
in one transaction, once by segment id. The journal file goes only after that transaction has committed."""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from contracts import clock
from contracts.events import Event
from contracts.kit.database import Database
from contracts.kit.outbox import emit
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from marketplace.credentials import service as credentials
from marketplace.metering import leases
from marketplace.metering.buckets import Buckets, microseconds, moment_of
from marketplace.metering.errors import JournalUnreadable
from marketplace.metering.journal import Answer, Context, Record, Settled, Tally, read_segment
from marketplace.metering.models import Boundary, LiveUsage, SeenRequest, Segment, Turnstile
from marketplace.metering.rollup import Amounts, UsageKey, add_usage, count, request_digest

REPEAT_WINDOW = timedelta(hours=24)
_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("status", pa.int32()),
        ("calls", pa.int64()),
        ("units", pa.int64()),
        ("rows", pa.int64()),
        ("size", pa.int64()),
        ("reason", pa.string()),
        ("receipt", pa.string()),
        ("request_id", pa.string()),
        ("fingerprint", pa.uint64()),
        ("lease_id", pa.string()),
        ("subscription_id", pa.string()),
        ("organisation_id", pa.string()),
        ("key_id", pa.string()),
        ("dataset_id", pa.string()),
        ("release_id", pa.string()),
        ("mode", pa.string()),
    ]
)
_DTYPES: dict[pa.DataType, type[pl.DataType]] = {
    pa.string(): pl.String,
    pa.timestamp("us", tz="UTC"): pl.Int64,
    pa.int32(): pl.Int32,
    pa.int64(): pl.Int64,
    pa.uint64(): pl.UInt64,
}
"""What a column is filled as; a moment as its microseconds."""


def segment_id(worker_id: str, number: int) -> str:
    """The name of a worker's segment, for ever."""
    return f"{worker_id}-{number:08d}"


def seal(
    database: Database, store: ObjectStore, settings: Settings, worker_id: str, path: Path
) -> JournalUnreadable | None:
    """Seal the segment at `path` and remove the file. Doing it again changes nothing.

    A damaged segment is sealed up to the damage and its file kept beside the journals; the damage is returned, so
    that the caller can hold what the worker had leased.
    """
    records, damage = _read(path)
    number = int(path.stem)
    identity = segment_id(worker_id, number)
    with database.reading() as session:
        done = session.get(Segment, identity) is not None
    if not done:
        day = clock.now() if not records else moment_of(records[0].at)
        key = f"usage/{day:%Y/%m/%d}/{identity}.parquet"
        info = store.put(key, to_parquet(records), content_type="application/vnd.apache.parquet")
        with database.transaction() as session:
            _roll_up(session, settings, worker_id, number, records, (key, info.sha256, info.size))
    if damage is None:
        path.unlink(missing_ok=True)
    else:
        kept = path.parent.parent / "damaged"
        kept.mkdir(exist_ok=True)
        path.replace(kept / f"{identity}.journal")
    return damage


def _read(path: Path) -> tuple[list[Record], JournalUnreadable | None]:
    records: list[Record] = []
    try:
        for record in read_segment(path):
            records.append(record)
    except (JournalUnreadable, OSError) as error:
        damage = error if isinstance(error, JournalUnreadable) else JournalUnreadable(str(error.strerror))
        return records, damage
    return records, None


def _roll_up(
    session: Session,
    settings: Settings,
    worker_id: str,
    number: int,
    records: Sequence[Record],
    stored: tuple[str, str, int],
) -> None:
    pass_turnstile(session, exclusively=False)
    identity = segment_id(worker_id, number)
    if session.get(Segment, identity) is not None:
        return
    buckets = Buckets(settings.timezone, session.exec(select(Boundary.moment)).all())
    counted = count(records, buckets, _repeats(session, records))
    add_usage(session, counted.usage)
    leases.add_recorded(session, counted.recorded)
    leases.give_back_repeats(session, counted.repeated_units)
    credentials.used(session, {key: moment_of(at) for key, at in counted.last_used.items()})
    session.connection().execute(sa.delete(LiveUsage).where(col(LiveUsage.segment_id) == identity))
    key, sha256, size = stored
    session.add(
        Segment(
            id=identity,
            worker_id=worker_id,
            number=number,
            object_key=key,
            sha256=sha256,
            size=size,
            records=counted.records,
            units=counted.units,
            repeats=counted.repeats,
            first_at=None if counted.first_at is None else moment_of(counted.first_at),
            last_at=None if counted.last_at is None else moment_of(counted.last_at),
            sealed_at=clock.now(),
        )
    )
    emit(session, Event.USAGE_SEALED, segment_id=identity)
    session.flush()


def _repeats(session: Session, records: Iterable[Record]) -> frozenset[str]:
    """Receipts of answers to a request that was answered before, within 24 h; remembers the requests that are new."""
    asked: dict[str, Answer] = {}
    repeats: set[str] = set()
    for record in records:
        if isinstance(record, Answer) and record.request_id:
            digest = request_digest(record.context.key_id, record.request_id, record.fingerprint)
            if digest in asked:
                repeats.add(record.receipt)
            else:
                asked[digest] = record
    table: sa.Table = SeenRequest.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table classes
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    digests = sorted(asked)
    for start in range(0, len(digests), 500):
        part = digests[start : start + 500]
        oldest = moment_of(min(asked[digest].at for digest in part)) - REPEAT_WINDOW
        connection.execute(sa.delete(table).where(table.c.digest.in_(part), table.c.first_at <= oldest))
        rows = [
            {"digest": digest, "receipt": asked[digest].receipt, "first_at": moment_of(asked[digest].at)}
            for digest in part
        ]
        # Whoever inserts first is billed; the other waits here for that transaction and then reads its receipt.
        connection.execute(insert(table).on_conflict_do_nothing(), rows)
        for digest, receipt in connection.execute(
            sa.select(table.c.digest, table.c.receipt).where(table.c.digest.in_(part))
        ):
            if receipt != asked[digest].receipt:
                repeats.add(asked[digest].receipt)
    return frozenset(repeats)


def forget_old_requests(session: Session) -> None:
    """Drop request ids that no longer make a repeat."""
    oldest = clock.now() - 2 * REPEAT_WINDOW
    session.connection().execute(sa.delete(SeenRequest).where(col(SeenRequest.first_at) < oldest))


def add_boundary(session: Session, store: ObjectStore, settings: Settings, moment: datetime) -> None:
    """Make `moment` a boundary: roll-ups sealed across it are cut there, later ones never straddle it."""
    pass_turnstile(session, exclusively=True)
    if session.get(Boundary, moment) is not None:
        return
    before = session.exec(select(Boundary.moment)).all()
    session.add(Boundary(moment=moment, asked_at=clock.now()))
    old, new = Buckets(settings.timezone, before), Buckets(settings.timezone, [*before, moment])
    across = select(Segment).where(col(Segment.first_at) < moment, col(Segment.last_at) >= moment)
    later = select(Segment).where(col(Segment.first_at) >= moment, col(Segment.first_at) < moment + timedelta(hours=1))
    at = microseconds(moment)
    moved: dict[UsageKey, Amounts] = {}
    for segment in [*session.exec(across), *session.exec(later)]:
        with store.open(segment.object_key) as stream:
            records = [record for record in from_parquet(stream.read()) if record.at >= at]
        repeats = frozenset(segment.repeats)
        _add(moved, count(records, old, repeats).usage, -1)
        _add(moved, count(records, new, repeats).usage, 1)
    add_usage(session, {key: amounts for key, amounts in moved.items() if amounts != Amounts()})
    session.flush()


def _add(total: dict[UsageKey, Amounts], part: dict[UsageKey, Amounts], sign: int) -> None:
    for key, amounts in part.items():
        total.setdefault(key, Amounts()).add(
            sign * amounts.calls, sign * amounts.units, sign * amounts.rows, sign * amounts.size
        )


def pass_turnstile(session: Session, *, exclusively: bool) -> None:
    """Seals pass together, a new boundary alone."""
    session.connection().execute(sa.text("INSERT INTO metering_turnstile (id) VALUES (1) ON CONFLICT DO NOTHING"))
    session.exec(select(Turnstile).with_for_update(read=not exclusively)).one()


def to_parquet(records: Iterable[Record]) -> bytes:
    """Records as a Parquet file, one row each, in order."""
    rows = [_row(record) for record in records]
    # PyArrow would import pandas to look at Python values, in every web process; Polars looks at them as quickly.
    columns = {
        field.name: pl.Series([row.get(field.name) for row in rows], dtype=_DTYPES[field.type]) for field in _SCHEMA
    }
    table = pl.DataFrame(columns).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(_SCHEMA)
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _row(record: Record) -> dict[str, object]:
    context = record.context
    row: dict[str, object] = {
        "at": record.at,
        "rows": record.rows,
        "size": record.size,
        "lease_id": context.lease_id,
        "subscription_id": context.subscription_id,
        "organisation_id": context.organisation_id,
        "key_id": context.key_id,
        "dataset_id": context.dataset_id,
        "release_id": context.release_id,
        "mode": context.mode,
    }
    if isinstance(record, Answer):
        return row | {
            "kind": "answer",
            "status": record.status,
            "calls": 1,
            "units": record.units,
            "receipt": record.receipt,
            "request_id": record.request_id,
            "fingerprint": record.fingerprint,
        }
    if isinstance(record, Tally):
        return row | {
            "kind": "tally",
            "status": record.status,
            "calls": record.calls,
            "units": 0,
            "reason": record.reason,
        }
    return row | {"kind": "settled", "receipt": record.receipt}


def from_parquet(data: bytes) -> list[Record]:
    """The records of a sealed segment."""
    table = pq.read_table(io.BytesIO(data), schema=_SCHEMA)
    at = table.column("at").cast(pa.int64()).to_pylist()
    records: list[Record] = []
    for row, moment in zip(table.drop_columns(["at"]).to_pylist(), at, strict=True):
        context = Context(
            row["lease_id"],
            row["subscription_id"],
            row["organisation_id"],
            row["key_id"],
            row["dataset_id"],
            row["release_id"],
            row["mode"],
        )
        if row["kind"] == "answer":
            records.append(
                Answer(
                    context,
                    moment,
                    row["status"],
                    row["units"],
                    row["rows"],
                    row["size"],
                    row["receipt"],
                    row["fingerprint"],
                    row["request_id"],
                )
            )
        elif row["kind"] == "tally":
            records.append(Tally(context, moment, row["status"], row["calls"], row["rows"], row["size"], row["reason"]))
        else:
            records.append(Settled(context, moment, row["receipt"], row["rows"], row["size"]))
    return records
