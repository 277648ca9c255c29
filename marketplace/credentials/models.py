"""Tables of API keys."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime


class Key(SQLModel, table=True):
    """One API key of one subscription. The key itself is not here: `prefix` and `last4` let its owner recognise it,
    `hash` lets us. `expires_at`: it stops by itself then (after a rotation: 24 h later). `revoked_at`: it was stopped;
    `revoked_why` is `owner`, `leaked` or `rotated`. `networks`: those it works from, in CIDR form; none: all."""

    __tablename__ = "credentials_key"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    subscription_id: str = Field(index=True, max_length=36)
    organisation_id: str = Field(index=True, max_length=36)
    name: str = Field(max_length=80)
    prefix: str = Field(max_length=12)
    last4: str = Field(max_length=4)
    hash: str = Field(max_length=64, unique=True)
    mode: str = Field(max_length=4)  # live | test
    scopes: list[str] = Field(default_factory=lambda: ["read"], sa_type=sa.JSON)
    networks: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    created_by: str | None = Field(default=None, max_length=36)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_why: str | None = Field(default=None, max_length=8)
    replaced_by: str | None = Field(default=None, max_length=36)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def masked(self) -> str:
        """The key as its owner may see it again: `sy_live_8Kq2••••••••3fTz`."""
        return f"{self.prefix}••••••••{self.last4}"

    def state(self, moment: datetime) -> str:
        """`active`, `expiring` (stops by itself within a day), `expired` or `revoked`."""
        if self.revoked_at is not None and self.revoked_at <= moment:
            return "revoked"
        if self.expires_at is None:
            return "active"
        return "expired" if self.expires_at <= moment else "expiring"


class AccessVersion(SQLModel, table=True):
    """One row that changes whenever who may read what has changed; gateways look at it several times a second."""

    __tablename__ = "credentials_access_version"

    id: int = Field(primary_key=True)
    version: int = Field(default=0, sa_type=sa.BigInteger)
