"""Tables of settlement: statements, never edited, and the payouts made on them."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime, append_only


class PayoutState(StrEnum):
    """`requested → paid | failed`; after a failure the money is held again and can be paid out anew."""

    REQUESTED = "requested"
    PAID = "paid"
    FAILED = "failed"


@append_only
class Statement(SQLModel, table=True):
    """A department's account over one period. `canonical` is the whole document, `hash` its SHA-256.

    The figures beside it are copies for lists: closing = opening + paid − refunded − fee − tax − settled.
    """

    __tablename__ = "settlement_statement"
    __table_args__ = (sa.UniqueConstraint("period_id", "provider_id"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    number: str = Field(max_length=32, unique=True)
    provider_id: str = Field(index=True, max_length=36)
    period_id: str = Field(index=True, max_length=36)
    period_name: str = Field(max_length=16)
    currency: str = Field(max_length=3)
    opening: int = Field()
    paid: int = Field()
    refunded: int = Field()
    fee: int = Field()
    tax: int = Field()
    settled: int = Field()
    closing: int = Field()
    canonical: str = Field(sa_type=sa.Text)
    hash: str = Field(max_length=64)
    issued_by: str | None = Field(default=None, max_length=36)
    issued_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Payout(SQLModel, table=True):
    """Money on its way to a department. `attempted_at`: when we last began a call, written before the call."""

    __tablename__ = "settlement_payout"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    number: str = Field(max_length=32, unique=True)
    statement_id: str = Field(foreign_key="settlement_statement.id", index=True, max_length=36)
    provider_id: str = Field(index=True, max_length=36)
    amount: int = Field()
    currency: str = Field(max_length=3)
    state: str = Field(default=PayoutState.REQUESTED, max_length=16, index=True)
    stripe_id: str | None = Field(default=None, max_length=100)
    failure_code: str | None = Field(default=None, max_length=100)
    attempts: int = Field(default=0)
    requested_by: str | None = Field(default=None, max_length=36)
    requested_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    attempted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
