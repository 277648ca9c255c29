"""Tables of the vault. They hold wrapped keys, counts and masked findings, never a raw value."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime


class UploadStatus(StrEnum):
    """Where an upload is on its way from bytes to a profile."""

    RECEIVED = "received"  # sealed in the vault, waiting for the worker
    PROFILING = "profiling"  # being read and scanned
    PROFILED = "profiled"  # a clean table and a profile are there
    REJECTED = "rejected"  # cannot be read; `error` says why and where
    DESTROYED = "destroyed"  # its key is gone


class DatasetKey(SQLModel, table=True):
    """The key of a dataset, wrapped by the vault's key (AES-KW, RFC 3394), and the secret of its pseudonyms."""

    __tablename__ = "vault_dataset_key"

    dataset_id: str = Field(primary_key=True, foreign_key="datasets_dataset.id", max_length=36)
    wrapped_key: bytes = Field(sa_type=sa.LargeBinary)
    wrapped_secret: bytes = Field(sa_type=sa.LargeBinary)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Safe(SQLModel, table=True):
    """A group of sealed objects under one key, which the dataset's key wraps. Without the key they are noise.

    `upload_id`: the upload whose data it holds, as delivered or as made from it; they end together.
    """

    __tablename__ = "vault_safe"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    dataset_id: str = Field(foreign_key="datasets_dataset.id", index=True, max_length=36)
    upload_id: str = Field(index=True, max_length=36)
    wrapped_key: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Upload(SQLModel, table=True):
    """A file as a department delivered it. `revision` counts how often it was read anew with corrections."""

    __tablename__ = "vault_upload"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    dataset_id: str = Field(foreign_key="datasets_dataset.id", index=True, max_length=36)
    safe_id: str = Field(foreign_key="vault_safe.id", max_length=36)
    file_name: str = Field(max_length=255)
    size: int = Field(sa_type=sa.BigInteger)
    digest: str = Field(max_length=64)
    status: str = Field(default=UploadStatus.RECEIVED, max_length=20, index=True)
    revision: int = 1
    correction: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    format: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    rows: int | None = None
    rows_set_aside: int | None = None
    personal_cells: int | None = None
    profile: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    error: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    uploaded_by: str | None = Field(default=None, max_length=36)
    uploaded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    profiled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    destroy_at: datetime = Field(sa_type=UtcDateTime, index=True)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
