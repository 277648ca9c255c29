"""Ours as it is sold: a conditional dataset, an approved release of the table, a subscription with quota and rate."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from starlette.applications import Starlette

from contracts.kit.settings import Settings
from dataplane.table import NAME
from marketplace.gateway.app import Gateway
from marketplace.metering.leases import Terms
from marketplace.metering.meter import TICK_SECONDS, Meter
from marketplace.metering.purses import Account
from web import migrations
from web.context import Services
from web.data_path import DataPath

QUOTA = 2_000_000_000
RATE = 1_000_000
"""Units a month and calls a minute (the most that a plan may allow): both on, neither in the way."""


@dataclass(frozen=True, slots=True)
class Shop:
    """An installation with the table for sale, and a key that opens it; `id` is the key of its records."""

    home: Path
    key: str

    def environment(self) -> dict[str, str]:
        """For processes of this installation."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHUYI_")}
        return kept | {"SHUYI_HOME": str(self.home)}


def open_shop(home: Path, table: pl.DataFrame) -> Shop:
    """Upload, approve, publish and subscribe, by the services themselves."""
    from tests.factories.dataplane import DataPlane

    home.mkdir(parents=True)
    settings = Settings(home=home)
    migrations.upgrade(settings.database)
    services = Services.from_settings(settings)
    plane = DataPlane(services.database, services.store, settings)
    dataset = plane.dataset(NAME)
    release = plane.release(dataset, table.write_csv())
    if release.contract["primary_key"] != "id":
        raise SystemExit("the release does not say that `id` is the key of its records")
    key = plane.key(plane.subscribe(dataset, quota=QUOTA, rate=RATE))
    services.close()
    return Shop(home, key)


class NullMeter(Meter):
    """Admits everything and remembers nothing: what an answer costs without metering. It ticks all the same, since
    keys and releases are looked after in its ticks."""

    def start(self) -> None:
        """Begin to tick."""
        self._ended = threading.Event()
        self._ticking = threading.Thread(target=self._tick_on, daemon=True)
        self._ticking.start()

    def _tick_on(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            for step in self.also_each_tick:
                step()

    def stop(self) -> None:
        """End it."""
        self._ended.set()
        self._ticking.join()

    def refuse_if_exhausted(self, subscription_id: str, terms: Terms) -> None:
        """Never."""

    def admit(self, account: Account, terms: Terms, **answer: Any) -> str:
        """The same receipt for all."""
        return "0" * 32

    def charge(self, account: Account, terms: Terms, **answer: Any) -> str:
        """As `admit`."""
        return "0" * 32

    def tally(self, account: Account, status: int, reason: str, *, rows: int = 0, size: int = 0) -> None:
        """Nothing is counted."""


def metered() -> Callable[..., Awaitable[None]]:
    """The data API alone, for uvicorn's `--factory`."""
    return _app(Meter)


def unmetered() -> Callable[..., Awaitable[None]]:
    """The same with a null meter."""
    return _app(NullMeter)


def _app(kind: type[Meter]) -> Callable[..., Awaitable[None]]:
    services = Services.from_settings(Settings())
    meter = kind(services.database, services.store, services.settings)
    gateway = Gateway(services.database, services.settings, services.store, meter)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with gateway.running():
            yield
        services.close()

    return DataPath(Starlette(lifespan=lifespan), gateway)
