"""Ask for a release, decide about it, withdraw it, find it, open its files.

`open_artifact` is the only way to the bytes of a release; nothing that officers did not approve ever gets there.
"""

from collections.abc import Collection, Sequence
from typing import Any, BinaryIO, Literal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from catalog.datasets import service as datasets
from catalog.datasets.errors import DatasetNotFound
from catalog.datasets.models import Dataset
from catalog.releases import notices, numbering, policies
from catalog.releases.errors import (
    AlreadyDecided,
    HashMismatch,
    NotYours,
    ReleaseDamaged,
    ReleaseNotFound,
    ReleaseWithdrawn,
    RequestNotFound,
    SeriesChanged,
    WrongState,
)
from catalog.releases.models import (
    Artifact,
    Comment,
    Decision,
    PolicyVersion,
    Release,
    ReleaseRequest,
    Transition,
    Withdrawal,
)
from catalog.releases.states import EDITABLE_STATES, MOVES, RequestState
from catalog.vault import service as vault
from catalog.vault.errors import UploadNotReady
from catalog.vault.models import Upload, UploadStatus
from contracts import clock
from contracts.access import Actor, Permission, Role
from contracts.errors import Conflict, InvalidInput
from contracts.events import Event
from contracts.kit import audit, outbox
from contracts.kit.store import ObjectStore
from contracts.privacy import ColumnRole, Drop, Policy

Outcome = Literal["approve", "send_back", "reject"]
OUTCOMES: dict[Outcome, RequestState] = {
    "approve": RequestState.APPROVED,
    "send_back": RequestState.SENT_BACK,
    "reject": RequestState.REJECTED,
}
REASON_LENGTH = 4
TEXT_LENGTH = 2000


# -- asking -----------------------------------------------------------------------------------------------------------


def submit_request(
    session: Session,
    actor: Actor,
    dataset_id: str,
    upload_id: str,
    policy: Policy | PolicyVersion,
    note: str = "",
    *,
    impact_assessment: str = "",
    timezone: str = "Asia/Shanghai",
) -> ReleaseRequest:
    """Ask that a profiled upload be published under `policy`; the worker then makes what the officers will judge.

    `impact_assessment` names the record of the personal-information protection impact assessment, where there is one.
    """
    dataset = datasets.get_dataset(session, dataset_id)
    actor.require(Permission.RELEASE_SUBMIT, dataset.provider_id)
    if dataset.openness == "not_open":
        raise Conflict("The dataset is classed as not open; change its openness before asking for a release.")
    upload = _usable_upload(session, actor, dataset, upload_id)
    version = policies.ensure_version(session, actor, dataset, upload, policy)
    request = ReleaseRequest(
        number=numbering.next_number(session, timezone),
        dataset_id=dataset.id,
        upload_id=upload.id,
        upload_revision=upload.revision,
        policy_id=version.id,
        note=_text("note", note, least=0),
        impact_assessment=impact_assessment.strip()[:200],
        submitted_by=_person(actor),
        submitted_at=clock.now(),
        updated_at=clock.now(),
    )
    session.add(request)
    session.flush()
    session.add(Transition(request_id=request.id, round=1, to_state=RequestState.SUBMITTED, actor_id=actor.person_id))
    _submitted(session, actor, request)
    return request


def resubmit(
    session: Session,
    actor: Actor,
    request_id: str,
    *,
    upload_id: str | None = None,
    policy: Policy | PolicyVersion | None = None,
    note: str | None = None,
    impact_assessment: str | None = None,
) -> ReleaseRequest:
    """Submit again a request that was sent back or failed, with what was changed."""
    request = locked(session, request_id)
    dataset = datasets.get_dataset(session, request.dataset_id)
    actor.require(Permission.RELEASE_SUBMIT, dataset.provider_id)
    if RequestState(request.state) not in EDITABLE_STATES:
        raise _wrong_state(request, "submitted again")
    upload = _usable_upload(session, actor, dataset, upload_id or request.upload_id)
    request.upload_id, request.upload_revision = upload.id, upload.revision
    if policy is not None:
        request.policy_id = policies.ensure_version(session, actor, dataset, upload, policy).id
    if note is not None:
        request.note = _text("note", note, least=0)
    if impact_assessment is not None:
        request.impact_assessment = impact_assessment.strip()[:200]
    request.round += 1
    request.artifact_id = None
    request.failure = None
    request.submitted_by = _person(actor)
    request.submitted_at = clock.now()
    move(session, request, RequestState.SUBMITTED, actor)
    _submitted(session, actor, request)
    return request


