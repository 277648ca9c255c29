"""Jobs: each event's handlers run, once where nothing goes wrong, again where something does, and never in silence."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from contracts import clock
from contracts.access import Actor
from contracts.errors import Conflict, InvalidInput, NotFound, Unavailable
from contracts.events import Event
from contracts.ids import new_id
from contracts.kit import audit, jobs
from contracts.kit.database import Database
from contracts.kit.jobs import Job, JobContext, JobRunner, JobState, Registry, Schedule, Worker, queue
from contracts.kit.outbox import OutboxRow, emit

OPERATOR = Actor(person_id=new_id(), name="Operator")
MakeRunner = Callable[[], JobRunner]


def happen(database: Database, event: Event = Event.DATASET_CHANGED, **ids: str) -> None:
    with database.transaction() as session:
        emit(session, event, **(ids or {"dataset_id": "d1"}))


def job(database: Database) -> Job:
    with database.reading() as session:
        return session.exec(select(Job)).one()


@contextmanager
def working(runner: JobRunner) -> Iterator[None]:
    """The worker runs in a thread for as long as the block does."""
    stop = threading.Event()
    thread = threading.Thread(target=runner.run_forever, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        runner.wake()
        thread.join(60)
        assert not thread.is_alive()


class TestEvents:
    def test_every_handler_of_an_event_runs_once_with_its_ids(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        calls: list[tuple[str, dict[str, str]]] = []
        registry.on(Event.DATASET_CHANGED, "search.index")(lambda _, payload: calls.append(("index", payload)))
        registry.on(Event.DATASET_CHANGED, "feed.update")(lambda _, payload: calls.append(("feed", payload)))
        registry.on(Event.INVOICE_PAID, "other.thing")(lambda _, payload: calls.append(("other", payload)))
        happen(database, dataset_id="d1")
        summary = runner.run_until_idle()
        assert (summary.done, summary.failed, summary.waiting) == (2, [], [])
        assert sorted(calls, key=lambda call: call[0]) == [
            ("feed", {"dataset_id": "d1"}),
            ("index", {"dataset_id": "d1"}),
        ]
        assert runner.run_until_idle().done == 0

    def test_an_event_that_a_job_causes_is_followed_too(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        seen: list[str] = []
        registry.on(Event.UPLOAD_RECEIVED, "a.first")(lambda context, _: happen(context.database, dataset_id="d2"))
        registry.on(Event.DATASET_CHANGED, "a.second")(lambda _, payload: seen.append(payload["dataset_id"]))
        happen(database, Event.UPLOAD_RECEIVED, upload_id="u1")
        assert runner.run_until_idle().done == 2
        assert seen == ["d2"]

    def test_long_jobs_let_others_go_first(self, database: Database, registry: Registry, runner: JobRunner) -> None:
        ran: list[str] = []
        registry.on(Event.UPLOAD_RECEIVED, "a.read", long=True)(lambda _, payload: ran.append(payload["upload_id"]))
        registry.on(Event.INVOICE_PAID, "a.book")(lambda _, payload: ran.append(payload["invoice_id"]))
        for number in "12":
            happen(database, Event.UPLOAD_RECEIVED, upload_id=f"u{number}")
            happen(database, Event.INVOICE_PAID, invoice_id=f"i{number}")
        assert runner.run_until_idle().done == 4
        assert ran == ["i1", "i2", "u1", "u2"]

    def test_nothing_happens_when_the_transaction_is_rolled_back(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        registry.on(Event.DATASET_CHANGED, "a.b")(lambda *_: pytest.fail("it did not happen"))

        def broken() -> None:
            with database.transaction() as session:
                emit(session, Event.DATASET_CHANGED, dataset_id="d1")
                raise KeyError

        with pytest.raises(KeyError):
            broken()
        assert runner.run_until_idle().done == 0
        with database.reading() as session:
            assert session.exec(select(OutboxRow)).all() == []

    @pytest.mark.parametrize("value", ["", "张三", "two words", "a" * 81, "a\nb"])
    def test_an_event_carries_identifiers_only(self, database: Database, value: str) -> None:
        with database.transaction() as session, pytest.raises(ValueError, match="identifiers only"):
            emit(session, Event.DATASET_CHANGED, dataset_id=value)

    def test_two_handlers_may_not_have_one_name(self, registry: Registry) -> None:
        registry.on(Event.DATASET_CHANGED, "a.b")(lambda *_: None)
        with pytest.raises(ValueError, match="taken"):
            registry.on(Event.INVOICE_PAID, "a.b")(lambda *_: None)


class TestSteps:
    def test_a_finished_step_is_not_run_again_after_an_error(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        ran: list[str] = []

        def handler(context: JobContext, _payload: dict[str, str]) -> None:
            count = context.step("count", lambda: ran.append("count") or {"rows": 3})
            assert count == {"rows": 3}
            context.step("send", send)

        def send() -> None:
            ran.append("send")
            if ran.count("send") == 1:
                raise Unavailable("The service is away.", retry_after=1)

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        summary = runner.run_until_idle()
        assert summary.waiting == ["a.b: Unavailable: The service is away."]
        with clock.frozen(clock.now() + timedelta(minutes=1)):
            assert runner.run_until_idle().done == 1
        assert ran == ["count", "send", "send"]

    @pytest.mark.parametrize(("result", "error"), [(object(), TypeError), ("x" * 5000, ValueError)])
    def test_a_result_is_small_and_plain(
        self, database: Database, registry: Registry, runner: JobRunner, result: object, error: type[Exception]
    ) -> None:
        registry.on(Event.DATASET_CHANGED, "a.b")(lambda context, _: context.step("s", lambda: result))
        happen(database)
        assert error.__name__ in runner.run_until_idle().failed[0]

    def test_a_step_name_is_used_once(self, database: Database, registry: Registry, runner: JobRunner) -> None:
        def handler(context: JobContext, _payload: dict[str, str]) -> None:
            for _ in range(2):
                context.step("page", lambda: 1)

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        assert "ValueError" in runner.run_until_idle().failed[0]

    def test_a_worker_that_lost_its_job_writes_nothing_more(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        ran: list[str] = []

        def handler(context: JobContext, _payload: dict[str, str]) -> None:
            context.step("one", lambda: ran.append("one"))
            if context.attempt == 1:  # another worker takes it over while this one sleeps
                with database.transaction() as session:
                    session.execute(sa.update(Job).values(state=JobState.QUEUED, worker_id=None))
            context.step("two", lambda: ran.append("two"))

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        assert runner.run_until_idle().done == 1
        assert ran == ["one", "two", "two"]
        assert job(database).attempt == 2


class TestFailures:
    def test_an_error_of_ours_fails_the_job_with_its_sentence(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        def handler(*_: object) -> None:
            raise InvalidInput("The file has no header.")

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        assert runner.run_until_idle().failed == ["a.b: InvalidInput: The file has no header."]
        with database.reading() as session:
            (failure,) = jobs.failures(session)
        assert (failure.handler, failure.error_class, failure.message) == (
            "a.b",
            "InvalidInput",
            "The file has no header.",
        )
        assert failure.payload == {"dataset_id": "d1"}

    def test_the_text_of_a_foreign_error_is_not_kept(
        self, database: Database, registry: Registry, runner: JobRunner, caplog: pytest.LogCaptureFixture
    ) -> None:
        def handler(*_: object) -> None:
            raise KeyError("张三 13800138000")

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        (told,) = runner.run_until_idle().failed
        with database.reading() as session:
            (failure,) = jobs.failures(session)
        assert failure.error_class == "KeyError"
        assert "handler (test_jobs.py:" in failure.message
        assert "138" not in told + failure.message + caplog.text

    def test_an_operator_retries_a_failed_job_and_finished_steps_stay_finished(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        ran: list[str] = []

        def handler(context: JobContext, _payload: dict[str, str]) -> None:
            context.step("first", lambda: ran.append("first"))
            if len(ran) == 1:
                ran.append("broken")
                raise InvalidInput("The setting is missing.")

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        runner.run_until_idle()
        with database.transaction() as session:
            (failure,) = jobs.failures(session)
            jobs.retry(session, OPERATOR, failure.id)
        assert runner.run_until_idle().done == 1
        assert ran == ["first", "broken"]
        with database.transaction() as session:
            assert jobs.failures(session) == []
            (kept,) = jobs.failures(session, open_only=False)
            assert kept.retried_by == "Operator"
            assert [entry.action for entry in audit.entries(session)] == ["job.retried"]
            with pytest.raises(Conflict):
                jobs.retry(session, OPERATOR, failure.id)
            with pytest.raises(NotFound):
                jobs.retry(session, OPERATOR, new_id())

    def test_a_transient_error_is_tried_again_later_each_time_and_then_given_up(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        def handler(*_: object) -> None:
            raise ConnectionError

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        start = moment = clock.now()
        waits = []
        while True:
            with clock.frozen(moment):
                if runner.run_until_idle().failed:
                    break
            due = job(database).run_after
            assert due is not None
            waits.append(round((due - moment).total_seconds()))
            moment = due
        assert waits == [1, 4, 15, 60, 240, 900, 900]
        assert job(database).state == JobState.FAILED
        assert moment - start > timedelta(minutes=30)

    def test_a_service_that_names_a_time_is_given_it(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        def handler(*_: object) -> None:
            raise Unavailable("Later.", retry_after=120)

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        with clock.frozen(clock.now()):
            runner.run_until_idle()
            assert job(database).run_after == clock.now() + timedelta(seconds=120)

    def test_the_domain_is_told_before_a_job_is_given_up(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        told: list[tuple[str, str, str]] = []

        def handler(*_: object) -> None:
            raise InvalidInput("No rows.")

        registry.on(
            Event.DATASET_CHANGED,
            "a.b",
            on_failure=lambda _, payload, why: told.append((payload["dataset_id"], why, job(database).state)),
        )(handler)
        happen(database)
        runner.run_until_idle()
        assert told == [("d1", "No rows.", JobState.RUNNING)]

    def test_a_worker_that_lost_its_job_tells_the_domain_of_no_failure(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        told: list[str] = []

        def handler(context: JobContext, _payload: dict[str, str]) -> None:
            if context.attempt == 1:  # another worker takes it over, and the two write over each other
                with database.transaction() as session:
                    session.execute(sa.update(Job).values(state=JobState.QUEUED, worker_id=None))
                raise InvalidInput("The table cannot be read.")

        registry.on(Event.DATASET_CHANGED, "a.b", on_failure=lambda *args: told.append(args[2]))(handler)
        happen(database)
        assert runner.run_until_idle().done == 1
        assert told == []

    def test_a_job_is_given_up_also_when_telling_its_domain_fails(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        def broken(*_: object) -> None:
            raise KeyError

        registry.on(Event.DATASET_CHANGED, "a.b", on_failure=broken)(broken)
        happen(database)
        assert len(runner.run_until_idle().failed) == 1
        assert job(database).state == JobState.FAILED

    def test_a_job_that_keeps_ending_its_worker_is_given_up(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        told: list[str] = []
        registry.on(Event.DATASET_CHANGED, "a.b", on_failure=lambda *args: told.append(args[2]))(
            lambda *_: pytest.fail("it would end the worker again")
        )
        happen(database)
        queue.dispatch(database, registry)
        for _ in range(queue.MAX_CRASHES):
            dead = Worker(machine="elsewhere", process="1:1")
            with database.transaction() as session:
                session.add(dead)
            (claim,) = queue.claim(database, registry, dead.id, 1)
            queue.release_lost(database, runner.worker_id, [], [dead.id])
        assert claim.attempt == queue.MAX_CRASHES
        assert "WorkerDied" in runner.run_until_idle().failed[0]
        assert told == ["The worker ended while it ran this job, 5 times."]


class TestWorkers:
    def test_a_job_starts_as_soon_as_the_event_is_committed(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        started = threading.Event()
        registry.on(Event.DATASET_CHANGED, "a.b")(lambda *_: started.set())
        with working(runner):
            happen(database)
            assert started.wait(60)

    def test_several_workers_share_the_work_and_nothing_runs_twice(
        self, database: Database, registry: Registry, make_runner: MakeRunner
    ) -> None:
        ran: list[str] = []
        three_at_once = threading.Barrier(3)
        all_done = threading.Event()

        def handler(_context: JobContext, payload: dict[str, str]) -> None:
            if payload["dataset_id"] in ("0", "1", "2"):
                three_at_once.wait(60)  # a worker has two threads, so this takes both workers
            ran.append(payload["dataset_id"])
            if len(ran) == 30:
                all_done.set()

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        with working(make_runner()), working(make_runner()):
            for number in range(30):
                happen(database, dataset_id=str(number))
            assert all_done.wait(60)
        assert sorted(ran, key=int) == [str(number) for number in range(30)]

    def test_a_heartbeat_does_not_take_away_a_job_that_is_just_being_claimed(
        self, database: Database, registry: Registry, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked = threading.Event()
        claim, release_lost = queue.claim, queue.release_lost

        def claim_slowly(*given: Any) -> list[queue.Claim]:
            claims = claim(*given)
            if claims:
                looked.clear()
                looked.wait(0.5)  # a heartbeat would have looked by then
            return claims

        def look(*given: Any) -> None:
            release_lost(*given)
            looked.set()

        monkeypatch.setattr(queue, "claim", claim_slowly)
        monkeypatch.setattr(queue, "release_lost", look)
        monkeypatch.setattr("contracts.kit.jobs.runner.BEAT_SECONDS", 0.01)
        runs: list[int] = []
        registry.on(Event.DATASET_CHANGED, "a.claimed")(lambda context, _: runs.append(context.attempt))
        happen(database)
        assert runner.run_until_idle().done == 1
        assert (runs, job(database).crashes) == ([1], 0)

    def test_a_worker_leaves_no_trace_of_itself(self, database: Database, runner: JobRunner) -> None:
        with working(runner):
            pass
        with database.reading() as session:
            assert session.exec(select(Worker)).all() == []

    def test_a_job_that_does_not_end_in_time_is_left_to_the_next_worker(
        self, database: Database, registry: Registry, make_runner: MakeRunner
    ) -> None:
        started, end = threading.Event(), threading.Event()
        attempts: list[int] = []

        def handler(context: JobContext, _payload: dict[str, str]) -> None:
            attempts.append(context.attempt)
            started.set()
            if context.attempt == 1:
                assert end.wait(60)

        registry.on(Event.DATASET_CHANGED, "a.b")(handler)
        happen(database)
        stop = threading.Event()
        impatient = threading.Thread(target=make_runner().run_forever, args=(stop,), kwargs={"grace_seconds": 0.0})
        impatient.start()
        assert started.wait(60)
        stop.set()
        impatient.join(60)
        left = job(database)
        assert (left.state, left.crashes) == (JobState.QUEUED, 0)
        assert make_runner().run_until_idle().done == 1
        end.set()
        assert attempts == [1, 2]

    def test_a_worker_elsewhere_is_dead_when_its_heart_stands_still(
        self, database: Database, registry: Registry, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monotonic = [100.0]
        monkeypatch.setattr("contracts.kit.jobs.runner.time.monotonic", lambda: monotonic[0])
        registry.on(Event.DATASET_CHANGED, "a.b")(lambda *_: None)
        elsewhere = Worker(machine="elsewhere", process="1:1")
        with database.transaction() as session:
            session.add(elsewhere)
        happen(database)
        queue.dispatch(database, registry)
        queue.claim(database, registry, elsewhere.id, 1)
        for beat in range(3):  # it beats: slow, but alive
            with database.transaction() as session:
                session.execute(sa.update(Worker).where(Worker.id == elsewhere.id).values(beats=beat))  # type: ignore[arg-type]  # a column
            runner._beat()
            monotonic[0] += 4
        assert job(database).worker_id == elsewhere.id
        monotonic[0] += 2
        runner._beat()
        assert (job(database).state, job(database).crashes) == (JobState.QUEUED, 1)

    def test_a_worker_outlives_the_loss_of_all_its_connections(
        self, database_url: str, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        if database.is_sqlite:
            pytest.skip("a file has no connections to lose")
        ran = {"before": threading.Event(), "after": threading.Event()}
        registry.on(Event.DATASET_CHANGED, "a.b")(lambda _, payload: ran[payload["dataset_id"]].set())
        other = Database(database_url)
        with working(runner):
            happen(other, dataset_id="before")
            assert ran["before"].wait(60)
            with other.transaction() as session:
                session.execute(
                    sa.text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            happen(other, dataset_id="after")
            assert ran["after"].wait(60)
        other.close()

    def test_the_backlog_is_counted(self, database: Database, registry: Registry, runner: JobRunner) -> None:
        with database.reading() as session:
            assert jobs.backlog(session) == jobs.Backlog(0, 0, 0, 0.0)
        registry.on(Event.DATASET_CHANGED, "a.b")(lambda *_: None)
        with clock.frozen(clock.now()):
            happen(database)
            queue.dispatch(database, registry)
        with database.reading() as session, clock.frozen(clock.now() + timedelta(seconds=30)):
            found = jobs.backlog(session)
        assert (found.queued, found.running, found.failed) == (1, 0, 0)
        assert found.oldest_seconds >= 30


class TestPeriodic:
    def test_a_periodic_job_runs_when_due_and_not_before(
        self, database: Database, registry: Registry, runner: JobRunner
    ) -> None:
        ran: list[str] = []
        registry.every(timedelta(hours=1), "a.sweep")(lambda context, _: ran.append(context.job_id))
        moment = clock.now()
        for minutes, expected in ((0, 1), (59, 1), (61, 2), (600, 3)):
            with clock.frozen(moment + timedelta(minutes=minutes)):
                queue.schedule(database, registry)
                queue.schedule(database, registry)
                runner.run_until_idle()
            assert len(ran) == expected

    def test_it_does_not_overlap_with_itself(self, database: Database, registry: Registry) -> None:
        registry.every(timedelta(hours=1), "a.sweep")(lambda *_: None)
        moment = clock.now()
        for hours in (0, 2, 4):
            with clock.frozen(moment + timedelta(hours=hours)):
                queue.schedule(database, registry)
        assert job(database).state == JobState.QUEUED
        with database.reading() as session:
            row = session.get(Schedule, "a.sweep")
        assert row is not None
        assert row.next_at == moment + timedelta(hours=5)

    def test_a_living_worker_runs_it(self, registry: Registry, runner: JobRunner) -> None:
        ran = threading.Event()
        registry.every(timedelta(hours=1), "a.sweep")(lambda *_: ran.set())
        with working(runner):
            assert ran.wait(60)
