"""The job after a submission: make exactly what would be published, seal it, and hand it to the officers."""

from contextlib import AbstractContextManager
from typing import IO, Any, cast

import polars as pl

import anonymizer
from anonymizer import ScanResult
from anonymizer.classify.corrections import in_force, retyped
from catalog.datasets import service as datasets
from catalog.distributions import files
from catalog.releases import corrections, notices, policies, series, service
from catalog.releases.models import Artifact, ReleaseRequest
from catalog.releases.states import RequestState
from catalog.vault import service as vault
from catalog.vault.models import Upload
from catalog.vault.profiling import read_clean
from catalog.vault.service import OpenSafe
from contracts import clock
from contracts.access import SYSTEM
from contracts.errors import Conflict, Gone, InvalidInput
from contracts.events import Event
from contracts.ids import new_id
from contracts.kit import outbox
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.privacy import ColumnRole, Policy, Pseudonymise

OFFICER_REPORT = "officer_report.json"
EXPLORATION = "exploration.json"
RESCAN_ROWS = 20_000
_TELLABLE = (InvalidInput, Conflict, Gone)
_UNEXPECTED = {"code": "unexpected", "detail": "This is our fault and has been recorded. Please submit again."}


def anonymise(database: Database, store: ObjectStore, settings: Settings, request_id: str) -> dict[str, Any]:
    """Build the artifact of a submitted request; harmless to run again. Returns counts and states only.

    What cannot be done under the policy is a result: the request then failed, with the reason.
    """
    with database.transaction() as session:
        request = service.locked(session, request_id)
        if request.state == RequestState.SUBMITTED:
            service.move(session, request, RequestState.ANONYMISING, SYSTEM)
        if request.state != RequestState.ANONYMISING:
            return {"state": request.state}
    try:
        artifact = _build(database, store, settings, request)
    except _TELLABLE as error:
        fail(database, request, {"code": error.code, "detail": error.detail})
        return {"state": RequestState.FAILED}
    return {"state": RequestState.IN_REVIEW, "rows": artifact.rows_published}


def give_up(database: Database, request_id: str) -> None:
    """The job was given up: the request failed, without the cause, which is in the log."""
    with database.reading() as session:
        request = session.get_one(ReleaseRequest, request_id)
    fail(database, request, _UNEXPECTED)


def fail(database: Database, seen: ReleaseRequest, failure: dict[str, Any]) -> None:
    """Move a request on which a job failed to `failed`, unless it went elsewhere meanwhile."""
    with database.transaction() as session:
        request = service.locked(session, seen.id)
        if request.round == seen.round and request.state in (RequestState.ANONYMISING, RequestState.PUBLISHING):
            request.failure = failure
            service.move(session, request, RequestState.FAILED, SYSTEM)
            notices.tell_submitter(session, request)


def artifact_object(artifact: Artifact, name: str) -> str:
    """Where a file of an artifact lies sealed."""
    return _object(artifact.dataset_id, artifact.upload_id, artifact.id, name)


def _object(dataset_id: str, upload_id: str, artifact_id: str, name: str) -> str:
    return f"vault/{dataset_id}/{upload_id}/artifacts/{artifact_id}/{name}"


def release_key(release_id: str, name: str) -> str:
    """Where publication puts a file of a release."""
    return f"releases/{release_id}/{name}"


