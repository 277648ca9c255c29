"""Tables of payments: what we asked the payment provider to do, and what it told us."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime


class PaymentState(StrEnum):
    """`created → processing → succeeded | failed`, with `requires_action` while the payer confirms with their bank."""

    CREATED = "created"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


FINISHED = (PaymentState.SUCCEEDED, PaymentState.FAILED)


class Payment(SQLModel, table=True):
    """One attempt to collect an amount. Its id is the idempotency key of the charge, so it is charged at most once.

    `reference` is the invoice. `attempted_at`: when we last began a call, written before the call.
    """

    __tablename__ = "payments_payment"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    reference: str = Field(index=True, max_length=36)
    organisation_id: str = Field(index=True, max_length=36)
    amount: int = Field()
    currency: str = Field(max_length=3)
    method: str = Field(max_length=100)
    state: str = Field(default=PaymentState.CREATED, max_length=16, index=True)
    stripe_id: str | None = Field(default=None, max_length=100, index=True)
    failure_code: str | None = Field(default=None, max_length=100)
    action_url: str | None = Field(default=None, max_length=2000)
    return_path: str = Field(default="/billing", max_length=200)
    attempts: int = Field(default=0)
    requested_by: str | None = Field(default=None, max_length=36)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    attempted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Customer(SQLModel, table=True):
    """An organisation as the payment provider knows it when it pays."""

    __tablename__ = "payments_customer"

    organisation_id: str = Field(primary_key=True, max_length=36)
    stripe_id: str = Field(max_length=100, unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ConnectedAccount(SQLModel, table=True):
    """A department as the payment provider knows it when it is paid out."""

    __tablename__ = "payments_connected_account"

    organisation_id: str = Field(primary_key=True, max_length=36)
    stripe_id: str = Field(max_length=100, unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class WebhookEvent(SQLModel, table=True):
    """A webhook that came in, kept once under the provider's own id. It is a hint only: the object is asked for again.

    `happened_at` is the provider's time, `received_at` ours, `processed_at` when its object was brought up to date.
    """

    __tablename__ = "payments_webhook_event"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    stripe_id: str = Field(max_length=100, unique=True)
    type: str = Field(max_length=100)
    object_id: str = Field(max_length=100)
    our_id: str | None = Field(default=None, max_length=36)
    happened_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    processed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
