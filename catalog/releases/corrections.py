"""What data officers have corrected in a dataset's findings, and what of it holds: for proposals, previews and builds.

Kept are columns, semantic types and keyed digests; the key comes from the dataset's secret, so a digest tells nothing
to whoever has only the database.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from anonymizer import keys
from anonymizer.classify.corrections import Corrections
from catalog.releases.models import Correction
from catalog.vault import service as vault
from contracts.kit.settings import Settings

_PURPOSE = "corrections"


def history(session: Session, dataset_id: str) -> Sequence[Correction]:
    """All corrections of a dataset and what undid them, newest first."""
    query = select(Correction).where(Correction.dataset_id == dataset_id)
    return session.exec(query.order_by(col(Correction.made_at).desc(), col(Correction.id).desc())).all()


def holding(session: Session, dataset_id: str) -> list[Correction]:
    """The corrections that hold, oldest first: not undone, and for a column only the last word on it."""
    rows = list(reversed(history(session, dataset_id)))
    undone = {row.undoes for row in rows}
    last = {row.column: row.id for row in rows if row.kind == "column" and row.id not in undone}
    return [
        row
        for row in rows
        if row.kind != "undo" and row.id not in undone and (row.kind != "column" or last[row.column] == row.id)
    ]


def column_types(session: Session, dataset_id: str) -> dict[str, str]:
    """Column to the semantic type that an officer gave it."""
    return {row.column: row.value for row in holding(session, dataset_id) if row.kind == "column"}


def key_of(session: Session, settings: Settings, dataset_id: str) -> bytes:
    """The key of the dataset's digests."""
    return keys.derive(vault.dataset_secret(session, settings, dataset_id), _PURPOSE)


def in_texts(session: Session, settings: Settings, dataset_id: str) -> Corrections:
    """What holds for texts. Without any such correction no secret is made, so a reading session will do."""
    rows = [row for row in holding(session, dataset_id) if row.kind in ("not-personal", "name")]
    if not rows:
        return Corrections(key=b"")
    names: dict[int, set[str]] = {}
    for row in rows:
        if row.kind == "name" and row.length:
            names.setdefault(row.length, set()).add(row.value)
    return Corrections(
        key=key_of(session, settings, dataset_id),
        not_personal=frozenset(row.value for row in rows if row.kind == "not-personal"),
        names={length: frozenset(values) for length, values in names.items()},
    )
