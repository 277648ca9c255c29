"""The road through `kill -9`, in full: inside each of its steps, inside each job of its worker, and at random moments.

    python scripts/soak.py [--kind embedded|services] [--moments 20] [--seed 1] [--json]

Each walk runs on a really running site whose processes are killed: all of them (server, worker, payment stand-in)
inside steps and jobs; all, the server, one of two web processes, the worker or the stand-in at random moments. A place
that was missed (the step or job was quicker) is tried again on another walk. After each walk nothing may be lost or
double: one release, every answered call billed once, every payment made once, the books balance (tests/road/books.py).

`embedded` is SQLite with a folder. `services` is PostgreSQL with an S3 store, which SHUYI_TEST_POSTGRES_URL and
SHUYI_TEST_S3 name (`scripts/services.sh start`). Without --kind both are walked, the second where it is named.
The same seed makes the same choices; the moments themselves depend on the machine. Exit code 1: something was lost.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sqlmodel import select  # noqa: E402  # after the path

from contracts.ids import new_id  # noqa: E402
from contracts.kit.jobs import Job  # noqa: E402
from tests import services  # noqa: E402
from tests.factories.catalog import visits_csv  # noqa: E402
from tests.road.api import Road  # noqa: E402
from tests.road.books import Figures, examine  # noqa: E402
from tests.road.crashes import ALL, ONE_SERVER, SERVER, STANDIN, WORKER, Kill, Killer  # noqa: E402
from tests.road.site import Site, free_port  # noqa: E402

STEPS = (
    "dataset",
    "upload",
    "profile",
    "request",
    "anonymise",
    "approve",
    "publish",
    "offer",
    "subscribe",
    "pay",
    "key",
    "calls",
    "close_period",
    "ask_refund",
    "refund",
    "pay_out",
)
JOBS = (
    "catalog.intake",
    "catalog.anonymise",
    "catalog.explore",
    "catalog.publish",
    "payments.collect",
    "payments.follow_webhook",
    "billing.finish_period",
    "settlement.issue",
    "billing.pay_back",
    "settlement.send_payout",
)
STEPS_A_WALK, MOMENTS_A_WALK, TRIES = 4, 5, 8
CALLS = 60


@dataclass(frozen=True)
class Plan:
    """Where one walk is struck."""

    name: str
    steps: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    workers: int = 1


@dataclass
class Totals:
    """What the walks of one kind came to."""

    kind: str
    seed: int
    walks: int = 0
    kills: int = 0
    kills_inside_steps: int = 0
    kills_inside_jobs: int = 0
    kills_at_moments: int = 0
    calls_answered: int = 0
    calls_recorded: int = 0
    calls_billed: int = 0
    payments: int = 0
    entries: int = 0
    jobs: int = 0
    crashed_jobs: int = 0
    seconds: float = 0.0
    struck: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)

    def add(self, kills: list[Kill], figures: Figures) -> None:
        self.walks += 1
        for kill in kills:
            self.kills += 1
            sort = kill.where.partition(" ")[0]
            self.kills_inside_steps += sort == "step" and kill.inside
            self.kills_inside_jobs += sort == "job" and kill.inside
            self.kills_at_moments += sort == "moment"
        for name in ("calls_answered", "calls_recorded", "calls_billed", "payments", "entries", "jobs", "crashed_jobs"):
            setattr(self, name, getattr(self, name) + getattr(figures, name))


@contextmanager
def site(kind: str, workers: int) -> Iterator[Site]:
    """A fresh site, not started."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        if kind == "embedded":
            yield Site(home, free_port(), workers=workers)
            return
        server = services.PostgresServer(os.environ[services.POSTGRES])
        bucket = os.environ[services.S3].replace("shuyi-test", f"soak-{new_id()[-12:]}")
        with server.without_tables() as url:
            yield Site(home, free_port(), database_url=url, object_store=bucket, workers=workers)
        server.close()


def walk(kind: str, plan: Plan, chance: random.Random, pace: dict[str, float]) -> tuple[list[Kill], Figures]:
    """One walk and what it came to. Raises where something was lost or double. An undisturbed one sets the pace."""
    content = visits_csv(400)
    with site(kind, plan.workers) as running:
        try:
            cast = running.cast()
            running.start()
            killer = Killer(
                running,
                chance,
                steps=dict.fromkeys(plan.steps, ALL),
                jobs=plan.jobs,
                moments=plan.moments,
                pace=pace,
            )
            road = Road(running, cast, killer)
            started = time.monotonic()
            killer.start()
            try:
                trade = road.walk(content, calls=CALLS)
                taken = time.monotonic() - started
            finally:
                killer.finish()
                road.close()
            figures = examine(running, trade, content)
            if figures.calls_answered != CALLS:
                raise AssertionError(f"calls were refused: {trade.answers}")
            if not pace:
                pace |= {"walk": taken} | {step: max(took) for step, took in killer.seconds.items()}
                pace |= _job_seconds(running)
            return killer.kills, figures
        finally:
            running.kill()


def _job_seconds(running: Site) -> dict[str, float]:
    found = running.services()
    try:
        with found.database.reading() as session:
            done = session.exec(select(Job)).all()
    finally:
        found.close()
    taken: dict[str, float] = {}
    for job in done:
        if job.claimed_at and job.finished_at:
            seconds = (job.finished_at - job.claimed_at).total_seconds()
            taken[job.handler] = max(seconds, taken.get(job.handler, 0.0))
    return taken


