"""Tables of offerings, their plans and the rows their prices are made of."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime, append_only


class OfferingStatus(StrEnum):
    """Where an offering stands: only a listed one can be subscribed to."""

    DRAFT = "draft"
    LISTED = "listed"
    RETIRED = "retired"


class PlanKind(StrEnum):
    """A free plan has no price component; a paid one has at least one."""

    FREE = "free"
    PAID = "paid"


class Component(StrEnum):
    """What a price component charges for."""

    MONTHLY_FEE = "monthly_fee"  # in advance, for a calendar month; the first month by the day
    CALLS = "calls"  # in arrears, for calls beyond the quota


class Offering(SQLModel, table=True):
    """A dataset offered under plans by its provider; a dataset has at most one offering."""

    __tablename__ = "products_offering"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    dataset_id: str = Field(max_length=36, unique=True)
    provider_id: str = Field(max_length=36, index=True)
    title: dict[str, str] = Field(sa_type=sa.JSON)
    status: str = Field(default=OfferingStatus.DRAFT, max_length=16)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    listed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Plan(SQLModel, table=True):
    """Quota, rate and price under which an offering is subscribed to.

    Never edited: a change is a new row that `replaces_id` names, and the old row gets its `retired_at`. Who
    subscribed under the old row keeps it.
    """

    __tablename__ = "products_plan"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    offering_id: str = Field(foreign_key="products_offering.id", index=True, max_length=36)
    name: dict[str, str] = Field(sa_type=sa.JSON)
    kind: str = Field(max_length=8)
    currency: str = Field(max_length=3)
    quota_per_month: int | None = Field(default=None)  # calls included in a calendar month; None: no limit
    rate_per_minute: int = Field()  # calls
    version: int = Field(default=1)
    replaces_id: str | None = Field(default=None, foreign_key="products_plan.id", max_length=36)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@append_only
class PriceComponent(SQLModel, table=True):
    """One part of a plan's price: `unit_amount` fen, tax included, for every `per` units of `component`."""

    __tablename__ = "products_price_component"
    __table_args__ = (sa.UniqueConstraint("plan_id", "component"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    plan_id: str = Field(foreign_key="products_plan.id", index=True, max_length=36)
    component: str = Field(max_length=16)
    unit_amount: int = Field()
    per: int = Field(default=1)
