"""The officer's queue, the review of a request, its full report, history, and raw cells with a reason."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.datasets import service as datasets
from catalog.datasets.vocabulary import DATA_CLASSES
from catalog.parties import service as parties
from catalog.releases import checklist, policies, review
from catalog.releases import service as releases
from catalog.releases.models import Artifact, ReleaseRequest
from catalog.vault import revealing
from catalog.vault import service as vault
from catalog.vault.errors import UploadDestroyed
from contracts.access import Actor, Permission
from contracts.errors import Conflict, Forbidden, InvalidInput
from contracts.privacy import OfficerReport
from web import forms
from web.context import Services
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.i18n import localized
from web.messages import tell
from web.pages.officer import findings
from web.pages.officer import report as views
from web.pages.provider import words
from web.pages.provider.history import timeline
from web.rendering import render

router = APIRouter(include_in_schema=False)
router.include_router(findings.router)
Text = Annotated[str, Form()]


def _require_officer(actor: Actor) -> None:
    if not actor.organisations(Permission.RELEASE_DECIDE):
        raise Forbidden("This page is for data officers.")


def _rows(session: Session, actor: Actor, found: list[ReleaseRequest]) -> list[dict[str, Any]]:
    described = datasets.datasets_by_id(session, {asked.dataset_id for asked in found})
    providers = parties.organisations_by_id(session, {dataset.provider_id for dataset in described.values()})
    people = parties.people_by_id(session, {asked.submitted_by for asked in found})
    rows = []
    for asked in found:
        dataset = described[asked.dataset_id]
        artifact = releases.artifact_of(session, asked)
        refusal = releases.why_not_decide(session, actor, asked)
        rows.append(
            {
                "asked": asked,
                "dataset": dataset,
                "provider": localized(providers[dataset.provider_id].name),
                "submitter": people[asked.submitted_by].name,
                "artifact": artifact,
                "approved": len(releases.approvals(session, artifact.id)) if artifact else 0,
                "refusal": tell(refusal) if refusal else None,
            }
        )
    return rows


@router.get("/officer")
def queue_page(request: Request, session: Read, actor: SignedIn) -> Response:
    _require_officer(actor)
    rows = _rows(session, actor, review.queue(session, actor))
    return render(
        request,
        "officer/queue.html",
        mine=[row for row in rows if row["refusal"] is None],
        others=[row for row in rows if row["refusal"] is not None],
        w=words,
        tab="queue",
    )


@router.get("/officer/history")
def history_page(request: Request, session: Read, actor: SignedIn) -> Response:
    _require_officer(actor)
    rows = _rows(session, actor, review.past(session, actor))
    return render(request, "officer/history.html", rows=rows, w=words, tab="history")


def _request(session: Session, actor: Actor, request_id: str) -> ReleaseRequest:
    asked = releases.get_request(session, actor, request_id)
    actor.require(Permission.RELEASE_DECIDE, datasets.get_dataset(session, asked.dataset_id).provider_id)
    return asked


def _report(
    session: Session, actor: Actor, services: Services, asked: ReleaseRequest, artifact: Artifact | None
) -> OfficerReport | None:
    """The officer's report, or None when there is none, or none any more."""
    if artifact is None:
        return None
    try:
        return review.officer_report(session, actor, services.store, services.settings, asked.id)
    except UploadDestroyed:
        return None


def _context(session: Session, actor: Actor, services: Services, asked: ReleaseRequest, row: int = 0) -> dict[str, Any]:
    dataset = datasets.get_dataset(session, asked.dataset_id)
    provider = parties.get_organisation(session, dataset.provider_id)
    artifact = releases.artifact_of(session, asked)
    version = policies.get(session, artifact.policy_id if artifact else asked.policy_id)
    policy = policies.policy_of(version)
    refusal = releases.why_not_decide(session, actor, asked)
    report = _report(session, actor, services, asked, artifact)
    published = [found for found in releases.releases_of(session, dataset.id) if found.request_id != asked.id]
    return {
        "asked": asked,
        "dataset": dataset,
        "provider": provider,
        "submitter": parties.person(session, asked.submitted_by),
        "data_class": localized(DATA_CLASSES[dataset.data_class]),
        "artifact": artifact,
        "approved": releases.approvals(session, artifact.id) if artifact else [],
        "version": version,
        "policy": policy,
        "report": report,
        "review": views.review(policy, artifact, report, row) if artifact and report else None,
        "checks": checklist.of_request(session, asked),
        "timeline": timeline(session, asked),
        "previous": published[0] if published else None,
        "refusal": tell(refusal) if refusal else None,
        "may_reveal": actor.may(Permission.RAW_REVEAL, dataset.provider_id),
        "w": words,
    }


