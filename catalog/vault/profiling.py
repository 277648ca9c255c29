"""The intake job: read an upload, seal its clean table and the rows set aside, scan it, keep the masked profile."""

from collections.abc import Callable
from io import BufferedReader
from typing import IO, Any, cast

import polars as pl

import anonymizer
from anonymizer import ScanResult
from catalog.vault import service
from catalog.vault.errors import UploadDestroyed
from catalog.vault.intake.formats import Correction
from catalog.vault.intake.reading import ReadResult, read_file
from catalog.vault.intake.reasons import REJECTIONS, Rejected
from catalog.vault.models import Upload, UploadStatus
from contracts import clock
from contracts.errors import InvalidInput
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore

_WAITING = (UploadStatus.RECEIVED, UploadStatus.PROFILING)


def profile_upload(database: Database, store: ObjectStore, settings: Settings, upload_id: str) -> dict[str, int]:
    """Read and scan an upload that waits for it; harmless to run again. Returns counts only.

    A file that cannot be read is a result, not an error: the upload is then rejected, with the reason and the place.
    """
    with database.transaction() as session:
        upload = session.get_one(Upload, upload_id, with_for_update=True)
        if upload.status not in _WAITING:
            return {"rows": upload.rows or 0}
        upload.status = UploadStatus.PROFILING
        session.add(upload)
        try:
            safe = service.open_safe(session, store, settings, upload.safe_id)
        except UploadDestroyed:
            return {"rows": 0}
    correction = Correction.model_validate(upload.correction)
    try:
        with safe.open(service.original_name(upload.dataset_id, upload.id)) as stream:
            result = _read(safe, upload, stream, correction, settings.timezone)
        with safe.open(service.table_name(upload)) as table:
            found = anonymizer.scan(read_clean(table))
    except Rejected as rejected:
        _finish(database, upload, _rejection(rejected.told()))
        return {"rows": 0, "rejected": 1}
    except InvalidInput as error:
        _finish(database, upload, _rejection({"reason": None, "values": {}, "detail": error.detail, "place": None}))
        return {"rows": 0, "rejected": 1}
    _finish(database, upload, _profiled(result, found))
    return {"rows": result.rows, "rows_set_aside": result.set_aside, "personal_cells": found.personal_cells}


def reject_unexpectedly(database: Database, upload_id: str) -> None:
    """The job was given up: tell the uploader so, without the cause, which is in the log."""
    with database.transaction() as session:
        upload = session.get_one(Upload, upload_id, with_for_update=True)
        if upload.status in _WAITING:
            told: dict[str, Any] = {
                "reason": "unexpected",
                "values": {},
                "detail": REJECTIONS["unexpected"],
                "place": None,
            }
            _rejection(told)(upload)
            session.add(upload)


def read_clean(table: BufferedReader) -> pl.DataFrame:
    """A clean table as a frame."""
    return pl.read_parquet(table)


def _read(
    safe: service.OpenSafe, upload: Upload, stream: BufferedReader, correction: Correction, timezone: str
) -> ReadResult:
    with safe.writing(service.table_name(upload)) as table, safe.writing(service.aside_name(upload)) as aside:
        return read_file(
            stream,
            upload.size,
            correction,
            timezone=timezone,
            table=cast(IO[bytes], table),
            aside=cast(IO[bytes], aside),
        )


def _finish(database: Database, seen: Upload, change: Callable[[Upload], None]) -> None:
    """Keep the outcome, unless the upload was corrected again or destroyed meanwhile: then this run counts for
    nothing."""
    with database.transaction() as session:
        upload = session.get_one(Upload, seen.id, with_for_update=True)
        if upload.revision == seen.revision and upload.status == UploadStatus.PROFILING:
            change(upload)
            session.add(upload)


def _profiled(result: ReadResult, found: ScanResult) -> Callable[[Upload], None]:
    def change(upload: Upload) -> None:
        upload.status = UploadStatus.PROFILED
        upload.format = result.format.model_dump(mode="json")
        upload.rows = result.rows
        upload.rows_set_aside = result.set_aside
        upload.personal_cells = found.personal_cells
        upload.profile = found.model_dump(mode="json")
        upload.error = None
        upload.profiled_at = clock.now()

    return change


def _rejection(told: dict[str, Any]) -> Callable[[Upload], None]:
    def change(upload: Upload) -> None:
        upload.status = UploadStatus.REJECTED
        upload.error = told
        upload.format = upload.profile = None
        upload.rows = upload.rows_set_aside = upload.personal_cells = None

    return change
