"""Workers ended by SIGKILL inside each step: the job goes on where it was, by another worker or after a restart."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

import pytest
import sqlalchemy as sa
from sqlmodel import select

from contracts.events import Event
from contracts.kit.database import Database
from contracts.kit.jobs import Job, JobState, Worker
from contracts.kit.outbox import emit
from contracts.kit.settings import Settings
from tests.contracts.kit import crashing_worker

PLACES = [f"{where}:{step}" for step in range(3) for where in ("before", "inside", "after")] + ["end"]
PROCESSES = multiprocessing.get_context("forkserver")  # clean processes that start in milliseconds
PROCESSES.set_forkserver_preload([crashing_worker.__name__])


@pytest.fixture(autouse=True)
def _effects(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            sa.text("CREATE TABLE crash_effect (dataset_id text, step integer, PRIMARY KEY (dataset_id, step))")
        )


@contextmanager
def worker(settings: Settings, place: str) -> Iterator[BaseProcess]:
    """A worker in a process of its own; asked to end, and gone, when the block ends."""
    process = PROCESSES.Process(target=crashing_worker.work, args=(settings.home, settings.database, place))
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(60)
        assert process.exitcode in (0, -9)


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.02)


def happen(database: Database, dataset_id: str) -> None:
    with database.transaction() as session:
        emit(session, Event.DATASET_CHANGED, dataset_id=dataset_id)


def states(database: Database) -> list[str]:
    with database.reading() as session:
        return [job.state for job in session.exec(select(Job))]


def workers(database: Database) -> int:
    with database.reading() as session:
        return len(session.exec(select(Worker)).all())


def effects(database: Database) -> list[tuple[str, int]]:
    with database.reading() as session:
        rows = session.execute(sa.text("SELECT dataset_id, step FROM crash_effect ORDER BY dataset_id, step"))
        return [(row.dataset_id, row.step) for row in rows]


def runs(settings: Settings) -> list[str]:
    return (settings.home / "steps.log").read_text().split()


@pytest.mark.parametrize("place", PLACES)
def test_after_a_restart_the_job_goes_on_from_the_step_it_was_in(
    database: Database, settings: Settings, place: str
) -> None:
    happen(database, "d1")
    with worker(settings, place) as process:
        process.join(60)
        assert process.exitcode == -9
    assert states(database) == [JobState.RUNNING]
    with worker(settings, place):
        until(lambda: states(database) == [JobState.DONE])
    assert effects(database) == [("d1", 0), ("d1", 1), ("d1", 2)]
    repeated = [place.removeprefix("inside:")] if place.startswith("inside") else []
    assert sorted(runs(settings)) == sorted(f"d1:{step}" for step in ["0", "1", "2", *repeated])


def test_the_work_of_a_killed_worker_is_taken_over_by_a_living_one(database: Database, settings: Settings) -> None:
    with worker(settings, "inside:1") as first, worker(settings, "inside:1") as second:
        until(lambda: workers(database) == 2)
        for number in range(6):
            happen(database, f"d{number}")
        until(lambda: not (first.is_alive() and second.is_alive()))
        until(lambda: states(database) == [JobState.DONE] * 6)
        assert first.is_alive() or second.is_alive()
        until(lambda: workers(database) == 1)
    assert effects(database) == [(f"d{number}", step) for number in range(6) for step in range(3)]
    assert len(runs(settings)) == 6 * 3 + 1


def test_an_event_committed_while_no_worker_lives_is_found_at_the_next_start(
    database: Database, settings: Settings
) -> None:
    happen(database, "d1")
    with worker(settings, "never"):
        until(lambda: states(database) == [JobState.DONE])
        happen(database, "d2")  # and one committed by another process than the worker's
        until(lambda: states(database) == [JobState.DONE] * 2)
    assert workers(database) == 0
