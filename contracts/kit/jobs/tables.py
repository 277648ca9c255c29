"""Tables of the job machinery: jobs, their finished steps, the workers that live, and what failed."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from contracts import clock
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime


class JobState(StrEnum):
    """`queued` (again after a crash or a transient error) → `running` → `done` | `failed`."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(SQLModel, table=True):
    """One handler's work on one outbox row; its id is `<outbox row id>:<handler name>`, so it exists once.

    `attempt` counts the times it was taken up and fences off a worker that lost it; `errors` and `crashes` count the
    attempts that ended in a transient error or with the end of their worker; `run_after`: not before; `claimed_at` and
    `finished_at`: of the latest attempt.
    """

    __tablename__ = "kit_job"
    __table_args__ = (sa.Index("ix_kit_job_state_run_after", "state", "run_after"),)

    id: str = Field(primary_key=True, max_length=120)
    event: str = Field(max_length=80)
    handler: str = Field(max_length=80)
    payload: dict[str, str] = Field(sa_type=sa.JSON)
    state: str = Field(default=JobState.QUEUED, max_length=10)
    attempt: int = 0
    errors: int = 0
    crashes: int = 0
    run_after: datetime | None = Field(default=None, sa_type=UtcDateTime)
    worker_id: str | None = Field(default=None, max_length=36, index=True)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class JobStep(SQLModel, table=True):
    """A step that finished: when the job is taken up again it is answered from here. Results hold ids and counts."""

    __tablename__ = "kit_job_step"

    job_id: str = Field(primary_key=True, max_length=120)
    name: str = Field(primary_key=True, max_length=80)
    result: Any = Field(default=None, sa_type=sa.JSON)
    finished_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Worker(SQLModel, table=True):
    """A process that takes up jobs. `beats` grows while it lives; `process` tells on its own machine if it does."""

    __tablename__ = "kit_worker"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    machine: str = Field(max_length=120)
    process: str = Field(max_length=60)
    beats: int = Field(default=0, sa_type=sa.BigInteger)
    started_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    seen_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Schedule(SQLModel, table=True):
    """When a periodic handler is due next."""

    __tablename__ = "kit_schedule"

    name: str = Field(primary_key=True, max_length=80)
    next_at: datetime = Field(sa_type=UtcDateTime)


class JobFailure(SQLModel, table=True):
    """A job given up, for an operator to see. `message` is the error's own plain sentence when it is one of ours, else
    only the place in the code: never the text of a foreign exception, which may quote somebody's data."""

    __tablename__ = "kit_job_failure"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    job_id: str = Field(max_length=120, index=True)
    event: str = Field(max_length=80)
    handler: str = Field(max_length=80)
    payload: dict[str, str] = Field(sa_type=sa.JSON)
    error_class: str = Field(max_length=120)
    message: str = Field(max_length=500)
    attempts: int
    failed_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    retried_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    retried_by: str | None = Field(default=None, max_length=200)
