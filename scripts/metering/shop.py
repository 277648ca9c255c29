"""A really running site with one table for sale: every call costs a fen and the customer's cap buys just so many."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.ids import new_id
from contracts.licence import LICENCES
from marketplace.billing import periods
from marketplace.billing.rules import Rules
from marketplace.products import service as products
from marketplace.subscriptions import service as subscriptions
from tests import services
from tests.factories.dataplane import DataPlane
from tests.road.site import Site, free_port
from web import migrations
from web.context import Services

SLUG: Final = "stations"
ROWS: Final = 2000
RATE: Final = 1_000_000
"""Calls a minute, the most that a plan may allow: on, and not in the way."""


@dataclass(frozen=True, slots=True)
class Shop:
    """`site` is started by whoever uses it; `postgres` is there where it may be struck."""

    site: Site
    key: str
    subscription_id: str
    units: int
    folder: Path
    operator_id: str
    postgres: services.OwnPostgres | None = None

    def open_services(self) -> Services:
        """The same database and store, from this process."""
        return self.site.services()

    def close_period(self, found: Services) -> str:
        """The operator ends the open period; its id. What follows is the worker's."""
        from catalog.parties import service as parties

        with found.database.transaction() as session:
            operator = parties.actor_for(session, self.operator_id)
            return periods.close_period(session, operator, Rules.from_settings(found.settings)).id


@contextmanager
def shop(kind: str, units: int, workers: int, *, own_postgres: bool = False) -> Iterator[Shop]:
    """A shop on SQLite with a folder (`embedded`), or on PostgreSQL with an S3 store (`services`); not started.

    `own_postgres`: a server of its own, to be killed and started again; the store is a folder where no S3 is named.
    """
    with tempfile.TemporaryDirectory(prefix="soak-metering-") as folder:
        home = Path(folder) / "home"
        if kind == "embedded":
            site = Site(home, free_port(), workers=workers)
            yield from _run(site, units, Path(folder), None)
            return
        bucket = os.environ.get(services.S3, "").replace("shuyi-test", f"soak-{new_id()[-12:]}")
        if own_postgres:
            postgres = services.OwnPostgres()
            try:
                site = Site(home, free_port(), database_url=postgres.url, object_store=bucket, workers=workers)
                yield from _run(site, units, Path(folder), postgres)
            finally:
                postgres.close()
            return
        server = services.PostgresServer(os.environ[services.POSTGRES])
        with server.without_tables() as url:
            site = Site(home, free_port(), database_url=url, object_store=bucket, workers=workers)
            yield from _run(site, units, Path(folder), None)
        server.close()


def _run(site: Site, units: int, folder: Path, postgres: services.OwnPostgres | None) -> Iterator[Shop]:
    try:
        yield _furnish(site, units, folder, postgres)
    finally:
        site.kill()


def _furnish(site: Site, units: int, folder: Path, postgres: services.OwnPostgres | None) -> Shop:
    """Upload, approve, publish, offer, subscribe, by the services themselves."""
    migrations.upgrade(site.settings().database)
    found = site.services()
    try:
        plane = DataPlane(found.database, found.store, found.settings)
        dataset = plane.dataset(SLUG)
        table = "\n".join(["name,spaces", *(f"第{i:05d}号停车场,{i * 7 % 400}" for i in range(ROWS))])
        plane.release(dataset, table)
        with found.database.transaction() as session:
            provider, owner = plane.city.actor(session, "provider"), plane.city.actor(session, "owner")
            offering = products.create_offering(session, provider, dataset.id)
            plan = products.add_plan(
                session,
                provider,
                offering.id,
                name={"zh-CN": "按次付费", "en": "By the call"},
                quota_per_month=0,
                rate_per_minute=RATE,
                overage_per_1000=1000,
            )
            products.list_offering(session, provider, offering.id)
            subscription = subscriptions.subscribe(
                session,
                owner,
                plane.city.company.id,
                plan.id,
                "停车需求预测与选址研究，不含个人信息",
                LICENCES[dataset.licence_id].hash(),
                overage_cap=units,
            )
        key = plane.key(subscription)
        operator_id = plane.city.people["operator"].id
    finally:
        found.close()
    return Shop(site, key, subscription.id, units, folder, operator_id, postgres)
