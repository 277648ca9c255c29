"""The road through `kill -9`, in full: once inside each of its steps and at twenty random moments.

    python scripts/soak.py [--random 20] [--seed 1] [--json]

Each walk runs against a really running site (server, worker, payment stand-in) that is killed whole and started again.
Afterwards nothing may be lost or double: one release, every answered call billed once, the books balance. Runs on
SQLite with a folder, and on PostgreSQL with an S3 store where SHUYI_TEST_POSTGRES_URL and SHUYI_TEST_S3 name them
(`scripts/services.sh start`).
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from contracts.ids import new_id  # noqa: E402  # after the path
from tests import services  # noqa: E402
from tests.factories.catalog import visits_csv  # noqa: E402
from tests.road.api import Road  # noqa: E402
from tests.road.crashes import Killer  # noqa: E402
from tests.road.site import Site, free_port  # noqa: E402

STEPS = (
    "upload",
    "profiled",
    "request",
    "approve",
    "published",
    "offer",
    "subscribe",
    "pay",
    "key",
    "calls",
    "close_period",
    "refund_first",
    "pay_out",
)


@contextmanager
def site(kind: str) -> Iterator[Site]:
    """A fresh site, not started."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        if kind == "embedded":
            found = Site(home, free_port())
            yield found
            found.kill()
            return
        server = services.PostgresServer(os.environ[services.POSTGRES])
        bucket = os.environ[services.S3].replace("shuyi-test", f"soak-{new_id()[-12:]}")
        with server.without_tables() as url:
            found = Site(home, free_port(), database_url=url, object_store=bucket)
            yield found
            found.kill()
        server.close()


def walk(kind: str, steps: frozenset[str] | None, seed: int, share: float) -> dict[str, object]:
    """One walk; what was killed and how long it took. Raises where something was lost or double."""
    chance = random.Random(seed)
    with site(kind) as running:
        cast = running.cast()
        running.start()
        killer = Killer(running, chance, steps, share)
        road = Road(running, cast, killer.on_step)
        started = time.monotonic()
        try:
            trade = road.walk(visits_csv(400))
            killer.finish()
            road.check(trade)
        finally:
            killer.finish()
            road.close()
        return {"kind": kind, "kills": killer.kills, "seconds": round(time.monotonic() - started, 1)}


def main() -> None:
    """Walk and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=20, help="random moments besides one inside each step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one object a line")
    arguments = parser.parse_args()
    kinds = ["embedded"]
    if services.POSTGRES in os.environ and services.S3 in os.environ:
        kinds.append("services")
    else:
        print("PostgreSQL and S3 left out: they are not named in the environment", file=sys.stderr)
    for kind in kinds:
        kills = 0
        runs = [(frozenset({step}), 1.0) for step in STEPS]
        while runs or kills < len(STEPS) + arguments.random:
            steps, share = runs.pop(0) if runs else (None, 0.4)
            found = walk(kind, steps, arguments.seed + kills, share)
            kills += len(found["kills"])  # type: ignore[arg-type]  # a list of names
            print(
                json.dumps(found) if arguments.json else f"{kind}: {found['kills']} in {found['seconds']} s", flush=True
            )
        print(f"{kind}: {kills} kills, nothing lost, nothing double, books balanced", file=sys.stderr)


if __name__ == "__main__":
    main()
