"""What was found in an upload under review, shown and corrected: columns, and texts with what stands out in them."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from anonymizer.classify.corrections import NOT_PERSONAL
from anonymizer.classify.types import TYPES
from anonymizer.results import ColumnFinding
from catalog.datasets import service as datasets
from catalog.parties import service as parties
from catalog.releases import correcting, corrections, findings
from catalog.releases import service as releases
from catalog.releases.models import Correction, ReleaseRequest
from catalog.vault import revealing
from catalog.vault import service as vault
from catalog.vault.errors import UploadDestroyed
from contracts.access import Actor, Permission
from contracts.errors import Conflict, InvalidInput
from web import forms
from web.context import Services
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.i18n import N_, localized, raw_gettext
from web.i18n import gettext as _
from web.pages.portal.words import ROLE_KINDS, ROLES, kind_of_data, word
from web.rendering import render

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
PAGE = "officer/findings.html"
KINDS = {
    "column": N_("The whole column is: %(what)s"),
    "not-personal": N_("Found in texts, but nobody's"),
    "name": N_("A name of %(length)s characters that was missed"),
}


def type_name(name: str | None) -> str:
    """A semantic type in the reader's language."""
    return _("Not personal") if name is None or name == NOT_PERSONAL else kind_of_data(name)


def _column(found: ColumnFinding, corrected: set[str]) -> dict[str, Any]:
    counts = sorted(found.entity_counts.items(), key=lambda item: (-item[1], item[0]))
    return {
        "name": found.name,
        "type": type_name(found.semantic_type) if found.semantic_type else "—",
        "value": found.semantic_type or NOT_PERSONAL,
        "role_kind": ROLE_KINDS.get(found.role, ""),
        "role": word(ROLES, found.role),
        "free_text": found.free_text,
        "counts": [(type_name(kind), count) for kind, count in counts],
        "shape": found.examples_masked[0] if found.examples_masked else "",
        "reason": localized(found.reason),
        "corrected": found.name in corrected,
    }


def _history(session: Session, dataset_id: str) -> list[dict[str, Any]]:
    rows = corrections.history(session, dataset_id)
    people = parties.people_by_id(session, {row.made_by for row in rows})
    undone = {row.undoes: row for row in rows if row.undoes}
    return [
        {
            "id": row.id,
            "column": row.column,
            "what": _what(row),
            "by": people[row.made_by].name,
            "at": row.made_at,
            "undone": undone[row.id].made_at if row.id in undone else None,
            "undone_by": people[undone[row.id].made_by].name if row.id in undone else None,
        }
        for row in rows
        if row.kind != "undo"
    ]


def _what(row: Correction) -> str:
    return raw_gettext(KINDS[row.kind]) % {"what": type_name(row.value), "length": row.length}


def _request(session: Session, actor: Actor, request_id: str) -> ReleaseRequest:
    asked = releases.get_request(session, actor, request_id)
    actor.require(Permission.RELEASE_DECIDE, datasets.get_dataset(session, asked.dataset_id).provider_id)
    return asked


def _context(
    session: Session, actor: Actor, services: Services, asked: ReleaseRequest, column: str = "", *, masked: bool = True
) -> dict[str, Any]:
    dataset = datasets.get_dataset(session, asked.dataset_id)
    upload = vault.get_upload(session, actor, asked.upload_id)
    found = findings.columns(session, actor, asked.id) if upload.profile else None
    corrected = set(corrections.column_types(session, dataset.id))
    shown = [_column(each, corrected) for each in found.columns] if found else []
    texts = [each["name"] for each in shown if each["free_text"]]
    chosen = column if column in {each["name"] for each in shown} else next(iter(texts), "")
    cells = None
    if masked and chosen:
        try:
            cells = findings.masked_texts(session, actor, services.store, services.settings, asked.id, chosen)
        except UploadDestroyed:
            chosen, texts = "", []
    return {
        "asked": asked,
        "dataset": dataset,
        "rows": upload.rows or 0,
        "columns": shown,
        "texts": texts,
        "column": chosen,
        "cells": cells,
        "types": _options(),
        "history": _history(session, dataset.id),
        "limit": revealing.REVEAL_ROWS,
        "may_reveal": actor.may(Permission.RAW_REVEAL, dataset.provider_id),
        "type_name": type_name,
    }