def cancel(session: Session, actor: Actor, request_id: str) -> ReleaseRequest:
    """Take a request back, as long as nothing was approved."""
    request = locked(session, request_id)
    actor.require(Permission.RELEASE_SUBMIT, datasets.get_dataset(session, request.dataset_id).provider_id)
    if RequestState.CANCELLED not in MOVES[RequestState(request.state)]:
        raise _wrong_state(request, "cancelled")
    move(session, request, RequestState.CANCELLED, actor)
    audit.record(session, actor, "release_request.cancelled", "release_request", request.id)
    return request


def comment(session: Session, actor: Actor, request_id: str, body: str) -> Comment:
    """Write to the other side about a request."""
    request = get_request(session, actor, request_id)
    written = Comment(request_id=request.id, author_id=_person(actor), body=_text("body", body, least=1))
    session.add(written)
    session.flush()
    audit.record(session, actor, "release_request.commented", "release_request", request.id)
    return written


# -- deciding ---------------------------------------------------------------------------------------------------------


def required_approvals(dataset: Dataset, policy: Policy) -> int:
    """Two officers where a sensitive attribute is published or the data are important, else one."""
    sensitive = any(
        column.role is ColumnRole.SENSITIVE and not isinstance(column.operator, Drop)
        for column in policy.columns.values()
    )
    return 2 if sensitive or dataset.data_class == "important" else 1


def why_not_decide(session: Session, actor: Actor, request: ReleaseRequest) -> str | None:
    """Why `actor` cannot decide on this request, as an English sentence to be translated; None when they can."""
    provider_id = datasets.get_dataset(session, request.dataset_id).provider_id
    if not actor.may(Permission.RELEASE_DECIDE, provider_id):
        return "Only a data officer responsible for this provider decides."
    if actor.person_id is None or actor.person_id == request.submitted_by:
        return "Who submitted a request cannot decide on it."
    if any(
        grant.organisation_id == provider_id or (grant.role == Role.PROVIDER and provider_id in grant.scope)
        for grant in actor.grants
    ):
        return "People of the providing organisation cannot decide on its request."
    if request.state != RequestState.IN_REVIEW:
        return "The request is not in review."
    known = select(Decision.id).where(
        Decision.artifact_id == request.artifact_id, Decision.officer_id == actor.person_id
    )
    if session.exec(known).first() is not None:
        return "You have decided on this submission; a second officer is needed."
    return None


def decide(
    session: Session, actor: Actor, request_id: str, outcome: Outcome, reason: str, artifact_hash: str
) -> ReleaseRequest:
    """One officer's decision on exactly the bytes of `artifact_hash`, with a public reason.

    Sending back and rejecting take effect at once. Approval does when enough different officers gave it; then the
    worker publishes.
    """
    request = locked(session, request_id)
    provider_id = datasets.get_dataset(session, request.dataset_id).provider_id
    actor.require(Permission.RELEASE_DECIDE, provider_id)
    if outcome not in OUTCOMES:
        raise InvalidInput.at("outcome", f"Decide by one of {', '.join(OUTCOMES)}.")
    reason = _text("reason", reason, least=REASON_LENGTH)
    if request.state != RequestState.IN_REVIEW or request.artifact_id is None:
        raise _wrong_state(request, "decided on")
    refusal = why_not_decide(session, actor, request)
    if refusal is not None:
        decided = select(Decision.id).where(
            Decision.artifact_id == request.artifact_id, Decision.officer_id == _person(actor)
        )
        raise (AlreadyDecided if session.exec(decided).first() else NotYours)(refusal)
    artifact = session.get_one(Artifact, request.artifact_id)
    if artifact_hash != artifact.artifact_hash:
        raise HashMismatch(
            "The file changed since you opened the page; look at it again before you decide.",
            artifact_hash=artifact.artifact_hash,
        )
    if outcome == "approve":
        check_series(session, artifact)
    decision = Decision(
        request_id=request.id,
        artifact_id=artifact.id,
        outcome=outcome,
        reason=reason,
        officer_id=_person(actor),
        artifact_hash=artifact.artifact_hash,
        decided_at=clock.now(),
    )
    session.add(decision)
    session.flush()
    audit.record(
        session,
        actor,
        "release_request.decided",
        "release_request",
        request.id,
        outcome=outcome,
        artifact_hash=artifact.artifact_hash,
        round=request.round,
    )
    if outcome != "approve":
        move(session, request, OUTCOMES[outcome], actor)
        notices.tell_submitter(session, request)
    elif len(approvals(session, artifact.id)) >= artifact.required_approvals:
        move(session, request, RequestState.APPROVED, actor)
        outbox.emit(session, Event.REQUEST_APPROVED, request_id=request.id)
    return request