def _build(database: Database, store: ObjectStore, settings: Settings, request: ReleaseRequest) -> Artifact:
    with database.transaction() as session:  # a transaction, for the dataset's secret may have to be made
        dataset = datasets.get_dataset(session, request.dataset_id)
        upload = vault.uploads_by_id(session, [request.upload_id])[request.upload_id]
        if upload.revision != request.upload_revision:
            raise Conflict("The upload was read anew after the request was submitted; submit the request again.")
        version = policies.get(session, request.policy_id)
        secret = vault.dataset_secret(session, settings, dataset.id)
        table = vault.open_table(session, store, settings, upload.id)
        corrected = corrections.in_texts(session, settings, dataset.id)
        types = corrections.column_types(session, dataset.id)
        before = series.predecessors(session, store, settings, dataset.id, request.release_id)
    policy = policies.policy_of(version)
    with table:
        frame = read_clean(table)
    scan = retyped(ScanResult.model_validate(upload.profile), types)
    earlier, not_compared = series.read(before, policy)
    with in_force(corrected):
        result = anonymizer.anonymize_in_series(
            frame,
            policy,
            secret=secret,
            release_id=request.release_id,
            earlier=earlier,
            not_compared=not_compared,
            scan=scan,
        )
        rescan = _rescan(result.table, policy)
    del frame, earlier
    artifact_id, safe_id, key = new_id(), new_id(), vault.new_safe_key()
    safe = OpenSafe(store, key)

    def sealed(name: str) -> AbstractContextManager[IO[bytes]]:
        place = _object(dataset.id, upload.id, artifact_id, name)
        return cast(AbstractContextManager[IO[bytes]], safe.writing(place))

    written = files.write_release(sealed, result, policy, dataset.fields, open_data=dataset.openness == "unconditional")
    officer_report = result.officer_report.model_dump_json().encode()
    safe.put(_object(dataset.id, upload.id, artifact_id, OFFICER_REPORT), officer_report)
    series.keep_classes(safe, series.classes_object(dataset.id, upload.id, artifact_id), result)
    attested = result.public_report.claims.attested
    artifact = Artifact(
        id=artifact_id,
        request_id=request.id,
        round=request.round,
        dataset_id=dataset.id,
        upload_id=upload.id,
        release_id=request.release_id,
        policy_id=version.id,
        safe_id=safe_id,
        submitted_by=request.submitted_by,
        required_approvals=service.required_approvals(dataset, policy),
        artifact_hash=written.release_hash,
        content_hash=result.content_hash,
        rows_in=attested.rows_in,
        rows_published=result.table.height,
        rows_suppressed=attested.rows_suppressed,
        k_required=policy.k,
        k_reached=attested.k_by_subject,
        rescan=rescan,
        files=[
            {
                "name": entry.name,
                "key": release_key(request.release_id, entry.name),
                "size": entry.bytes,
                "sha256": entry.sha256,
                "media_type": entry.media_type,
            }
            for entry in written.files
        ],
        contract=written.contract.model_dump(mode="json"),
        public_report=written.report,
        created_at=clock.now(),
    )
    return _hand_over(database, settings, request, upload, artifact, key)


def _rescan(released: pl.DataFrame, policy: Policy) -> dict[str, Any]:
    """Look for personal data in what would be published: rows looked at (at most 20,000, which lie in a keyed random
    order), cells found, and the columns they are in. Codes put there by the policy are not looked at."""
    coded = {name for name, column in policy.columns.items() if isinstance(column.operator, Pseudonymise)}
    looked_at = released.head(RESCAN_ROWS).select(pl.exclude(coded & set(released.columns)))
    if not looked_at.width:
        return {"rows": looked_at.height, "cells": 0, "columns": []}
    found: dict[str, int] = {}
    for column in anonymizer.scan(looked_at).columns:
        cells = max(column.entity_counts.values(), default=0) if column.free_text else 0
        if column.role is ColumnRole.DIRECT_IDENTIFIER and not column.free_text:
            cells = round(column.valid_share * (looked_at.height - column.nulls))
        if cells:
            found[column.name] = cells
    return {"rows": looked_at.height, "cells": sum(found.values()), "columns": sorted(found)}


def _hand_over(
    database: Database, settings: Settings, seen: ReleaseRequest, upload: Upload, artifact: Artifact, key: bytes
) -> Artifact:
    """Bind the artifact to the request and open the review, in one transaction. A run that comes second finds the
    request moved on; what it sealed has no kept key and is deleted as noise."""
    with database.transaction() as session:
        request = service.locked(session, seen.id)
        if request.state != RequestState.ANONYMISING or request.round != seen.round:
            return artifact
        vault.keep_safe(session, settings, upload, artifact.safe_id, key)
        session.add(artifact)
        session.flush()
        request.artifact_id = artifact.id
        service.move(session, request, RequestState.IN_REVIEW, SYSTEM)
        notices.tell_officers(session, request)
        outbox.emit(session, Event.ARTIFACT_MADE, artifact_id=artifact.id)
    return artifact
