"""Management API: uploads, how they were read, their profile, their policy and its effect, raw cells with a reason."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from anonymizer import PolicyEffect, ScanResult
from catalog.releases import policies
from catalog.releases import service as releases
from catalog.releases.models import PolicyVersion
from catalog.vault import retention, revealing
from catalog.vault import service as vault
from catalog.vault.errors import UploadNotReady
from catalog.vault.intake.formats import Correction, FileFormat
from contracts.access import Permission
from contracts.errors import InvalidInput
from contracts.privacy import Policy
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.receiving import receive_body, receive_form

router = APIRouter(prefix="/api/v1", tags=["uploads"])
_EFFECT: TypeAdapter[PolicyEffect] = TypeAdapter(PolicyEffect)
_YAML = "application/yaml"
_FILE_BODY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


class UploadOut(BaseModel):
    """An upload. `status`: received, profiling, profiled, rejected or destroyed; `error` says why it was rejected."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    dataset_id: str
    file_name: str
    size: int
    status: str
    revision: int
    format: FileFormat | None
    rows: int | None
    rows_set_aside: int | None
    personal_cells: int | None
    error: dict[str, Any] | None
    uploaded_at: datetime
    profiled_at: datetime | None
    destroy_at: datetime


class SetAsideOut(BaseModel):
    """A row set aside: where, why, and the shape of what stood there."""

    model_config = ConfigDict(from_attributes=True)
    line: int
    column: int | None
    reason: str
    sentence: str
    shape: str


class RevealIn(BaseModel):
    """Which raw cells, and why."""

    model_config = ConfigDict(extra="forbid")
    rows: list[int] = Field(description="Rows of the clean table, from 1; at most 20.")
    columns: list[str]
    reason: str


class RevealedRow(BaseModel):
    """Raw cells of one row."""

    row: int
    cells: dict[str, str | None]


class PolicyOut(BaseModel):
    """One version of a dataset's policy."""

    id: str
    dataset_id: str
    upload_id: str
    number: int
    origin: str
    fingerprint: str
    created_at: datetime
    policy: Policy


async def _raw_body(request: Request) -> bytes:
    """The body as it came, whatever type it says it is: FastAPI would turn JSON into objects."""
    return await request.body()


RawBody = Annotated[bytes, Depends(_raw_body)]


def policy_out(version: PolicyVersion) -> PolicyOut:
    """As told over the API."""
    return PolicyOut(
        **version.model_dump(exclude={"content", "created_by"}),
        policy=policies.policy_of(version),
    )


_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
_RAW: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/octet-stream": _FILE_BODY}}}
_POLICY_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": Policy.json_schema()},
            _YAML: {"schema": {"type": "string"}},
        },
    }
}


@router.post("/datasets/{dataset_id}/uploads", status_code=201, summary="Upload a file as a form", openapi_extra=_FORM)
async def upload_form(request: Request, services: ServicesOf, actor: SignedIn, dataset_id: str) -> UploadOut:
    return UploadOut.model_validate(await receive_form(request, services, actor, dataset_id))


@router.put(
    "/datasets/{dataset_id}/uploads/{file_name}",
    status_code=201,
    summary="Upload a file as the whole body",
    openapi_extra=_RAW,
)
async def upload_body(
    request: Request, services: ServicesOf, actor: SignedIn, dataset_id: str, file_name: str
) -> UploadOut:
    return UploadOut.model_validate(await receive_body(request, services, actor, dataset_id, file_name))


@router.get("/datasets/{dataset_id}/uploads", summary="Uploads of a dataset, newest first")
def list_uploads(session: Read, actor: SignedIn, dataset_id: str) -> list[UploadOut]:
    dataset = releases.visible_dataset(session, actor, dataset_id)
    actor.require(Permission.RELEASE_SUBMIT, dataset.provider_id)
    return [UploadOut.model_validate(found) for found in vault.uploads_of(session, [dataset.id])]


@router.get("/uploads/{upload_id}", summary="One upload, with how it was read")
def show(session: Read, actor: SignedIn, upload_id: str) -> UploadOut:
    return UploadOut.model_validate(vault.get_upload(session, actor, upload_id))


@router.delete("/uploads/{upload_id}", summary="Destroy an upload before its date")
def destroy(session: Tx, actor: SignedIn, upload_id: str) -> UploadOut:
    return UploadOut.model_validate(retention.destroy(session, actor, upload_id))


@router.post("/uploads/{upload_id}/corrections", summary="Read the file anew with corrections")
def correct(session: Tx, actor: SignedIn, upload_id: str, body: Correction) -> UploadOut:
    return UploadOut.model_validate(vault.correct(session, actor, upload_id, body))


@router.get("/uploads/{upload_id}/profile", summary="What was found in the file, masked")
def profile(session: Read, actor: SignedIn, upload_id: str) -> ScanResult:
    upload = vault.get_upload(session, actor, upload_id)
    if upload.profile is None:
        raise UploadNotReady(f"The upload is {upload.status}; it has no profile yet.")
    return ScanResult.model_validate(upload.profile)


@router.get("/uploads/{upload_id}/set-aside", summary="Rows set aside, with line, column and reason")
def set_aside(
    session: Read,
    actor: SignedIn,
    services: ServicesOf,
    upload_id: str,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[SetAsideOut]:
    rows = revealing.set_aside_rows(
        session, actor, services.store, services.settings, upload_id, offset=offset, limit=limit
    )
    return [SetAsideOut.model_validate(row) for row in rows]


@router.post("/uploads/{upload_id}/reveal", summary="Raw cells, with a reason, audited")
def reveal(
    session: Tx, actor: SignedIn, services: ServicesOf, upload_id: str, body: RevealIn, response: Response
) -> list[RevealedRow]:
    response.headers["Cache-Control"] = "no-store"
    shown = revealing.reveal(
        session,
        actor,
        services.store,
        services.settings,
        upload_id,
        rows=body.rows,
        columns=body.columns,
        reason=body.reason,
    )
    return [RevealedRow(row=found.row, cells=found.cells) for found in shown]


@router.get(
    "/uploads/{upload_id}/policy",
    summary="The newest policy for an upload, as JSON or YAML by Accept",
    response_model=PolicyOut,
)
def policy(request: Request, session: Read, actor: SignedIn, upload_id: str) -> Any:
    version = policies.newest_for(session, actor, upload_id)
    if _YAML in request.headers.get("accept", ""):
        return Response(policies.policy_of(version).to_yaml(), media_type=_YAML)
    return policy_out(version)


@router.put("/uploads/{upload_id}/policy", summary="Save an edited policy", openapi_extra=_POLICY_BODY)
def save_policy(request: Request, session: Tx, actor: SignedIn, upload_id: str, body: RawBody) -> PolicyOut:
    return policy_out(policies.save(session, actor, upload_id, _policy(body)))


@router.post(
    "/uploads/{upload_id}/effect", summary="What a policy would do, without saving it", openapi_extra=_POLICY_BODY
)
def effect(
    session: Read,
    actor: SignedIn,
    services: ServicesOf,
    upload_id: str,
    body: RawBody,
) -> dict[str, Any]:
    found = policies.effect(session, actor, services.store, services.settings, upload_id, _policy(body))
    return dict(_EFFECT.dump_python(found, mode="json"))


def _policy(body: bytes) -> Policy:
    """JSON is YAML, so one reader does for both."""
    try:
        return Policy.from_yaml(body.decode())
    except UnicodeDecodeError:
        raise InvalidInput("The policy is not written in UTF-8.") from None
