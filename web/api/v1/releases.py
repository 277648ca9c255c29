"""Management API: release requests, their review, releases and their withdrawal."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.releases import checklist as checks
from catalog.releases import policies, review
from catalog.releases import service as releases
from catalog.releases.models import Release, ReleaseRequest, Withdrawal
from catalog.releases.service import Outcome
from catalog.releases.states import RequestState
from contracts.access import Permission
from contracts.privacy import OfficerReport, Policy
from web.dependencies import CurrentActor, Read, ServicesOf, SignedIn, Tx

router = APIRouter(prefix="/api/v1", tags=["releases"])


class RequestIn(BaseModel):
    """A new request. Without `policy` the newest version for the upload is used."""

    model_config = ConfigDict(extra="forbid")
    dataset_id: str
    upload_id: str
    policy: Policy | None = None
    note: str = ""
    impact_assessment: str = Field("", description="Number of the personal-information protection impact assessment.")


class ResubmitIn(BaseModel):
    """What was changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    upload_id: str | None = None
    policy: Policy | None = None
    note: str | None = None
    impact_assessment: str | None = None


class ArtifactOut(BaseModel):
    """What would be published, and what is decided on: the hash binds exactly these bytes."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    artifact_hash: str
    content_hash: str
    required_approvals: int
    rows_in: int
    rows_published: int
    rows_suppressed: int
    k_required: int
    k_reached: int | None
    public_report: dict[str, Any]
    contract: dict[str, Any]


class RequestOut(BaseModel):
    """A request."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    number: str
    dataset_id: str
    upload_id: str
    policy_id: str
    state: RequestState
    round: int
    note: str
    impact_assessment: str
    failure: dict[str, Any] | None
    submitted_by: str
    submitted_at: datetime
    updated_at: datetime


class DecisionOut(BaseModel):
    """A decision."""

    model_config = ConfigDict(from_attributes=True)
    outcome: Outcome
    reason: str
    officer_id: str
    artifact_hash: str
    decided_at: datetime


class CommentOut(BaseModel):
    """A comment."""

    model_config = ConfigDict(from_attributes=True)
    author_id: str
    body: str
    written_at: datetime


class TransitionOut(BaseModel):
    """A change of state."""

    model_config = ConfigDict(from_attributes=True)
    round: int
    from_state: str | None
    to_state: str
    actor_id: str | None
    at: datetime


class RequestDetail(RequestOut):
    """A request with what is under review and everything that happened."""

    artifact: ArtifactOut | None
    decisions: list[DecisionOut]
    comments: list[CommentOut]
    transitions: list[TransitionOut]


class CheckOut(BaseModel):
    """One rule, whether it is met, and the article behind it."""

    model_config = ConfigDict(from_attributes=True)
    code: str
    state: str
    fact: dict[str, str]
    evidence: dict[str, str]
    law: dict[str, str]


class CommentIn(BaseModel):
    """A comment."""

    body: str


class DecisionIn(BaseModel):
    """A decision on exactly the bytes of `artifact_hash`."""

    outcome: Outcome
    reason: str
    artifact_hash: str


class ReasonIn(BaseModel):
    """A public reason."""

    reason: str


class FileOut(BaseModel):
    """One file of a release."""

    name: str
    size: int
    sha256: str
    media_type: str


class ReleaseOut(BaseModel):
    """A release. `withdrawn_at` is set once it is served no more."""

    id: str
    dataset_id: str
    request_id: str
    version: str
    manifest_hash: str
    content_hash: str
    rows: int
    files: list[FileOut]
    contract: dict[str, Any]
    public_report: dict[str, Any]
    published_at: datetime
    withdrawn_at: datetime | None = None
    withdrawal_reason: str | None = None


def _detail(session: Session, request: ReleaseRequest) -> RequestDetail:
    artifact = releases.artifact_of(session, request)
    transitions, comments, decisions = releases.history(session, request.id)
    return RequestDetail(
        **RequestOut.model_validate(request).model_dump(),
        artifact=ArtifactOut.model_validate(artifact) if artifact else None,
        decisions=[DecisionOut.model_validate(found) for found in decisions],
        comments=[CommentOut.model_validate(found) for found in comments],
        transitions=[TransitionOut.model_validate(found) for found in transitions],
    )


def _release(release: Release, withdrawal: Withdrawal | None) -> ReleaseOut:
    return ReleaseOut(
        **release.model_dump(exclude={"artifact_id", "sample_key", "files"}),
        files=[FileOut.model_validate(entry) for entry in release.files],
        withdrawn_at=withdrawal.withdrawn_at if withdrawal else None,
        withdrawal_reason=withdrawal.reason if withdrawal else None,
    )


