"""A worker of its own process for test_crash.py: kills itself (SIGKILL) at the place it is told, once.

`place`: `before:N`, `inside:N` or `after:N` of step N, `end` (handler done, outcome not written), or `never`.
Each step appends one line to `steps.log` and, as a step must be, is idempotent in the table it fills.
"""

import os
import signal
import threading
from pathlib import Path

import sqlalchemy as sa

from contracts.events import Event
from contracts.kit.database import Database
from contracts.kit.jobs import JobContext, JobRunner, Registry
from contracts.kit.settings import Settings
from contracts.kit.store import from_settings

STEPS = 3


def work(home: Path, url: str, place: str) -> None:
    """Work until told to stop by SIGTERM, or until the place is reached."""
    settings = Settings(home=home, database_url=url)
    database = Database(url)

    def die_at(here: str) -> None:
        flag = home / "died"
        if here == place and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def step(number: int, dataset_id: str) -> int:
        with database.transaction() as session:
            session.execute(
                sa.text("INSERT INTO crash_effect (dataset_id, step) VALUES (:id, :step) ON CONFLICT DO NOTHING"),
                {"id": dataset_id, "step": number},
            )
        with (home / "steps.log").open("a") as log:
            log.write(f"{dataset_id}:{number}\n")
        die_at(f"inside:{number}")
        return number

    def handler(context: JobContext, payload: dict[str, str]) -> None:
        for number in range(STEPS):
            die_at(f"before:{number}")
            assert context.step(f"step {number}", step, number, payload["dataset_id"]) == number
            die_at(f"after:{number}")
        die_at("end")

    registry = Registry()
    registry.on(Event.DATASET_CHANGED, "crash.test")(handler)
    stop = threading.Event()
    runner = JobRunner(registry, database=database, store=from_settings(settings), settings=settings, concurrency=1)

    def end(*_: object) -> None:
        stop.set()
        runner.wake()

    signal.signal(signal.SIGTERM, end)
    runner.run_forever(stop)
