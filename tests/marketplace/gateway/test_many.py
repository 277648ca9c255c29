"""Many data products and keys in one gateway: each key opens its own data and no other, and every call is counted
under its key."""

import asyncio
import random
from datetime import timedelta

from contracts import clock
from marketplace.credentials import service as credentials
from marketplace.metering import service as metering
from tests.factories.dataplane import DataPlane
from tests.quick import runs_long

FEW, MANY = (5, 4), (60, 10)
"""Products, and keys of each."""


def test_every_key_opens_its_own_data_alone(plane: DataPlane) -> None:
    products, keys_each = MANY if runs_long() and plane.database.is_sqlite else FEW  # one database is slow enough
    secrets: list[tuple[int, str]] = []
    subscriptions = []
    for number in range(products):
        dataset = plane.dataset(f"data-{number:04d}")
        plane.release(dataset, f"id,number\nA1,{number}\nA2,{number}")
        subscription = plane.subscribe(dataset, quota=1000)
        subscriptions.append(subscription)
        secrets += [(number, plane.key(subscription, name=f"key {i}")) for i in range(keys_each)]
    random.Random(7).shuffle(secrets)

    async def use() -> None:
        for number, secret in secrets:
            answer = await plane.get(f"/data-{number:04d}/records", secret, limit=1)
            assert answer.status_code == 200, answer.text
            assert answer.json()["records"][0]["number"] == number
        for number, secret in secrets[:50]:
            other = (number + 1) % products
            assert (await plane.get(f"/data-{other:04d}/records", secret)).status_code == 403

    asyncio.run(use())
    moment = clock.now()
    metering.seal_through(plane.database, plane.store, plane.settings, moment)
    with plane.database.reading() as session:
        for subscription in subscriptions:
            used = metering.usage_by_key(session, subscription.id, moment - timedelta(days=1), moment)
            keys = {key.id for key in credentials.keys_of(session, subscription.id)}
            assert set(used) == keys
            assert {totals.calls for totals in used.values()} == {1}
