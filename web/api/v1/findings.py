"""Management API: what was found in an upload under review, and the officers' corrections."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from anonymizer import ScanResult
from catalog.datasets import service as datasets
from catalog.releases import correcting, corrections, findings
from catalog.releases import service as releases
from contracts.access import Permission
from web.dependencies import Read, ServicesOf, SignedIn, Tx

router = APIRouter(prefix="/api/v1", tags=["findings"])
RequestId = Annotated[str, Path(description="Id or number of the request.")]


class PartOut(BaseModel):
    """A stretch of a cell. `type` is set where something was found, `digest` where the text is raw."""

    model_config = ConfigDict(from_attributes=True)
    text: str = Field(repr=False)
    type: str | None
    digest: str | None


class CellOut(BaseModel):
    """A cell in parts that together are all of it; rows count from 1."""

    model_config = ConfigDict(from_attributes=True)
    row: int
    parts: list[PartOut]


class RevealTextIn(BaseModel):
    """Cells of a text column, and why they must be seen."""

    model_config = ConfigDict(extra="forbid")
    column: str
    rows: list[int]
    reason: str


class ColumnIn(BaseModel):
    """What all of a column is: a semantic type, or `NOT_PERSONAL`."""

    model_config = ConfigDict(extra="forbid")
    column: str
    semantic_type: str


class TextsIn(BaseModel):
    """Findings that are nobody's, by the digest that a reveal tells, and phrases that are names. No phrase is kept."""

    model_config = ConfigDict(extra="forbid")
    column: str
    not_personal: list[str] = []
    names: list[str] = Field([], repr=False)


class CorrectionOut(BaseModel):
    """A correction, or (`kind` undo) that the one in `undoes` holds no more."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    dataset_id: str
    request_id: str
    kind: str
    column: str
    value: str
    length: int | None
    undoes: str | None
    made_by: str
    made_at: datetime


@router.get("/requests/{id_or_number}/findings", summary="What was found in the columns under review")
def show(session: Read, actor: SignedIn, id_or_number: RequestId) -> ScanResult:
    return findings.columns(session, actor, id_or_number)


@router.get("/requests/{id_or_number}/findings/texts", summary="Some cells of a text column, masked, with the findings")
def masked(session: Read, actor: SignedIn, services: ServicesOf, id_or_number: RequestId, column: str) -> list[CellOut]:
    cells = findings.masked_texts(session, actor, services.store, services.settings, id_or_number, column)
    return [CellOut.model_validate(cell) for cell in cells]


@router.post("/requests/{id_or_number}/findings/reveal", summary="Raw texts with the findings, with a reason, audited")
def reveal(
    session: Tx, actor: SignedIn, services: ServicesOf, id_or_number: RequestId, body: RevealTextIn, response: Response
) -> list[CellOut]:
    response.headers["Cache-Control"] = "no-store"
    cells = findings.revealed_texts(
        session,
        actor,
        services.store,
        services.settings,
        id_or_number,
        column=body.column,
        rows=body.rows,
        reason=body.reason,
    )
    return [CellOut.model_validate(cell) for cell in cells]


@router.post("/requests/{id_or_number}/findings/columns", status_code=201, summary="Say what a whole column is")
def retype(session: Tx, actor: SignedIn, id_or_number: RequestId, body: ColumnIn) -> CorrectionOut:
    kept = correcting.retype_column(session, actor, id_or_number, body.column, body.semantic_type)
    return CorrectionOut.model_validate(kept)


@router.post("/requests/{id_or_number}/findings/texts", status_code=201, summary="Correct what was found in texts")
def correct(
    session: Tx, actor: SignedIn, services: ServicesOf, id_or_number: RequestId, body: TextsIn
) -> list[CorrectionOut]:
    kept = correcting.correct_texts(
        session,
        actor,
        services.settings,
        id_or_number,
        body.column,
        not_personal=body.not_personal,
        names=body.names,
    )
    return [CorrectionOut.model_validate(row) for row in kept]


@router.get("/datasets/{id_or_slug}/corrections", summary="All corrections of a dataset's findings, newest first")
def history(session: Read, actor: SignedIn, id_or_slug: str) -> list[CorrectionOut]:
    dataset = releases.visible_dataset(session, actor, id_or_slug)
    actor.require(Permission.RELEASE_DECIDE, datasets.get_dataset(session, dataset.id).provider_id)
    return [CorrectionOut.model_validate(row) for row in corrections.history(session, dataset.id)]


@router.post("/corrections/{correction_id}/undo", status_code=201, summary="Take a correction back")
def undo(session: Tx, actor: SignedIn, correction_id: str) -> CorrectionOut:
    return CorrectionOut.model_validate(correcting.undo(session, actor, correction_id))
