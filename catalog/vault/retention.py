"""The end of raw data: keys destroyed on the retention date, objects deleted, and nothing left lying about."""

from datetime import timedelta

from sqlmodel import Session, col, select

from catalog.datasets import service as datasets
from catalog.vault import keys, service
from catalog.vault.models import Upload, UploadStatus
from contracts import clock
from contracts.access import SYSTEM, Actor, Permission
from contracts.errors import InvalidInput
from contracts.kit import audit
from contracts.kit.database import Database
from contracts.kit.store import ObjectStore

_ORPHAN_AGE = timedelta(days=1)


def destroy(session: Session, actor: Actor, upload_id: str) -> Upload:
    """Destroy an upload before its date, at the provider's wish. What was published from it stays."""
    upload = service.get_upload(session, actor, upload_id)
    actor.require(Permission.RELEASE_SUBMIT, datasets.get_dataset(session, upload.dataset_id).provider_id)
    return _destroy(session, actor, upload_id)


def destroy_expired(database: Database, store: ObjectStore) -> int:
    """Destroy every upload whose date has come; returns how many. Keys first: a crash afterwards leaves only noise,
    which the next run deletes."""
    with database.reading() as session:
        due = select(Upload.id).where(Upload.destroy_at <= clock.now(), col(Upload.destroyed_at).is_(None))
        ids = list(session.exec(due))
    for upload_id in ids:
        with database.transaction() as session:
            _destroy(session, SYSTEM, upload_id)
    delete_noise(database, store)
    return len(ids)


def delete_noise(database: Database, store: ObjectStore) -> int:
    """Delete sealed objects of uploads that were destroyed, or never recorded within a day; returns how many."""
    with database.reading() as session:
        gone = set(session.exec(select(Upload.id).where(col(Upload.destroyed_at).is_not(None))))
        kept = set(session.exec(select(Upload.id).where(col(Upload.destroyed_at).is_(None))))
    deleted = 0
    for item in list(store.list("vault/")):
        parts = item.key.split("/")
        if len(parts) < 4:
            continue
        if parts[2] in gone or (parts[2] not in kept and _is_old(parts[2])):
            store.delete(item.key)
            deleted += 1
    return deleted


def _is_old(upload_id: str) -> bool:
    """Whether a UUIDv7 was made more than a day ago: its first 48 bits are milliseconds since 1970."""
    try:
        made = int(upload_id.replace("-", "")[:12], 16) / 1000
    except ValueError:
        raise InvalidInput(f"{upload_id} is no id of an upload.") from None
    return made < (clock.now() - _ORPHAN_AGE).timestamp()


def _destroy(session: Session, actor: Actor, upload_id: str) -> Upload:
    upload = session.get_one(Upload, upload_id, with_for_update=True, populate_existing=True)
    if upload.destroyed_at is not None:
        return upload
    keys.destroy_safes(session, upload.id)
    upload.status = UploadStatus.DESTROYED
    upload.destroyed_at = clock.now()
    session.add(upload)
    session.flush()
    audit.record(session, actor, "upload.destroyed", "upload", upload.id, dataset=upload.dataset_id)
    return upload
