"""From a key to a usage row: one metered record and everything that may be said about it."""

import asyncio
from datetime import timedelta

from contracts import clock
from marketplace.metering import service as metering
from tests.factories.dataplane import DataPlane, records


def test_a_key_reads_records_and_each_answer_is_a_unit(plane: DataPlane) -> None:
    dataset = plane.dataset()
    release = plane.release(dataset)
    subscription = plane.subscribe(dataset, quota=1000)
    key = plane.key(subscription)

    async def use() -> None:
        first = await plane.get("/car-parks/records", key, district="南山区", limit=5)
        found = records(first)
        assert len(found) == 5
        assert {row["district"] for row in found} == {"南山区"}
        body = first.json()
        assert body["release"] == release.version
        assert first.headers["x-receipt"] == body["receipt"]
        assert first.headers["ratelimit-policy"] == '"minute";q=6000;w=60, "month";q=1000'
        assert first.headers["ratelimit"].startswith('"minute";r=')
        following = await plane.get("/car-parks/records", key, district="南山区", limit=5, cursor=body["next"])
        assert not {row["id"] for row in records(following)} & {row["id"] for row in found}
        missing = await plane.get("/car-parks/records/999999", key)
        assert missing.status_code == 404
        assert missing.json()["type"] == "/problems/record-not-found"

    asyncio.run(use())
    metering.seal_through(plane.database, plane.store, plane.settings, moment := clock.now())
    with plane.database.reading() as session:
        totals = metering.usage_for(session, subscription.id, moment - timedelta(days=1), moment)
    assert (totals.calls, totals.rows, totals.refused) == (2, 10, 1)
    assert totals.bytes > 500
