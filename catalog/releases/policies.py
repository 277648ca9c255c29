"""Versions of a dataset's policy: proposed from a profile, edited by people, tried out before anything is submitted."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

import anonymizer
from anonymizer import PolicyEffect, ScanResult
from anonymizer.classify.corrections import in_force, retyped
from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import corrections
from catalog.releases.models import PolicyVersion
from catalog.vault import service as vault
from catalog.vault.errors import UploadNotReady
from catalog.vault.models import Upload, UploadStatus
from catalog.vault.profiling import read_clean
from contracts.access import SYSTEM, Actor, Permission
from contracts.errors import InvalidInput, NotFound
from contracts.kit import audit
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.privacy import ColumnRole, Policy

DEFAULT_K = 5


def propose(database: Database, upload_id: str) -> str | None:
    """The job after profiling: write the proposed policy as a version; harmless to run again. Gives the version's id.

    An earlier version of the dataset's policy that fits the columns is carried over, since people have worked on it;
    columns that an officer corrected after it was made are proposed anew.
    """
    with database.transaction() as session:
        upload = vault.uploads_by_id(session, [upload_id])[upload_id]
        if upload.status != UploadStatus.PROFILED or upload.profile is None:
            return None
        dataset = datasets.get_dataset(session, upload.dataset_id)
        types = corrections.column_types(session, dataset.id)
        found = retyped(ScanResult.model_validate(upload.profile), types)
        earlier = latest(session, dataset.id)
        names = [column.name for column in found.columns]
        if earlier is not None and sorted(earlier.content["columns"]) == sorted(names):
            if earlier.upload_id == upload.id:
                return earlier.id
            policy, origin = _carried_over(session, earlier, found)
        else:
            policy, origin = anonymizer.propose_policy(found, k=DEFAULT_K), "proposed"
        return _insert(session, SYSTEM, dataset, upload, policy, origin).id


def _carried_over(session: Session, earlier: PolicyVersion, found: ScanResult) -> tuple[Policy, str]:
    """The earlier policy, with the columns that were corrected after it was made as a proposal would have them; the
    proposal itself where these do not fit together."""
    policy = policy_of(earlier)
    rows = corrections.history(session, earlier.dataset_id)
    kinds = {row.id: row.kind for row in rows}
    changed = {
        row.column
        for row in rows
        if row.made_at > earlier.created_at and kinds[row.undoes or row.id] == "column" and row.column in policy.columns
    }
    if not changed:
        return policy, "carried over"
    proposed = anonymizer.propose_policy(found, k=policy.k)
    columns = {name: proposed.columns[name] if name in changed else column for name, column in policy.columns.items()}
    content = policy.model_copy(update={"columns": columns}).model_dump(mode="json", exclude_none=True)
    try:
        return Policy.from_mapping(content), "carried over"
    except InvalidInput:
        return proposed, "proposed"


def ensure_version(
    session: Session, actor: Actor, dataset: Dataset, upload: Upload, policy: Policy | PolicyVersion
) -> PolicyVersion:
    """The version that holds `policy`; a new one unless the latest says the same."""
    if isinstance(policy, PolicyVersion):
        if policy.dataset_id != dataset.id:
            raise InvalidInput.at("policy", "The policy belongs to another dataset.")
        check_columns(policy_of(policy), upload)
        return policy
    check_columns(policy, upload)
    known = latest(session, dataset.id, upload_id=upload.id)
    if known is not None and known.fingerprint == policy.fingerprint():
        return known
    return _insert(session, actor, dataset, upload, policy, "edited")


def save(session: Session, actor: Actor, upload_id: str, policy: Policy) -> PolicyVersion:
    """Keep an edited policy as the dataset's next version."""
    upload = vault.get_upload(session, actor, upload_id)
    dataset = datasets.get_dataset(session, upload.dataset_id)
    actor.require(Permission.RELEASE_SUBMIT, dataset.provider_id)
    if upload.status != UploadStatus.PROFILED:
        raise UploadNotReady(f"The upload is {upload.status}; edit its policy once it is profiled.")
    return ensure_version(session, actor, dataset, upload, policy)


