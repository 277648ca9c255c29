"""What the metered data API answers a second, beside others that meter nothing; and what metering costs.

    python scripts/bench_gateway.py [--peers FOLDER] [--install] [--only NAME ...] [--workers 1 2] [--seconds 4]
                                    [--repeats 3] [--rows 100000] [--pairs 20] [--json] [--without PEER ...]

All servers run at once on the same cores, one after the other is loaded by wrk: 32 connections, every request
different, half of those for rows with `select`, no cache of answers, nothing summed beforehand, the same indexes and
fields. Ours asks for a key and counts quota, rate and usage; the peers do nothing of that. `row_by_key`, `filter_100`
(100 rows of a district above a number of spaces) and `group_by` (count and mean per district under two conditions)
tell answers a second; a request of each is checked for the right answer before. nginx, which answers with the bytes of
one answer from a file, is the limit. `metering_cpu`: CPU time an answer of one worker with metering over the same with
a null meter, row by key, in alternating pairs.

FOLDER (by default one in the temporary directory) holds an environment for each peer; --install makes those that are
missing (a missing one is an error that names its commands). tipg needs PostgreSQL with PostGIS, named by
SHUYI_TEST_POSTGRES_URL (`scripts/services.sh start`).
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import polars as pl  # noqa: E402  # after the path is set, as a script must
from dataplane import load, ours, servers, table  # noqa: E402
from dataplane.servers import PEERS, Server, Setting  # noqa: E402

from tests.road.site import free_port  # noqa: E402

NAMES: Final = (*table.KINDS, "metering_cpu")
MOST_REQUESTS: Final = {"row_by_key": 100_000, "filter_100": 20_000, "group_by": 20_000}
"""Different ones in a list; wrk begins again where the list ends before the time does."""
WARM_SECONDS: Final = 1.0
PEERS_FOLDER: Final = Path(tempfile.gettempdir()) / "shuyi-bench-peers"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, default=PEERS_FOLDER, metavar="FOLDER", help="environments of the peers")
    parser.add_argument("--install", action="store_true", help="make the environments that are missing")
    parser.add_argument("--only", choices=NAMES, action="append", help="measure this alone")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="processes or threads of each server")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=20, help="of metering_cpu")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--without", choices=PEERS, action="append", default=[], help="leave a peer out")
    options = parser.parse_args()
    wanted = tuple(options.only or NAMES)
    kinds = tuple(kind for kind in table.KINDS if kind in wanted)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else the servers would outlive it
    load.need()
    peers = [peer for peer in PEERS if peer not in options.without] if kinds else []
    for peer in peers:
        if options.install:
            servers.install(options.peers, peer)
        servers.need(options.peers, peer)
    report = Report(options.json, options.without if kinds else [])
    with tempfile.TemporaryDirectory(prefix="bench-gateway-") as folder, ExitStack() as stack:
        data = table.make(options.rows)
        setting = stack.enter_context(_set_up(Path(folder), options.peers.resolve(), data, peers))
        for workers in options.workers if kinds else ():
            _rates(report, setting, data, kinds, peers, workers, options.seconds, options.repeats)
        if "metering_cpu" in wanted:
            _metering(report, setting, options.rows, options.seconds, options.pairs)


@contextmanager
def _set_up(folder: Path, peers_folder: Path, data: pl.DataFrame, peers: Sequence[str]) -> Iterator[Setting]:
    sqlite, parquet = folder / f"{table.NAME}.db", folder / f"{table.NAME}.parquet"
    if peers:
        table.write_sqlite(data, sqlite)
        data.write_parquet(parquet)
    shop = ours.open_shop(folder / "home", data)
    with ExitStack() as stack:
        postgres = stack.enter_context(_postgres(data)) if "tipg" in peers else ""
        yield Setting(folder, peers_folder, sqlite, parquet, shop, postgres)


@contextmanager
def _postgres(data: pl.DataFrame) -> Iterator[str]:
    """A database with the table and its indexes; its URL."""
    import os

    import psycopg

    from tests import services

    server = services.PostgresServer(os.environ[services.POSTGRES])
    with server.without_tables() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            connection.execute(
                f"CREATE TABLE {table.NAME} (id integer PRIMARY KEY, name text, district text, street text, kind text, "
                "spaces integer, fee double precision, opened date, longitude double precision, "
                "latitude double precision)"
            )
            with connection.cursor().copy(f"COPY {table.NAME} FROM STDIN WITH (FORMAT csv, HEADER)") as copy:
                copy.write(data.write_csv())
            for name in table.INDEXED[1:]:
                connection.execute(f"CREATE INDEX ON {table.NAME} ({name})")
            connection.execute(f"VACUUM ANALYZE {table.NAME}")
        yield url
    server.close()


class Report:
    """Prints measurements as a table or as JSON lines."""

    def __init__(self, as_json: bool, without: Sequence[str]) -> None:
        self._json = as_json
        self.without = without
        if without and not as_json:
            print(f"left out: {', '.join(without)}", flush=True)

    def tell(self, name: str, better: str, unit: str, other_name: str, pairs: Sequence[tuple[float, float]],
             **more: Any) -> None:  # fmt: skip
        """Medians, and the median ratio of pairs."""
        row: dict[str, Any] = {
            "name": name,
            "ours": _short(statistics.median(a for a, _ in pairs)),
            "other": _short(statistics.median(b for _, b in pairs)),
            "other_name": other_name,
            "unit": unit,
            "better": better,
            "ratio": _short(statistics.median(a / b for a, b in pairs)),
            **more,
        }
        if self.without:
            row["without"] = list(self.without)
        if self._json:
            print(json.dumps(row, ensure_ascii=False), flush=True)
            return
        told = "  ".join(f"{key} {value}" for key, value in more.items())
        print(
            f"{name:13} {row['ours']:>9} {unit}  {other_name:15} {row['other']:>9}  ratio {row['ratio']:<7} {told}",
            flush=True,
        )


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _rates(
    report: Report,
    setting: Setting,
    data: pl.DataFrame,
    kinds: Sequence[str],
    peers: Sequence[str],
    workers: int,
    seconds: float,
    repeats: int,
) -> None:
    """Answers a second of all servers with so many workers."""
    truth = table.Truth(data)
    running = [servers.ours(setting, workers, free_port())]
    running += [servers.MAKE[peer](setting, workers, free_port()) for peer in peers]
    with ExitStack() as stack:
        for server in running:
            stack.callback(server.stop)
            server.start()
        for kind in kinds:
            able = [server for server in running if kind not in server.without]
            lists = {server.name: _list_of(setting, server, kind, workers, data.height) for server in able}
            for ask in islice(table.asks(kind, 40, data.height), 20, 40):
                for server in able:
                    body = _answer(server, server.ask(ask))
                    if server is running[0]:
                        servers.keep_answer(setting, kind, body)
                    if server.name != "nginx":
                        truth.check(server.name, ask, server.read(ask, json.loads(body)))
            for server in able:
                load.run(server.port, lists[server.name], WARM_SECONDS)
            found: dict[str, list[load.Rate]] = {server.name: [] for server in able}
            for number in range(repeats):
                for server in able if number % 2 == 0 else able[::-1]:
                    found[server.name].append(load.run(server.port, lists[server.name], seconds))
            mine = found["shuyi"]
            p99 = _short(statistics.median(one.p99 for one in mine))
            for server in able[1:]:
                theirs = found[server.name]
                pairs = [(a.rate, b.rate) for a, b in zip(mine, theirs, strict=True)]
                other = _short(statistics.median(one.p99 for one in theirs))
                more = {"workers": workers, "p99_ms": p99, "other_p99_ms": other}
                report.tell(kind, "higher", "1/s", server.name, pairs, **more)


def _list_of(setting: Setting, server: Server, kind: str, workers: int, rows: int) -> Path:
    requests = (server.ask(ask) for ask in table.asks(kind, MOST_REQUESTS[kind], rows))
    return load.prepare(setting.folder, f"{server.name}-{kind}-{workers}", server.port, requests)


def _answer(server: Server, request: load.Request) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        headers = dict(request.headers) | ({"Content-Type": "application/json"} if request.body else {})
        connection.request("POST" if request.body else "GET", request.path, request.body, headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise SystemExit(f"{server.name} answers {request.path} with {answer.status}: {body[:500]!r}")
    return body


def _metering(report: Report, setting: Setting, rows: int, seconds: float, pairs: int) -> None:
    """CPU an answer, with our meter and with none, both running all the time."""
    with ExitStack() as stack:
        both: list[tuple[Server, Path]] = []
        for factory in ("metered", "unmetered"):
            server = _plain(setting, factory)
            stack.callback(server.stop)
            server.start()
            requests = _list_of(setting, server, "row_by_key", 1, rows)
            load.run(server.port, requests, WARM_SECONDS)
            both.append((server, requests))
        found: list[tuple[float, float]] = []
        for number in range(pairs):
            cost = {}
            for server, requests in both if number % 2 == 0 else both[::-1]:
                before = load.cpu_seconds([server.pid])
                done = load.run(server.port, requests, seconds)
                cost[server.name] = (load.cpu_seconds([server.pid]) - before) / done.answers * 1e6
            found.append((cost["metered"], cost["unmetered"]))
        report.tell("metering_cpu", "lower", "us", "null meter", found, count=pairs)


def _plain(setting: Setting, factory: str) -> Server:
    """The data API alone in one process."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", f"dataplane.ours:{factory}", "--port", str(port)]
    paths = f"{ROOT}:{ROOT / 'scripts'}"
    return Server(
        factory,
        [*command, "--no-access-log", "--log-level", "warning"],
        setting.shop.environment() | {"PYTHONPATH": paths},
        "/data/v1/",
        lambda ask: servers.our_request(setting.shop, ask),
        lambda ask, body: body["records"],
        port,
        setting.folder / f"{factory}.log",
    )


if __name__ == "__main__":
    main()