def _options() -> list[tuple[str, str]]:
    named = sorted(((name, type_name(name)) for name in TYPES), key=lambda option: option[1])
    return [(NOT_PERSONAL, _("Not personal")), *named]


@router.get("/officer/requests/{request_id}/findings")
def findings_page(
    request: Request, session: Read, actor: SignedIn, services: ServicesOf, request_id: str, column: str = ""
) -> Response:
    asked = _request(session, actor, request_id)
    return render(
        request, PAGE, values={}, errors={}, revealed=None, **_context(session, actor, services, asked, column)
    )


@router.post("/officer/requests/{request_id}/findings/reveal")
def reveal_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    services: ServicesOf,
    request_id: str,
    column: Text = "",
    rows: Text = "",
    reason: Text = "",
) -> Response:
    asked = _request(session, actor, request_id)
    values = {"rows": rows, "reason": reason}
    try:
        with session.begin_nested():
            revealed = findings.revealed_texts(
                session,
                actor,
                services.store,
                services.settings,
                asked.id,
                column=column,
                rows=forms.whole_numbers(rows),
                reason=reason,
            )
    except (InvalidInput, Conflict) as error:
        context = _context(session, actor, services, asked, column)
        return forms.again(request, PAGE, error, values, revealed=None, **context)
    # Shown this once: nothing on the way may keep it.
    headers = {"Cache-Control": "no-store"}
    context = _context(session, actor, services, asked, column, masked=False)
    return render(request, PAGE, headers=headers, values={}, errors={}, revealed=revealed, **context)


@router.post("/officer/requests/{request_id}/findings/column")
def column_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    services: ServicesOf,
    request_id: str,
    column: Text = "",
    semantic_type: Text = "",
) -> Response:
    asked = _request(session, actor, request_id)

    def keep() -> None:
        correcting.retype_column(session, actor, asked.id, column, semantic_type)

    return _corrected(request, session, actor, services, asked, keep)


@router.post("/officer/requests/{request_id}/findings/texts")
def texts_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    services: ServicesOf,
    request_id: str,
    column: Text = "",
    not_personal: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI reads the default, nobody changes it
    names: Text = "",
) -> Response:
    asked = _request(session, actor, request_id)

    def keep() -> None:
        correcting.correct_texts(
            session,
            actor,
            services.settings,
            asked.id,
            column,
            not_personal=not_personal,
            names=names.splitlines(),
        )

    return _corrected(request, session, actor, services, asked, keep, column)


@router.post("/officer/requests/{request_id}/findings/{correction_id}/undo")
def undo_post(
    request: Request, session: Tx, actor: SignedIn, services: ServicesOf, request_id: str, correction_id: str
) -> Response:
    asked = _request(session, actor, request_id)

    def keep() -> None:
        correcting.undo(session, actor, correction_id)

    return _corrected(request, session, actor, services, asked, keep)


def _corrected(
    request: Request,
    session: Session,
    actor: Actor,
    services: Services,
    asked: ReleaseRequest,
    keep: Callable[[], None],
    column: str = "",
) -> Response:
    """Keep a correction and show all of them; the page again, with what is wrong, where it is refused."""
    try:
        with session.begin_nested():
            keep()
    except (InvalidInput, Conflict) as error:
        context = _context(session, actor, services, asked, column)
        return forms.again(request, PAGE, error, {}, revealed=None, **context)
    return RedirectResponse(f"/officer/requests/{asked.id}/findings#corrections", 303)
