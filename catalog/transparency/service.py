"""Lines of the public log, and whether the chain they stand in is whole."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import service as releases
from catalog.releases.models import Release, ReleaseRequest
from contracts import clock
from contracts.kit import audit
from contracts.kit.audit import AuditEntry, ChainStatus

Kind = Literal["published", "withdrawn", "approve", "send_back", "reject"]
PUBLISHED, WITHDRAWN, DECIDED = "release.published", "release.withdrawn", "release_request.decided"
ACTIONS = (PUBLISHED, WITHDRAWN, DECIDED)
RECHECK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One public event. `hash`: what it was about (a release's manifest, the artifact decided on); `number` and
    `chain_hash`: its place in the audit chain. `version` only where there is a release."""

    number: int
    at: datetime
    kind: Kind
    dataset: Dataset
    version: str | None
    request_number: str | None
    reason: str | None
    hash: str
    chain_hash: str
    served: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """State of the whole audit chain, and when it was last recomputed."""

    status: ChainStatus
    at: datetime


def log(
    session: Session, *, before: int | None = None, limit: int = 50, kinds: Collection[str] | None = None
) -> list[Line]:
    """Public lines, newest first; those with a number below `before` when paging. `kinds`: `published`, `withdrawn`,
    `decided`, else all."""
    wanted = {"published": PUBLISHED, "withdrawn": WITHDRAWN, "decided": DECIDED}
    actions = [wanted[kind] for kind in kinds if kind in wanted] if kinds else list(ACTIONS)
    entries = audit.entries(session, actions=actions, before=before, limit=limit)
    about_releases = releases.releases_by_id(session, {e.subject_id for e in entries if e.action != DECIDED})
    requests = releases.requests_by_id(session, {e.subject_id for e in entries if e.action == DECIDED})
    ids = {release.dataset_id for release in about_releases.values()} | {r.dataset_id for r in requests.values()}
    known = datasets.datasets_by_id(session, ids)
    current = releases.current_releases(session, ids)
    return [
        _of_request(session, entry, requests[entry.subject_id], known, current)
        if entry.action == DECIDED
        else _of_release(entry, about_releases[entry.subject_id], known, current)
        for entry in entries
    ]


def _of_release(entry: AuditEntry, release: Release, known: dict[str, Dataset], current: dict[str, Release]) -> Line:
    withdrawn = entry.action == WITHDRAWN
    return Line(
        number=entry.sequence,
        at=entry.at,
        kind="withdrawn" if withdrawn else "published",
        dataset=known[release.dataset_id],
        version=release.version,
        request_number=None,
        reason=str(entry.detail.get("reason", "")) or None if withdrawn else None,
        hash=release.manifest_hash,
        chain_hash=entry.hash,
        served=release.dataset_id in current,
    )


def _of_request(
    session: Session,
    entry: AuditEntry,
    request: ReleaseRequest,
    known: dict[str, Dataset],
    current: dict[str, Release],
) -> Line:
    decided_on = str(entry.detail["artifact_hash"])
    _moves, _comments, decisions = releases.history(session, request.id)
    reason = next(
        (d.reason for d in decisions if d.officer_id == entry.actor_id and d.artifact_hash == decided_on), None
    )
    outcome: Kind = entry.detail["outcome"]
    return Line(
        number=entry.sequence,
        at=entry.at,
        kind=outcome,
        dataset=known[request.dataset_id],
        version=None,
        request_number=request.number,
        reason=reason,
        hash=decided_on,
        chain_hash=entry.hash,
        served=request.dataset_id in current,
    )


class ChainCheck:
    """Recomputes the audit chain when somebody asks and the last result is older than a minute; one a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Checked | None = None

    def status(self, session: Session) -> Checked:
        """The state of the chain, at most a minute old."""
        with self._lock:
            if self._last is None or clock.now() - self._last.at >= RECHECK:
                self._last = Checked(audit.verify_chain(session), clock.now())
            return self._last
