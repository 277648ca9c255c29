"""`Shuyi-Dry-Run: 1`: what a call would cost and what is left, without rows, unit or receipt."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts import clock
from marketplace.metering import service as metering
from tests.factories.dataplane import DataPlane

DRY = {"Shuyi-Dry-Run": "1"}
RECORDS = "/car-parks/records"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def call(plane: DataPlane, path: str = RECORDS, key: str | None = None, **options: Any) -> httpx.Response:
    return asyncio.run(plane.get(path, key, **options))


def dry(plane: DataPlane, path: str = RECORDS, key: str | None = None, **options: Any) -> dict[str, Any]:
    """What is told of the cost; never with a receipt or rows."""
    headers = DRY | options.pop("headers", {})
    answer = call(plane, path, key, headers=headers, **options)
    assert answer.status_code == 200, answer.text
    assert "x-receipt" not in answer.headers
    assert "etag" not in answer.headers
    told: dict[str, Any] = answer.json()
    assert told.keys() == {"dry_run", "units", "reason", "quota", "rate", "admitted"}
    return told


def test_each_call_that_costs_a_unit_is_foretold_and_none_is_taken(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset, quota=3, rate=60)
    key = plane.key(subscription)
    paths = [RECORDS, f"{RECORDS}/P0001", "/car-parks/aggregate", "/car-parks/export", "/car-parks/files/data.csv"]
    for number, path in enumerate(paths, 1):
        told = dry(plane, path, key)
        assert (told["units"], told["reason"], told["admitted"]) == (1, "", True)
        assert (told["quota"]["limit"], told["quota"]["left"]) == (3, 3)
        assert told["rate"]["limit"] == 60
        assert told["rate"]["left"] == 60 - number, "a dry run counts against the rate"
    assert _billed(plane, subscription.id) == 0


def test_what_is_free_and_what_is_left(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    key = plane.key(plane.subscribe(dataset, quota=1))
    named = {"X-Request-Id": "retry-0001"}
    paid = call(plane, key=key, headers=named, limit=2)
    assert paid.status_code == 200
    plane.gateway.meter._due["live"] = 0.0  # the live figures are shown every two seconds
    plane.gateway.meter.tick()
    told = dry(plane, key=key, limit=2)
    assert (told["units"], told["quota"]["left"], told["admitted"]) == (1, 0, False)
    repeat = dry(plane, key=key, headers=named, limit=2)
    assert (repeat["units"], repeat["reason"], repeat["admitted"]) == (0, "repeat", True)
    known = dry(plane, key=key, headers={"If-None-Match": paid.headers["etag"]}, limit=2)
    assert (known["units"], known["reason"]) == (0, "not-modified")
    assert dry(plane, "/car-parks/schema", key)["reason"] == "description"
    assert dry(plane, "/car-parks/files/manifest.json")["reason"] == "description"


def test_refusals_are_the_same_as_of_the_call_itself(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset)
    key, sandbox = plane.key(subscription), plane.key(subscription, "test")
    assert call(plane, headers=DRY).status_code == 401
    assert call(plane, key=key, headers=DRY, colour="red").status_code == 422
    assert call(plane, "/nothing/records", key, headers=DRY).status_code == 404
    assert dry(plane, key=sandbox)["reason"] == "sandbox"
    assert call(plane, key=key, headers={"Shuyi-Dry-Run": "0"}).json()["records"]


def test_open_data_cost_nothing(plane: DataPlane) -> None:
    plane.release(plane.dataset(openness="unconditional"))
    told = dry(plane)
    assert (told["units"], told["reason"], told["quota"]) == (0, "open", None)


def _billed(plane: DataPlane, subscription_id: str) -> int:
    metering.seal_through(plane.database, plane.store, plane.settings, moment := clock.now())
    with plane.database.reading() as session:
        return metering.usage_for(session, subscription_id, moment - timedelta(days=1), moment).calls
