"""The queue in the database: from outbox rows to jobs, who has which job, and what became of it.

Each function is one transaction. On PostgreSQL rows are locked with SKIP LOCKED, so that workers do not wait for each
other; on SQLite a writing transaction has the write lock from its beginning.
"""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from contracts import clock
from contracts.access import Actor
from contracts.errors import Conflict, NotFound, RateLimited, ShuyiError, Unavailable
from contracts.kit import audit
from contracts.kit.database import Database
from contracts.kit.jobs.registry import Registry
from contracts.kit.jobs.tables import Job, JobFailure, JobState, JobStep, Schedule, Worker
from contracts.kit.outbox import OutboxRow, announce

MAX_ERRORS = 8
MAX_CRASHES = 5
BACKOFF = (1, 4, 15, 60, 240, 900)


class JobLost(Exception):
    """Another worker has taken the job over; this attempt must stop and may write nothing more."""


class WorkerDied(Exception):
    """The job has ended its worker so often that it is given up."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of one worker, fenced by its attempt."""

    job_id: str
    handler: str
    payload: dict[str, str]
    worker_id: str
    attempt: int
    crashes: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts of jobs, and for how many seconds the oldest one has been due."""

    queued: int
    running: int
    failed: int
    oldest_seconds: float


def dispatch(database: Database, registry: Registry, limit: int = 200) -> int:
    """Turn outbox rows into jobs; the number of rows turned."""
    undispatched = (
        select(OutboxRow).where(col(OutboxRow.dispatched_at).is_(None)).order_by(col(OutboxRow.id)).limit(limit)
    )
    with database.reading() as session:
        if session.exec(undispatched.limit(1)).first() is None:
            return 0
    with database.transaction() as session:
        rows = session.exec(undispatched.with_for_update(skip_locked=True)).all()
        for row in rows:
            for registration in registry.handlers(row.event):
                session.add(
                    Job(
                        id=f"{row.id}:{registration.name}",
                        event=row.event,
                        handler=registration.name,
                        payload=row.payload,
                    )
                )
            row.dispatched_at = clock.now()
            session.add(row)
    return len(rows)


def claim(database: Database, registry: Registry, worker_id: str, limit: int) -> list[Claim]:
    """Take up to `limit` jobs that are due: the long ones last, else oldest first."""
    now = clock.now()
    is_long = sa.case((col(Job.handler).in_(registry.long_names()), 1), else_=0)
    due = (
        select(Job)
        .where(
            col(Job.state) == JobState.QUEUED,
            sa.or_(col(Job.run_after).is_(None), col(Job.run_after) <= now),
            col(Job.handler).in_(list(registry.names())),
        )
        .order_by(is_long, col(Job.created_at), col(Job.id))
    )
    with database.reading() as session:
        if session.exec(due.limit(1)).first() is None:
            return []
    with database.transaction() as session:
        jobs = session.exec(due.limit(limit).with_for_update(skip_locked=True)).all()
        for job in jobs:
            job.state, job.worker_id, job.claimed_at = JobState.RUNNING, worker_id, now
            job.attempt += 1
            session.add(job)
        return [Claim(job.id, job.handler, job.payload, worker_id, job.attempt, job.crashes) for job in jobs]


def hold(session: Session, claim: Claim) -> Job:
    """The claimed job, locked; raises `JobLost` when it is no longer this worker's."""
    job = session.get(Job, claim.job_id, with_for_update=True)
    if job is None or (job.state, job.worker_id, job.attempt) != (JobState.RUNNING, claim.worker_id, claim.attempt):
        raise JobLost(claim.job_id)
    return job


def finish(database: Database, claim: Claim) -> None:
    """The handler returned."""
    with database.transaction() as session:
        job = hold(session, claim)
        job.state, job.finished_at, job.worker_id = JobState.DONE, clock.now(), None
        session.add(job)


def postpone(database: Database, claim: Claim, error: BaseException) -> bool:
    """After a transient error: queue the job again, later each time. False when it has been tried often enough."""
    with database.transaction() as session:
        job = hold(session, claim)
        if job.errors + 1 >= MAX_ERRORS:
            return False
        wait = BACKOFF[min(job.errors, len(BACKOFF) - 1)]
        if isinstance(error, Unavailable | RateLimited):
            wait = max(wait, error.retry_after)
        job.errors += 1
        job.state, job.worker_id, job.run_after = JobState.QUEUED, None, clock.now() + timedelta(seconds=wait)
        session.add(job)
    return True


def give_up(database: Database, claim: Claim, error_class: str, message: str) -> None:
    """Mark the job failed and record why."""
    with database.transaction() as session:
        job = hold(session, claim)
        job.state, job.finished_at, job.worker_id = JobState.FAILED, clock.now(), None
        session.add(job)
        session.add(
            JobFailure(
                job_id=job.id,
                event=job.event,
                handler=job.handler,
                payload=job.payload,
                error_class=error_class,
                message=message[:500],
                attempts=job.attempt,
            )
        )


def release_lost(database: Database, worker_id: str, active: Iterable[str], dead: Iterable[str]) -> None:
    """Forget `dead` workers and queue again every running job that nobody has: its worker is gone, or it is ours and
    not among `active`."""
    active, dead = set(active), list(dead)
    with database.reading() as session:
        if not dead and not session.exec(_lost(worker_id, active).limit(1)).first():
            return
    with database.transaction() as session:
        if dead:
            session.execute(sa.delete(Worker).where(col(Worker.id).in_(dead)))
        for job in session.exec(_lost(worker_id, active).with_for_update(skip_locked=True)):
            job.crashes += 1
            job.state, job.worker_id = JobState.QUEUED, None
            session.add(job)
        announce(session)


