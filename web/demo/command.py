"""`shuyi demo`: the demo city, the walk with its progress, the table, the links, the site."""

import json
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from catalog.parties import service as parties
from contracts.errors import Conflict
from contracts.kit.settings import Settings
from marketplace.payments.config import is_live
from marketplace.settlement import service as settlement
from web import migrations, serving
from web.context import Services
from web.demo import cast, figures
from web.demo.city import generate, plan
from web.demo.trade import TradingWalk
from web.demo.walk import WalkFailed

START_SECONDS = 60.0
LOG = "demo.log"
STEPS = {
    "generate": "生成演示城市 · making the city",
    "profile": "识别个人信息 · finding personal data",
    "review": "去标识与审核 · anonymising and review",
    "publish": "发布 · publishing",
    "subscribe": "订阅与付款 · subscribing and paying",
    "call": "调用接口 · calling the API",
    "settle": "结算 · settling",
}


def run(settings: Settings, *, serve_afterwards: bool, as_json: bool, scale: float = 1.0) -> None:
    """The whole command; errors are `ShuyiError`s that the command line tells in one line. `scale` multiplies the
    rows of each table."""
    if settings.stripe_api_key is not None and is_live(settings.stripe_api_key.get_secret_value()):
        raise Conflict("The demo pays with play money and will not run beside a live Stripe key.")
    settings.home.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(settings.database)
    services = Services.from_settings(settings)
    try:
        _refuse_other_city(services)
        with _site(settings):
            if not _walked(services):
                _walk(services, quiet=as_json, scale=scale)
            _show(services, as_json=as_json)
            if serve_afterwards:
                _wait_until_served(settings)
                _invite(services, as_json=as_json)
                _wait_for_signal()
    finally:
        services.close()


def _refuse_other_city(services: Services) -> None:
    with services.database.reading() as session:
        cities = parties.list_organisations(session, kinds=("city",))
        if cities and cast.organisation(session, cast.STARTUP_SLUG) is None:
            raise Conflict(
                f"{services.settings.home} holds another city already; set SHUYI_HOME to an empty folder for the demo."
            )


def _walked(services: Services) -> bool:
    """Whether the road has been walked to its end: payouts were made."""
    with services.database.reading() as session:
        position = settlement.position(session, services.settings.currency)
        return position.settled > 0


@contextmanager
def _site(settings: Settings) -> Iterator[None]:
    """The site, its worker and the payment stand-in, until the block ends. They start while the block runs."""
    if _listens(settings.host, settings.port):
        raise Conflict(
            f"Something else listens on {settings.host}:{settings.port}; stop it, or set SHUYI_PORT to a free port."
        )
    with serving.companions(("serve",), log=settings.home / LOG):
        yield


def _wait_until_served(settings: Settings) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{settings.base_url}/readyz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise WalkFailed(f"The site did not answer at {settings.base_url}; see {settings.home / LOG}.")


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _walk(services: Services, *, quiet: bool, scale: float) -> None:
    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=quiet,
    )
    with bar, tempfile.TemporaryDirectory(prefix="shuyi-demo-") as folder:
        tasks: dict[str, TaskID] = {}

        def on_step(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(STEPS[name], total=total)
            bar.update(tasks[name], completed=done)

        walk = TradingWalk(services, plan(), on_step)
        stations = {station.plan.code: station for station in walk.describe()}

        def hand_over(code: str, done: int, total: int) -> None:
            """Each table goes off as soon as it is made, so that the worker reads it while the next is made."""
            on_step("generate", done, total)
            if (path := Path(folder) / stations[code].plan.dataset.delivery.file_name).exists():
                walk.upload(stations[code], path)

        made = generate(Path(folder), scale=scale, on_progress=hand_over)
        made.truth.save(services.settings.home / "demo-truth.json")
        walk.publish(list(stations.values()))
        _wait_until_served(services.settings)
        walk.trade(list(stations.values()))


def _show(services: Services, *, as_json: bool) -> None:
    with services.database.reading() as session:
        found = figures.lines(session, services.settings)
    if as_json:
        print(json.dumps(figures.report(found, services.settings.currency), ensure_ascii=False), flush=True)  # noqa: T201  # the command's output
    else:
        console = Console()
        if not console.is_terminal or console.width < figures.WIDTH:
            console = Console(width=figures.WIDTH)
        console.print(*figures.tables(found))


def _invite(services: Services, *, as_json: bool) -> None:
    with services.database.transaction() as session:
        links = cast.sign_in_links(session, services.settings.base_url)
    console = Console(stderr=as_json)
    console.print(f"\n{services.settings.base_url}", highlight=False)
    for part in cast.CAST:
        console.print(f"  {part.title['zh-CN']} · {part.title['en']} ({part.name})", highlight=False)
        console.print(f"    {links[part.key]}", highlight=False, soft_wrap=True)
    console.print(
        "每个链接一天内可用一次；Ctrl-C 停止。Each link works once, within a day; Ctrl-C stops.", highlight=False
    )


def _wait_for_signal() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(3600):
        pass
