"""The servers: ours with key, quota, rate limit and metering, peers without any of that, nginx as the limit.

Peers come from PyPI into environments of their own below one folder, made by `uv` (`install_command`). Each
is set up for speed as its documentation says, with the indexes that ours has.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from dataplane.load import Request, wait
from dataplane.ours import Shop
from dataplane.table import FIELDS, INDEXED, NAME, Ask

PACKAGES: Final = {
    "datap-rs": "datap-rs==0.8.6",
    "roapi": "roapi==0.12.7",
    "datasette": "datasette==0.65.5",
    "tipg": "tipg==1.6.1 uvicorn[standard]",
    "fastapi+sqlite": "fastapi uvicorn[standard]",
}
PEERS: Final = (*PACKAGES, "nginx")
_WHOLE: Final = "SELECT district, count(*) AS count, avg(spaces) AS mean FROM"
_JSON: Final = (("Accept", "application/json"),)


def environment_of(peers: Path, peer: str) -> Path:
    """Where a peer's environment lies."""
    return peers / peer.partition("+")[0]


def install_command(peers: Path, peer: str) -> str:
    """The commands that make a peer's environment."""
    where = environment_of(peers, peer)
    return f"uv venv --python 3.11 {where} && uv pip install --python {where}/bin/python {PACKAGES[peer]}"


def need(peers: Path, peer: str) -> None:
    """Exits with the command that installs a peer, when it is missing."""
    if peer == "nginx":
        if shutil.which("nginx") is None:
            raise SystemExit("nginx is not installed (Debian: apt-get install nginx-light). Or --without nginx")
    elif not (environment_of(peers, peer) / "bin" / "python").exists():
        raise SystemExit(f"{peer} is missing; install it with: {install_command(peers, peer)}\nOr --without {peer}")
    elif peer == "tipg" and "SHUYI_TEST_POSTGRES_URL" not in os.environ:
        raise SystemExit(
            "tipg needs PostgreSQL with PostGIS: apt-get install postgresql-15-postgis-3, scripts/services.sh start, "
            'eval "$(scripts/services.sh env)". Or --without tipg'
        )


def install(peers: Path, peer: str) -> None:
    """Make a peer's environment when it is missing."""
    if peer in PACKAGES and not (environment_of(peers, peer) / "bin" / "python").exists():
        subprocess.run(install_command(peers, peer), shell=True, check=True)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the servers serve: the table as SQLite and Parquet, in PostgreSQL where tipg runs, and in our shop."""

    folder: Path
    peers: Path
    sqlite: Path
    parquet: Path
    shop: Shop
    postgres: str = ""


Reader = Callable[[Ask, Any], list[dict[str, Any]]]


@dataclass
class Server:
    """One server. `ask` makes a request; `read` takes rows or groups out of the JSON of its answer."""

    name: str
    command: list[str]
    environment: dict[str, str]
    ready: str
    ask: Callable[[Ask], Request]
    read: Reader
    port: int
    log: Path
    without: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        wait(self.port, self.ready, self.process, self.log)

    def stop(self) -> None:
        """End it with all its processes."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @property
    def pid(self) -> int:
        """Of the process started."""
        assert self.process is not None, "it was started"
        return self.process.pid


def _bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("SHUYI_", "PYTHON"))}


def ours(setting: Setting, workers: int, port: int) -> Server:
    """`shuyi serve`, as anybody runs it; the worker for jobs has nothing to do and is left out."""
    return Server(
        "shuyi",
        [sys.executable, "-m", "web.cli", "serve", "--workers", str(workers), "--no-worker"],
        setting.shop.environment() | {"SHUYI_PORT": str(port)},
        "/readyz",
        lambda ask: our_request(setting.shop, ask),
        _our_rows,
        port,
        setting.folder / f"shuyi-{workers}.log",
    )


def our_request(shop: Shop, ask: Ask) -> Request:
    """As developers write it."""
    select = {"select": ",".join(ask.select)} if ask.select else {}
    if ask.kind == "row_by_key":
        path = f"/records/{ask.key}" + (f"?{urlencode(select)}" if select else "")
    elif ask.kind == "filter_100":
        filters = {"district": ask.district, "spaces.gte": ask.spaces, "limit": 100, **select}
        path = f"/records?{urlencode(filters)}"
    else:
        asked = {"group_by": "district", "measures": "count,avg:spaces", "spaces.gte": ask.spaces, "fee.lte": ask.fee}
        path = f"/aggregate?{urlencode(asked)}"
    return Request(f"/data/v1/{NAME}{path}", (("Authorization", f"Bearer {shop.key}"),))


def _our_rows(ask: Ask, body: Any) -> list[dict[str, Any]]:
    if ask.kind == "group_by":
        return [
            {"district": one["district"], "count": one["count"], "mean": one["avg:spaces"]} for one in body["groups"]
        ]
    found: list[dict[str, Any]] = body["records"]
    return found


