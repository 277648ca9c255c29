"""Earlier releases of a dataset, as a new one is compared with them while their raw data are in the vault.

Beside each artifact lies, sealed, which class every row of its raw table is in. With the raw table, which names the
subjects, that says who was whose candidate in which release; both end together on the retention date, and what cannot
be compared any more is said in the new release's report.
"""

import io
from dataclasses import dataclass

import numpy as np
import polars as pl
from sqlmodel import Session

from anonymizer import AnonymizeResult
from anonymizer.series import Earlier, columns_needed
from catalog.releases import policies, service
from catalog.releases.models import Artifact
from catalog.vault import service as vault
from catalog.vault.errors import UploadDestroyed
from catalog.vault.service import OpenSafe
from contracts.errors import NotFound
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.privacy import Policy, UncomparedRelease

CLASSES = "classes.parquet"
_CLASS = "class"


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A published release with the safes of its raw table and of what was made from it; None once they are destroyed,
    which happens to both together."""

    version: str
    policy: Policy
    safes: tuple[OpenSafe, OpenSafe] | None
    table: str
    classes: str


def keep_classes(safe: OpenSafe, place: str, result: AnonymizeResult) -> None:
    """Seal the class of every raw row beside an artifact."""
    written = io.BytesIO()
    pl.DataFrame({_CLASS: result.class_of_row}).write_parquet(written, compression="lz4")
    safe.put(place, written.getvalue())


def predecessors(
    session: Session, store: ObjectStore, settings: Settings, dataset_id: str, release_id: str
) -> list[Predecessor]:
    """A dataset's releases but `release_id`, in the order they were published; withdrawn ones too, for whoever has a
    copy keeps it."""
    releases = [found for found in service.releases_of(session, dataset_id)[::-1] if found.id != release_id]
    requests = service.requests_by_id(session, [release.request_id for release in releases])
    found = []
    for release in releases:
        artifact = session.get_one(Artifact, release.artifact_id)
        upload = vault.uploads_by_id(session, [artifact.upload_id])[artifact.upload_id]
        safes: tuple[OpenSafe, OpenSafe] | None
        try:
            safes = (
                vault.open_safe(session, store, settings, upload.safe_id),
                vault.open_safe(session, store, settings, artifact.safe_id),
            )
        except UploadDestroyed:
            safes = None
        found.append(
            Predecessor(
                release.version,
                policies.policy_of(policies.get(session, artifact.policy_id)),
                safes,
                vault.table_of_revision(upload, requests[release.request_id].upload_revision),
                classes_object(artifact.dataset_id, artifact.upload_id, artifact.id),
            )
        )
    return found


def classes_object(dataset_id: str, upload_id: str, artifact_id: str) -> str:
    """Where the classes of an artifact's rows lie sealed."""
    return f"vault/{dataset_id}/{upload_id}/artifacts/{artifact_id}/{CLASSES}"


def read(found: list[Predecessor], policy: Policy) -> tuple[list[Earlier], list[UncomparedRelease]]:
    """What comparing a table under `policy` with them needs, and which cannot be compared."""
    earlier, not_compared = [], []
    for one in found:
        if one.safes is None:
            not_compared.append(UncomparedRelease(release=one.version, reason="destroyed"))
            continue
        if not policy.quasi_identifiers:
            not_compared.append(UncomparedRelease(release=one.version, reason="no-classes"))
            continue
        raw, made = one.safes
        try:
            with made.open(one.classes) as stream:
                classes = pl.read_parquet(stream).get_column(_CLASS).to_numpy().astype(np.int32)
        except NotFound:
            not_compared.append(UncomparedRelease(release=one.version, reason="no-classes"))
            continue
        with raw.open(one.table) as stream:
            there = pl.read_parquet_schema(stream)
            stream.seek(0)
            wanted = [name for name in columns_needed(policy) if name in there]
            table = pl.read_parquet(stream, columns=wanted)
        earlier.append(Earlier(one.version, table, one.policy, classes))
    return earlier, not_compared