def check_series(session: Session, artifact: Artifact) -> None:
    """Refuse an artifact when another release of its dataset appeared after it was built: `SeriesChanged`."""
    claimed = artifact.public_report["claims"]["attested"].get("series") or {"compared": [], "not_compared": []}
    known = {*claimed["compared"], *(one["release"] for one in claimed["not_compared"])}
    for release in releases_of(session, artifact.dataset_id):
        if release.id != artifact.release_id and release.version not in known:
            raise SeriesChanged(
                f"Release {release.version} appeared after this file was built, so what both tell together was not "
                "checked. Submit the request again."
            )


def approvals(session: Session, artifact_id: str) -> list[Decision]:
    """The approvals that an artifact has."""
    return [decision for decision in decisions_on(session, artifact_id) if decision.outcome == "approve"]


def decisions_on(session: Session, artifact_id: str) -> list[Decision]:
    """All decisions on an artifact, in their order."""
    return list(session.exec(select(Decision).where(Decision.artifact_id == artifact_id).order_by(col(Decision.id))))


# -- looking up requests ----------------------------------------------------------------------------------------------


def get_request(session: Session, actor: Actor, id_or_number: str) -> ReleaseRequest:
    """A request that `actor` may know of: the provider's people and the officers responsible for it."""
    request = session.get(ReleaseRequest, id_or_number)
    if request is None:
        request = session.exec(select(ReleaseRequest).where(ReleaseRequest.number == id_or_number)).first()
    if request is None:
        raise RequestNotFound(f"There is no release request {id_or_number}.")
    provider_id = datasets.get_dataset(session, request.dataset_id).provider_id
    if not (actor.may(Permission.RELEASE_SUBMIT, provider_id) or actor.may(Permission.RELEASE_DECIDE, provider_id)):
        raise RequestNotFound(f"There is no release request {id_or_number}.")
    return request


def requests_of(
    session: Session,
    dataset_ids: Collection[str] | None = None,
    *,
    states: Collection[RequestState] | None = None,
    limit: int = 200,
) -> list[ReleaseRequest]:
    """Requests, newest submission first; the caller has checked who asks."""
    query = select(ReleaseRequest).order_by(col(ReleaseRequest.submitted_at).desc(), col(ReleaseRequest.id).desc())
    if dataset_ids is not None:
        query = query.where(col(ReleaseRequest.dataset_id).in_(list(dataset_ids)))
    if states is not None:
        query = query.where(col(ReleaseRequest.state).in_(list(states)))
    return list(session.exec(query.limit(limit)))


def artifact_of(session: Session, request: ReleaseRequest) -> Artifact | None:
    """The artifact under review, or last reviewed."""
    return session.get(Artifact, request.artifact_id) if request.artifact_id else None


def history(session: Session, request_id: str) -> tuple[list[Transition], list[Comment], list[Decision]]:
    """Everything that happened to a request, each kind in its order."""
    transitions = select(Transition).where(Transition.request_id == request_id).order_by(col(Transition.id))
    comments = select(Comment).where(Comment.request_id == request_id).order_by(col(Comment.id))
    decisions = select(Decision).where(Decision.request_id == request_id).order_by(col(Decision.id))
    return list(session.exec(transitions)), list(session.exec(comments)), list(session.exec(decisions))


