"""A released dataset, a subscription to it, keys and a running gateway, made by the services themselves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from catalog.datasets.models import Dataset
from catalog.releases import service as releases
from catalog.releases.models import Release
from contracts.access import Actor
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.licence import LICENCES
from contracts.privacy import Policy
from marketplace.credentials import service as credentials
from marketplace.credentials.secret import Mode
from marketplace.gateway.app import Gateway, gateway_app
from marketplace.products import service as products
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.models import Subscription
from tests.factories import published
from tests.factories.people import City, make_city

STATIONS = "\n".join(
    ["id,district,spaces,fee,opened,covered"]
    + [
        f"P{i:04d},{('南山区', '福田区', '宝安区')[i % 3]},{i * 7 % 400},{i % 50 / 2},2024-{i % 12 + 1:02d}-15,"
        f"{'true' if i % 2 else 'false'}"
        for i in range(1, 301)
    ]
)
"""300 car parks; nobody's data."""


@dataclass
class DataPlane:
    """`release()`, `subscribe()`, `key()`, then `get(...)`: each in a transaction of its own."""

    database: Database
    store: ObjectStore
    settings: Settings
    city: City = field(init=False)
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            self.city = make_city(session)
        self.gateway = gateway_app(self.database, self.settings, self.store)

    def actor(self, who: str) -> Actor:
        """Somebody of the city."""
        with self.database.reading() as session:
            return self.city.actor(session, who)

    def dataset(self, slug: str = "car-parks", openness: str = "conditional") -> Dataset:
        """A described dataset without releases."""
        with self.database.transaction() as session:
            return published.make_dataset(session, self.city, slug, "停车场信息", openness=openness)

    def release(self, dataset: Dataset, csv: str = STATIONS, policy: Policy | None = None) -> Release:
        """A published release of a dataset."""
        release = published.publish(self.database, self.store, self.settings, self.city, dataset.id, csv, policy)
        self.changed()
        return release

    def withdraw(self, release: Release) -> None:
        """Take a release back."""
        with self.database.transaction() as session:
            releases.withdraw(session, self.city.actor(session, "officer"), release.id, "发现一处错误，先撤回。")
        self.changed()

    def changed(self) -> None:
        """What the worker does after every event that concerns access."""
        with self.database.transaction() as session:
            credentials.access_changed(session)
        self.gateway.delivery.tick()

    def subscribe(
        self,
        dataset: Dataset,
        *,
        quota: int | None = 1000,
        rate: int = 6000,
        monthly_fee: int = 0,
        overage_per_1000: int | None = None,
    ) -> Subscription:
        """The company's subscription under a plan made for it; active unless the plan has a fee."""
        with self.database.transaction() as session:
            provider, owner = self.city.actor(session, "provider"), self.city.actor(session, "owner")
            offering = products.create_offering(session, provider, dataset.id)
            plan = products.add_plan(
                session,
                provider,
                offering.id,
                name={"zh-CN": "开发版", "en": "Developer"},
                quota_per_month=quota,
                rate_per_minute=rate,
                monthly_fee=monthly_fee,
                overage_per_1000=overage_per_1000,
            )
            products.list_offering(session, provider, offering.id)
            accepted = LICENCES[dataset.licence_id].hash()
            return subscriptions.subscribe(
                session, owner, self.city.company.id, plan.id, "停车需求预测与选址研究，不含个人信息", accepted
            )

    def key(self, subscription: Subscription, mode: Mode = "live", name: str = "测试程序") -> str:
        """A new key of a subscription: its secret."""
        with self.database.transaction() as session:
            developer = self.city.actor(session, "developer")
            _, secret = credentials.create_key(session, developer, self.settings, subscription.id, name, mode)
        return secret

    async def get(
        self, path: str, key: str | None = None, *, headers: Mapping[str, str] | None = None, **parameters: Any
    ) -> httpx.Response:
        """One call over ASGI; `records__gte`-style names do not exist here, pass `**{"age.gte": 3}`."""
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {key}"} if key else {})
        transport = httpx.ASGITransport(app=self.gateway, client=("192.0.2.7", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://data") as client:
            return await client.get(path, params=parameters, headers=sent)


def records(response: httpx.Response) -> list[dict[str, Any]]:
    """The records of an answer that must be one."""
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = json.loads(response.content)["records"]
    return found