@router.get("/requests", summary="Requests that I submitted for, or decide on")
def list_requests(
    session: Read, actor: SignedIn, state: Annotated[list[RequestState] | None, Query()] = None
) -> list[RequestOut]:
    mine = actor.organisations(Permission.RELEASE_SUBMIT) | actor.organisations(Permission.RELEASE_DECIDE)
    ids = [dataset.id for dataset in datasets.list_datasets(session, provider_ids=mine)]
    return [RequestOut.model_validate(found) for found in releases.requests_of(session, ids, states=state)]


@router.post("/requests", status_code=201, summary="Ask for a release")
def submit(session: Tx, actor: SignedIn, services: ServicesOf, body: RequestIn) -> RequestOut:
    policy = body.policy or policies.newest_for(session, actor, body.upload_id)
    return RequestOut.model_validate(
        releases.submit_request(
            session,
            actor,
            body.dataset_id,
            body.upload_id,
            policy,
            body.note,
            impact_assessment=body.impact_assessment,
            timezone=services.settings.timezone,
        )
    )


@router.get("/requests/{id_or_number}", summary="One request with its history")
def show(session: Read, actor: SignedIn, id_or_number: str) -> RequestDetail:
    return _detail(session, releases.get_request(session, actor, id_or_number))


@router.post("/requests/{id_or_number}/resubmit", summary="Submit again what was sent back or failed")
def resubmit(session: Tx, actor: SignedIn, id_or_number: str, body: ResubmitIn) -> RequestOut:
    changed = releases.resubmit(
        session,
        actor,
        releases.get_request(session, actor, id_or_number).id,
        upload_id=body.upload_id,
        policy=body.policy,
        note=body.note,
        impact_assessment=body.impact_assessment,
    )
    return RequestOut.model_validate(changed)


@router.post("/requests/{id_or_number}/cancel", summary="Take a request back")
def cancel(session: Tx, actor: SignedIn, id_or_number: str) -> RequestOut:
    request = releases.get_request(session, actor, id_or_number)
    return RequestOut.model_validate(releases.cancel(session, actor, request.id))


@router.post("/requests/{id_or_number}/comments", status_code=201, summary="Write to the other side")
def comment(session: Tx, actor: SignedIn, id_or_number: str, body: CommentIn) -> CommentOut:
    return CommentOut.model_validate(releases.comment(session, actor, id_or_number, body.body))


@router.post("/requests/{id_or_number}/decisions", summary="Decide as a data officer")
def decide(session: Tx, actor: SignedIn, id_or_number: str, body: DecisionIn) -> RequestDetail:
    request = releases.get_request(session, actor, id_or_number)
    decided = releases.decide(session, actor, request.id, body.outcome, body.reason, body.artifact_hash)
    return _detail(session, decided)


@router.get("/requests/{id_or_number}/report", summary="The officer's report of what is under review")
def report(session: Read, actor: SignedIn, services: ServicesOf, id_or_number: str) -> OfficerReport:
    return review.officer_report(session, actor, services.store, services.settings, id_or_number)


@router.get("/requests/{id_or_number}/checklist", summary="Facts checked against the law, with articles")
def checklist(session: Read, actor: SignedIn, id_or_number: str) -> list[CheckOut]:
    request = releases.get_request(session, actor, id_or_number)
    return [CheckOut.model_validate(found) for found in checks.of_request(session, request)]


@router.get("/datasets/{id_or_slug}/releases", summary="Releases of a dataset, newest first, withdrawn ones too")
def list_releases(session: Read, actor: CurrentActor, id_or_slug: str) -> list[ReleaseOut]:
    dataset = releases.visible_dataset(session, actor, id_or_slug)
    found = releases.releases_of(session, dataset.id)
    withdrawn = releases.withdrawals(session, found)
    return [_release(release, withdrawn.get(release.id)) for release in found]


@router.get("/releases/{release_id}", summary="One release")
def show_release(session: Read, release_id: str) -> ReleaseOut:
    release = releases.find_release(session, release_id)
    return _release(release, releases.withdrawals(session, [release]).get(release.id))


@router.post("/releases/{release_id}/withdraw", summary="Stop serving a release")
def withdraw(session: Tx, actor: SignedIn, release_id: str, body: ReasonIn) -> ReleaseOut:
    withdrawal = releases.withdraw(session, actor, release_id, body.reason)
    return _release(releases.find_release(session, release_id), withdrawal)
