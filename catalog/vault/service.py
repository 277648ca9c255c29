"""Take uploads in, read and scan them, correct how they are read, show raw cells when that is justified, destroy them.

Nothing here writes plaintext to disk: uploads, clean tables and rows set aside are sealed as they are made.
"""

import hashlib
import hmac
import re
import tempfile
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BufferedReader
from typing import IO, BinaryIO, cast

from sqlmodel import Session, col, select

from anonymizer.recognizers import THRESHOLDS, find_all, fold, resolve
from anonymizer.shapes import shape
from catalog.datasets import service as datasets
from catalog.vault import keys
from catalog.vault.errors import UploadDestroyed, UploadNotFound, UploadNotReady, UploadTooLarge
from catalog.vault.intake.formats import Correction, FileFormat
from catalog.vault.models import Upload, UploadStatus
from catalog.vault.sealing import Sealer, SealingWriter, open_sealed, pieces
from contracts import clock
from contracts.access import Actor, Permission
from contracts.errors import InvalidInput
from contracts.events import Event
from contracts.ids import new_id
from contracts.kit import audit, outbox
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore

_UNSAFE = re.compile(r"[<>:\"|?*]")
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Characters that are not seen and may turn a name around, such as `gpj.exe` that looks like `exe.jpg`."""


def clean_file_name(name: str) -> str:
    """The last part of a file name, without any way to another folder; at most 200 characters.

    It is kept and shown in the clear, so personal numbers and addresses in it are masked. Names of people are not
    found: nothing tells them from other words in so short a text.
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(c for c in _UNSAFE.sub("", last) if unicodedata.category(c) not in _UNSEEN).strip(" .")
    for found in resolve(find_all(fold(shown)), THRESHOLDS["balanced"]):
        shown = shown[: found.start] + shape(shown[found.start : found.end]) + shown[found.end :]
    return shown[-200:] or "upload"


@dataclass
class Deposit:
    """An upload on its way in: plaintext is pushed in piece by piece and sealed at once; the key is only in memory
    until `record_upload` keeps it wrapped. Use as a context manager: what was not recorded leaves nothing behind."""

    dataset_id: str
    file_name: str
    store: ObjectStore
    limit: int
    mac_key: bytes
    upload_id: str = field(default_factory=new_id)
    safe_id: str = field(default_factory=new_id)
    key: bytes = field(default_factory=keys.new_key, repr=False)
    size: int = 0
    digest: str = ""

    def __post_init__(self) -> None:
        self._sealer = Sealer(self.key, self.object_name)
        self._mac = hmac.new(self.mac_key, digestmod=hashlib.sha256)
        self._sealed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - see close; it holds sealed bytes only

    @property
    def object_name(self) -> str:
        """Where the sealed upload lies in the store."""
        return original_name(self.dataset_id, self.upload_id)

    def write(self, data: bytes) -> None:
        """Seal some more of the file; `UploadTooLarge` past the limit."""
        self.size += len(data)
        if self.size > self.limit:
            raise too_large(self.limit)
        self._mac.update(data)
        self._sealed.write(self._sealer.update(data))

    def finish(self) -> None:
        """Seal the end and put the object into the store."""
        if not self.size:
            raise InvalidInput.at("file", "The file is empty.")
        self._sealed.write(self._sealer.finish())
        self._sealed.seek(0)
        self.digest = self._mac.hexdigest()
        self.store.put(self.object_name, cast(BinaryIO, self._sealed))

    def close(self) -> None:
        """Let go of what was sealed; what is in the store by then stays."""
        self._sealed.close()

    def __enter__(self) -> "Deposit":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def too_large(limit: int) -> UploadTooLarge:
    """The refusal of a file larger than `limit` bytes."""
    return UploadTooLarge(f"The file is larger than the {limit:,} bytes accepted; split it, or send Parquet.")


def original_name(dataset_id: str, upload_id: str) -> str:
    """The object that holds the upload as delivered."""
    return f"vault/{dataset_id}/{upload_id}/original"


def table_name(upload: Upload) -> str:
    """The object that holds the clean table of the current revision."""
    return table_of_revision(upload, upload.revision)


