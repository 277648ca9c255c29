"""Tables of metering. Units are answers with status 200 or 206 that are not repeats."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.kit.database import UtcDateTime, append_only


class Worker(SQLModel, table=True):
    """A process that serves metered data and its journal. The row goes when nothing of the worker is left to do."""

    __tablename__ = "metering_worker"

    id: str = Field(primary_key=True, max_length=36)
    host: str
    journal: str
    pid: int
    started_at: datetime = Field(sa_type=UtcDateTime)
    heartbeat_at: datetime = Field(sa_type=UtcDateTime)
    sealed_through: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Allowance(SQLModel, table=True):
    """The units of one subscription in one quota period (a calendar month). `granted` holds units used plus units
    out on leases; it never exceeds `limit`, which is the quota itself or, with overage, what the cap allows; None
    where nothing stops."""

    __tablename__ = "metering_allowance"

    subscription_id: str = Field(primary_key=True, max_length=36)
    period_start: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    period_end: datetime = Field(sa_type=UtcDateTime)
    quota: int | None
    limit: int | None = Field(sa_column=sa.Column("units_limit", sa.BigInteger, nullable=True))
    granted: int = Field(default=0, sa_type=sa.BigInteger)


class Lease(SQLModel, table=True):
    """Units lent to one worker. `used` is what the worker says while the lease is open and final once it is settled;
    `recorded` is what sealed journal segments prove."""

    __tablename__ = "metering_lease"

    id: str = Field(primary_key=True, max_length=36)
    subscription_id: str = Field(index=True, max_length=36)
    period_start: datetime = Field(sa_type=UtcDateTime)
    worker_id: str = Field(index=True, max_length=36)
    units: int
    used: int = 0
    recorded: int = 0
    state: str = Field(default="open", index=True, max_length=8)  # open | settled | held
    granted_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@append_only
class Segment(SQLModel, table=True):
    """The manifest of one sealed journal segment: its object in the store and what it holds. Its id makes the
    roll-up happen once. `repeats` lists the receipts of answers that were not billed because they were repeats."""

    __tablename__ = "metering_segment"

    id: str = Field(primary_key=True, max_length=64)
    worker_id: str = Field(index=True, max_length=36)
    number: int
    object_key: str
    sha256: str = Field(max_length=64)
    size: int
    records: int
    units: int
    repeats: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    first_at: datetime | None = Field(default=None, index=True, sa_type=UtcDateTime)
    last_at: datetime | None = Field(default=None, index=True, sa_type=UtcDateTime)
    sealed_at: datetime = Field(sa_type=UtcDateTime)


class Usage(SQLModel, table=True):
    """Roll-up of sealed segments. `bucket` is the start of the local hour, or the boundary of a period closed within
    it, whichever is later; so a period is always a whole number of buckets. Open data has no subscription and no key:
    those columns are empty then."""

    __tablename__ = "metering_usage"

    subscription_id: str = Field(primary_key=True, max_length=36)
    dataset_id: str = Field(primary_key=True, max_length=36)
    key_id: str = Field(primary_key=True, max_length=36)
    mode: str = Field(primary_key=True, max_length=8)  # live | test | open
    bucket: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    status: int = Field(primary_key=True)
    reason: str = Field(primary_key=True, max_length=40)
    calls: int = 0
    units: int = 0
    rows: int = Field(default=0, sa_type=sa.BigInteger)
    size: int = Field(default=0, sa_type=sa.BigInteger)


class LiveUsage(SQLModel, table=True):
    """What a segment that is still being written holds so far; replaced by the worker every few seconds and removed
    in the transaction that rolls the segment up."""

    __tablename__ = "metering_live_usage"

    segment_id: str = Field(primary_key=True, max_length=64)
    subscription_id: str = Field(primary_key=True, max_length=36)
    bucket: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    status: int = Field(primary_key=True)
    reason: str = Field(primary_key=True, max_length=40)
    worker_id: str = Field(index=True, max_length=36)
    calls: int = 0
    units: int = 0
    rows: int = Field(default=0, sa_type=sa.BigInteger)
    size: int = Field(default=0, sa_type=sa.BigInteger)


@append_only
class Boundary(SQLModel, table=True):
    """An instant that no roll-up straddles, and a call to every worker to seal what it recorded before it."""

    __tablename__ = "metering_boundary"

    moment: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    asked_at: datetime = Field(sa_type=UtcDateTime)


class SeenRequest(SQLModel, table=True):
    """A request id that a client sent with a billed request; `receipt` names the answer that was billed; a
    second answer within 24 h is not."""

    __tablename__ = "metering_seen_request"

    digest: str = Field(primary_key=True, max_length=32)
    receipt: str = Field(max_length=32)
    first_at: datetime = Field(index=True, sa_type=UtcDateTime)


class Turnstile(SQLModel, table=True):
    """One row that sealing takes shared and a new boundary takes exclusively, so that no seal misses a boundary."""

    __tablename__ = "metering_turnstile"

    id: int = Field(primary_key=True)
