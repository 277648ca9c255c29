"""Durable jobs: what follows an event, run at least once, through crashes, by any number of workers."""

from contracts.kit.jobs.queue import Backlog, backlog, ended, failures, retry
from contracts.kit.jobs.registry import JobContext, Registry
from contracts.kit.jobs.runner import JobRunner, RunSummary
from contracts.kit.jobs.tables import Job, JobFailure, JobState, JobStep, Schedule, Worker

__all__ = [
    "Backlog",
    "Job",
    "JobContext",
    "JobFailure",
    "JobRunner",
    "JobState",
    "JobStep",
    "Registry",
    "RunSummary",
    "Schedule",
    "Worker",
    "backlog",
    "ended",
    "failures",
    "retry",
]
