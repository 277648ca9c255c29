"""A really running site for tests: its own processes, home, port and database; can be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from catalog.parties import service as parties
from catalog.parties import sign_in
from contracts.access import SYSTEM, Role
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from web import migrations
from web.context import Services

START_SECONDS = 300.0
PASSWORD = "correct horse battery"


def free_port() -> int:
    """A port that nobody listens on, with the next one free for the payment stand-in."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two neighbouring ports are free")


def bare_environment() -> dict[str, str]:
    """This process's environment without settings of Shuyi. Processes keep what they compile: so many are started."""
    left_out = ("SHUYI_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


@dataclass
class Site:
    """`python -m web.cli serve` with its worker and stand-in."""

    home: Path
    port: int
    database_url: str = ""
    object_store: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    workers: int = 1

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.temporary.mkdir(exist_ok=True)
        self.environment = (
            bare_environment()
            | {
                "SHUYI_HOME": str(self.home),
                "SHUYI_PORT": str(self.port),
                "TMPDIR": str(self.temporary),
                **({"SHUYI_DATABASE_URL": self.database_url} if self.database_url else {}),
                **({"SHUYI_OBJECT_STORE": self.object_store} if self.object_store else {}),
            }
            | self.environment
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def temporary(self) -> Path:
        """Where its processes put temporary files."""
        return self.home.parent / f"{self.home.name}-temporary"

    @property
    def log(self) -> Path:
        return self.home / "site.log"

    def settings(self) -> Settings:
        """The settings of the running site."""
        return Settings(home=self.home, port=self.port, database_url=self.database_url, object_store=self.object_store)

    def services(self) -> Services:
        """The same database and store, from this process."""
        return Services.from_settings(self.settings())

    def start(self, *, workers: int | None = None) -> None:
        """Start and wait until it answers; with as many web processes as before where `workers` is not given."""
        self.workers = workers or self.workers
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "web.cli", "serve", "--workers", str(self.workers)],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"the site did not start:\n{self.log.read_text(errors='replace')[-3000:]}")

    def children(self) -> dict[str, list[int]]:
        """Process ids by what they are: `serve`, `worker`, `stripe-standin`, and `web` for each web process where
        there are several (`serve` then keeps them running)."""
        found: dict[str, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                environment = (entry / "environ").read_bytes()
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"SHUYI_HOME={self.home}\0".encode() not in environment + b"\0":
                continue
            if b"web.cli" in arguments:
                kind = arguments[arguments.index(b"web.cli") + 1].decode()
            elif any(b"spawn_main" in argument for argument in arguments):
                kind = "web"
            else:
                continue
            found.setdefault(kind, []).append(int(entry.name))
        return found

    def kill(self, *kinds: str) -> None:
        """`kill -9` of every process of these kinds; of all of them, and of what they start again meanwhile, when
        none is named."""
        deadline = time.monotonic() + START_SECONDS
        while pids := [pid for kind, pids in self.children().items() if not kinds or kind in kinds for pid in pids]:
            for pid in pids:
                _kill(pid)
            if kinds:
                break
            assert time.monotonic() < deadline, "the site's processes cannot be killed"
        if self.process is not None and (not kinds or "serve" in kinds):
            self.process.wait(timeout=START_SECONDS)

    def kill_one(self, kind: str) -> int:
        """`kill -9` of one process of this kind, which must be there; its id."""
        pid = self.children()[kind][0]
        _kill(pid)
        return pid

    def stop(self) -> None:
        """End it in order."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def cast(self) -> "Cast":
        """Migrate, and prepare accounts and nothing else."""
        migrations.upgrade(self.settings().database)
        database = Database(self.settings().database)
        try:
            return _cast(database)
        finally:
            database.close()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@dataclass(frozen=True)
class Cast:
    """E-mail addresses of six people who all have `PASSWORD`, and ids of their organisations."""

    people: dict[str, str]
    department_id: str
    company_id: str
    links: dict[str, str]


def _cast(database: Database) -> Cast:
    roles = {
        "operator": ("city", Role.OPERATOR),
        "officer": ("city", Role.DATA_OFFICER),
        "officer2": ("city", Role.DATA_OFFICER),
        "provider": ("department", Role.PROVIDER),
        "startup": ("company", Role.OWNER),
        "developer": ("company", Role.DEVELOPER),
    }
    with database.transaction() as session:
        city = parties.create_organisation(
            session, SYSTEM, kind="city", slug="shenzhen", name={"zh-CN": "深圳市", "en": "Shenzhen"}
        )
        department = parties.create_organisation(
            session,
            SYSTEM,
            kind="department",
            slug="health",
            name={"zh-CN": "市卫生健康委员会", "en": "Health Commission"},
            parent_id=city.id,
        )
        company = parties.create_organisation(
            session, SYSTEM, kind="company", slug="cloudmap", name={"zh-CN": "云图科技", "en": "Cloudmap"}
        )
        at = {"city": city.id, "department": department.id, "company": company.id}
        people: dict[str, str] = {}
        links: dict[str, str] = {}
        for who, (place, role) in roles.items():
            email = f"{who}@example.com"
            person = parties.create_person(session, SYSTEM, email=email, name=f"演员{who}", password=PASSWORD)
            parties.grant(session, SYSTEM, person.id, at[place], role)
            people[who] = email
            links[who] = sign_in.one_time_link(session, person.id, "sign_in")
        return Cast(people, department.id, company.id, links)