def leave(database: Database, worker_id: str) -> None:
    """The worker ends in good order: forget it, and queue again what it could not finish."""
    with database.transaction() as session:
        session.execute(
            sa.update(Job)
            .where(col(Job.worker_id) == worker_id, col(Job.state) == JobState.RUNNING)
            .values(state=JobState.QUEUED, worker_id=None)
        )
        session.execute(sa.delete(Worker).where(col(Worker.id) == worker_id))
        announce(session)


def schedule(database: Database, registry: Registry) -> None:
    """Queue a job for every periodic handler that is due, unless its last one has yet to end."""
    now = clock.now()
    with database.reading() as session:
        known = {row.name: row.next_at for row in session.exec(select(Schedule))}
    for periodic in registry.periodic():
        if periodic.name in known and known[periodic.name] > now:
            continue
        with database.transaction() as session:
            row = session.get(Schedule, periodic.name, with_for_update=True)
            if row is not None and row.next_at > now:
                continue
            due = row.next_at if row else now
            unfinished = select(Job.id).where(
                col(Job.handler) == periodic.name, col(Job.state).in_([JobState.QUEUED, JobState.RUNNING])
            )
            if session.exec(unfinished.limit(1)).first() is None:
                identifier = f"{periodic.name}:{due:%Y%m%dT%H%M%S.%fZ}"
                session.add(Job(id=identifier, event="schedule", handler=periodic.name, payload={}))
            row = row or Schedule(name=periodic.name, next_at=due)
            row.next_at = now + periodic.interval
            session.add(row)


def _lost(worker_id: str, active: set[str]) -> Any:
    return select(Job).where(
        col(Job.state) == JobState.RUNNING,
        sa.or_(
            col(Job.worker_id).not_in(select(Worker.id)),
            sa.and_(col(Job.worker_id) == worker_id, col(Job.id).not_in(active)),
        ),
    )


class KeptSteps:
    """Results of a job's finished steps; see `registry.Steps`."""

    def __init__(self, database: Database, claim: Claim) -> None:
        self._database, self._claim = database, claim
        with database.reading() as session:
            rows = session.exec(select(JobStep).where(col(JobStep.job_id) == claim.job_id)).all()
        self._results = {row.name: row.result for row in rows}

    def get(self, name: str) -> tuple[bool, Any]:
        """Whether the step has finished, and its result."""
        return name in self._results, self._results.get(name)

    def keep(self, name: str, result: Any) -> None:
        """Write the result, unless the job was lost."""
        with self._database.transaction() as session:
            hold(session, self._claim)
            session.add(JobStep(job_id=self._claim.job_id, name=name, result=result))
        self._results[name] = result


def is_transient(error: BaseException) -> bool:
    """Whether the same call may work later: a service or the database away, a lock or a race lost."""
    return isinstance(
        error,
        Unavailable
        | RateLimited
        | ConnectionError
        | TimeoutError
        | sa.exc.OperationalError
        | sa.exc.InterfaceError
        | sa.exc.IntegrityError,
    )


def describe(error: BaseException) -> tuple[str, str]:
    """Class and message of an error, fit to be stored: see `JobFailure`."""
    if isinstance(error, WorkerDied):
        return "WorkerDied", f"The worker ended while it ran this job, {MAX_CRASHES} times."
    if isinstance(error, ShuyiError):
        return type(error).__name__, error.detail
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return type(
        error
    ).__name__, f"Unexpected error in {frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})."


def failures(session: Session, *, open_only: bool = True, limit: int = 100) -> list[JobFailure]:
    """Jobs that were given up, latest first; with `open_only` those not yet tried again."""
    query = select(JobFailure).order_by(col(JobFailure.id).desc()).limit(limit)
    if open_only:
        query = query.where(col(JobFailure.retried_at).is_(None))
    return list(session.exec(query))


def retry(session: Session, actor: Actor, failure_id: str) -> None:
    """Queue a failed job again; finished steps are not run again. The caller checks that `actor` may. Raises NotFound,
    or Conflict when it has been tried again already."""
    failure = session.get(JobFailure, failure_id, with_for_update=True)
    job = session.get(Job, failure.job_id, with_for_update=True) if failure else None
    if failure is None or job is None:
        raise NotFound("There is no such failed job.")
    if failure.retried_at is not None or job.state != JobState.FAILED:
        raise Conflict("This job has already been tried again.")
    failure.retried_at, failure.retried_by = clock.now(), actor.name
    job.state, job.errors, job.crashes, job.run_after, job.finished_at = JobState.QUEUED, 0, 0, None, None
    session.add(failure)
    session.add(job)
    audit.record(session, actor, "job.retried", "job", job.id, handler=job.handler)
    announce(session)


def ended(session: Session) -> int:
    """How many jobs have ended, well or not: while this stays, no job has brought anything about."""
    over = col(Job.state).in_((JobState.DONE, JobState.FAILED))
    return session.exec(select(sa.func.count()).select_from(Job).where(over)).one()


def backlog(session: Session) -> Backlog:
    """How much there is to do, for metrics and the operator's page."""
    counts = dict(session.exec(select(Job.state, sa.func.count()).group_by(col(Job.state))).all())
    oldest: datetime | None = session.exec(
        select(sa.func.min(Job.created_at, type_=Job.__table__.c.created_at.type)).where(  # type: ignore[attr-defined]  # SQLModel adds it
            col(Job.state) == JobState.QUEUED
        )
    ).one()
    return Backlog(
        queued=counts.get(JobState.QUEUED, 0),
        running=counts.get(JobState.RUNNING, 0),
        failed=counts.get(JobState.FAILED, 0),
        oldest_seconds=max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0,
    )
