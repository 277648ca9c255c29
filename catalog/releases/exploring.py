"""The job after a request came into review: work out what other choices than its policy's would give.

On a large table that takes several times as long as the release, so officers need not wait for it.
"""

import anonymizer
from catalog.releases import policies, series
from catalog.releases.building import EXPLORATION, artifact_object
from catalog.releases.models import Artifact, ReleaseRequest
from catalog.vault import service as vault
from catalog.vault.errors import UploadDestroyed
from catalog.vault.profiling import read_clean
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.privacy import Exploration


def explore(database: Database, store: ObjectStore, settings: Settings, artifact_id: str) -> bool:
    """Put the exploration of an artifact beside its officer's report; harmless to run again. False: the artifact is
    judged no more, or its raw data were read anew or destroyed."""
    with database.transaction() as session:
        artifact = session.get_one(Artifact, artifact_id)
        request = session.get_one(ReleaseRequest, artifact.request_id)
        upload = vault.uploads_by_id(session, [artifact.upload_id])[artifact.upload_id]
        if request.artifact_id != artifact.id or upload.revision != request.upload_revision:
            return False
        policy = policies.policy_of(policies.get(session, artifact.policy_id))
        secret = vault.dataset_secret(session, settings, artifact.dataset_id)
        before = series.predecessors(session, store, settings, artifact.dataset_id, artifact.release_id)
        try:
            table = vault.open_table(session, store, settings, artifact.upload_id)
        except UploadDestroyed:
            return False
    with table:
        frame = read_clean(table)
    claimed = artifact.public_report["claims"]["attested"].get("series") or {"compared": []}
    earlier, _ = series.read([one for one in before if one.version in claimed["compared"]], policy)
    found = anonymizer.explore(frame, policy, secret=secret, release_id=artifact.release_id, earlier=earlier)
    return _keep(database, store, settings, artifact, found)


def give_up(database: Database, store: ObjectStore, settings: Settings, artifact_id: str) -> None:
    """The job was given up: officers are told that it could not be worked out; the cause is in the log."""
    with database.reading() as session:
        artifact = session.get_one(Artifact, artifact_id)
    _keep(database, store, settings, artifact, Exploration(failed=True))


def _keep(database: Database, store: ObjectStore, settings: Settings, artifact: Artifact, found: Exploration) -> bool:
    with database.reading() as session:
        try:
            safe = vault.open_safe(session, store, settings, artifact.safe_id)
        except UploadDestroyed:
            return False
    safe.put(artifact_object(artifact, EXPLORATION), found.model_dump_json().encode())
    return True
