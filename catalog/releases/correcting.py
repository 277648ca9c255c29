"""A data officer corrects what was found in an upload under review, and takes corrections back."""

import re
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from anonymizer.classify.corrections import NOT_PERSONAL, phrase_digest
from anonymizer.classify.types import TYPES
from anonymizer.recognizers.width import fold
from catalog.datasets import service as datasets
from catalog.releases import corrections, service
from catalog.releases.models import Correction, ReleaseRequest
from catalog.vault import service as vault
from contracts.access import Actor, Permission
from contracts.errors import Conflict, InvalidInput, NotFound
from contracts.kit import audit
from contracts.kit.settings import Settings

SHORTEST, LONGEST = 2, 60
MOST = 100
_DIGEST = re.compile(r"[0-9a-f]{32}")


def retype_column(session: Session, actor: Actor, request_id: str, column: str, semantic_type: str) -> Correction:
    """Say what the whole of a column is: a semantic type, or `NOT_PERSONAL`."""
    request, officer = _under_review(session, actor, request_id)
    _check_column(session, actor, request, column)
    if semantic_type != NOT_PERSONAL and semantic_type not in TYPES:
        raise InvalidInput.at("semantic_type", "Choose what the column is.")
    return _keep(session, actor, request, officer, "column", column, semantic_type)


def correct_texts(
    session: Session,
    actor: Actor,
    settings: Settings,
    request_id: str,
    column: str,
    *,
    not_personal: Sequence[str] = (),
    names: Sequence[str] = (),
) -> list[Correction]:
    """Keep that findings are nobody's (`not_personal`: their digests, as `findings` tells them) and that `names`,
    phrases of 2 to 60 characters, are names. Of the phrases only digests are kept; what holds already stays."""
    request, officer = _under_review(session, actor, request_id)
    _check_column(session, actor, request, column)
    phrases = list(dict.fromkeys(fold(name).strip() for name in names if name.strip()))
    if any(not SHORTEST <= len(phrase) <= LONGEST or "\n" in phrase for phrase in phrases):
        raise InvalidInput.at("names", f"A name has {SHORTEST} to {LONGEST} characters; write one on each line.")
    if any(not _DIGEST.fullmatch(digest) for digest in not_personal):
        raise InvalidInput.at("not_personal", "Choose findings from the page; this is none of them.")
    wanted = len(phrases) + len(set(not_personal))
    if not 1 <= wanted <= MOST:
        raise InvalidInput.at("names", f"Choose findings or write names, {MOST} at most.")
    key = corrections.key_of(session, settings, request.dataset_id)
    known = {(row.kind, row.value) for row in corrections.holding(session, request.dataset_id)}
    chosen: list[tuple[str, str, int | None]] = [
        ("not-personal", digest, None) for digest in dict.fromkeys(not_personal)
    ]
    chosen += [("name", phrase_digest(key, phrase), len(phrase)) for phrase in phrases]
    return [
        _keep(session, actor, request, officer, kind, column, value, length=length)
        for kind, value, length in chosen
        if (kind, value) not in known
    ]


def undo(session: Session, actor: Actor, correction_id: str) -> Correction:
    """Take a correction back; both rows stay in the history."""
    correction = session.get(Correction, correction_id)
    if correction is None or correction.kind == "undo":
        raise NotFound("There is no such correction.")
    request, officer = _under_review(session, actor, correction.request_id)
    try:
        with session.begin_nested():
            return _keep(session, actor, request, officer, "undo", correction.column, undoes=correction.id)
    except IntegrityError:
        raise Conflict("This correction was taken back already.") from None


def _under_review(session: Session, actor: Actor, request_id: str) -> tuple[ReleaseRequest, str]:
    request = service.get_request(session, actor, request_id)
    actor.require(Permission.RELEASE_DECIDE, datasets.get_dataset(session, request.dataset_id).provider_id)
    if actor.person_id is None:
        raise Conflict("Only a person can correct what was found.")
    return request, actor.person_id


def _check_column(session: Session, actor: Actor, request: ReleaseRequest, column: str) -> None:
    upload = vault.get_upload(session, actor, request.upload_id)
    if column not in {found["name"] for found in (upload.profile or {"columns": []})["columns"]}:
        raise InvalidInput.at("column", "The table has no such column.")


def _keep(
    session: Session,
    actor: Actor,
    request: ReleaseRequest,
    officer: str,
    kind: str,
    column: str,
    value: str = "",
    *,
    length: int | None = None,
    undoes: str | None = None,
) -> Correction:
    row = Correction(
        dataset_id=request.dataset_id,
        request_id=request.id,
        kind=kind,
        column=column,
        value=value,
        length=length,
        undoes=undoes,
        made_by=officer,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, actor, "findings.corrected", "dataset", request.dataset_id, correction=row.id, kind=kind, column=column
    )
    return row