def visible_dataset(session: Session, actor: Actor, id_or_slug: str) -> Dataset:
    """A dataset that `actor` may know of: published ones for all, others for provider and officers."""
    dataset = datasets.get_dataset(session, id_or_slug)
    own = actor.may(Permission.CATALOG_WRITE, dataset.provider_id) or actor.may(
        Permission.RELEASE_DECIDE, dataset.provider_id
    )
    if not own and session.exec(select(Release.id).where(Release.dataset_id == dataset.id)).first() is None:
        raise DatasetNotFound(f"There is no dataset {id_or_slug}.")
    return dataset


# -- releases ---------------------------------------------------------------------------------------------------------


def find_release(session: Session, release_id: str) -> Release:
    """A release, withdrawn or not, for pages that tell of it."""
    release = session.get(Release, release_id)
    if release is None:
        raise ReleaseNotFound(f"There is no release {release_id}.")
    return release


def get_release(session: Session, release_id: str) -> Release:
    """A release that is served; `ReleaseWithdrawn` (410) once it was withdrawn."""
    release = find_release(session, release_id)
    withdrawn = session.get(Withdrawal, release_id)
    if withdrawn is not None:
        raise ReleaseWithdrawn(
            f"Release {release.version} was withdrawn on {withdrawn.withdrawn_at:%Y-%m-%d}: {withdrawn.reason}"
        )
    return release


def releases_by_id(session: Session, ids: Collection[str]) -> dict[str, Release]:
    """Several releases at once, withdrawn or not, by id."""
    return {found.id: found for found in session.exec(select(Release).where(col(Release.id).in_(list(ids))))}


def requests_by_id(session: Session, ids: Collection[str]) -> dict[str, ReleaseRequest]:
    """Several requests at once, by id; the caller has checked who asks."""
    query = select(ReleaseRequest).where(col(ReleaseRequest.id).in_(list(ids)))
    return {found.id: found for found in session.exec(query)}


def releases_of(session: Session, dataset_id: str) -> list[Release]:
    """All releases of a dataset, newest first, withdrawn ones too; see `withdrawals`."""
    query = select(Release).where(Release.dataset_id == dataset_id)
    return list(session.exec(query.order_by(col(Release.published_at).desc(), col(Release.id).desc())))


def withdrawals(session: Session, releases: Sequence[Release]) -> dict[str, Withdrawal]:
    """Which of some releases were withdrawn, by release id."""
    ids = [release.id for release in releases]
    return {
        found.release_id: found for found in session.exec(select(Withdrawal).where(col(Withdrawal.release_id).in_(ids)))
    }


def current_release(session: Session, dataset_id: str) -> Release | None:
    """The newest release of a dataset that is served."""
    return current_releases(session, [dataset_id]).get(dataset_id)


def current_releases(session: Session, dataset_ids: Collection[str] | None = None) -> dict[str, Release]:
    """The newest release that is served, by dataset id; of all datasets unless some are named."""
    query = (
        select(Release)
        .where(~sa.exists().where(col(Withdrawal.release_id) == col(Release.id)))
        .order_by(col(Release.published_at), col(Release.id))
    )
    if dataset_ids is not None:
        query = query.where(col(Release.dataset_id).in_(list(dataset_ids)))
    return {release.dataset_id: release for release in session.exec(query)}


def withdraw(session: Session, actor: Actor, release_id: str, reason: str) -> Withdrawal:
    """Stop serving a release, for a public reason. Takes effect with the commit; it cannot be undone."""
    release = find_release(session, release_id)
    actor.require(Permission.RELEASE_WITHDRAW, datasets.get_dataset(session, release.dataset_id).provider_id)
    reason = _text("reason", reason, least=REASON_LENGTH)
    if session.get(Withdrawal, release_id) is not None:
        raise ReleaseWithdrawn(f"Release {release.version} was withdrawn already.")
    withdrawal = Withdrawal(
        release_id=release.id, reason=reason, withdrawn_by=actor.person_id, withdrawn_at=clock.now()
    )
    try:
        with session.begin_nested():
            session.add(withdrawal)
    except IntegrityError:  # somebody else withdrew it this instant
        raise ReleaseWithdrawn(f"Release {release.version} was withdrawn already.") from None
    audit.record(session, actor, "release.withdrawn", "release", release.id, reason=reason)
    outbox.emit(session, Event.RELEASE_WITHDRAWN, release_id=release.id, dataset_id=release.dataset_id)
    outbox.emit(session, Event.DATASET_CHANGED, dataset_id=release.dataset_id)
    return withdrawal


