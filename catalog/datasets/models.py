"""Tables of the datasets."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime


class Dataset(SQLModel, table=True):
    """A described body of data of one provider. Its releases, not the dataset, hold data."""

    __tablename__ = "datasets_dataset"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    slug: str = Field(max_length=100, unique=True)
    provider_id: str = Field(foreign_key="parties_organisation.id", index=True, max_length=36)
    title: dict[str, str] = Field(sa_type=sa.JSON)
    description: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    themes: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    keywords: list[dict[str, str]] = Field(default_factory=list, sa_type=sa.JSON)
    openness: str = Field(max_length=20, index=True)
    data_class: str = Field(max_length=20)
    licence_id: str = Field(max_length=100)
    update_frequency: str = Field(max_length=20)
    fields: dict[str, dict[str, Any]] = Field(default_factory=dict, sa_type=sa.JSON)
    spatial: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    external_ids: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    created_by: str | None = Field(default=None, max_length=36)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class FormerSlug(SQLModel, table=True):
    """A short name a dataset once had; it keeps leading there."""

    __tablename__ = "datasets_former_slug"

    slug: str = Field(primary_key=True, max_length=100)
    dataset_id: str = Field(foreign_key="datasets_dataset.id", index=True, max_length=36)
    until_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
