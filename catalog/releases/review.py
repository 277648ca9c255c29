"""What officers see of a request besides what everybody involved sees: the officer's report, from the vault."""

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.releases import service
from catalog.releases.building import EXPLORATION, OFFICER_REPORT, artifact_object
from catalog.releases.errors import WrongState
from catalog.releases.models import ReleaseRequest
from catalog.releases.states import RequestState
from catalog.vault import service as vault
from contracts.access import Actor, Permission
from contracts.errors import NotFound
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.privacy import Exploration, OfficerReport


def officer_report(
    session: Session, actor: Actor, store: ObjectStore, settings: Settings, id_or_number: str
) -> OfficerReport:
    """The officer's report of the artifact under review, with the exploration once that is worked out;
    `UploadDestroyed` once the raw data's date has come."""
    request = service.get_request(session, actor, id_or_number)
    actor.require(Permission.RELEASE_DECIDE, datasets.get_dataset(session, request.dataset_id).provider_id)
    artifact = service.artifact_of(session, request)
    if artifact is None:
        raise WrongState(f"Request {request.number} is {request.state}; there is no report yet.", state=request.state)
    safe = vault.open_safe(session, store, settings, artifact.safe_id)
    with safe.open(artifact_object(artifact, OFFICER_REPORT)) as stream:
        report = OfficerReport.model_validate_json(stream.read())
    try:
        with safe.open(artifact_object(artifact, EXPLORATION)) as stream:
            found = Exploration.model_validate_json(stream.read())
    except NotFound:
        return report
    return report.model_copy(update={"exploration": found})


def queue(session: Session, actor: Actor) -> list[ReleaseRequest]:
    """Requests in review that the officer is responsible for, the one waiting longest first."""
    providers = actor.organisations(Permission.RELEASE_DECIDE)
    ids = [dataset.id for dataset in datasets.list_datasets(session, provider_ids=providers)]
    found = service.requests_of(session, ids, states=[RequestState.IN_REVIEW])
    return sorted(found, key=lambda request: request.submitted_at)


def past(session: Session, actor: Actor, *, limit: int = 200) -> list[ReleaseRequest]:
    """Requests of the officer's area that are not in review, newest first."""
    providers = actor.organisations(Permission.RELEASE_DECIDE)
    ids = [dataset.id for dataset in datasets.list_datasets(session, provider_ids=providers)]
    states = [state for state in RequestState if state is not RequestState.IN_REVIEW]
    return service.requests_of(session, ids, states=states, limit=limit)