def latest(session: Session, dataset_id: str, *, upload_id: str | None = None) -> PolicyVersion | None:
    """The newest version of a dataset's policy, or of the one for an upload."""
    query = select(PolicyVersion).where(PolicyVersion.dataset_id == dataset_id)
    if upload_id is not None:
        query = query.where(PolicyVersion.upload_id == upload_id)
    return session.exec(query.order_by(col(PolicyVersion.number).desc()).limit(1)).first()


def newest_for(session: Session, actor: Actor, upload_id: str) -> PolicyVersion:
    """The newest version for an upload that `actor` may know of; `NotFound` while none was proposed."""
    upload = vault.get_upload(session, actor, upload_id)
    found = latest(session, upload.dataset_id, upload_id=upload.id)
    if found is None:
        raise NotFound("There is no policy for this upload yet; it is proposed once the upload is profiled.")
    return found


def versions(session: Session, dataset_id: str) -> Sequence[PolicyVersion]:
    """All versions of a dataset's policy, newest first."""
    query = select(PolicyVersion).where(PolicyVersion.dataset_id == dataset_id)
    return session.exec(query.order_by(col(PolicyVersion.number).desc())).all()


def get(session: Session, policy_id: str) -> PolicyVersion:
    """One version by id."""
    found = session.get(PolicyVersion, policy_id)
    if found is None:
        raise NotFound("There is no such policy version.")
    return found


def policy_of(version: PolicyVersion) -> Policy:
    """The policy that a version holds."""
    return Policy.from_mapping(dict(version.content))


def effect(
    session: Session,
    actor: Actor,
    store: ObjectStore,
    settings: Settings,
    upload_id: str,
    policy: Policy,
    *,
    explore: bool = False,
) -> PolicyEffect:
    """What `policy` would do to an upload: counts, losses, class sizes and shapes, never a raw value. With `explore`
    also what other k would give, which takes longer."""
    upload = vault.get_upload(session, actor, upload_id)
    actor.require(Permission.RELEASE_SUBMIT, datasets.get_dataset(session, upload.dataset_id).provider_id)
    check_columns(policy, upload)
    with vault.open_table(session, store, settings, upload.id) as table:
        frame = read_clean(table)
    with in_force(corrections.in_texts(session, settings, upload.dataset_id)):
        return anonymizer.preview(frame, policy, explore=explore)


def check_columns(policy: Policy, upload: Upload) -> None:
    """Refuse a policy that does not name exactly the upload's columns; nothing is published by oversight."""
    if upload.profile is None:
        raise UploadNotReady(f"The upload is {upload.status}; it has no profile yet.")
    there = {str(column["name"]) for column in upload.profile["columns"]}
    problems = [
        {"pointer": f"#/columns/{name}", "detail": f"The table has no column {name}; take it out of the policy."}
        for name in policy.columns
        if name not in there
    ] + [
        {"pointer": f"#/columns/{name}", "detail": f"The policy does not say what happens to the column {name}."}
        for name in sorted(there - set(policy.columns))
    ]
    if problems:
        raise InvalidInput(problems[0]["detail"], errors=problems)


def counts_by_role(policy: Policy) -> dict[ColumnRole, int]:
    """How many columns play which part."""
    return {role: sum(column.role is role for column in policy.columns.values()) for role in ColumnRole}


def _insert(
    session: Session, actor: Actor, dataset: Dataset, upload: Upload, policy: Policy, origin: str
) -> PolicyVersion:
    while True:
        last = session.exec(select(func.max(PolicyVersion.number)).where(PolicyVersion.dataset_id == dataset.id)).one()
        version = PolicyVersion(
            dataset_id=dataset.id,
            upload_id=upload.id,
            number=(last or 0) + 1,
            origin=origin,
            content=policy.model_dump(mode="json", exclude_none=True),
            fingerprint=policy.fingerprint(),
            created_by=actor.person_id,
        )
        try:
            with session.begin_nested():
                session.add(version)
        except IntegrityError:
            continue  # another process took the number: take the next
        audit.record(
            session,
            actor,
            "policy.saved",
            "dataset",
            dataset.id,
            version=version.number,
            fingerprint=version.fingerprint,
        )
        return version
