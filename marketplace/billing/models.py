"""Tables of billing: periods, rated usage, invoices with their lines, refunds and credit notes."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime, append_only


class PeriodState(StrEnum):
    """`open → closing` (it has ended; usage is sealed, rated and invoiced) `→ closed`."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class InvoiceState(StrEnum):
    """`open → paid`, or `void` when a first invoice lapsed unpaid. Refunds are credit notes, not a state."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"


class InvoiceKind(StrEnum):
    """`first`: the fee that a subscription starts with. `period`: overage in arrears and next month's fee."""

    FIRST = "first"
    PERIOD = "period"


class RefundState(StrEnum):
    """`requested → approved → made`, or `rejected`, or `failed` when the payment provider could not pay back."""

    REQUESTED = "requested"
    APPROVED = "approved"
    MADE = "made"
    REJECTED = "rejected"
    FAILED = "failed"


class Period(SQLModel, table=True):
    """A stretch of time [start_at, end_at) that usage and statements are cut by: a month, or a part of one.

    While open, `end_at` is the month's end. `ended_at` is when it was ended, `closed_at` when all of it was invoiced.
    """

    __tablename__ = "billing_period"
    __table_args__ = (sa.UniqueConstraint("month", "ordinal"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    name: str = Field(max_length=16, unique=True)
    month: str = Field(max_length=7)
    ordinal: int = Field()
    start_at: datetime = Field(sa_type=UtcDateTime, index=True)
    end_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(default=PeriodState.OPEN, max_length=8, index=True)
    ended_by: str | None = Field(default=None, max_length=36)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@append_only
class RatedUsage(SQLModel, table=True):
    """A subscription's usage of a period with what it costs. Calls count from the month's start (`calls_before`),
    since quotas are of the month; `amount` is this period's share of the month's overage in fen."""

    __tablename__ = "billing_rated_usage"
    __table_args__ = (sa.UniqueConstraint("period_id", "subscription_id"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    period_id: str = Field(foreign_key="billing_period.id", index=True, max_length=36)
    subscription_id: str = Field(index=True, max_length=36)
    calls: int = Field(sa_type=sa.BigInteger)
    rows: int = Field(sa_type=sa.BigInteger)
    bytes: int = Field(sa_type=sa.BigInteger)
    calls_before: int = Field(sa_type=sa.BigInteger)
    included: int | None = Field(default=None, sa_type=sa.BigInteger)
    overage_calls: int = Field(sa_type=sa.BigInteger)
    unit_amount: int = Field()
    amount: int = Field()
    rated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Invoice(SQLModel, table=True):
    """What an organisation owes. `key` says what it is for, so that it is made once."""

    __tablename__ = "billing_invoice"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    number: str = Field(max_length=32, unique=True)
    key: str = Field(max_length=100, unique=True)
    kind: str = Field(max_length=8)
    organisation_id: str = Field(index=True, max_length=36)
    period_id: str | None = Field(default=None, foreign_key="billing_period.id", index=True, max_length=36)
    subscription_id: str | None = Field(default=None, index=True, max_length=36)
    state: str = Field(default=InvoiceState.OPEN, max_length=8, index=True)
    currency: str = Field(max_length=3)
    total: int = Field()
    tax: int = Field()
    issued_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    paid_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    voided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@append_only
class InvoiceLine(SQLModel, table=True):
    """One charge: `amount` fen, tax included, of which `fee` is the platform's and `tax` the VAT.

    `quantity` counts days of `per` days for a fee, calls of `per` calls for overage; `unit_amount` is the price of
    `per`. What the charge covers is [covers_from, covers_until).
    """

    __tablename__ = "billing_invoice_line"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    invoice_id: str = Field(foreign_key="billing_invoice.id", index=True, max_length=36)
    position: int = Field()
    subscription_id: str = Field(index=True, max_length=36)
    offering_id: str = Field(max_length=36)
    plan_id: str = Field(max_length=36)
    provider_id: str = Field(index=True, max_length=36)
    component: str = Field(max_length=16)
    title: dict[str, str] = Field(sa_type=sa.JSON)
    plan_name: dict[str, str] = Field(sa_type=sa.JSON)
    quantity: int = Field(sa_type=sa.BigInteger)
    per: int = Field()
    unit_amount: int = Field()
    amount: int = Field()
    fee: int = Field()
    tax: int = Field()
    covers_from: datetime = Field(sa_type=UtcDateTime)
    covers_until: datetime = Field(sa_type=UtcDateTime)
    rated_usage_id: str | None = Field(default=None, foreign_key="billing_rated_usage.id", max_length=36)


class Refund(SQLModel, table=True):
    """Money asked back on a paid invoice: the request, the operator's decision and what became of it."""

    __tablename__ = "billing_refund"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    number: str = Field(max_length=32, unique=True)
    request_key: str | None = Field(default=None, max_length=100, unique=True)
    invoice_id: str = Field(foreign_key="billing_invoice.id", index=True, max_length=36)
    organisation_id: str = Field(index=True, max_length=36)
    amount: int = Field()
    currency: str = Field(max_length=3)
    reason: str = Field(max_length=2000)
    state: str = Field(default=RefundState.REQUESTED, max_length=16, index=True)
    requested_by: str | None = Field(default=None, max_length=36)
    requested_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=36)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decision_reason: str | None = Field(default=None, max_length=2000)
    attempts: int = Field(default=0)
    attempted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stripe_id: str | None = Field(default=None, max_length=100)
    failure_code: str | None = Field(default=None, max_length=100)
    made_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@append_only
class RefundLine(SQLModel, table=True):
    """How much of an invoice line is asked back."""

    __tablename__ = "billing_refund_line"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    refund_id: str = Field(foreign_key="billing_refund.id", index=True, max_length=36)
    invoice_line_id: str = Field(foreign_key="billing_invoice_line.id", index=True, max_length=36)
    amount: int = Field()


@append_only
class CreditNote(SQLModel, table=True):
    """The document of an approved refund."""

    __tablename__ = "billing_credit_note"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    number: str = Field(max_length=32, unique=True)
    refund_id: str = Field(foreign_key="billing_refund.id", unique=True, max_length=36)
    invoice_id: str = Field(foreign_key="billing_invoice.id", index=True, max_length=36)
    organisation_id: str = Field(index=True, max_length=36)
    currency: str = Field(max_length=3)
    total: int = Field()
    tax: int = Field()
    issued_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
class CreditNoteLine(SQLModel, table=True):
    """What is given back of an invoice line, with the fee and tax that go back with it."""

    __tablename__ = "billing_credit_note_line"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    credit_note_id: str = Field(foreign_key="billing_credit_note.id", index=True, max_length=36)
    invoice_line_id: str = Field(foreign_key="billing_invoice_line.id", index=True, max_length=36)
    provider_id: str = Field(max_length=36)
    amount: int = Field()
    fee: int = Field()
    tax: int = Field()