def plans(chance: random.Random, moments: int) -> list[Plan]:
    """The walks: one undisturbed, steps apart from each other, jobs, random moments on one and on two web processes."""
    walks = -(-len(STEPS) // STEPS_A_WALK)
    found = [Plan("undisturbed")]
    found += [Plan(f"steps {number + 1}", steps=STEPS[number::walks]) for number in range(walks)]
    found += [Plan(f"jobs {number + 1}", jobs=JOBS[number::3]) for number in range(3)]
    for number, first in enumerate(range(0, moments, MOMENTS_A_WALK)):
        workers = 1 + number % 2
        targets = (ALL, ALL, SERVER, WORKER, STANDIN) + ((ONE_SERVER, ONE_SERVER) if workers > 1 else ())
        chosen = tuple(chance.choice(targets) for _ in range(min(MOMENTS_A_WALK, moments - first)))
        found.append(Plan(f"moments {number + 1}", moments=chosen, workers=workers))
    return found


def soak(kind: str, seed: int, moments: int, tell: "Teller") -> Totals:
    """Every walk of one kind."""
    chance, pace, totals = random.Random(seed), dict[str, float](), Totals(kind, seed)
    started = time.monotonic()
    waiting = plans(chance, moments)
    steps, jobs, left = set(STEPS), set(JOBS), moments
    tries = 0
    while waiting:
        plan = waiting.pop(0)
        begun = time.monotonic()
        try:
            kills, figures = walk(kind, plan, random.Random(chance.random()), pace)
        except Exception as error:
            traceback.print_exc()
            totals.walks += 1
            totals.losses.append(f"{plan.name}: {type(error).__name__}: {str(error)[:500]}")
            tell.walked(totals, plan, [], time.monotonic() - begun, "LOST")
            continue
        totals.add(kills, figures)
        totals.struck += [f"{kill.where} ({kill.target})" for kill in kills]
        struck = {kill.where for kill in kills if kill.inside}
        steps -= {step for step in steps if f"step {step}" in struck}
        jobs -= {job for job in jobs if f"job {job}" in struck}
        left -= sum(1 for kill in kills if kill.where.startswith("moment"))
        tell.walked(totals, plan, kills, time.monotonic() - begun, "ok")
        if not waiting and tries < TRIES and (steps or jobs or left):
            # What was quicker than its strike is struck sooner the next time.
            tries += 1
            pace |= {name: seconds / 2 for name, seconds in pace.items() if name in steps | jobs}
            again = tuple(chance.choice((ALL, WORKER)) for _ in range(min(left, MOMENTS_A_WALK)))
            wanted = tuple(sorted(steps))[:STEPS_A_WALK]
            waiting.append(Plan(f"again {tries}", wanted, () if wanted else tuple(sorted(jobs)), again))
    totals.missed = [*sorted(steps), *sorted(jobs)] + [f"{left} moments"] * (left > 0)
    totals.seconds = round(time.monotonic() - started, 1)
    return totals


class Teller:
    """Progress on stderr, results on stdout: lines for people, or one JSON object for each kind."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def walked(self, totals: Totals, plan: Plan, kills: list[Kill], seconds: float, outcome: str) -> None:
        places = ", ".join(f"{kill.where}{'' if kill.inside else ' (missed)'} [{kill.target}]" for kill in kills)
        line = f"{totals.kind} walk {totals.walks} ({plan.name}): {outcome} in {seconds:.0f} s; {places or 'no kill'}"
        print(line, file=sys.stderr, flush=True)

    def over(self, totals: Totals) -> None:
        if self._as_json:
            print(json.dumps(asdict(totals)), flush=True)
            return
        fault = f"LOST: {totals.losses}" if totals.losses else "nothing lost, nothing double, books balanced"
        missed = f"; not struck: {', '.join(totals.missed)}" if totals.missed else ""
        print(
            f"{totals.kind}: {totals.kills} kills ({totals.kills_inside_steps} inside steps, "
            f"{totals.kills_inside_jobs} inside jobs, {totals.kills_at_moments} at random moments), {totals.walks} "
            f"walks, {totals.calls_answered} calls answered, {totals.calls_billed} billed, {totals.entries} ledger "
            f"entries, {totals.seconds:.0f} s: {fault}{missed}",
            flush=True,
        )


def main() -> int:
    """Walk and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=["embedded", "services"], help="one of the two alone")
    parser.add_argument("--moments", type=int, default=20, help="kills at random moments (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object for each kind on stdout")
    arguments = parser.parse_args()
    named = services.POSTGRES in os.environ and services.S3 in os.environ
    if arguments.kind == "services" and not named:
        parser.error(f"{services.POSTGRES} and {services.S3} name no services; see scripts/services.sh")
    kinds = [arguments.kind] if arguments.kind else ["embedded", *(["services"] if named else [])]
    if arguments.kind is None and not named:
        print("PostgreSQL and S3 are left out: they are not named in the environment", file=sys.stderr)
    tell, whole = Teller(arguments.json), True
    for kind in kinds:
        totals = soak(kind, arguments.seed, arguments.moments, tell)
        tell.over(totals)
        whole = whole and not totals.losses and not totals.missed
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
