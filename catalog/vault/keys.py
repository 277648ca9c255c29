"""Keys of datasets and safes: made at random, wrapped one by the other (AES-KW, RFC 3394), destroyed for good.

settings' master key ─HKDF─▶ vault key ─wraps─▶ dataset key ─wraps─▶ safe key ─HKDF─▶ key of one sealed file
"""

import os

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from catalog.vault.errors import SealBroken, UploadDestroyed
from catalog.vault.models import DatasetKey, Safe
from contracts import clock
from contracts.kit.settings import Settings

KEY_BYTES = 32


def new_key() -> bytes:
    """256 random bits."""
    return os.urandom(KEY_BYTES)


def _unwrap(wrapping: bytes, wrapped: bytes) -> bytes:
    try:
        return aes_key_unwrap(wrapping, wrapped)
    except InvalidUnwrap:
        raise SealBroken(
            "A key does not open with this SHUYI_MASTER_KEY; start with the one it was made with."
        ) from None


def _row(session: Session, settings: Settings, dataset_id: str) -> DatasetKey:
    row = session.get(DatasetKey, dataset_id)
    if row is not None:
        return row
    vault_key = settings.derived_key("vault")
    row = DatasetKey(
        dataset_id=dataset_id,
        wrapped_key=aes_key_wrap(vault_key, new_key()),
        wrapped_secret=aes_key_wrap(vault_key, new_key()),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another process was first: its key is the one
        session.expunge(row)
        return session.get_one(DatasetKey, dataset_id)
    return row


def dataset_secret(session: Session, settings: Settings, dataset_id: str) -> bytes:
    """The secret that keys the pseudonyms and the row order of a dataset's releases."""
    return _unwrap(settings.derived_key("vault"), _row(session, settings, dataset_id).wrapped_secret)


def store_safe(session: Session, settings: Settings, dataset_id: str, upload_id: str, safe_id: str, key: bytes) -> Safe:
    """Keep a safe's key, wrapped by the dataset's key."""
    dataset_key = _unwrap(settings.derived_key("vault"), _row(session, settings, dataset_id).wrapped_key)
    safe = Safe(id=safe_id, dataset_id=dataset_id, upload_id=upload_id, wrapped_key=aes_key_wrap(dataset_key, key))
    session.add(safe)
    session.flush()
    return safe


def safe_key(session: Session, settings: Settings, safe_id: str) -> bytes:
    """The key of a safe; `UploadDestroyed` when it was destroyed."""
    safe = session.get_one(Safe, safe_id)
    if safe.wrapped_key is None:
        raise UploadDestroyed("The data was destroyed on its retention date and cannot be read any more.")
    dataset_key = _unwrap(settings.derived_key("vault"), _row(session, settings, safe.dataset_id).wrapped_key)
    return _unwrap(dataset_key, safe.wrapped_key)


def destroy_safes(session: Session, upload_id: str) -> None:
    """Destroy every key over an upload's data: what they sealed can never be read again, copies of the objects
    included."""
    for safe in session.exec(select(Safe).where(Safe.upload_id == upload_id).with_for_update()):
        safe.wrapped_key = None
        safe.destroyed_at = safe.destroyed_at or clock.now()
        session.add(safe)
    session.flush()
