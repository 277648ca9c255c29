"""Management API: datasets."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from catalog.datasets import service as datasets
from catalog.datasets.vocabulary import UpdateFrequency
from catalog.releases import service as releases
from contracts.access import Permission
from contracts.schema import DataClass, Openness
from contracts.text import Text
from web.dependencies import CurrentActor, Read, SignedIn, Tx

router = APIRouter(prefix="/api/v1", tags=["datasets"])


class FieldEntry(BaseModel):
    """What the dictionary says of one column."""

    model_config = ConfigDict(extra="forbid")
    title: Text | None = None
    description: Text | None = None
    unit: str | None = Field(None, max_length=50)


class DatasetFields(BaseModel):
    """What a provider says of a dataset; on changing one, only what is given changes."""

    model_config = ConfigDict(extra="forbid")
    title: Text | None = None
    description: Text | None = None
    slug: str | None = None
    themes: list[str] | None = None
    keywords: list[Text] | None = None
    openness: Openness | None = None
    data_class: DataClass | None = None
    licence_id: str | None = None
    update_frequency: UpdateFrequency | None = None
    fields: dict[str, FieldEntry] | None = None
    spatial: dict[str, Any] | None = None
    external_ids: dict[str, str] | None = None

    def given(self) -> dict[str, Any]:
        """What was sent, as the service takes it."""
        return self.model_dump(exclude_none=True)


class DatasetIn(DatasetFields):
    """A new dataset."""

    provider_id: str
    title: Text


class DatasetOut(BaseModel):
    """A dataset."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    slug: str
    provider_id: str
    title: dict[str, str]
    description: dict[str, str]
    themes: list[str]
    keywords: list[dict[str, str]]
    openness: str
    data_class: str
    licence_id: str
    update_frequency: str
    fields: dict[str, dict[str, Any]]
    spatial: dict[str, Any]
    external_ids: dict[str, str]
    created_at: datetime
    updated_at: datetime


@router.get("/datasets", summary="Datasets that I manage")
def list_mine(session: Read, actor: SignedIn, provider_id: Annotated[str | None, Query()] = None) -> list[DatasetOut]:
    mine = actor.organisations(Permission.CATALOG_WRITE)
    wanted = mine & {provider_id} if provider_id else mine
    return [DatasetOut.model_validate(found) for found in datasets.list_datasets(session, provider_ids=wanted)]


@router.post("/datasets", status_code=201, summary="Describe a new dataset")
def create(session: Tx, actor: SignedIn, body: DatasetIn) -> DatasetOut:
    values = body.given()
    return DatasetOut.model_validate(datasets.create_dataset(session, actor, values.pop("provider_id"), **values))


@router.get("/datasets/{id_or_slug}", summary="One dataset")
def show(session: Read, actor: CurrentActor, id_or_slug: str) -> DatasetOut:
    return DatasetOut.model_validate(releases.visible_dataset(session, actor, id_or_slug))


@router.patch("/datasets/{id_or_slug}", summary="Change what a dataset says of itself")
def change(session: Tx, actor: SignedIn, id_or_slug: str, body: DatasetFields) -> DatasetOut:
    dataset = releases.visible_dataset(session, actor, id_or_slug)
    return DatasetOut.model_validate(datasets.update_dataset(session, actor, dataset.id, **body.given()))
