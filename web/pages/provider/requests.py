"""Ask for a release, follow the request, answer officers, withdraw a release."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import checklist, policies
from catalog.releases import service as releases
from catalog.releases.models import ReleaseRequest
from catalog.releases.service import required_approvals
from catalog.releases.states import EDITABLE_STATES, MOVES, RequestState
from catalog.vault.models import Upload
from contracts.access import Actor, Permission
from contracts.errors import Conflict, Gone, InvalidInput
from contracts.privacy import ColumnRole, Drop
from web import forms
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.pages.provider import words
from web.pages.provider.frame import own_upload, upload_context
from web.pages.provider.history import timeline
from web.rendering import render

router = APIRouter()
Text = Annotated[str, Form()]
WORKING = (RequestState.SUBMITTED, RequestState.ANONYMISING, RequestState.APPROVED, RequestState.PUBLISHING)


def _submit_context(session: Session, upload: Upload, dataset: Dataset) -> dict[str, Any]:
    version = policies.latest(session, dataset.id, upload_id=upload.id)
    open_request = next(
        (
            found
            for found in releases.requests_of(session, [dataset.id])
            if found.upload_id == upload.id and found.state not in ("published", "rejected", "cancelled")
        ),
        None,
    )
    context = upload_context(upload, dataset, "submit", version=version, open_request=open_request)
    if version is not None:
        policy = policies.policy_of(version)
        context |= {
            "policy": policy,
            "roles": policies.counts_by_role(policy),
            "left_out": [name for name, column in policy.columns.items() if isinstance(column.operator, Drop)],
            "approvals": required_approvals(dataset, policy),
            "personal": any(column.role is not ColumnRole.PLAIN for column in policy.columns.values()),
        }
    return context


@router.get("/provider/uploads/{upload_id}/submit")
def submit_page(request: Request, session: Read, actor: SignedIn, upload_id: str) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    context = _submit_context(session, upload, dataset)
    again = context["open_request"]
    values = {"note": again.note, "impact_assessment": again.impact_assessment} if again else {}
    return render(request, "provider/submit.html", values=values, errors={}, **context)


@router.post("/provider/uploads/{upload_id}/submit")
def submit_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    services: ServicesOf,
    upload_id: str,
    note: Text = "",
    impact_assessment: Text = "",
    checked: Text = "",
) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    values = {"note": note, "impact_assessment": impact_assessment, "checked": checked}
    try:
        if not checked:
            raise InvalidInput.at("checked", "Confirm that you looked at every column.")
        with session.begin_nested():
            version = policies.newest_for(session, actor, upload.id)
            known = _submit_context(session, upload, dataset)["open_request"]
            if known is not None and known.state in EDITABLE_STATES:
                asked = releases.resubmit(
                    session,
                    actor,
                    known.id,
                    upload_id=upload.id,
                    policy=version,
                    note=note,
                    impact_assessment=impact_assessment,
                )
            else:
                asked = releases.submit_request(
                    session,
                    actor,
                    dataset.id,
                    upload.id,
                    version,
                    note,
                    impact_assessment=impact_assessment,
                    timezone=services.settings.timezone,
                )
    except (InvalidInput, Conflict) as error:
        return forms.again(request, "provider/submit.html", error, values, **_submit_context(session, upload, dataset))
    return RedirectResponse(f"/provider/requests/{asked.id}", 303)


def _request_context(session: Session, asked: ReleaseRequest) -> dict[str, Any]:
    artifact = releases.artifact_of(session, asked)
    approved = releases.approvals(session, artifact.id) if artifact else []
    return {
        "asked": asked,
        "dataset": datasets.get_dataset(session, asked.dataset_id),
        "artifact": artifact,
        "approved": len(approved),
        "checks": checklist.of_request(session, asked),
        "timeline": timeline(session, asked),
        "version": policies.get(session, asked.policy_id),
        "release": next((r for r in releases.releases_of(session, asked.dataset_id) if r.request_id == asked.id), None),
        "working": asked.state in WORKING,
        "editable": asked.state in EDITABLE_STATES,
        "cancellable": RequestState.CANCELLED in MOVES[RequestState(asked.state)],
        "w": words,
    }


def _own_request(session: Session, actor: Actor, request_id: str) -> ReleaseRequest:
    asked = releases.get_request(session, actor, request_id)
    actor.require(Permission.RELEASE_SUBMIT, datasets.get_dataset(session, asked.dataset_id).provider_id)
    return asked


@router.get("/provider/requests/{request_id}")
def request_page(request: Request, session: Read, actor: SignedIn, request_id: str) -> Response:
    asked = _own_request(session, actor, request_id)
    return render(request, "provider/request.html", errors={}, values={}, **_request_context(session, asked))


@router.post("/provider/requests/{request_id}/comments")
def comment_post(request: Request, session: Tx, actor: SignedIn, request_id: str, body: Text = "") -> Response:
    asked = _own_request(session, actor, request_id)
    try:
        with session.begin_nested():
            releases.comment(session, actor, asked.id, body)
    except InvalidInput as error:
        return forms.again(request, "provider/request.html", error, {"body": body}, **_request_context(session, asked))
    return RedirectResponse(f"/provider/requests/{asked.id}", 303)


@router.post("/provider/requests/{request_id}/cancel")
def cancel_post(session: Tx, actor: SignedIn, request_id: str) -> Response:
    asked = releases.cancel(session, actor, _own_request(session, actor, request_id).id)
    return RedirectResponse(f"/provider/requests/{asked.id}", 303)


@router.get("/provider/releases/{release_id}/withdraw")
def withdraw_page(request: Request, session: Read, actor: SignedIn, release_id: str) -> Response:
    return render(
        request, "provider/withdraw.html", values={}, errors={}, **_release_context(session, actor, release_id)
    )


def _release_context(session: Session, actor: Actor, release_id: str) -> dict[str, Any]:
    release = releases.find_release(session, release_id)
    dataset = datasets.get_dataset(session, release.dataset_id)
    actor.require(Permission.RELEASE_WITHDRAW, dataset.provider_id)
    return {"release": release, "dataset": dataset, "back": f"/provider/datasets/{dataset.id}"}


@router.post("/provider/releases/{release_id}/withdraw")
def withdraw_post(request: Request, session: Tx, actor: SignedIn, release_id: str, reason: Text = "") -> Response:
    context = _release_context(session, actor, release_id)
    try:
        with session.begin_nested():
            releases.withdraw(session, actor, release_id, reason)
    except (InvalidInput, Gone) as error:
        return forms.again(request, "provider/withdraw.html", error, {"reason": reason}, **context)
    return RedirectResponse(context["back"], 303)
