"""What people may see of an upload: masked shapes freely, raw cells only with a reason, and never unnoticed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import polars as pl
from sqlmodel import Session

from anonymizer.shapes import shape
from catalog.datasets import service as datasets
from catalog.vault import service
from catalog.vault.errors import UploadNotReady
from catalog.vault.intake.reading import aside_rows
from catalog.vault.intake.reasons import Broken
from catalog.vault.models import Upload, UploadStatus
from contracts.access import Actor, Permission
from contracts.errors import InvalidInput
from contracts.kit import audit
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore

REVEAL_ROWS = 20
REASON_LENGTH = 10


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row set aside, as it may be shown: where, why, and the shape of what stood there."""

    line: int
    column: int | None
    reason: str
    values: dict[str, object]
    sentence: str
    shape: str


@dataclass(frozen=True, slots=True)
class Revealed:
    """Raw cells of one row. To be shown once to who asked, and kept nowhere."""

    row: int
    cells: dict[str, str | None] = field(repr=False)


def set_aside_rows(
    session: Session,
    actor: Actor,
    store: ObjectStore,
    settings: Settings,
    upload_id: str,
    *,
    offset: int = 0,
    limit: int = 50,
) -> list[SetAside]:
    """Rows set aside, in the order of the file, contents as shapes (letters and Han 某, digits 0)."""
    upload = service.get_upload(session, actor, upload_id)
    if upload.status == UploadStatus.PROFILED and not upload.rows_set_aside:
        return []
    _require_read(upload)
    with service.open_aside(session, store, settings, upload) as stream:
        return [_masked(broken) for broken in islice(aside_rows(stream), offset, offset + limit)]


def reveal(
    session: Session,
    actor: Actor,
    store: ObjectStore,
    settings: Settings,
    upload_id: str,
    *,
    rows: Sequence[int],
    columns: Sequence[str],
    reason: str,
) -> list[Revealed]:
    """Raw cells of at most 20 rows (counted from 1 in the clean table) and the named columns.

    The audit log keeps who, why, which rows and which columns, never the cells. The answer must not be cached.
    """
    upload = service.get_upload(session, actor, upload_id)
    actor.require(Permission.RAW_REVEAL, datasets.get_dataset(session, upload.dataset_id).provider_id)
    _require_read(upload)
    reason = reason.strip()
    if len(reason) < REASON_LENGTH:
        raise InvalidInput.at("reason", f"Say in {REASON_LENGTH} or more characters why the cells must be seen.")
    wanted = sorted(set(rows))
    if not wanted or len(wanted) > REVEAL_ROWS or wanted[0] < 1 or wanted[-1] > (upload.rows or 0):
        raise InvalidInput.at("rows", f"Name 1 to {REVEAL_ROWS} rows between 1 and {upload.rows}.")
    with service.open_table(session, store, settings, upload.id) as table:
        known = pl.read_parquet_schema(table)
        missing = [name for name in columns if name not in known]
        if not columns or missing:
            raise InvalidInput.at("columns", f"There is no column {missing[0]}." if missing else "Name a column.")
        table.seek(0)
        frame = pl.read_parquet(table, columns=list(dict.fromkeys(columns)))
    shown = frame[[row - 1 for row in wanted]]
    audit.record(
        session, actor, "raw_cells.revealed", "upload", upload.id, rows=wanted, columns=shown.columns, reason=reason
    )
    return [
        Revealed(number, {name: None if cell is None else str(cell) for name, cell in row.items()})
        for number, row in zip(wanted, shown.iter_rows(named=True), strict=True)
    ]


def _masked(broken: Broken) -> SetAside:
    return SetAside(
        line=broken.line,
        column=broken.column,
        reason=broken.reason,
        values=broken.values,
        sentence=broken.sentence(),
        shape=shape(broken.raw[:300]),
    )


def _require_read(upload: Upload) -> None:
    if upload.status != UploadStatus.PROFILED:
        raise UploadNotReady(f"The upload is {upload.status}; there is nothing to show of it.")
