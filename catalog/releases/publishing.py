"""The job after approval: write the release once, from exactly the bytes that were approved.

Safe against dying between any two statements: files go to keys of their own release and are the same at every run;
the release appears with the row, in the transaction that ends the request.
"""

import hashlib
import io
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from catalog.distributions import files
from catalog.releases import notices, service
from catalog.releases.building import artifact_object
from catalog.releases.errors import ReleaseDamaged, SeriesChanged
from catalog.releases.models import Artifact, Release, ReleaseRequest
from catalog.releases.states import RequestState
from catalog.vault import service as vault
from catalog.vault.service import OpenSafe
from contracts import clock
from contracts.access import SYSTEM
from contracts.events import Event
from contracts.kit import audit, outbox
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore


def publish(database: Database, store: ObjectStore, settings: Settings, request_id: str) -> dict[str, Any]:
    """Publish an approved request; harmless to run again. Returns ids and states only."""
    with database.transaction() as session:
        request = service.locked(session, request_id)
        if request.state == RequestState.APPROVED:
            service.move(session, request, RequestState.PUBLISHING, SYSTEM)
        if request.state != RequestState.PUBLISHING or request.artifact_id is None:
            return {"state": request.state}
        artifact = session.get_one(Artifact, request.artifact_id)
        if _left_behind(session, request, artifact):
            return {"state": request.state}
        safe = vault.open_safe(session, store, settings, artifact.safe_id)
    for entry in artifact.files:
        _write_file(store, safe, artifact, entry)
    with database.transaction() as session:
        request = service.locked(session, request_id)
        if request.state == RequestState.PUBLISHING and request.artifact_id == artifact.id:
            if _left_behind(session, request, artifact):
                return {"state": request.state}
            _insert(session, settings, request, artifact)
    return {"state": RequestState.PUBLISHED, "release_id": artifact.release_id}


def _left_behind(session: Session, request: ReleaseRequest, artifact: Artifact) -> bool:
    """Whether another release of the dataset came first; the request then failed, with the reason."""
    try:
        service.check_series(session, artifact)
    except SeriesChanged as error:
        request.failure = {"code": error.code, "detail": error.detail}
        service.move(session, request, RequestState.FAILED, SYSTEM)
        notices.tell_submitter(session, request)
        return True
    return False


def _write_file(store: ObjectStore, safe: OpenSafe, artifact: Artifact, entry: dict[str, Any]) -> None:
    """Unseal one file into the store and prove that it is the one approved."""
    key, approved = str(entry["key"]), (entry["size"], entry["sha256"])
    if store.exists(key):
        there = store.stat(key)
        if (there.size, there.sha256) == approved:
            return
    with safe.open(artifact_object(artifact, str(entry["name"]))) as sealed:
        if (sealed.seek(0, io.SEEK_END), _hash(sealed)) != approved:
            raise ReleaseDamaged(f"The sealed file {entry['name']} is not the one approved; nothing was published.")
        sealed.seek(0)
        written = store.put(key, cast(BinaryIO, sealed), content_type=str(entry["media_type"]))
    if (written.size, written.sha256) != approved:
        store.delete(key)
        raise ReleaseDamaged(f"The file {entry['name']} was damaged while it was written; nothing was published.")


def _hash(stream: io.BufferedReader) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()


def _insert(session: Session, settings: Settings, request: ReleaseRequest, artifact: Artifact) -> None:
    now = clock.now()
    month = now.astimezone(ZoneInfo(settings.timezone)).strftime("%Y.%m")
    sample = next(str(entry["key"]) for entry in artifact.files if entry["name"] == files.SAMPLE)
    release = Release(
        id=artifact.release_id,
        dataset_id=request.dataset_id,
        request_id=request.id,
        artifact_id=artifact.id,
        version=_next_version(session, request.dataset_id, month),
        manifest_hash=artifact.artifact_hash,
        content_hash=artifact.content_hash,
        rows=artifact.rows_published,
        files=artifact.files,
        contract=artifact.contract,
        public_report=artifact.public_report,
        sample_key=sample,
        published_at=now,
    )
    session.add(release)
    session.flush()
    service.move(session, request, RequestState.PUBLISHED, SYSTEM)
    audit.record(
        session,
        SYSTEM,
        "release.published",
        "release",
        release.id,
        dataset=release.dataset_id,
        version=release.version,
        manifest_hash=release.manifest_hash,
    )
    outbox.emit(session, Event.RELEASE_PUBLISHED, release_id=release.id, dataset_id=release.dataset_id)
    outbox.emit(session, Event.DATASET_CHANGED, dataset_id=release.dataset_id)
    notices.tell_submitter(session, request)


def _next_version(session: Session, dataset_id: str, month: str) -> str:
    """`2026.11`, then `2026.11.2`, and so on. Two requests of one dataset that publish at the same instant meet at the
    unique constraint; the job of the second is run again and finds the next number."""
    query = select(sa.func.count()).select_from(Release)
    taken = session.exec(
        query.where(
            Release.dataset_id == dataset_id,
            sa.or_(col(Release.version) == month, col(Release.version).like(f"{month}.%")),
        )
    ).one()
    return month if not taken else f"{month}.{taken + 1}"
