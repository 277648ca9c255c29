"""Why a call is refused: each reason is its own problem, costs nothing, is counted, and says what to do."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import clock
from contracts.access import SYSTEM
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from marketplace.credentials import service as credentials
from marketplace.credentials.secret import new_secret
from marketplace.metering import service as metering
from marketplace.subscriptions import service as subscriptions
from tests.factories.dataplane import DataPlane, records

RECORDS = "/car-parks/records"


def call(plane: DataPlane, path: str = RECORDS, key: str | None = None, **parameters: Any) -> httpx.Response:
    return asyncio.run(plane.get(path, key, **parameters))


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["type"], body["status"]) == (status, f"/problems/{code}", status)
    assert body["help"].endswith(f"/developer/why/{code}")
    assert body["detail"]
    return body


def test_keys_are_refused_each_for_its_own_reason(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset)
    key = plane.key(subscription)

    missing = call(plane)
    problem(missing, 401, "key-missing")
    assert missing.headers["www-authenticate"].startswith("Bearer")
    problem(call(plane, key="hello"), 401, "key-malformed")
    problem(call(plane, key=key[:-1] + ("a" if key[-1] != "a" else "b")), 401, "key-mistyped")
    problem(call(plane, key=new_secret("live")), 401, "key-unknown")
    assert len(records(call(plane, key=key, limit=1))) == 1


def test_a_revoked_and_an_expired_key_stop(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset)
    revoked, rotated = plane.key(subscription), plane.key(subscription)
    assert call(plane, key=revoked).status_code == call(plane, key=rotated).status_code == 200
    with plane.database.transaction() as session:
        developer = plane.city.actor(session, "developer")
        first, second = sorted(credentials.keys_of(session, subscription.id), key=lambda key: key.id)
        credentials.revoke(session, developer, first.id)
        _, new = credentials.rotate(session, developer, plane.settings, second.id)
    plane.gateway.delivery.tick()

    problem(call(plane, key=revoked), 401, "key-revoked")
    assert call(plane, key=rotated).status_code == call(plane, key=new).status_code == 200
    with clock.frozen(clock.now() + timedelta(hours=25)):
        problem(call(plane, key=rotated), 401, "key-expired")
        assert call(plane, key=new).status_code == 200


def test_a_key_with_networks_works_from_them_alone(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset)
    key = plane.key(subscription)

    def restrict(*networks: str) -> None:
        with plane.database.transaction() as session:
            [made] = credentials.keys_of(session, subscription.id)
            credentials.restrict(session, plane.city.actor(session, "developer"), made.id, networks)
        plane.gateway.delivery.tick()

    assert call(plane, key=key).status_code == 200  # from 192.0.2.7
    restrict("198.51.100.0/24", "2001:db8::/32")
    assert "192.0.2.7" in problem(call(plane, key=key), 403, "key-from-elsewhere")["detail"]
    restrict("198.51.100.0/24", "192.0.2.0/29")
    assert call(plane, key=key).status_code == 200
    restrict("192.0.2.8")
    problem(call(plane, "/car-parks/schema", key=key), 403, "key-from-elsewhere")
    restrict()
    assert call(plane, key=key).status_code == 200


def test_all_keys_of_an_organisation_share_a_rate(database: Database, folder_store: FolderStore, home: Path) -> None:
    home.mkdir(exist_ok=True)
    settings = Settings(home=home, database_url=database.url, organisation_rate_per_minute=8)
    plane = DataPlane(database, folder_store, settings)
    plane.gateway.start()
    first, second = plane.dataset(), plane.dataset("other-data")
    plane.release(first)
    plane.release(second)
    one, other = plane.key(plane.subscribe(first)), plane.key(plane.subscribe(second))
    for _ in range(4):
        assert call(plane, key=one, limit=1).status_code == 200
        assert call(plane, "/other-data/records", other, limit=1).status_code == 200
    for path, key in ((RECORDS, one), ("/other-data/records", other)):
        refused = call(plane, path, key, limit=1)
        problem(refused, 429, "organisation-rate-exceeded")
        assert refused.headers["ratelimit-policy"] == '"organisation";q=8;w=60'
        assert refused.headers["ratelimit"].startswith('"organisation";r=0;t=')
        assert 1 <= int(refused.headers["retry-after"]) <= 8
    assert call(plane).status_code == 401, "who has no key does not count"
    plane.gateway.stop()


def test_a_subscription_is_asked_for_money_or_ended(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset, monthly_fee=29900)
    key, test_key = plane.key(subscription), plane.key(subscription, "test")

    problem(call(plane, key=key), 402, "payment-due")
    assert call(plane, key=test_key).json()["sample"] is True
    _change(plane, lambda session: subscriptions.activate(session, SYSTEM, subscription.id))
    assert call(plane, key=key).status_code == 200
    _change(plane, lambda session: subscriptions.suspend(session, SYSTEM, subscription.id))
    problem(call(plane, key=key), 402, "payment-overdue")
    _change(plane, lambda session: subscriptions.end(session, SYSTEM, subscription.id))
    problem(call(plane, key=key), 403, "subscription-ended")
    problem(call(plane, key=test_key), 403, "subscription-ended")


def test_a_key_opens_its_own_data_only(plane: DataPlane) -> None:
    first, second = plane.dataset(), plane.dataset("other-data")
    plane.release(first)
    plane.release(second)
    key = plane.key(plane.subscribe(first))
    problem(call(plane, "/other-data/records", key), 403, "key-of-other-data")
    problem(call(plane, "/no-such-data/records", key), 404, "dataset-not-found")
    problem(call(plane, "/car-parks/nonsense", key), 404, "route-not-found")
    problem(call(plane, "/car-parks", key), 404, "route-not-found")


def test_nothing_released_and_everything_withdrawn(plane: DataPlane) -> None:
    dataset = plane.dataset(openness="unconditional")
    problem(call(plane), 404, "no-release")
    release = plane.release(dataset)
    assert call(plane).status_code == 200
    problem(call(plane, release="1999.1"), 404, "release-not-found")
    cursor = call(plane, limit=1).json()["next"]
    plane.withdraw(release)
    plane.gateway.delivery.tick()
    problem(call(plane), 410, "release-withdrawn")
    problem(call(plane, release=release.version), 410, "release-withdrawn")
    problem(call(plane, cursor=cursor), 410, "release-withdrawn")
    assert list(plane.gateway.delivery.tables.copies.folder.glob("*.sqlite")) == []


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ({"colour": "red"}, "unknown-field", "covered, district, fee, id, opened, spaces"),
        ({"spaces": "many"}, "bad-filter", "a whole number"),
        ({"opened.gte": "yesterday"}, "bad-filter", "2026-11-23"),
        ({"covered": "maybe"}, "bad-filter", "true or false"),
        ({"spaces.around": "3"}, "bad-filter", "eq, ne, gt"),
        ({"spaces.near": "114,22.5,100"}, "bad-filter", "'spaces' is no coordinate"),
        ({"near": "114,22.5,100"}, "bad-filter", "have no coordinates"),
        ({"colour.near": "114,22.5,100"}, "unknown-field", "covered"),
        ({"fee": "nan"}, "bad-filter", "a number"),
        ({"id.like": "%" * 1001}, "bad-filter", "1,000 characters"),
        ({"offset": "9" * 5000}, "bad-limit", "10,000,000"),
        ({"spaces.like": "3%"}, "bad-filter", "not text"),
        ({"limit": "0"}, "bad-limit", "1 to 1,000"),
        ({"limit": "1001"}, "bad-limit", "1 to 1,000"),
        ({"select": "id,colour"}, "unknown-field", "covered"),
        ({"sort": "-colour"}, "unknown-field", "covered"),
        ({"cursor": "c_nonsense"}, "bad-cursor", "next"),
        ({"spaces'; DROP TABLE rows; --": "1"}, "unknown-field", "covered"),
        ({"spaces": str(2**70)}, "bad-filter", "a whole number"),
    ],
)
def test_what_cannot_be_read_is_named(
    shared_plane: DataPlane, parameters: dict[str, str], code: str, words: str
) -> None:
    body = problem(call(shared_plane, **parameters), 422, code)
    assert words in body["detail"]
    assert body["errors"][0]["parameter"] in parameters


def test_a_cursor_stays_with_its_query(shared_plane: DataPlane) -> None:
    cursor = call(shared_plane, limit=2, district="南山区").json()["next"]
    problem(call(shared_plane, cursor=cursor, district="福田区"), 422, "bad-cursor")
    problem(call(shared_plane, cursor=cursor, district="南山区", offset=3), 422, "bad-cursor")


def test_the_rate_and_the_quota_end(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset, quota=7, rate=12)
    key = plane.key(subscription)
    for left in range(11, 4, -1):
        answer = call(plane, key=key, limit=1)
        assert answer.status_code == 200
        assert answer.headers["ratelimit"].startswith(f'"minute";r={left};t=')
    spent = call(plane, key=key)
    problem(spent, 429, "quota-exhausted")
    assert spent.headers["ratelimit"].startswith('"month";r=0;t=')
    assert int(spent.headers["retry-after"]) > 0
    for _ in range(4):
        problem(call(plane, key=key), 429, "quota-exhausted")
    slow_down = call(plane, key=key)
    problem(slow_down, 429, "rate-exceeded")
    assert 1 <= int(slow_down.headers["retry-after"]) <= 5

    metering.seal_through(plane.database, plane.store, plane.settings, moment := clock.now())
    with plane.database.reading() as session:
        kinds = metering.answers_by_kind(session, subscription.id, moment - timedelta(days=1), moment)
    counted = {(kind.status, kind.reason): (kind.calls, kind.billed) for kind in kinds}
    assert counted == {(200, ""): (7, 7), (429, "quota-exhausted"): (5, 0), (429, "rate-exceeded"): (1, 0)}


def test_overage_goes_on_and_is_metered(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset, quota=3, overage_per_1000=80)
    key = plane.key(subscription)
    assert [call(plane, key=key, limit=1).status_code for _ in range(6)] == [200] * 6
    metering.seal_through(plane.database, plane.store, plane.settings, moment := clock.now())
    with plane.database.reading() as session:
        assert metering.usage_for(session, subscription.id, moment - timedelta(days=1), moment).calls == 6


def test_only_get_is_answered(shared_plane: DataPlane) -> None:
    async def send(method: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=shared_plane.gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://data") as client:
            return await client.request(method, RECORDS)

    refused = asyncio.run(send("POST"))
    problem(refused, 405, "data-method-not-allowed")
    assert refused.headers["allow"] == "GET, OPTIONS"
    assert asyncio.run(send("OPTIONS")).status_code == 204


def _change(plane: DataPlane, change: Callable[[Any], Any]) -> None:
    with plane.database.transaction() as session:
        change(session)
    plane.changed()
    plane.gateway.delivery.tick()


def test_a_fault_of_ours_is_a_problem_and_costs_nothing(plane: DataPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset)
    key = plane.key(subscription)
    assert call(plane, key=key).status_code == 200

    def broken(*_: object) -> None:
        raise KeyError("张三")

    monkeypatch.setattr("marketplace.gateway.delivery.records_body", broken)
    answer = call(plane, key=key)
    problem(answer, 500, "unexpected")
    assert "张三" not in answer.text
    monkeypatch.undo()
    metering.seal_through(plane.database, plane.store, plane.settings, moment := clock.now())
    with plane.database.reading() as session:
        totals = metering.usage_for(session, subscription.id, moment - timedelta(days=1), moment)
    assert (totals.calls, totals.refused) == (1, 1)


def test_without_a_journal_nothing_is_answered(plane: DataPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset, quota=5)
    key = plane.key(subscription)

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("marketplace.metering.journal.os.write", full)
        refused = call(plane, key=key)
        problem(refused, 503, "metering-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert refused.json()["status"] == 503
    assert [call(plane, key=key, limit=1).status_code for _ in range(6)] == [200] * 5 + [429]
