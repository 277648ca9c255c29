"""`kill -9` while the road is walked: inside chosen steps, inside chosen jobs of the worker, and at random moments."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from contracts.kit.database import Database
from contracts.kit.jobs import Job, JobState
from tests.road.api import Watch
from tests.road.site import Site

ALL, SERVER, ONE_SERVER, WORKER, STANDIN = "all", "serve", "web", "worker", "stripe-standin"
"""Whom a strike ends: every process, the one that serves (or keeps the web processes), one of several web processes,
the worker, the stand-in for Stripe."""
UNKNOWN_PACE = 0.3
PATIENCE = 1200.0
LOOK_SECONDS = 0.0002
WORTH_WAITING = 0.02
"""Seconds; in a job quicker than that it does not matter where it is struck, and it would be missed."""


@dataclass(frozen=True)
class Kill:
    """One strike: whom, where on the road (`step …`, `job …` or `moment in …`), and whether that had begun and not
    ended when the processes were gone."""

    target: str
    where: str
    inside: bool


class Killer(Watch):
    """Strikes once at each place of its plan, and starts again what does not start by itself.

    `steps` (with whom to strike) and `jobs` are struck a random part of their usual time (`pace`, seconds by name)
    after they began.
    `moments` are targets, struck one after the other at random moments of a walk that usually takes `pace["walk"]`.
    """

    def __init__(
        self,
        site: Site,
        chance: random.Random,
        *,
        steps: Mapping[str, str] | None = None,
        jobs: Collection[str] = (),
        moments: Sequence[str] = (),
        pace: Mapping[str, float] | None = None,
    ) -> None:
        self.kills: list[Kill] = []
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._site, self._chance, self._pace = site, chance, dict(pace or {})
        self._steps, self._jobs, self._moments = dict(steps or {}), set(jobs), list(moments)
        self._open: dict[str, float] = {}
        self._striking = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self._pids: list[int] = []

    def start(self) -> None:
        """Begin to look for jobs and to wait for moments; the site runs."""
        self._pids = self._all_pids()
        if self._jobs:
            self._run(self._hunt)
        if self._moments:
            self._run(self._strike_at_moments)

    def begin(self, step: str) -> None:
        target = self._steps.pop(step, None)
        if target is None:
            self._open[step] = time.monotonic()
            return
        with self._striking:  # the strike before must be over, or this step's own would come late
            self._open[step] = time.monotonic()
        self._run(lambda: self._strike_in_step(step, target, self._delay(step)))

    def end(self, step: str) -> None:
        self.seconds[step].append(time.monotonic() - self._open.pop(step))

    def finish(self) -> None:
        """Wait until the last strike is over and the site runs again. Raises what went wrong in one."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        if self._errors:
            raise self._errors[0]

    # -- where --------------------------------------------------------------------------------------------------------

    def _strike_in_step(self, step: str, target: str, delay: float) -> None:
        self._over.wait(delay)
        self._strike(target, f"step {step}", lambda: step in self._open)

    def _strike_at_moments(self) -> None:
        gap = self._pace.get("walk", 20.0) / len(self._moments)
        for target in self._moments:
            if self._over.wait(self._chance.uniform(0, 2 * gap)):
                return
            step = next(reversed(self._open), "between steps")
            self._strike(target, f"moment in {step}", lambda: not self._over.is_set())

    def _hunt(self) -> None:
        database = Database(self._site.settings().database)
        try:
            with database.engine.connect() as connection:
                while self._jobs and not self._over.wait(LOOK_SECONDS):
                    found = self._running(connection)
                    if found is None:
                        continue
                    job_id, handler = found
                    delay = self._delay(handler)
                    if delay > WORTH_WAITING:
                        self._over.wait(delay)
                    if not self._held_inside(database, job_id):
                        continue
                    self._strike(
                        ALL,
                        f"job {handler}",
                        lambda job_id=job_id: self._state(database, job_id) == JobState.RUNNING,  # type: ignore[misc]  # bound at once
                    )
                    if self.kills[-1].inside:
                        self._jobs.discard(handler)
        finally:
            database.close()

    def _held_inside(self, database: Database, job_id: str) -> bool:
        """Stop every process; whether the job is under way. They go on where it is not: some jobs take no longer than
        a look at the database does."""
        with self._striking:
            _signal(self._pids, signal.SIGSTOP)
            inside = self._state(database, job_id) == JobState.RUNNING
            if not inside:
                _signal(self._pids, signal.SIGCONT)
            return inside

    def _running(self, connection: sa.Connection) -> tuple[str, str] | None:
        wanted = sa.and_(sa.column("state") == JobState.RUNNING, sa.column("handler").in_(list(self._jobs)))
        with connection.begin():
            row = connection.execute(sa.select(_JOB.c.id, _JOB.c.handler).where(wanted).limit(1)).first()
        return (row[0], row[1]) if row else None

    @staticmethod
    def _state(database: Database, job_id: str) -> str:
        with database.reading() as session:
            return str(session.get_one(Job, job_id).state)

    def _delay(self, name: str) -> float:
        return self._chance.random() ** 2 * self._pace.get(name, UNKNOWN_PACE)  # early rather than late

    # -- striking -----------------------------------------------------------------------------------------------------

    def _strike(self, target: str, where: str, inside: Callable[[], bool]) -> None:
        with self._striking:
            before = self._site.children() if target != ALL else {}
            if target == ALL:
                _signal(self._pids, signal.SIGKILL)
                self._site.kill()
            elif target == ONE_SERVER:
                self._site.kill_one(ONE_SERVER)
            else:
                self._site.kill(target)
            self.kills.append(Kill(target, where, inside()))
            if target == SERVER:
                _until(lambda: not self._site.children(), "what the dead server had started did not end")
            if target in (ALL, SERVER):
                self._site.start()
            else:
                _until(lambda: self._whole_again(target, before), f"{target} was not started again")
            self._pids = self._all_pids()

    def _whole_again(self, target: str, before: Mapping[str, list[int]]) -> bool:
        now = self._site.children().get(target, [])
        return len(now) == len(before[target]) and set(now) != set(before[target])

    def _all_pids(self) -> list[int]:
        return [pid for pids in self._site.children().values() for pid in pids]

    def _run(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                self._errors.append(error)

        thread = threading.Thread(target=guarded, daemon=True)
        self._threads.append(thread)
        thread.start()


_JOB: sa.Table = Job.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table classes


def _signal(pids: Collection[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, otherwise
        pause.wait(0.05)