def table_of_revision(upload: Upload, revision: int) -> str:
    """The object that holds the clean table as some reading of the file made it."""
    return f"vault/{upload.dataset_id}/{upload.id}/{revision}/table"


def aside_name(upload: Upload) -> str:
    """The object that holds the rows set aside in the current revision."""
    return f"vault/{upload.dataset_id}/{upload.id}/{upload.revision}/aside"


# -- taking in ------------------------------------------------------------------------------------------------------


def begin_upload(
    session: Session,
    actor: Actor,
    store: ObjectStore,
    settings: Settings,
    dataset_id: str,
    file_name: str,
    declared_size: int | None = None,
) -> Deposit:
    """Check that `actor` may upload and that the declared size is accepted; writes nothing to the database."""
    dataset = datasets.get_dataset(session, dataset_id)
    actor.require(Permission.RELEASE_SUBMIT, dataset.provider_id)
    if declared_size is not None and declared_size > settings.max_upload_bytes:
        raise too_large(settings.max_upload_bytes)
    return Deposit(
        dataset_id=dataset.id,
        file_name=clean_file_name(file_name),
        store=store,
        limit=settings.max_upload_bytes,
        mac_key=settings.derived_key("upload-digest"),
    )


def record_upload(session: Session, actor: Actor, settings: Settings, deposit: Deposit) -> Upload:
    """Keep a finished deposit: its wrapped key, its row, and the event that has it read."""
    dataset = datasets.get_dataset(session, deposit.dataset_id)
    actor.require(Permission.RELEASE_SUBMIT, dataset.provider_id)
    keys.store_safe(session, settings, dataset.id, deposit.upload_id, deposit.safe_id, deposit.key)
    upload = Upload(
        id=deposit.upload_id,
        dataset_id=dataset.id,
        safe_id=deposit.safe_id,
        file_name=deposit.file_name,
        size=deposit.size,
        digest=deposit.digest,
        uploaded_by=actor.person_id,
        uploaded_at=clock.now(),
        destroy_at=clock.now() + timedelta(days=settings.raw_retention_days),
    )
    session.add(upload)
    session.flush()
    audit.record(session, actor, "upload.received", "upload", upload.id, dataset=dataset.id, size=upload.size)
    outbox.emit(session, Event.UPLOAD_RECEIVED, upload_id=upload.id)
    return upload


def receive(
    session: Session,
    actor: Actor,
    store: ObjectStore,
    settings: Settings,
    dataset_id: str,
    file_name: str,
    stream: IO[bytes],
) -> Upload:
    """Take a whole file in. For a slow sender use `begin_upload`, `Deposit.write`, `Deposit.finish` and
    `record_upload` instead, so that no transaction waits for the network."""
    with begin_upload(session, actor, store, settings, dataset_id, file_name) as deposit:
        for piece in pieces(stream):
            deposit.write(piece)
        deposit.finish()
        return record_upload(session, actor, settings, deposit)


# -- looking up -----------------------------------------------------------------------------------------------------


def get_upload(session: Session, actor: Actor, upload_id: str) -> Upload:
    """An upload that `actor` may know of: the provider's own people, and the officers who decide on its dataset."""
    upload = session.get(Upload, upload_id)
    if upload is None or not _may_know(session, actor, upload):
        raise UploadNotFound("There is no such upload.")
    return upload


def _may_know(session: Session, actor: Actor, upload: Upload) -> bool:
    provider_id = datasets.get_dataset(session, upload.dataset_id).provider_id
    return actor.may(Permission.RELEASE_SUBMIT, provider_id) or actor.may(Permission.RELEASE_DECIDE, provider_id)


def uploads_of(session: Session, dataset_ids: Collection[str], *, limit: int = 100) -> list[Upload]:
    """Uploads of some datasets, newest first."""
    query = select(Upload).where(col(Upload.dataset_id).in_(list(dataset_ids)))
    return list(session.exec(query.order_by(col(Upload.id).desc()).limit(limit)))


def uploads_by_id(session: Session, ids: Collection[str]) -> dict[str, Upload]:
    """Several uploads at once, by id. For services above that checked who asks."""
    return {found.id: found for found in session.exec(select(Upload).where(col(Upload.id).in_(list(ids))))}


