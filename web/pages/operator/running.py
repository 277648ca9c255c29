"""What runs and who did what: failed jobs with their retry, and the audit log with the state of its chain."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from contracts.access import Permission
from contracts.kit import audit, jobs
from web.dependencies import Read, SignedIn, Tx
from web.pages.operator.frame import operator_context, require_operator
from web.rendering import render

router = APIRouter(prefix="/operator")

PAGE = 50


@router.get("/jobs")
def jobs_page(request: Request, session: Read, actor: SignedIn) -> Response:
    require_operator(actor)
    context = operator_context("jobs", failures=jobs.failures(session), backlog=jobs.backlog(session))
    return render(request, "operator/jobs.html", **context)


@router.post("/jobs/{failure_id}/retry")
def retry_post(session: Tx, actor: SignedIn, failure_id: str) -> Response:
    require_operator(actor)
    jobs.retry(session, actor, failure_id)
    return RedirectResponse("/operator/jobs", 303)


@router.get("/audit")
def audit_page(
    request: Request,
    session: Read,
    actor: SignedIn,
    action: str = "",
    subject: str = "",
    before: int | None = None,
) -> Response:
    actor.require(Permission.AUDIT_READ)
    shown = audit.entries(
        session, action=action.strip() or None, subject_id=subject.strip() or None, before=before, limit=PAGE
    )
    return render(
        request,
        "operator/audit.html",
        **operator_context(
            "audit",
            entries=shown,
            chain=audit.verify_chain(session),
            action=action,
            subject=subject,
            older=shown[-1].sequence if len(shown) == PAGE and shown[-1].sequence > 1 else None,
        ),
    )
