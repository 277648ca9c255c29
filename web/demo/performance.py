"""The demo city, its walk with the progress shown, the table of what happened, the links."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from contracts.kit.settings import Settings
from marketplace.settlement import service as settlement
from web.context import Services
from web.demo import cast, figures
from web.demo.city import generate, plan
from web.demo.trade import TradingWalk
from web.demo.walk import wait_until_served

STEPS = {
    "generate": "生成演示城市 · making the city",
    "profile": "识别个人信息 · finding personal data",
    "review": "去标识与审核 · anonymising and review",
    "publish": "发布 · publishing",
    "subscribe": "订阅与付款 · subscribing and paying",
    "call": "调用接口 · calling the API",
    "settle": "结算 · settling",
}


class Performance:
    """The demo city's walk, what came of it, and the links to look around with."""

    def __init__(self, services: Services, *, as_json: bool) -> None:
        self._services, self._as_json = services, as_json

    @classmethod
    @contextmanager
    def of(cls, settings: Settings, *, as_json: bool) -> "Iterator[Performance]":
        """Over the settings' database and store, while the block runs."""
        services = Services.from_settings(settings)
        try:
            yield cls(services, as_json=as_json)
        finally:
            services.close()

    def walk(self, scale: float) -> None:
        """Walk the road for every department, unless that was done."""
        with self._services.database.reading() as session:
            walked = settlement.position(session, self._services.settings.currency).settled > 0
        if not walked:
            _walk(self._services, quiet=self._as_json, scale=scale)

    def show(self) -> None:
        """Print the table, or the object."""
        with self._services.database.reading() as session:
            found = figures.lines(session, self._services.settings)
        if self._as_json:
            print(json.dumps(figures.report(found, self._services.settings.currency), ensure_ascii=False), flush=True)  # noqa: T201  # the command's output
            return
        console = Console()
        if not console.is_terminal or console.width < figures.WIDTH:
            console = Console(width=figures.WIDTH)
        console.print(*figures.tables(found))

    def invite(self) -> None:
        """Print a sign-in link for each of the cast, once the site answers."""
        wait_until_served(self._services.settings)
        with self._services.database.transaction() as session:
            links = cast.sign_in_links(session, self._services.settings.base_url)
        console = Console(stderr=self._as_json)
        console.print(f"\n{self._services.settings.base_url}", highlight=False)
        for part in cast.CAST:
            console.print(f"  {part.title['zh-CN']} · {part.title['en']} ({part.name})", highlight=False)
            console.print(f"    {links[part.key]}", highlight=False, soft_wrap=True)
        console.print(
            "每个链接一天内可用一次；Ctrl-C 停止。Each link works once, within a day; Ctrl-C stops.", highlight=False
        )


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
        walk.walk(list(stations.values()))