_DATAP: Final = """
import asyncio, sys
from datap_rs.datapress import DataPress, DataPressConfig, DatasetConfig
name, source, port, workers, fields = sys.argv[1:]
data = DatasetConfig(name=name, source=source, mode="list", index_columns=fields.split(","))
config = DataPressConfig(backend="datafusion", port=int(port), workers=int(workers))
async def main():
    await DataPress(config, datasets=[data]).run()
asyncio.run(main())
"""


def datap(setting: Setting, workers: int, port: int) -> Server:
    """DataFusion in memory with an equality index on every field."""
    python = str(environment_of(setting.peers, "datap-rs") / "bin" / "python")
    arguments = [NAME, str(setting.parquet), str(port), str(workers), ",".join(INDEXED)]
    return Server(
        "datap-rs",
        [python, "-c", _DATAP, *arguments],
        _bare() | {"TOKIO_WORKER_THREADS": str(workers)},
        "/health",
        _datap_request,
        lambda ask, body: body["data"],
        port,
        setting.folder / f"datap-{workers}.log",
    )


def _datap_request(ask: Ask) -> Request:
    if ask.kind == "group_by":
        asked: dict[str, Any] = {
            "group_by": ["district"],
            "aggregations": [
                {"op": "count", "alias": "count"},
                {"op": "avg", "col": "spaces", "alias": "mean"},
            ],
            "predicates": [
                {"col": "spaces", "op": "gte", "val": ask.spaces},
                {"col": "fee", "op": "lte", "val": ask.fee},
            ],
        }
    elif ask.kind == "row_by_key":
        asked = {"predicates": [{"col": "id", "op": "eq", "val": ask.key}], "page_size": 1}
    else:
        asked = {
            "predicates": [
                {"col": "district", "op": "eq", "val": ask.district},
                {"col": "spaces", "op": "gte", "val": ask.spaces},
            ],
            "page_size": 100,
        }
    if ask.select:
        asked["columns"] = ask.select
    body = json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()
    return Request(f"/api/v1/datasets/{NAME}/query", body=body)


def sql(ask: Ask) -> str:
    """For those that speak SQL."""
    if ask.kind == "group_by":
        return f"{_WHOLE} {NAME} WHERE spaces >= {ask.spaces} AND fee <= {ask.fee} GROUP BY district"
    fields = ", ".join(ask.select or FIELDS)
    if ask.kind == "row_by_key":
        return f"SELECT {fields} FROM {NAME} WHERE id = {ask.key}"
    return f"SELECT {fields} FROM {NAME} WHERE district = '{ask.district}' AND spaces >= {ask.spaces} LIMIT 100"


def roapi(setting: Setting, workers: int, port: int) -> Server:
    """DataFusion in memory, asked by SQL; it knows no indexes."""
    program = str(environment_of(setting.peers, "roapi") / "bin" / "roapi")
    return Server(
        "roapi",
        [program, "--addr-http", f"127.0.0.1:{port}", "--table", f"{NAME}={setting.parquet}"],
        _bare() | {"TOKIO_WORKER_THREADS": str(workers)},
        "/health",
        lambda ask: Request("/api/sql", body=sql(ask).encode()),
        lambda ask, body: body,
        port,
        setting.folder / f"roapi-{workers}.log",
    )


_DATASETTE: Final = """
import os
from datasette.app import Datasette
app = Datasette([], immutables=[os.environ["BENCH_SQLITE"]], settings={"default_cache_ttl": 0}).app()
"""


def datasette(setting: Setting, workers: int, port: int) -> Server:
    """Over an immutable file; counts, facets and suggestions are turned off where it allows."""
    (setting.folder / "datasette_peer.py").write_text(_DATASETTE)
    return Server(
        "datasette",
        [
            *_uvicorn(setting, "datasette", workers, port),
            *("--app-dir", str(setting.folder), "datasette_peer:app"),
        ],
        _bare() | {"BENCH_SQLITE": str(setting.sqlite)},
        "/-/versions.json",
        lambda ask: _datasette_request(setting.sqlite.stem, ask),
        lambda ask, body: body if isinstance(body, list) else body["rows"],
        port,
        setting.folder / f"datasette-{workers}.log",
    )


def _datasette_request(database: str, ask: Ask) -> Request:
    if ask.kind == "group_by":
        return Request(f"/{database}.json?{urlencode({'sql': sql(ask), '_shape': 'array'})}")
    asked: list[tuple[str, Any]] = [("_shape", "array"), ("_nocount", 1), ("_nofacet", 1), ("_nosuggest", 1)]
    asked += [("_col", name) for name in ask.select or ()]
    if ask.kind == "row_by_key":
        asked += [("id", ask.key)]
    else:
        asked += [("district", ask.district), ("spaces__gte", ask.spaces), ("_size", 100)]
    return Request(f"/{database}/{NAME}.json?{urlencode(asked)}")


