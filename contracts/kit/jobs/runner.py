"""The worker: takes up jobs, runs them in threads, shows that it lives, and takes over from workers that do not."""

import os
import queue as queues
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col, select

from contracts import clock
from contracts.ids import new_id
from contracts.kit import logging, outbox
from contracts.kit.database import Database, DatabaseAway
from contracts.kit.jobs import queue
from contracts.kit.jobs.queue import Claim, JobLost, KeptSteps
from contracts.kit.jobs.registry import JobContext, Registry
from contracts.kit.jobs.tables import Job, JobState, Worker
from contracts.kit.jobs.wakeup import Watcher
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore

log = logging.get(__name__)

BEAT_SECONDS = 1.0
POLL_SECONDS = 1.0
SCHEDULE_SECONDS = 1.0


@dataclass
class RunSummary:
    """What `run_until_idle` did: jobs that ended well, jobs given up (handler: message), jobs that wait to be tried
    again after a transient error (handler: message)."""

    done: int = 0
    failed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


class JobRunner:
    """One worker. Any number of them, in any number of processes, may share a database.

    `lease_seconds`: a worker elsewhere whose heartbeat stands still that long is taken for dead; one on this machine
    whose process is gone is known to be dead at once.
    """

    def __init__(
        self,
        registry: Registry,
        database: Database,
        store: ObjectStore,
        settings: Settings,
        *,
        concurrency: int = 4,
        lease_seconds: float = 5.0,
    ) -> None:
        self._registry, self._database, self._store, self._settings = registry, database, store, settings
        self._concurrency, self._lease_seconds = concurrency, lease_seconds
        self.worker_id = new_id()
        self._wakeup = threading.Event()
        self._active: set[str] = set()
        self._claiming = threading.Lock()  # a job just claimed is among the active ones before a heartbeat looks
        self._beats_seen: dict[str, tuple[int, float]] = {}
        self._next_schedule = 0.0
        outbox.wake_on_commit(self._wakeup)

    def run_forever(self, stop: threading.Event, *, grace_seconds: float = 30.0) -> None:
        """Work until `stop` is set (then call `wake()` to have it noticed at once); jobs under way get `grace_seconds`
        to end, after which they are left to be taken up again. Survives a database that is away for a while."""
        work: queues.SimpleQueue[Claim | None] = queues.SimpleQueue()
        threads = [
            threading.Thread(target=self._work, args=(work,), name=f"job-{number}", daemon=True)
            for number in range(self._concurrency)
        ]
        for thread in threads:
            thread.start()
        while not self._try_to_beat():
            if stop.wait(POLL_SECONDS):
                return
        with self._living(), Watcher(self._database, self._wakeup):
            while not stop.is_set():
                self._wakeup.clear()
                try:
                    self._schedule()
                    queue.dispatch(self._database, self._registry)
                    free = self._concurrency - len(self._active)
                    for claim in self._claim(free) if free > 0 else ():
                        work.put(claim)
                except (sa.exc.DBAPIError, DatabaseAway) as error:
                    log.warning("worker.database_away", error=type(error).__name__)
                    stop.wait(POLL_SECONDS)
                self._wakeup.wait(POLL_SECONDS)
            for _ in threads:
                work.put(None)
            deadline = time.monotonic() + grace_seconds
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def wake(self) -> None:
        """Have a waiting `run_forever` look again now."""
        self._wakeup.set()

    def run_until_idle(self) -> RunSummary:
        """Dispatch and run, in this thread and one after another, everything that is due, what it leads to included;
        waits for jobs that living workers have under way. For tests and commands."""
        summary = RunSummary()
        with self._living():
            while True:
                dispatched = queue.dispatch(self._database, self._registry)
                claims = self._claim(1)
                for claim in claims:
                    self._run(claim, summary)
                if not dispatched and not claims:
                    if not self._busy_elsewhere():
                        return summary
                    self._wakeup.wait(0.05)
                    self._wakeup.clear()

    def _schedule(self) -> None:
        if self._registry.periodic() and time.monotonic() >= self._next_schedule:
            self._next_schedule = time.monotonic() + SCHEDULE_SECONDS
            queue.schedule(self._database, self._registry)

    def _busy_elsewhere(self) -> bool:
        names = list(self._registry.names())
        with self._database.reading() as session:
            running = select(Job.id).where(col(Job.state) == JobState.RUNNING, col(Job.handler).in_(names)).limit(1)
            return session.exec(running).first() is not None

    def _claim(self, limit: int) -> list[Claim]:
        with self._claiming:
            claims = queue.claim(self._database, self._registry, self.worker_id, limit)
            self._active.update(claim.job_id for claim in claims)
        return claims

    def _work(self, work: "queues.SimpleQueue[Claim | None]") -> None:
        while (claim := work.get()) is not None:
            self._run(claim, RunSummary())
            self._wakeup.set()

    def _run(self, claim: Claim, summary: RunSummary) -> None:
        """Run one job to its end, whatever that is. When even the outcome cannot be written (the database is away),
        the job stays ours until the next heartbeat finds that nobody works on it, and queues it again."""
        token = logging.request_id.set(claim.job_id)
        started = time.monotonic()
        registration = self._registry.get(claim.handler)
        try:
            context = self._context(claim)
            try:
                if claim.crashes >= queue.MAX_CRASHES:
                    raise queue.WorkerDied(claim.job_id)
                registration.handler(context, claim.payload)
                queue.finish(self._database, claim)
            except JobLost:
                raise
            except Exception as error:
                self._fail(claim, error, summary)
            else:
                summary.done += 1
                log.info("job.done", handler=claim.handler, seconds=round(time.monotonic() - started, 3))
        except JobLost:
            log.warning("job.lost", handler=claim.handler)
        except Exception as error:
            log.error("job.outcome_unwritten", handler=claim.handler, error=type(error).__name__)
        finally:
            self._active.discard(claim.job_id)
            logging.request_id.reset(token)

    def _context(self, claim: Claim) -> JobContext:
        return JobContext(
            self._database, self._store, self._settings, claim.job_id, claim.attempt, KeptSteps(self._database, claim)
        )

    def _fail(self, claim: Claim, error: Exception, summary: RunSummary) -> None:
        error_class, message = queue.describe(error)
        told = f"{claim.handler}: {error_class}: {message}"
        if queue.is_transient(error) and queue.postpone(self._database, claim, error):
            log.warning("job.postponed", handler=claim.handler, error=error_class, message=message)
            summary.waiting.append(told)
            return
        self._tell_failure(claim, message)
        queue.give_up(self._database, claim, error_class, message)
        log.error("job.failed", handler=claim.handler, error=error_class, message=message)
        summary.failed.append(told)

    def _tell_failure(self, claim: Claim, message: str) -> None:
        """Let the domain mark its own rows, before the job is given up: a crash in between tells it again. Where this
        fails, or has ended the worker too, the job is given up all the same. An attempt that lost its job tells
        nothing: its error may come of the two having met, and the other one goes on."""
        on_failure = self._registry.get(claim.handler).on_failure
        if on_failure is None or claim.crashes > queue.MAX_CRASHES:
            return
        with self._database.transaction() as session:
            queue.hold(session, claim)
        try:
            on_failure(self._context(claim), claim.payload, message)
        except JobLost:
            raise
        except Exception as error:
            error_class, place = queue.describe(error)
            log.error("job.on_failure_failed", handler=claim.handler, error=error_class, message=place)

    # -- living and dying -------------------------------------------------------------------------------------------

    @contextmanager
    def _living(self) -> Iterator[None]:
        """Registered as a worker, with a heartbeat, for as long as the block runs."""
        self._beat()
        done = threading.Event()
        heart = threading.Thread(target=self._heart, args=(done,), name="job-heartbeat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            done.set()
            heart.join()
            try:
                queue.leave(self._database, self.worker_id)
            except (sa.exc.DBAPIError, DatabaseAway) as error:  # then others will find that we are gone
                log.warning("worker.leave_failed", error=type(error).__name__)

    def _heart(self, done: threading.Event) -> None:
        while not done.wait(BEAT_SECONDS):
            self._try_to_beat()

    def _try_to_beat(self) -> bool:
        try:
            self._beat()
        except (sa.exc.DBAPIError, DatabaseAway) as error:
            log.warning("worker.heartbeat_failed", error=type(error).__name__)
            return False
        return True

    def _beat(self) -> None:
        """Show that we live, and take over from those who do not."""
        with self._database.transaction() as session:
            me = session.get(Worker, self.worker_id, with_for_update=True)
            if me is None:
                me = Worker(id=self.worker_id, machine=_machine(), process=_process(os.getpid()) or "")
            me.beats, me.seen_at = me.beats + 1, clock.now()
            session.add(me)
        with self._database.reading() as session:
            others = session.exec(select(Worker).where(col(Worker.id) != self.worker_id)).all()
        dead = [worker.id for worker in others if self._is_dead(worker)]
        with self._claiming:
            queue.release_lost(self._database, self.worker_id, set(self._active), dead)

    def _is_dead(self, worker: Worker) -> bool:
        if worker.machine == _machine():
            return _process(int(worker.process.partition(":")[0])) != worker.process
        now = time.monotonic()
        beats, since = self._beats_seen.get(worker.id, (-1, now))
        if beats != worker.beats:
            self._beats_seen[worker.id] = (worker.beats, now)
            return False
        return now - since > self._lease_seconds


def _machine() -> str:
    """What two processes share exactly when they can see each other's process ids."""
    name = socket.gethostname()[:40]
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{name}/{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return name  # not Linux: the host name alone has to do


def _process(pid: int) -> str | None:
    """`pid:start time` of a living process, so that a reused pid is told apart; None when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return f"{pid}:"
        return f"{pid}:"
    return None if fields[0] in "ZX" else f"{pid}:{fields[19]}"