def open_artifact(
    session: Session, store: ObjectStore, release_id: str, name: str, *, start: int = 0, length: int | None = None
) -> BinaryIO:
    """The bytes of one file of a served release, or `length` of them from `start`; the caller closes them. The only
    way to them."""
    entry = artifact_file(session, store, release_id, name)
    return store.open(str(entry["key"]), start=start, length=length)


def artifact_file(session: Session, store: ObjectStore, release_id: str, name: str) -> dict[str, Any]:
    """Name, key, size, hash and media type of one file of a served release, checked against what lies in the store."""
    release = get_release(session, release_id)
    entry = next((entry for entry in release.files if entry["name"] == name), None)
    if entry is None:
        raise ReleaseNotFound(f"Release {release.version} has no file {name}.")
    stored = store.stat(str(entry["key"]))
    if (stored.size, stored.sha256) != (entry["size"], entry["sha256"]):
        raise ReleaseDamaged(f"The stored file {name} of release {release.version} is not the one approved.")
    return entry


# -- inside -----------------------------------------------------------------------------------------------------------


def locked(session: Session, id_or_number: str) -> ReleaseRequest:
    """A request with its row locked until the transaction ends."""
    request = session.get(ReleaseRequest, id_or_number, with_for_update=True, populate_existing=True)
    if request is None:
        query = select(ReleaseRequest).where(ReleaseRequest.number == id_or_number).with_for_update()
        request = session.exec(query.execution_options(populate_existing=True)).first()
    if request is None:
        raise RequestNotFound(f"There is no release request {id_or_number}.")
    return request


def move(session: Session, request: ReleaseRequest, to: RequestState, actor: Actor) -> None:
    """Change a locked request's state, by the table of moves, and remember it."""
    before = RequestState(request.state)
    if to not in MOVES[before]:
        raise _wrong_state(request, f"made {to}")
    request.state = to
    request.updated_at = clock.now()
    session.add(request)
    session.add(
        Transition(
            request_id=request.id,
            round=request.round,
            from_state=before,
            to_state=to,
            actor_id=actor.person_id,
            at=clock.now(),
        )
    )
    session.flush()


def _wrong_state(request: ReleaseRequest, wanted: str) -> WrongState:
    return WrongState(f"Request {request.number} is {request.state} and cannot be {wanted}.", state=request.state)


def _submitted(session: Session, actor: Actor, request: ReleaseRequest) -> None:
    audit.record(session, actor, "release_request.submitted", "release_request", request.id, round=request.round)
    outbox.emit(session, Event.REQUEST_SUBMITTED, request_id=request.id)


def _usable_upload(session: Session, actor: Actor, dataset: Dataset, upload_id: str) -> Upload:
    upload = vault.get_upload(session, actor, upload_id)
    if upload.dataset_id != dataset.id:
        raise InvalidInput.at("upload_id", "The upload belongs to another dataset.")
    if upload.status != UploadStatus.PROFILED:
        raise UploadNotReady(f"The upload is {upload.status}; submit it once it is profiled.")
    return upload


def _person(actor: Actor) -> str:
    if actor.person_id is None:
        raise NotYours("Only a person can do this.")
    return actor.person_id


def _text(place: str, text: str, *, least: int) -> str:
    stripped = text.strip()
    if len(stripped) < least:
        raise InvalidInput.at(place, f"Write at least {least} characters." if least > 1 else "Write something.")
    if len(stripped) > TEXT_LENGTH:
        raise InvalidInput.at(place, f"At most {TEXT_LENGTH} characters.")
    return stripped