def format_of(upload: Upload) -> FileFormat | None:
    """How the file was read, or None while that is not known."""
    return FileFormat.model_validate(upload.format) if upload.format else None


# -- correcting -----------------------------------------------------------------------------------------------------


def correct(session: Session, actor: Actor, upload_id: str, correction: Correction) -> Upload:
    """Read the upload anew with what a person says about its format; replaces earlier corrections."""
    get_upload(session, actor, upload_id)
    upload = session.get_one(Upload, upload_id, with_for_update=True, populate_existing=True)
    actor.require(Permission.RELEASE_SUBMIT, datasets.get_dataset(session, upload.dataset_id).provider_id)
    if upload.status not in (UploadStatus.PROFILED, UploadStatus.REJECTED):
        raise UploadNotReady(f"The upload is {upload.status}; correct its format when it has been read.")
    upload.correction = correction.model_dump(mode="json", exclude_defaults=True)
    upload.revision += 1
    upload.status = UploadStatus.RECEIVED
    upload.error = None
    session.add(upload)
    session.flush()
    audit.record(session, actor, "upload.corrected", "upload", upload.id, revision=upload.revision)
    outbox.emit(session, Event.UPLOAD_RECEIVED, upload_id=upload.id)
    return upload


# -- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenSafe:
    """A safe opened for one piece of work: seals and opens objects under its key. The key shows in no `repr`."""

    store: ObjectStore
    key: bytes = field(repr=False)

    def open(self, name: str) -> BufferedReader:
        """The plaintext of a sealed object."""
        return open_sealed(self.store, name, self.key, name)

    def put(self, name: str, plain: bytes | IO[bytes]) -> None:
        """Seal bytes, or a stream, into the object `name`; writing the same name again replaces it."""
        with self.writing(name) as writer:
            for piece in [plain] if isinstance(plain, bytes) else pieces(plain):
                writer.write(piece)

    @contextmanager
    def writing(self, name: str) -> Iterator[SealingWriter]:
        """A file to write plaintext into; the object appears whole when the block ends well, else not at all."""
        with tempfile.TemporaryFile() as sealed:  # holds sealed bytes only
            writer = SealingWriter(sealed, self.key, name)
            yield writer
            writer.close()
            sealed.seek(0)
            self.store.put(name, cast(BinaryIO, sealed))


def open_safe(session: Session, store: ObjectStore, settings: Settings, safe_id: str) -> OpenSafe:
    """Open a safe for the services of the catalog; `UploadDestroyed` when its key is gone."""
    return OpenSafe(store, keys.safe_key(session, settings, safe_id))


def new_safe_key() -> bytes:
    """The key of a safe that will be kept by `keep_safe` once its objects are written."""
    return keys.new_key()


def keep_safe(session: Session, settings: Settings, upload: Upload, safe_id: str, key: bytes) -> None:
    """Keep the key of a safe that holds what was made from an upload, wrapped; until then nobody can read it."""
    keys.store_safe(session, settings, upload.dataset_id, upload.id, safe_id, key)


def dataset_secret(session: Session, settings: Settings, dataset_id: str) -> bytes:
    """The secret that keys a dataset's pseudonyms."""
    return keys.dataset_secret(session, settings, dataset_id)


def open_table(session: Session, store: ObjectStore, settings: Settings, upload_id: str) -> BufferedReader:
    """The clean table of a profiled upload as a Parquet file, opened in memory piece by piece. For jobs and services;
    people see raw cells through `reveal` alone."""
    upload = session.get_one(Upload, upload_id)
    if upload.status == UploadStatus.DESTROYED:
        raise UploadDestroyed("The upload was destroyed on its retention date.")
    if upload.status != UploadStatus.PROFILED:
        raise UploadNotReady(f"The upload is {upload.status}; its table is ready once it is profiled.")
    return open_safe(session, store, settings, upload.safe_id).open(table_name(upload))


def open_aside(session: Session, store: ObjectStore, settings: Settings, upload: Upload) -> BufferedReader:
    """The rows set aside, as `intake.reading.aside_rows` reads them."""
    return open_safe(session, store, settings, upload.safe_id).open(aside_name(upload))
