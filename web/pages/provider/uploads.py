"""Upload a file, see what was found in it, correct how it was read, destroy it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from catalog.datasets.models import Dataset
from catalog.vault import retention, revealing
from catalog.vault import service as vault
from catalog.vault.errors import UploadTooLarge
from catalog.vault.intake.formats import Correction
from catalog.vault.models import Upload, UploadStatus
from contracts.access import Actor
from contracts.errors import Conflict, InvalidInput
from web import forms
from web.context import Services
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.pages.provider import words
from web.pages.provider.frame import own_dataset, own_upload, upload_context
from web.receiving import receive_form
from web.rendering import render

router = APIRouter()
Text = Annotated[str, Form()]
PAGE = 50
ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16-le", "utf-16-be")
WAITING = (UploadStatus.RECEIVED, UploadStatus.PROFILING)


@router.get("/provider/datasets/{dataset_id}/upload")
def upload_page(request: Request, session: Read, actor: SignedIn, services: ServicesOf, dataset_id: str) -> Response:
    dataset = own_dataset(session, actor, dataset_id)
    return _upload_form(request, services, dataset, {})


def _upload_form(
    request: Request, services: Services, dataset: Dataset, errors: dict[str, str], status: int = 200
) -> Response:
    return render(
        request,
        "provider/upload.html",
        status_code=status,
        dataset=dataset,
        errors=errors,
        limit=services.settings.max_upload_bytes,
        days=services.settings.raw_retention_days,
    )


@router.post("/provider/datasets/{dataset_id}/upload")
async def upload_post(request: Request, actor: SignedIn, services: ServicesOf, dataset_id: str) -> Response:
    dataset = await run_in_threadpool(_find_dataset, services, actor, dataset_id)
    try:
        upload = await receive_form(request, services, actor, dataset.id)
    except (InvalidInput, UploadTooLarge) as error:
        told = forms.field_errors(error)
        errors = {"file": told.get("file") or told.get("") or next(iter(told.values()))}
        return await run_in_threadpool(_upload_form, request, services, dataset, errors, error.status)
    return RedirectResponse(f"/provider/uploads/{upload.id}", 303)


def _find_dataset(services: Services, actor: Actor, dataset_id: str) -> Dataset:
    with services.database.reading() as session:
        return own_dataset(session, actor, dataset_id)


@router.get("/provider/uploads/{upload_id}")
def profile_page(request: Request, session: Read, actor: SignedIn, upload_id: str) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    found = vault.format_of(upload)
    types = {column.name: column.type for column in found.columns} if found else {}
    columns = words.found_in(upload.profile, types) if upload.profile else []
    return render(
        request,
        "provider/profile.html",
        **upload_context(upload, dataset, "profile", columns=columns, waiting=upload.status in WAITING),
        format=found,
    )


@router.get("/provider/uploads/{upload_id}/format")
def format_page(request: Request, session: Read, actor: SignedIn, upload_id: str) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    return _format_form(request, upload, dataset, {}, {})


def _format_form(
    request: Request,
    upload: Upload,
    dataset: Dataset,
    values: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    given = Correction.model_validate(upload.correction)
    found = vault.format_of(upload)
    return render(
        request,
        "provider/format.html",
        status_code=status,
        **upload_context(upload, dataset, "format", waiting=upload.status in WAITING),
        format=found,
        given=given,
        values=values or _shown(given, upload),
        errors=errors,
        encodings=[(name, name.upper()) for name in ENCODINGS],
        sheets=[(name, name) for name in found.sheets] if found else [],
    )


def _shown(given: Correction, upload: Upload) -> dict[str, str]:
    """What the form shows: what was corrected, else what was recognised."""
    found = vault.format_of(upload)
    delimiter = given.delimiter or (found.delimiter if found else "") or ""
    header = given.header_row if given.header_row is not None else (found.header_row if found else None)
    values = {
        "encoding": given.encoding or (found.encoding if found else "") or "",
        "delimiter": "tab" if delimiter == "\t" else delimiter,
        "header_row": "" if header is None else str(header),
        "sheet": given.sheet or (found.sheet if found else "") or "",
    }
    for place, column in enumerate(found.columns if found else []):
        values[f"name-{place}"] = column.name
        values[f"type-{place}"] = column.type
        values[f"pattern-{place}"] = column.pattern or ""
    return values


@router.post("/provider/uploads/{upload_id}/format")
async def format_post(request: Request, actor: SignedIn, services: ServicesOf, upload_id: str) -> Response:
    values = forms.values_of(await request.form())
    return await run_in_threadpool(_correct, request, actor, services, upload_id, values)


def _correct(request: Request, actor: Actor, services: Services, upload_id: str, values: dict[str, str]) -> Response:
    try:
        with services.database.transaction() as session:
            upload, _dataset = own_upload(session, actor, upload_id)
            vault.correct(session, actor, upload.id, _correction(values, upload))
    except (InvalidInput, Conflict) as error:
        with services.database.reading() as session:
            upload, dataset = own_upload(session, actor, upload_id)
            return _format_form(request, upload, dataset, values, forms.field_errors(error), error.status)
    return RedirectResponse(f"/provider/uploads/{upload_id}", 303)


def _correction(values: dict[str, str], upload: Upload) -> Correction:
    """What differs from what was recognised, and what was corrected before."""
    found = vault.format_of(upload)
    before = Correction.model_validate(upload.correction)
    content: dict[str, Any] = {"types": {}, "names": {}}
    delimiter = values.get("delimiter", "")
    for key, value in (
        ("encoding", values.get("encoding", "")),
        ("delimiter", "\t" if delimiter == "tab" else delimiter),
        ("header_row", values.get("header_row", "").strip()),
        ("sheet", values.get("sheet", "")),
    ):
        known = getattr(found, key) if found else None
        if value != "" and (str(value) != str(known) or getattr(before, key) is not None):
            content[key] = value
    for place, column in enumerate(found.columns if found else []):
        name = values.get(f"name-{place}", column.name).strip()
        if name and name != column.source:
            content["names"][column.source] = name
        type_ = values.get(f"type-{place}", column.type)
        pattern = values.get(f"pattern-{place}", "").strip()
        if type_ != column.type or pattern != (column.pattern or "") or column.source in before.types:
            content["types"][column.source] = {"type": type_} | ({"pattern": pattern} if pattern else {})
    try:
        return Correction.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput.at(str(first["loc"][0]), str(first["msg"])) from error


@router.get("/provider/uploads/{upload_id}/set-aside")
def aside_page(
    request: Request,
    session: Read,
    actor: SignedIn,
    services: ServicesOf,
    upload_id: str,
    page: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    rows = _aside_rows(session, actor, services, upload, page)
    return render(
        request,
        "provider/set_aside.html",
        **upload_context(upload, dataset, "aside", rows=rows, waiting=upload.status in WAITING),
        page=page,
        pages=-(-(upload.rows_set_aside or 0) // PAGE),
    )


def _aside_rows(
    session: Session, actor: Actor, services: Services, upload: Upload, page: int
) -> list[revealing.SetAside]:
    if upload.status != UploadStatus.PROFILED:
        return []
    return revealing.set_aside_rows(
        session, actor, services.store, services.settings, upload.id, offset=(page - 1) * PAGE, limit=PAGE
    )


@router.get("/provider/uploads/{upload_id}/destroy")
def destroy_page(request: Request, session: Read, actor: SignedIn, upload_id: str) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    return render(request, "provider/destroy.html", upload=upload, dataset=dataset)


@router.post("/provider/uploads/{upload_id}/destroy")
def destroy_post(session: Tx, actor: SignedIn, upload_id: str) -> Response:
    upload = retention.destroy(session, actor, upload_id)
    return RedirectResponse(f"/provider/datasets/{upload.dataset_id}", 303)
