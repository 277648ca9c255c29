"""What the kit clears away by itself, once an hour: finished jobs, sent mails and old idempotency keys."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from contracts import clock
from contracts.kit import idempotency
from contracts.kit.jobs import Job, JobContext, JobState, JobStep, Registry
from contracts.kit.mail import Mail
from contracts.kit.outbox import OutboxRow

JOBS_KEPT = timedelta(days=30)
MAIL_KEPT = timedelta(days=90)


def register(registry: Registry) -> None:
    """Have it done by the worker."""
    registry.every(timedelta(hours=1), "kit.prune")(_prune_job)


def _prune_job(context: JobContext, _payload: dict[str, str]) -> None:
    with context.database.transaction() as session:
        prune(session)


def prune(session: Session) -> None:
    """Delete what is past its time. Failed jobs stay until someone deals with them, the audit log stays for ever."""
    jobs_before, mail_before = clock.now() - JOBS_KEPT, clock.now() - MAIL_KEPT
    old = select(Job.id).where(col(Job.state) == JobState.DONE, col(Job.finished_at) < jobs_before)
    session.execute(sa.delete(JobStep).where(col(JobStep.job_id).in_(old)))
    session.execute(sa.delete(Job).where(col(Job.id).in_(old)))
    session.execute(sa.delete(OutboxRow).where(col(OutboxRow.dispatched_at) < jobs_before))
    session.execute(sa.delete(Mail).where(col(Mail.sent_at) < mail_before))
    idempotency.prune(session)
