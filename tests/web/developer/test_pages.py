"""Developer pages and their API: a key made on a page reads data, usage shows it, a revoked key stops."""

import re
import time

import pytest

from contracts.ids import new_id
from marketplace.gateway import errors as gateway_errors
from marketplace.metering.errors import MeteringUnavailable, QuotaExhausted
from marketplace.subscriptions.models import Subscription
from tests.factories.dataplane import DataPlane
from tests.web.developer.conftest import ClientOf
from web.pages.developer import why

SECRET = re.compile(r"sy_(?:live|test)_[0-9A-Za-z]{28}")


def test_from_a_new_key_to_live_usage(plane: DataPlane, subscription: Subscription, client_of: ClientOf) -> None:
    developer, program = client_of("developer"), client_of("nobody")
    page = f"/developer/subscriptions/{subscription.id}"
    made = developer.post(f"{page}/keys", data={"name": "预测服务", "mode": "live"})
    [secret] = set(SECRET.findall(made.text))
    assert made.headers["cache-control"] == "no-store"
    assert secret not in developer.get(f"{page}/keys").text

    for _ in range(3):
        answer = program.get("/data/v1/car-parks/records?limit=2", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200
    assert (
        program.get("/data/v1/car-parks/records?colour=red", headers={"Authorization": f"Bearer {secret}"}).status_code
        == 422
    )

    give_up = time.monotonic() + 5  # usage is promised within five seconds
    api = f"/api/v1/subscriptions/{subscription.id}"
    seen = developer.get(f"{api}/usage").json()
    while sum(one["calls"] for one in seen["answers"]) < 4:
        assert time.monotonic() < give_up, seen
        seen = developer.get(f"{api}/usage").json()
    assert seen["rows"] == 6
    assert {(one["status"], one["reason"], one["calls"]) for one in seen["answers"]} == {
        (200, "", 3),
        (422, "unknown-field", 1),
    }
    assert developer.get(f"{api}/quota").json()["used"] == 3
    text = developer.get(page).text
    assert "1,000" in text
    assert 'href="/developer/why/unknown-field"' in text
    assert developer.get(f"{page}/usage.csv").text.splitlines()[-1].endswith(",3,6,{},1".format(seen["bytes"]))


def test_rotating_and_revoking(subscription: Subscription, client_of: ClientOf) -> None:
    developer = client_of("developer")
    page = f"/developer/subscriptions/{subscription.id}/keys"
    [old] = set(SECRET.findall(developer.post(page, data={"name": "one"}).text))
    [key] = developer.get(f"/api/v1/subscriptions/{subscription.id}/keys").json()
    [new] = set(SECRET.findall(developer.post(f"/developer/keys/{key['id']}/rotate").text))
    assert old != new
    assert "Revoke “one”?" in developer.get(f"/developer/keys/{key['id']}/revoke").text
    assert developer.post(f"/developer/keys/{key['id']}/revoke", follow_redirects=False).status_code == 303
    states = {
        one["masked"][-4:]: one["state"]
        for one in developer.get(f"/api/v1/subscriptions/{subscription.id}/keys").json()
    }
    assert states == {old[-4:]: "revoked", new[-4:]: "active"}


def test_a_key_is_held_to_networks_on_its_page_and_by_the_api(subscription: Subscription, client_of: ClientOf) -> None:
    developer = client_of("developer")
    page, api = f"/developer/subscriptions/{subscription.id}/keys", f"/api/v1/subscriptions/{subscription.id}/keys"
    bad = developer.post(page, data={"name": "one", "networks": "192.0.2.9/24"})
    assert (bad.status_code, "write 192.0.2.0/24" in bad.text, "192.0.2.9/24" in bad.text) == (422, True, True)
    developer.post(page, data={"name": "one", "networks": "192.0.2.0/24\r\n2001:db8::1, 198.51.100.4"})
    [key] = developer.get(api).json()
    assert key["networks"] == ["192.0.2.0/24", "2001:db8::1/128", "198.51.100.4/32"]
    assert "from 3 networks" in developer.get(page).text
    change = f"/developer/keys/{key['id']}/networks"
    assert "2001:db8::1/128" in developer.get(change).text
    assert developer.post(change, data={"networks": "nowhere"}).status_code == 422
    assert developer.post(change, data={"networks": ""}, follow_redirects=False).status_code == 303
    one = f"/api/v1/keys/{key['id']}"
    assert developer.get(one).json()["networks"] == []
    assert developer.patch(one, json={"networks": ["10.0.0.0/8"]}).json()["networks"] == ["10.0.0.0/8"]
    renamed = developer.patch(one, json={"name": "two"}).json()
    assert (renamed["name"], renamed["networks"]) == ("two", ["10.0.0.0/8"])
    rotated = developer.post(f"{one}/rotate").json()
    assert rotated["networks"] == ["10.0.0.0/8"]
    made = developer.post(api, json={"name": "three", "networks": ["203.0.113.0/24"]}).json()
    refused = client_of("nobody").get(
        "/data/v1/car-parks/records", headers={"Authorization": f"Bearer {made['secret']}"}
    )
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/key-from-elsewhere")


def test_whoever_holds_a_leaked_key_stops_it(subscription: Subscription, client_of: ClientOf) -> None:
    developer, finder = client_of("developer"), client_of("nobody")
    made = developer.post(f"/api/v1/subscriptions/{subscription.id}/keys", json={"name": "leaky"}).json()
    assert finder.post("/developer/leaked", data={"secret": made["secret"][:-1]}).status_code == 422
    assert finder.post("/developer/leaked", data={"secret": made["secret"]}, follow_redirects=False).status_code == 303
    assert developer.get(f"/api/v1/keys/{made['id']}").json()["state"] == "revoked"


def test_the_console_runs_on_the_sample_for_nothing(subscription: Subscription, client_of: ClientOf) -> None:
    developer = client_of("developer")
    page = f"/developer/subscriptions/{subscription.id}/console"
    text = developer.get(
        page, params={"endpoint": "records", "field1": "spaces", "op1": "gte", "value1": "300", "limit": "1"}
    ).text
    assert "spaces.gte=300" in text
    assert "&#34;sample&#34;: true" in text
    assert "unknown-field" in developer.get(page, params={"endpoint": "records", "select": "colour"}).text
    text = developer.get(
        page,
        params={"endpoint": "aggregate", "group_by": "opened:month", "measures": "avg:fee", "sort": "-avg:fee"},
    ).text
    assert "/data/v1/car-parks/aggregate" in text
    assert "group_by=opened:month" in text  # curl
    assert "group_by=opened%3Amonth" in text  # JavaScript
    assert "&#34;avg:fee&#34;: " in text
    assert 'value="near"' not in text  # car parks without coordinates
    assert "bad-aggregate" in developer.get(page, params={"endpoint": "aggregate", "measures": "avg:district"}).text
    assert developer.get(f"/api/v1/subscriptions/{subscription.id}/usage").json()["calls"] == 0


def test_the_console_asks_for_places_where_there_are_any(plane: DataPlane, client_of: ClientOf) -> None:
    dataset = plane.dataset()
    plane.release(dataset, "park_id,lat,lng\n" + "".join(f"P{i},22.5{i},114.0{i}\n" for i in range(9)))
    page = f"/developer/subscriptions/{plane.subscribe(dataset).id}/console"
    asked = {"endpoint": "records", "field1": "lat", "op1": "near", "value1": "114.0,22.5,100000"}
    text = client_of("developer").get(page, params=asked).text
    assert 'value="bbox"' in text
    assert "lat.near=114.0,22.5,100000" in text
    assert "&#34;park_id&#34;: &#34;P" in text
    product = client_of("nobody").get("/dataset/car-parks").text
    assert re.search(r"/records\?near=114\.0\d*,22\.5\d*,1000&amp;limit=10", product)


@pytest.mark.parametrize("who", ["nobody", "provider", "officer"])
def test_others_see_nothing(subscription: Subscription, client_of: ClientOf, who: str) -> None:
    client = client_of(who)
    for path in (
        f"/developer/subscriptions/{subscription.id}",
        f"/developer/subscriptions/{subscription.id}/keys",
        f"/developer/subscriptions/{subscription.id}/console",
        f"/api/v1/subscriptions/{subscription.id}/usage",
        f"/api/v1/subscriptions/{subscription.id}/quota",
        f"/api/v1/subscriptions/{subscription.id}/keys",
        f"/api/v1/keys/{new_id()}",
    ):
        assert client.get(path, follow_redirects=False).status_code in (303, 401, 403, 404), path
    assert client.post(f"/api/v1/subscriptions/{subscription.id}/keys", json={"name": "x"}).status_code in (401, 404)


def test_every_reason_of_the_gateway_is_explained() -> None:
    codes = {
        leaf.__dict__["code"]
        for leaf in vars(gateway_errors).values()
        if isinstance(leaf, type) and leaf.__module__ == gateway_errors.__name__ and "code" in leaf.__dict__
    }
    assert codes | {QuotaExhausted.code, MeteringUnavailable.code} == set(why.BY_CODE)


def test_reasons_are_pages_for_everybody(plane: DataPlane, client_of: ClientOf) -> None:
    client = client_of("nobody")
    for code in why.BY_CODE:
        assert client.get(f"/developer/why/{code}").status_code == 200, code
    assert client.get("/developer/why").status_code == 200
    assert client.get("/developer/why/nonsense").status_code == 404
