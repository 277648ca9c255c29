"""Tables of orders (a subscription being filled in), agreements (signed, frozen) and subscriptions."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime, append_only


class SubscriptionState(StrEnum):
    """`pending_payment → active ⇄ suspended → ended`; a free plan starts active."""

    PENDING_PAYMENT = "pending_payment"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Order(SQLModel, table=True):
    """The steps before a subscription, kept so that each has an address and going back loses nothing.

    Its id is also the subscription's idempotency key: confirming an order twice makes one subscription.
    """

    __tablename__ = "subscriptions_order"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    offering_id: str = Field(index=True, max_length=36)
    plan_id: str = Field(max_length=36)
    person_id: str = Field(index=True, max_length=36)
    organisation_id: str | None = Field(default=None, max_length=36)
    purpose: str | None = Field(default=None, max_length=2000)
    overage_cap: int | None = Field(default=None)
    accepted_terms_hash: str | None = Field(default=None, max_length=64)
    subscription_id: str | None = Field(default=None, index=True, max_length=36)
    key_id: str | None = Field(default=None, max_length=36)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
class Agreement(SQLModel, table=True):
    """What was agreed: the licence's canonical text, plan and price as they were, parties and purpose.

    `hash` is the SHA-256 of `canonical`, the JSON document that holds all of it.
    """

    __tablename__ = "subscriptions_agreement"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    number: str = Field(max_length=32, unique=True)
    offering_id: str = Field(index=True, max_length=36)
    plan_id: str = Field(max_length=36)
    organisation_id: str = Field(index=True, max_length=36)
    provider_id: str = Field(index=True, max_length=36)
    purpose: str | None = Field(default=None, max_length=2000)
    terms_hash: str = Field(max_length=64)
    plan: dict[str, Any] = Field(sa_type=sa.JSON)
    canonical: str = Field(sa_type=sa.Text)
    hash: str = Field(max_length=64)
    accepted_by: str | None = Field(default=None, max_length=36)
    accepted_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Subscription(SQLModel, table=True):
    """An organisation's access to an offering under an agreement."""

    __tablename__ = "subscriptions_subscription"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    request_key: str = Field(default_factory=new_id, max_length=64, unique=True)
    agreement_id: str = Field(foreign_key="subscriptions_agreement.id", max_length=36)
    organisation_id: str = Field(index=True, max_length=36)
    offering_id: str = Field(index=True, max_length=36)
    dataset_id: str = Field(index=True, max_length=36)
    provider_id: str = Field(index=True, max_length=36)
    plan_id: str = Field(index=True, max_length=36)
    state: str = Field(max_length=16, index=True)
    overage_cap: int | None = Field(default=None)  # fen in a calendar month; None: no cap
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # access began
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # cancelled: access ends then
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # recorded as ended
