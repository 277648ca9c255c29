"""Tables of the releases. What was decided, built and published is append-only."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from catalog.releases.states import RequestState
from catalog.releases.wall import walled
from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime, append_only


@append_only
class PolicyVersion(SQLModel, table=True):
    """One version of a dataset's policy, as proposed from a profile or as edited; shown as `<dataset>@<number>`."""

    __tablename__ = "releases_policy"
    __table_args__ = (sa.UniqueConstraint("dataset_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    dataset_id: str = Field(foreign_key="datasets_dataset.id", index=True, max_length=36)
    upload_id: str = Field(foreign_key="vault_upload.id", index=True, max_length=36)
    number: int
    origin: str = Field(max_length=20)
    content: dict[str, Any] = Field(sa_type=sa.JSON)
    fingerprint: str = Field(max_length=64)
    created_by: str | None = Field(default=None, max_length=36)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ReleaseRequest(SQLModel, table=True):
    """A provider asks that an upload be published under a policy. `round` counts the submissions."""

    __tablename__ = "releases_request"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    number: str = Field(max_length=20, unique=True)
    dataset_id: str = Field(foreign_key="datasets_dataset.id", index=True, max_length=36)
    upload_id: str = Field(foreign_key="vault_upload.id", index=True, max_length=36)
    upload_revision: int
    policy_id: str = Field(foreign_key="releases_policy.id", max_length=36)
    state: str = Field(default=RequestState.SUBMITTED, max_length=20, index=True)
    round: int = 1
    release_id: str = Field(default_factory=new_id, max_length=36)
    artifact_id: str | None = Field(default=None, max_length=36)
    note: str = Field(default="", max_length=2000)
    impact_assessment: str = Field(default="", max_length=200)
    failure: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    submitted_by: str = Field(max_length=36)
    submitted_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class RequestCounter(SQLModel, table=True):
    """The last request number given in a year."""

    __tablename__ = "releases_request_counter"

    year: int = Field(primary_key=True)
    last: int = 0


@append_only
class Artifact(SQLModel, table=True):
    """What one submission would publish: built before the review, sealed in the vault, bound by its hash.

    `files` are `{name, key, size, sha256, media_type}`: the bytes, and where publication will put them. `rescan` says
    what a scan of the treated table still found: `{rows, cells, columns}`.
    """

    __tablename__ = "releases_artifact"
    __table_args__ = (
        sa.UniqueConstraint("request_id", "round"),
        sa.CheckConstraint("required_approvals >= 1", name="approvals"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    request_id: str = Field(foreign_key="releases_request.id", index=True, max_length=36)
    round: int
    dataset_id: str = Field(foreign_key="datasets_dataset.id", max_length=36)
    upload_id: str = Field(foreign_key="vault_upload.id", max_length=36)
    release_id: str = Field(max_length=36)
    policy_id: str = Field(foreign_key="releases_policy.id", max_length=36)
    safe_id: str = Field(foreign_key="vault_safe.id", max_length=36)
    submitted_by: str = Field(max_length=36)
    required_approvals: int
    artifact_hash: str = Field(max_length=64)
    content_hash: str = Field(max_length=64)
    rows_in: int
    rows_published: int
    rows_suppressed: int
    k_required: int
    k_reached: int | None = None
    rescan: dict[str, Any] = Field(sa_type=sa.JSON)
    files: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    contract: dict[str, Any] = Field(sa_type=sa.JSON)
    public_report: dict[str, Any] = Field(sa_type=sa.JSON)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
@walled
class Decision(SQLModel, table=True):
    """One officer's word on one artifact, with its public reason. `artifact_hash`: the bytes the officer saw."""

    __tablename__ = "releases_decision"
    __table_args__ = (
        sa.UniqueConstraint("artifact_id", "officer_id"),
        sa.CheckConstraint("outcome IN ('approve', 'send_back', 'reject')", name="outcome"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    request_id: str = Field(foreign_key="releases_request.id", index=True, max_length=36)
    artifact_id: str = Field(foreign_key="releases_artifact.id", index=True, max_length=36)
    outcome: str = Field(max_length=20)
    reason: str = Field(max_length=2000)
    officer_id: str = Field(max_length=36)
    artifact_hash: str = Field(max_length=64)
    decided_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
class Comment(SQLModel, table=True):
    """What provider and officers write to each other about a request."""

    __tablename__ = "releases_comment"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    request_id: str = Field(foreign_key="releases_request.id", index=True, max_length=36)
    author_id: str = Field(max_length=36)
    body: str = Field(max_length=2000)
    written_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
class Correction(SQLModel, table=True):
    """A data officer corrected what was found; it holds for the dataset until another row undoes it.

    `column`: all of `column` is `value`, a semantic type. `not-personal`, `name`: a phrase in texts, by its keyed
    digest (`value`) and its length in code points; the phrase itself is nowhere. `undo`: `undoes` holds no more.
    """

    __tablename__ = "releases_correction"
    __table_args__ = (
        sa.UniqueConstraint("undoes"),
        sa.CheckConstraint("kind IN ('column', 'not-personal', 'name', 'undo')", name="kind"),
        sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="undoes"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    dataset_id: str = Field(foreign_key="datasets_dataset.id", index=True, max_length=36)
    request_id: str = Field(foreign_key="releases_request.id", max_length=36)
    kind: str = Field(max_length=20)
    column: str = Field(max_length=400)
    value: str = Field(default="", max_length=40)
    length: int | None = None
    undoes: str | None = Field(default=None, foreign_key="releases_correction.id", max_length=36)
    made_by: str = Field(max_length=36)
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
class Transition(SQLModel, table=True):
    """A request moved from one state to another. `actor_id` is None when a job did it."""

    __tablename__ = "releases_transition"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    request_id: str = Field(foreign_key="releases_request.id", index=True, max_length=36)
    round: int
    from_state: str | None = Field(default=None, max_length=20)
    to_state: str = Field(max_length=20)
    actor_id: str | None = Field(default=None, max_length=36)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
@walled
class Release(SQLModel, table=True):
    """A published version of a dataset, never changed. `manifest_hash` is the hash the officers approved."""

    __tablename__ = "releases_release"
    __table_args__ = (sa.UniqueConstraint("dataset_id", "version"),)

    id: str = Field(primary_key=True, max_length=36)
    dataset_id: str = Field(foreign_key="datasets_dataset.id", index=True, max_length=36)
    request_id: str = Field(foreign_key="releases_request.id", unique=True, max_length=36)
    artifact_id: str = Field(foreign_key="releases_artifact.id", unique=True, max_length=36)
    version: str = Field(max_length=20)
    manifest_hash: str = Field(max_length=64)
    content_hash: str = Field(max_length=64)
    rows: int
    files: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    contract: dict[str, Any] = Field(sa_type=sa.JSON)
    public_report: dict[str, Any] = Field(sa_type=sa.JSON)
    sample_key: str = Field(max_length=200)
    published_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
class Withdrawal(SQLModel, table=True):
    """A release is served no more, from `withdrawn_at` on, for a public reason."""

    __tablename__ = "releases_withdrawal"

    release_id: str = Field(primary_key=True, foreign_key="releases_release.id", max_length=36)
    reason: str = Field(max_length=2000)
    withdrawn_by: str | None = Field(default=None, max_length=36)
    withdrawn_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
