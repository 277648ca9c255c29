"""`kill -9` of real worker processes: what was answered is recorded once, what was not used returns."""

import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlmodel import select

from contracts import clock
from contracts.ids import new_id
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from marketplace.metering import service, workers
from marketplace.metering.leases import Terms
from marketplace.metering.models import Lease, LiveUsage, Segment, Usage, Worker

PROGRAM = Path(__file__).with_name("worker_process.py")
ROOT = Path(__file__).parents[3]


class Crew:
    """Worker processes of one installation, with what each of them answered."""

    def __init__(self, settings: Settings, subscription_id: str, limit: int, folder: Path) -> None:
        self.settings, self.subscription_id, self.limit, self.folder = settings, subscription_id, limit, folder
        self.outputs: list[Path] = []
        self.running: list[subprocess.Popen[bytes]] = []

    def hire(self) -> subprocess.Popen[bytes]:
        output = self.folder / f"answers-{len(self.outputs)}"
        self.outputs.append(output)
        command = [
            sys.executable,
            str(PROGRAM),
            self.settings.database,
            str(self.settings.home),
            self.subscription_id,
            str(self.limit),
        ]
        with output.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
        self.running.append(process)
        return process

    def answers(self) -> list[str]:
        lines = [line for output in self.outputs for line in output.read_text().splitlines(keepends=True)]
        return [line.strip() for line in lines if line.endswith("\n") and line != "exhausted\n"]

    def wait_for_answers(self, count: int) -> None:
        give_up = time.monotonic() + 60
        while len(self.answers()) < count:
            assert time.monotonic() < give_up, "the workers answer nothing"
            time.sleep(0.02)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        self.running.remove(process)


def _recorded(database: Database, store: FolderStore) -> list[str]:
    with database.reading() as session:
        keys = session.exec(select(Segment.object_key)).all()
    receipts: list[str] = []
    for key in keys:
        with store.open(key) as stream:
            receipts += pq.read_table(stream).column("receipt").to_pylist()
    return receipts


def _usage(database: Database, subscription_id: str) -> service.UsageTotals:
    moment = clock.now()
    with database.reading() as session:
        return service.usage_for(
            session, subscription_id, moment - timedelta(days=1), moment + timedelta(days=1), live=False
        )


def test_killed_workers_lose_no_answer_and_no_unit(
    database: Database, settings: Settings, folder_store: FolderStore, tmp_path: Path
) -> None:
    limit, subscription_id = 6000, new_id()
    crew = Crew(settings, subscription_id, limit, tmp_path)
    for _ in range(3):
        crew.hire()
    crew.wait_for_answers(500)
    for kills in range(1, 4):
        crew.kill(random.choice(crew.running))
        crew.hire()
        crew.wait_for_answers(min(500 + 700 * kills, limit // 2))
    for process in list(crew.running):
        crew.kill(process)
    workers.recover(database, folder_store, settings)

    answered, recorded = crew.answers(), _recorded(database, folder_store)
    assert len(recorded) == len(set(recorded))
    assert set(answered) <= set(recorded)
    assert len(recorded) - len(answered) <= len(crew.outputs)  # recorded, killed before the answer left: one a process
    assert _usage(database, subscription_id).calls == len(recorded)
    with database.reading() as session:
        state = service.quota_state(session, subscription_id, Terms(limit, limit), settings.timezone)
        assert (state.used, state.on_lease, state.held) == (len(recorded), 0, 0)
        assert session.exec(select(Worker)).all() == []
        assert session.exec(select(LiveUsage)).all() == []
        leases = session.exec(select(Lease)).all()
    assert all(lease.used == lease.recorded for lease in leases)
    assert list(workers.journal_root(settings).iterdir()) == []

    # What the dead had leased and not used is there for the living, to the last unit.
    last = crew.hire()
    assert last.wait(120) == 0
    assert len(set(_recorded(database, folder_store))) == limit
    assert _usage(database, subscription_id).calls == limit


def test_a_journal_that_cannot_be_read_holds_its_lease(
    database: Database, settings: Settings, folder_store: FolderStore, tmp_path: Path
) -> None:
    limit, subscription_id = 100_000, new_id()
    crew = Crew(settings, subscription_id, limit, tmp_path)
    process = crew.hire()
    crew.wait_for_answers(300)
    crew.kill(process)
    [folder] = workers.journal_root(settings).iterdir()
    segment = sorted(folder.glob("*.journal"))[-1]
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 0xFF
    segment.write_bytes(bytes(data))

    workers.recover(database, folder_store, settings)

    with database.reading() as session:
        state = service.quota_state(session, subscription_id, Terms(limit, limit), settings.timezone)
        held = session.exec(select(Lease).where(Lease.state == "held")).all()
    assert state.used + state.on_lease + state.held == sum(lease_units(database, subscription_id))
    assert state.on_lease == 0
    assert sum(lease.units - lease.recorded for lease in held) > 0
    assert (workers.journal_root(settings) / "damaged").is_dir()


def lease_units(database: Database, subscription_id: str) -> list[int]:
    """Units that left the quota: all of a held lease, what a settled one used."""
    with database.reading() as session:
        leases = session.exec(select(Lease).where(Lease.subscription_id == subscription_id)).all()
    return [lease.used if lease.state == "settled" else lease.units for lease in leases]


@pytest.mark.long
def test_a_period_closed_under_load_is_exact(
    database: Database, settings: Settings, folder_store: FolderStore, tmp_path: Path
) -> None:
    limit, subscription_id = 10**6, new_id()
    crew = Crew(settings, subscription_id, limit, tmp_path)
    crew.hire()
    crew.hire()
    crew.wait_for_answers(500)
    boundary = clock.now()
    service.seal_through(database, folder_store, settings, boundary)

    with database.reading() as session:
        before = service.usage_for(session, subscription_id, boundary - timedelta(days=1), boundary)
    crew.wait_for_answers(len(crew.answers()) + 500)
    for process in list(crew.running):
        crew.kill(process)
    later = clock.now()
    service.seal_through(database, folder_store, settings, later)

    at: list[int] = []
    with database.reading() as session:
        keys = session.exec(select(Segment.object_key)).all()
        again = service.usage_for(session, subscription_id, boundary - timedelta(days=1), boundary)
        after = service.usage_for(session, subscription_id, boundary, later)
        total = sum(session.exec(select(Usage.units)).all())
    for key in keys:
        with folder_store.open(key) as stream:
            at += pq.read_table(stream).column("at").to_pylist()
    assert before == again
    assert before.calls == sum(moment < boundary for moment in at) > 0
    assert after.calls == sum(moment >= boundary for moment in at) > 0
    assert before.calls + after.calls == total == len(at)
