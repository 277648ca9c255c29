"""Tables of the parties: organisations, people, memberships, and how people prove who they are."""

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime

OrganisationKind = Literal["city", "district", "department", "company", "person"]


class Organisation(SQLModel, table=True):
    """A node of the one tree of parties: city, district, department, company, or a person on their own."""

    __tablename__ = "parties_organisation"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    parent_id: str | None = Field(default=None, foreign_key="parties_organisation.id", index=True, max_length=36)
    kind: str = Field(max_length=20, index=True)
    slug: str = Field(max_length=100, unique=True)
    name: dict[str, str] = Field(sa_type=sa.JSON)
    contact_email: str | None = Field(default=None, max_length=254)
    external_ids: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Person(SQLModel, table=True):
    """Somebody who can sign in. Never holds an identity number."""

    __tablename__ = "parties_person"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=100)
    password_hash: str | None = Field(default=None, max_length=200)
    language: str = Field(default="zh-CN", max_length=10)
    failures: int = 0
    failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Membership(SQLModel, table=True):
    """A role of a person at an organisation, in force from `from_at` (inclusive) until `until_at` (exclusive)."""

    __tablename__ = "parties_membership"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    person_id: str = Field(foreign_key="parties_person.id", index=True, max_length=36)
    organisation_id: str = Field(foreign_key="parties_organisation.id", index=True, max_length=36)
    role: str = Field(max_length=20)
    from_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    granted_by: str | None = Field(default=None, max_length=36)


class Invitation(SQLModel, table=True):
    """An e-mail that lets its reader join an organisation in a role. Only the token's digest is stored."""

    __tablename__ = "parties_invitation"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    organisation_id: str = Field(foreign_key="parties_organisation.id", index=True, max_length=36)
    email: str = Field(max_length=254)
    role: str = Field(max_length=20)
    token_digest: str = Field(max_length=64, unique=True)
    invited_by: str = Field(max_length=36)
    invited_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OneTimeToken(SQLModel, table=True):
    """A link sent to a person: to sign in, to set a new password. Used once, before `expires_at`."""

    __tablename__ = "parties_one_time_token"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    person_id: str = Field(foreign_key="parties_person.id", index=True, max_length=36)
    purpose: str = Field(max_length=20)
    token_digest: str = Field(max_length=64, unique=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BrowserSession(SQLModel, table=True):
    """A signed-in browser. The cookie holds the secret, the table its digest."""

    __tablename__ = "parties_browser_session"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    person_id: str = Field(foreign_key="parties_person.id", index=True, max_length=36)
    token_digest: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AccessToken(SQLModel, table=True):
    """A person's own token for the management API, shown once."""

    __tablename__ = "parties_access_token"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    person_id: str = Field(foreign_key="parties_person.id", index=True, max_length=36)
    name: str = Field(max_length=100)
    token_digest: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Notice(SQLModel, table=True):
    """A line shown to a person in the page until read: something happened that concerns them."""

    __tablename__ = "parties_notice"
    __table_args__ = (sa.UniqueConstraint("person_id", "reference"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    person_id: str = Field(foreign_key="parties_person.id", index=True, max_length=36)
    reference: str = Field(max_length=200)
    text: dict[str, str] = Field(sa_type=sa.JSON)
    link: str = Field(max_length=300)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