def _uvicorn(setting: Setting, peer: str, workers: int, port: int) -> list[str]:
    program = environment_of(setting.peers, peer) / "bin" / "uvicorn"
    return [str(program), "--port", str(port), "--workers", str(workers), "--no-access-log", "--log-level", "warning"]


def tipg(setting: Setting, workers: int, port: int) -> Server:
    """OGC API Features over PostgreSQL; it has no group-by."""
    return Server(
        "tipg",
        [*_uvicorn(setting, "tipg", workers, port), "tipg.main:app"],
        _bare() | {"DATABASE_URL": setting.postgres, "TIPG_DB_ONLY_SPATIAL_TABLES": "false"},
        "/healthz",
        _tipg_request,
        _tipg_rows,
        port,
        setting.folder / f"tipg-{workers}.log",
        without=("group_by",),
    )


def _tipg_request(ask: Ask) -> Request:
    base = f"/collections/public.{NAME}/items"
    select = {"properties": ",".join(ask.select)} if ask.select else {}
    if ask.kind == "row_by_key":
        return Request(f"{base}/{ask.key}?{urlencode({'f': 'json', **select})}")
    asked = {
        "f": "json", "limit": 100, "district": ask.district, "filter": f"spaces>={ask.spaces}",
        "filter-lang": "cql2-text", **select,
    }  # fmt: skip
    return Request(f"{base}?{urlencode(asked, quote_via=quote)}")


def _tipg_rows(ask: Ask, body: Any) -> list[dict[str, Any]]:
    if isinstance(body, dict) and "features" in body:
        return [feature["properties"] for feature in body["features"]]
    if isinstance(body, dict) and "properties" in body:
        return [body["properties"]]
    rows = body if isinstance(body, list) else [body]
    return [{name: value for name, value in row.items() if name not in ("collectionId", "itemId")} for row in rows]


def fastapi(setting: Setting, workers: int, port: int) -> Server:
    """Written by hand for these three questions."""
    here = Path(__file__).resolve().parent
    return Server(
        "fastapi+sqlite",
        [*_uvicorn(setting, "fastapi+sqlite", workers, port), "--app-dir", str(here), "fastapi_peer:app"],
        _bare() | {"BENCH_SQLITE": str(setting.sqlite)},
        "/openapi.json",
        _fastapi_request,
        lambda ask, body: body if isinstance(body, list) else [body],
        port,
        setting.folder / f"fastapi-{workers}.log",
    )


def _fastapi_request(ask: Ask) -> Request:
    select = {"select": ",".join(ask.select)} if ask.select else {}
    if ask.kind == "row_by_key":
        return Request(f"/stations/{ask.key}" + (f"?{urlencode(select)}" if select else ""))
    if ask.kind == "filter_100":
        return Request(f"/stations?{urlencode({'district': ask.district, 'spaces': ask.spaces, **select})}")
    return Request(f"/groups?{urlencode({'spaces': ask.spaces, 'fee': ask.fee})}")


_NGINX: Final = """
daemon off; worker_processes {workers}; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; default_type application/json; sendfile on; keepalive_requests 100000000;
  client_body_temp_path {folder}/nginx-1; proxy_temp_path {folder}/nginx-2; fastcgi_temp_path {folder}/nginx-3;
  uwsgi_temp_path {folder}/nginx-4; scgi_temp_path {folder}/nginx-5;
  server {{ listen 127.0.0.1:{port}; root {folder}/nginx; }}
}}
"""


def nginx(setting: Setting, workers: int, port: int) -> Server:
    """The bytes of one of our answers of each kind, as a file (`keep_answer`): it reads nothing and knows nobody."""
    path = setting.folder / f"nginx-{workers}.conf"
    path.write_text(_NGINX.format(workers=workers, folder=setting.folder, port=port))
    return Server(
        "nginx",
        ["nginx", "-p", str(setting.folder), "-c", str(path)],
        _bare(),
        "/",
        lambda ask: Request(f"/{ask.kind}.json?{ask.key}{ask.spaces}"),
        _our_rows,
        port,
        setting.folder / f"nginx-{workers}.log",
    )


def keep_answer(setting: Setting, kind: str, body: bytes) -> None:
    """Let nginx answer requests of a kind with these bytes."""
    folder = setting.folder / "nginx"
    folder.mkdir(exist_ok=True)
    (folder / f"{kind}.json").write_bytes(body)
    for part in (setting.folder, folder):
        part.chmod(0o755)  # nginx's workers are nobody


MAKE: Final[dict[str, Callable[[Setting, int, int], Server]]] = {
    "datap-rs": datap,
    "roapi": roapi,
    "datasette": datasette,
    "tipg": tipg,
    "fastapi+sqlite": fastapi,
    "nginx": nginx,
}
