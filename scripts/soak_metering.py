"""Whether metering is exact: a million calls on half a million units, and `kill -9` two hundred times under load.

    python scripts/soak_metering.py exact [--kind embedded|services] [--requests 1000000] [--clients 64] [--workers 4]
    python scripts/soak_metering.py kills [--kind embedded|services] [--strikes 200] [--seed 1] [--units N] [...]

Both run a whole site (`shuyi serve --workers 4`) with one subscription whose calls cost a fen each and whose cap buys
just so many; clients are processes of their own that keep the receipt of every answer. At the end the operator closes
the period, and what clients hold, the sealed journals, the roll-ups, the counters and the invoice are compared.

`exact`: N calls, N/2 units: exactly N/2 answers, everywhere. `kills`: a random worker, all workers or PostgreSQL are
killed while calls are answered; half of the clients name their requests and ask again under the same id when nobody
answered. Every answer received is recorded and billed once, no more is granted than was bought, and in the end all of
it was used: what a dead worker had leased and not used came back, how soon is told. Answers recorded that no client
received are counted.

`embedded` is SQLite with a folder; `services` is PostgreSQL and an S3 store, which SHUYI_TEST_POSTGRES_URL and
SHUYI_TEST_S3 name (`scripts/services.sh start`); `kills` there starts a PostgreSQL of its own. Without --kind both are
run, the second where it is named. Exit code 1: something does not add up.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from metering.clients import Clients, Seen, share_out  # noqa: E402  # after the path
from metering.count import Count, count  # noqa: E402
from metering.shop import ROWS, SLUG, Shop, shop  # noqa: E402
from metering.strikes import Striker, Struck  # noqa: E402

from tests import services  # noqa: E402

UNITS_A_STRIKE = 2500
PAUSE = 0.1
BACK_WITHIN = 60.0


@dataclass
class Outcome:
    """What one run came to."""

    mode: str
    kind: str
    requests: int
    units: int
    seconds: float = 0.0
    answers_a_second: float = 0.0
    seen: dict[str, int] = field(default_factory=dict)
    count: Count | None = None
    struck: Struck | None = None
    worst_back: float | None = None
    wrong: list[str] = field(default_factory=list)


def exact(kind: str, options: argparse.Namespace) -> Outcome:
    """As many calls as asked for, on half as many units."""
    units = options.requests // 2
    outcome = Outcome("exact", kind, options.requests, units)
    with shop(kind, units, options.workers) as running:
        running.site.start()
        clients = _clients(running, options, options.requests, stop_when_refused=False)
        begun = time.monotonic()
        with clients.at_work():
            while clients.busy():
                _tell(outcome, clients, begun)
        _add_up(outcome, running, clients, begun)
    seen = clients.seen()
    if (seen[Seen.ANSWERED], seen[Seen.REFUSED]) != (units, options.requests - units):
        outcome.wrong.append(f"{seen[Seen.ANSWERED]} calls were answered and {seen[Seen.REFUSED]} refused")
    if outcome.count is not None and outcome.count.recorded != units:
        outcome.wrong.append(f"{outcome.count.recorded} answers are recorded")
    return outcome


def kills(kind: str, options: argparse.Namespace) -> Outcome:
    """Strikes under load, and then all units that are left."""
    units = options.units or max(1, options.strikes) * UNITS_A_STRIKE
    outcome = Outcome("kills", kind, 0, units)
    with shop(kind, units, options.workers, own_postgres=kind == "services") as running:
        running.site.start()
        clients = _clients(running, options, 100 * units, stop_when_refused=True, named=2, pause=options.pause)
        chance = random.Random(options.seed)
        begun = time.monotonic()
        with clients.at_work():
            striker = Striker(running, chance, lambda: clients.seen()[Seen.ANSWERED])
            for number, target in enumerate(striker.targets(options.strikes), 1):
                time.sleep(chance.uniform(0.2, 1.5))
                if not clients.busy():
                    outcome.wrong.append(f"the units were used up after {number - 1} strikes: give more --units")
                    break
                striker.strike(target)
                _tell(outcome, clients, begun, f"strike {number}: {target}", wait=0)
            clients.hurry()
            while clients.busy():
                _tell(outcome, clients, begun)
            outcome.struck = striker.finish(BACK_WITHIN)
        _add_up(outcome, running, clients, begun)
    found = outcome.struck
    outcome.worst_back = round(max(found.back, default=0.0), 1)
    if found.waiting or outcome.worst_back > BACK_WITHIN:
        outcome.wrong.append(f"units of the dead were away for {outcome.worst_back} s; still: {len(found.waiting)}")
    if outcome.count is not None and outcome.count.granted != units:
        outcome.wrong.append(f"{outcome.count.granted} units of {units} could be used")
    return outcome


def _clients(
    running: Shop,
    options: argparse.Namespace,
    requests: int,
    *,
    stop_when_refused: bool,
    named: int = 0,
    pause: float = 0.0,
) -> Clients:
    orders = share_out(
        running.folder,
        requests,
        options.clients,
        min(options.client_processes, options.clients),
        port=running.site.port,
        key=running.key,
        slug=SLUG,
        rows=ROWS,
        named=named,
        pause=pause,
    )
    return Clients(orders, stop_when_refused=stop_when_refused)


def _add_up(outcome: Outcome, running: Shop, clients: Clients, begun: float) -> None:
    outcome.seconds = round(time.monotonic() - begun, 1)
    seen = clients.seen()
    outcome.seen = {what.name.lower(): number for what, number in seen.items()}
    outcome.answers_a_second = round((seen[Seen.ANSWERED] + seen[Seen.REFUSED]) / outcome.seconds, 1)
    outcome.count = count(running, clients.receipts())
    outcome.wrong += [*outcome.count.wrong, *clients.faults()[:20]]
    if outcome.count.received != seen[Seen.ANSWERED]:
        outcome.wrong.append("clients counted other answers than they hold receipts for")


_told = 0.0


def _tell(outcome: Outcome, clients: Clients, begun: float, what: str = "", wait: float = 0.2) -> None:
    """A line of progress on stderr, each five seconds or for each strike."""
    global _told  # noqa: PLW0603  # of this one process
    time.sleep(wait)
    moment = time.monotonic()
    if not what and moment - _told < 5:
        return
    _told = moment
    seen = ", ".join(f"{number:,} {name.name.lower()}" for name, number in clients.seen().items() if number)
    print(f"{outcome.mode} {outcome.kind} {moment - begun:6.1f} s: {seen} {what}", file=sys.stderr, flush=True)


def _print(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        told = asdict(outcome)
        if outcome.struck is not None:
            told["struck"]["kills"] = dict(outcome.struck.kills)
        print(json.dumps(told, ensure_ascii=False), flush=True)
        return
    found, seen = outcome.count, outcome.seen
    assert found is not None, "told at the end"
    lines = [
        f"{outcome.mode} on {outcome.kind}: {outcome.units:,} units, {outcome.seconds:.0f} s, "
        f"{outcome.answers_a_second:,.0f} answers a second",
        f"  clients: {seen['answered']:,} answered, {seen['refused']:,} refused; told to wait {seen['waited']:,} times "
        f"by 429, {seen['unavailable']:,} by 503; {seen['broken']:,} connections broke, {seen['lost']:,} calls unknown",
        f"  receipts {found.received:,}; recorded {found.recorded:,}, repeats of them {found.repeats:,}; usage rows "
        f"{found.usage_rows:,}; rated {found.rated:,}; invoiced {found.invoiced:,}; counter {found.counter:,}; granted "
        f"{found.granted:,}; {found.leases:,} leases, {found.segments:,} segments",
        f"  recorded and not delivered: {found.undelivered:,}, billed of them {found.undelivered_billed:,}",
    ]
    if outcome.struck is not None:
        struck = outcome.struck
        kinds = ", ".join(f"{number} {name}" for name, number in sorted(struck.kills.items()))
        silent = ", ".join(f"{seconds:.1f} s ({name})" for name, seconds in sorted(struck.silent.items()))
        middle = sorted(struck.back)[len(struck.back) // 2] if struck.back else 0.0
        lines += [
            f"  {sum(struck.kills.values())} strikes ({kinds}), {struck.workers_killed} workers killed",
            f"  units of the dead back after {outcome.worst_back} s at worst, {middle:.1f} s in the middle "
            f"({len(struck.back)} workers, {struck.units_back:,} units); longest silence: {silent}",
        ]
    lines.append("  " + ("WRONG: " + "; ".join(outcome.wrong) if outcome.wrong else "all of it adds up"))
    print("\n".join(lines), flush=True)


def main() -> int:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["exact", "kills"])
    parser.add_argument("--kind", choices=["embedded", "services"], help="one of the two alone")
    parser.add_argument("--requests", type=int, default=1_000_000, help="calls of `exact` (default 1,000,000)")
    parser.add_argument("--strikes", type=int, default=200, help="of `kills` (default 200)")
    parser.add_argument("--units", type=int, default=0, help=f"of `kills` (default {UNITS_A_STRIKE} a strike)")
    parser.add_argument("--pause", type=float, default=PAUSE, help="seconds of a client of `kills` between calls")
    parser.add_argument("--clients", type=int, default=64, help="connections (default 64)")
    parser.add_argument("--client-processes", type=int, default=2, help="processes they share (default 2)")
    parser.add_argument("--workers", type=int, default=4, help="web processes (default 4)")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object for each kind on stdout")
    options = parser.parse_args()
    named = services.POSTGRES in os.environ
    if options.kind == "services" and not named:
        parser.error(f"{services.POSTGRES} names no PostgreSQL; see scripts/services.sh")
    kinds = [options.kind] if options.kind else ["embedded", *(["services"] if named else [])]
    if options.kind is None and not named:
        print("PostgreSQL is left out: it is not named in the environment", file=sys.stderr)
    right = True
    for kind in kinds:
        outcome = {"exact": exact, "kills": kills}[options.mode](kind, options)
        _print(outcome, options.json)
        right = right and not outcome.wrong
    return 0 if right else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
