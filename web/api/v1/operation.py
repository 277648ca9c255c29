"""Management API: failed jobs and the audit log."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from contracts.access import Permission, Role
from contracts.errors import Forbidden
from contracts.kit import audit, jobs
from web.dependencies import Read, SignedIn, Tx

router = APIRouter(prefix="/api/v1", tags=["operation"])

LIMIT = 200


class FailureOut(BaseModel):
    """A job that was given up."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    handler: str
    payload: dict[str, str]
    error_class: str
    message: str
    attempts: int
    failed_at: datetime


class AuditOut(BaseModel):
    """Who did what to which thing."""

    model_config = ConfigDict(from_attributes=True)
    sequence: int
    at: datetime
    actor_id: str | None
    actor_name: str
    action: str
    subject_kind: str
    subject_id: str
    detail: dict[str, Any]
    hash: str
    prev_hash: str


class ChainOut(BaseModel):
    """Whether the chain of the audit log holds, recomputed for this answer."""

    model_config = ConfigDict(from_attributes=True)
    intact: bool
    entries: int
    broken_at: int | None
    reason: str


@router.get("/jobs/failures", summary="Jobs that were given up")
def failures(session: Read, actor: SignedIn) -> list[FailureOut]:
    if not actor.has_role(Role.OPERATOR):
        raise Forbidden("Jobs are shown to operators.")
    return [FailureOut.model_validate(one) for one in jobs.failures(session)]


@router.post("/jobs/failures/{failure_id}/retry", status_code=204, summary="Try a failed job again")
def retry(failure_id: str, session: Tx, actor: SignedIn) -> None:
    if not actor.has_role(Role.OPERATOR):
        raise Forbidden("Jobs are tried again by operators.")
    jobs.retry(session, actor, failure_id)


@router.get("/audit", summary="The audit log, newest first")
def log(
    session: Read,
    actor: SignedIn,
    action: str | None = None,
    subject_id: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AuditOut]:
    """`before` is the sequence number of the last entry of the page before."""
    actor.require(Permission.AUDIT_READ)
    shown = audit.entries(session, action=action, subject_id=subject_id, before=before, limit=min(max(limit, 1), LIMIT))
    return [AuditOut.model_validate(one) for one in shown]


@router.get("/audit/chain", summary="Check the chain of the audit log")
def chain(session: Read, actor: SignedIn) -> ChainOut:
    actor.require(Permission.AUDIT_READ)
    return ChainOut.model_validate(audit.verify_chain(session))