@router.get("/officer/requests/{request_id}")
def review_page(
    request: Request, session: Read, actor: SignedIn, services: ServicesOf, request_id: str, row: int = 1
) -> Response:
    asked = _request(session, actor, request_id)
    context = _context(session, actor, services, asked, row - 1)
    return render(request, "officer/request.html", values={}, errors={}, **context)


@router.post("/officer/requests/{request_id}/decision")
def decision_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    services: ServicesOf,
    request_id: str,
    outcome: Text = "",
    reason: Text = "",
    artifact_hash: Text = "",
    seen: Text = "",
) -> Response:
    asked = _request(session, actor, request_id)
    values = {"outcome": outcome, "reason": reason, "seen": seen}
    try:
        if outcome not in releases.OUTCOMES:
            raise InvalidInput.at("outcome", "Choose a decision.")
        if not seen:
            raise InvalidInput.at("seen", "Confirm that you looked at the sample and at what is to be judged.")
        with session.begin_nested():
            releases.decide(session, actor, asked.id, outcome, reason, artifact_hash)
    except (InvalidInput, Conflict, Forbidden) as error:
        session.expire_all()
        context = _context(session, actor, services, _request(session, actor, request_id))
        return forms.again(request, "officer/request.html", error, values, **context)
    return RedirectResponse(f"/officer/requests/{asked.id}", 303)


@router.post("/officer/requests/{request_id}/comments")
def comment_post(
    request: Request, session: Tx, actor: SignedIn, services: ServicesOf, request_id: str, body: Text = ""
) -> Response:
    asked = _request(session, actor, request_id)
    try:
        with session.begin_nested():
            releases.comment(session, actor, asked.id, body)
    except InvalidInput as error:
        context = _context(session, actor, services, asked)
        return forms.again(request, "officer/request.html", error, {"body": body}, **context)
    return RedirectResponse(f"/officer/requests/{asked.id}", 303)


@router.get("/officer/requests/{request_id}/report")
def report_page(request: Request, session: Read, actor: SignedIn, services: ServicesOf, request_id: str) -> Response:
    asked = _request(session, actor, request_id)
    context = _context(session, actor, services, asked)
    full = views.full(context["policy"], context["report"]) if context["report"] else None
    return render(request, "officer/report.html", full=full, **context)


@router.get("/officer/requests/{request_id}/reveal")
def reveal_page(request: Request, session: Read, actor: SignedIn, request_id: str) -> Response:
    asked = _request(session, actor, request_id)
    return render(
        request, "officer/reveal.html", values={}, errors={}, shown=None, **_reveal_context(session, actor, asked)
    )


def _reveal_context(session: Session, actor: Actor, asked: ReleaseRequest) -> dict[str, Any]:
    upload = vault.get_upload(session, actor, asked.upload_id)
    columns = [str(column["name"]) for column in (upload.profile or {"columns": []})["columns"]]
    return {
        "asked": asked,
        "dataset": datasets.get_dataset(session, asked.dataset_id),
        "upload": upload,
        "columns": [{"value": name, "label": name} for name in columns],
        "limit": revealing.REVEAL_ROWS,
    }


@router.post("/officer/requests/{request_id}/reveal")
def reveal_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    services: ServicesOf,
    request_id: str,
    rows: Text = "",
    columns: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI reads the default, nobody changes it
    reason: Text = "",
) -> Response:
    asked = _request(session, actor, request_id)
    context = _reveal_context(session, actor, asked)
    values = {"rows": rows, "columns": columns, "reason": reason}
    try:
        numbers = forms.whole_numbers(rows)
        with session.begin_nested():
            shown = revealing.reveal(
                session,
                actor,
                services.store,
                services.settings,
                asked.upload_id,
                rows=numbers,
                columns=columns,
                reason=reason,
            )
    except (InvalidInput, Conflict) as error:
        return forms.again(request, "officer/reveal.html", error, values, shown=None, **context)
    # Shown this once: nothing on the way may keep it.
    headers = {"Cache-Control": "no-store"}
    return render(request, "officer/reveal.html", headers=headers, values=values, errors={}, shown=shown, **context)
