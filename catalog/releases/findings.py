"""What was found in an upload under review: column by column, and within texts, masked unless revealed.

Masked texts keep their signs and their length, letters and Han are 某 and digits 0, so an officer sees where something
was found; raw ones come through the vault's `reveal`, with a reason and recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from sqlmodel import Session

from anonymizer import ScanResult
from anonymizer.classify.corrections import Corrections, in_force, phrase_digest, retyped
from anonymizer.results import Finding
from anonymizer.shapes import shape
from catalog.datasets import service as datasets
from catalog.releases import corrections, service
from catalog.releases.models import ReleaseRequest
from catalog.vault import revealing
from catalog.vault import service as vault
from catalog.vault.models import Upload
from contracts.access import Actor, Permission
from contracts.errors import InvalidInput
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore

MASKED_ROWS = 5
_LOOKED_AT = 200
_LONGEST = 5000
"""Longer cells are cut; nobody judges more at once."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a cell: `type` is None where nothing was found; `digest` names a revealed finding."""

    text: str = field(repr=False)
    type: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class MarkedCell:
    """One cell, its row counted from 1 in the clean table, in parts that together are all of it."""

    row: int
    parts: list[Part]


def columns(session: Session, actor: Actor, request_id: str) -> ScanResult:
    """The scan of the upload under review, with what officers said of columns."""
    request = _request(session, actor, request_id)
    upload = vault.get_upload(session, actor, request.upload_id)
    found = ScanResult.model_validate(upload.profile)
    return retyped(found, corrections.column_types(session, request.dataset_id))


def masked_texts(
    session: Session, actor: Actor, store: ObjectStore, settings: Settings, request_id: str, column: str
) -> list[MarkedCell]:
    """Up to five cells of a text column, those with findings first, by shape alone."""
    request = _request(session, actor, request_id)
    upload = vault.get_upload(session, actor, request.upload_id)
    _check(upload, column)
    with vault.open_table(session, store, settings, upload.id) as table:
        cells = pl.read_parquet(table, columns=[column], n_rows=_LOOKED_AT).to_series().cast(pl.String).to_list()
    rows = [(number, cell[:_LONGEST]) for number, cell in enumerate(cells, start=1) if cell]
    texts = [text for _, text in rows]
    found = _find(texts, corrections.in_texts(session, settings, request.dataset_id))
    order = sorted(range(len(rows)), key=lambda place: (not found[place], place))[:MASKED_ROWS]
    shown = sorted(order)
    return [MarkedCell(rows[place][0], _parts(shape(rows[place][1], limit=_LONGEST), found[place])) for place in shown]


def revealed_texts(
    session: Session,
    actor: Actor,
    store: ObjectStore,
    settings: Settings,
    request_id: str,
    *,
    column: str,
    rows: Sequence[int],
    reason: str,
) -> list[MarkedCell]:
    """Raw cells with what was found in them, each finding with its digest. As `revealing.reveal`: recorded, for showing
    once, never to be cached."""
    request = _request(session, actor, request_id)
    shown = revealing.reveal(
        session, actor, store, settings, request.upload_id, rows=rows, columns=[column], reason=reason
    )
    texts = [(cell.cells[column] or "")[:_LONGEST] for cell in shown]
    found = _find(texts, corrections.in_texts(session, settings, request.dataset_id))
    key = corrections.key_of(session, settings, request.dataset_id)
    return [
        MarkedCell(cell.row, _parts(text, findings, key))
        for cell, text, findings in zip(shown, texts, found, strict=True)
    ]


def _find(texts: Sequence[str], corrected: Corrections) -> list[list[Finding]]:
    """The text engine, imported when the first text is read: it takes seconds to load."""
    from anonymizer.classify.text import memory

    with in_force(corrected):
        return memory.find_in_texts(texts)


def _parts(text: str, findings: Sequence[Finding], key: bytes | None = None) -> list[Part]:
    parts: list[Part] = []
    end = 0
    for found in findings:
        if found.start > end:
            parts.append(Part(text[end : found.start]))
        stretch = text[found.start : found.end]
        parts.append(Part(stretch, found.type, phrase_digest(key, stretch) if key else None))
        end = found.end
    if end < len(text):
        parts.append(Part(text[end:]))
    return parts


def _request(session: Session, actor: Actor, request_id: str) -> ReleaseRequest:
    request = service.get_request(session, actor, request_id)
    actor.require(Permission.RELEASE_DECIDE, datasets.get_dataset(session, request.dataset_id).provider_id)
    return request


def _check(upload: Upload, column: str) -> None:
    if column not in {found["name"] for found in (upload.profile or {"columns": []})["columns"]}:
        raise InvalidInput.at("column", "The table has no such column.")
