"""Every address of the site, as everybody: who may see and do what, and that nobody sees more."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from catalog.parties import service as parties
from contracts.access import SYSTEM, Role
from contracts.ids import new_id
from contracts.kit.settings import Settings
from tests.road.api import Road
from tests.road.site import PASSWORD, Cast, Site, free_port
from web.app import create_app

pytestmark = pytest.mark.long
ROWS = 120
SHOWN = 40
"""A sample has fewer rows than this."""
PEOPLE = ("nobody", "operator", "officer", "provider", "provider2", "owner", "developer", "owner2")
REFUSED = (401, 403, 404, 405, 410)


def _table(prefix: str) -> bytes:
    """Car parks whose names tell of which dataset they are."""
    lines = ["id,name,longitude,latitude,spaces"]
    lines += [
        f"{prefix}{i:04d},停车场{i},{113.9 + i / 900:.5f},{22.5 + i / 1700:.5f},{20 + i * 37 % 400}"
        for i in range(ROWS)
    ]
    return "\n".join(lines).encode()


PAID, REVIEW, WITHDRAWN, OTHER = "paid", "review", "withdrawn", "other"
MARKS = {PAID: "QPA", REVIEW: "QRE", WITHDRAWN: "QWI", OTHER: "QOT"}


@dataclass
class World:
    """Ids of everything, and programs of everybody."""

    site: Site
    cast: Cast
    clients: dict[str, httpx.Client] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    """What a path parameter may be, by its name."""
    secrets: dict[str, set[str]] = field(default_factory=dict)
    """Who may read an id."""
    sampled: set[str] = field(default_factory=set)
    """Marks that were approved to be shown to everybody."""
    key: str = ""

    def ask(self, who: str, method: str, path: str, **sent: Any) -> httpx.Response:
        """One answer."""
        return self.clients[who].request(method, path, **sent)


def _marks(prefix: str, text: str) -> set[str]:
    return set(re.findall(rf"{prefix}\d{{4}}", text))


def _more_parties(site: Site, cast: Cast) -> None:
    """A second department of the city and a second company."""
    services = site.services()
    with services.database.transaction() as session:
        city = next(one for one in parties.list_organisations(session, kinds=("city",)))
        for who, kind, slug, parent, role in (
            ("provider2", "department", "transport", city.id, Role.PROVIDER),
            ("owner2", "company", "rival", None, Role.OWNER),
        ):
            place = parties.create_organisation(
                session, SYSTEM, kind=kind, slug=slug, name={"zh-CN": slug, "en": slug}, parent_id=parent
            )
            person = parties.create_person(
                session, SYSTEM, email=f"{who}@example.com", name=f"演员{who}", password=PASSWORD
            )
            parties.grant(session, SYSTEM, person.id, place.id, role)
            cast.people[who] = f"{who}@example.com"
            cast.people[f"{who}:place"] = place.id
    services.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A site with a sold release, one withdrawn, one in review, and one of another department."""
    site = Site(tmp_path_factory.mktemp("access") / "home", free_port())
    cast = site.cast()
    _more_parties(site, cast)
    site.start()
    road = Road(site, cast)
    found = World(site, cast)
    try:
        _fill(found, road)
        yield found
    finally:
        road.close()
        for client in found.clients.values():
            client.close()
        site.stop()


def _fill(world: World, road: Road) -> None:
    cast = world.cast
    datasets: dict[str, str] = {}
    releases: dict[str, dict[str, Any]] = {}
    for slug in (PAID, WITHDRAWN):
        datasets[slug], releases[slug] = road.publish(slug, "停车场", "parks.csv", _table(MARKS[slug]))
    datasets[REVIEW] = road.dataset(REVIEW, "停车场")
    other = road["provider2"].call(
        "POST",
        "/api/v1/datasets",
        json={
            "provider_id": cast.people["provider2:place"],
            "slug": OTHER,
            "title": {"zh-CN": "停车场", "en": OTHER},
            "description": {"zh-CN": "停车场。", "en": "Parks."},
            "themes": ["transport"],
        },
    )
    datasets[OTHER] = str(other["id"])
    upload = road.upload(datasets[REVIEW], "parks.csv", _table(MARKS[REVIEW]))
    road.profiled(upload)
    road.proposed_policy(upload)
    request = road.request(datasets[REVIEW], upload)
    road.in_state(request, "in_review")
    sent = {"file": ("parks.csv", _table(MARKS[OTHER]), "text/csv")}
    other_upload = str(road["provider2"].call("POST", f"/api/v1/datasets/{datasets[OTHER]}/uploads", files=sent)["id"])
    road.wait(
        "the profile of the other department",
        lambda: (
            True if road["provider2"].call("GET", f"/api/v1/uploads/{other_upload}")["status"] == "profiled" else None
        ),
    )
    trade = road.sell(datasets[PAID], PAID, quota=1000, calls=2)
    subscription = road["startup"].call("GET", f"/api/v1/subscriptions/{trade.subscription_id}")
    invoices = road["startup"].call("GET", "/api/v1/invoices", params={"organisation_id": cast.company_id})
    refund = road["startup"].once(
        f"/api/v1/invoices/{invoices[0]['id']}/refunds", "refund-access", {"reason": "字段与业务不符。"}
    )
    period = road.close_period()
    (statement,) = road["operator"].call("GET", "/api/v1/settlement/statements", params={"period": period})
    (key,) = road["developer"].call("GET", f"/api/v1/subscriptions/{trade.subscription_id}/keys")
    withdrawn = releases[WITHDRAWN]["id"]
    road["provider"].call("POST", f"/api/v1/releases/{withdrawn}/withdraw", json={"reason": "数据需要更正后再发布。"})
    requests = road["provider"].call("GET", "/api/v1/requests")
    slugs = [PAID, REVIEW, WITHDRAWN, OTHER]
    uploads = [upload, other_upload]
    world.values = {
        "slug": slugs, "id_or_slug": slugs, "dataset_id": list(datasets.values()), "upload_id": uploads,
        "request_id": [request], "id_or_number": [request], "release_id": [str(releases[PAID]["id"]), withdrawn],
        "subscription_id": [trade.subscription_id], "order_id": [trade.subscription_id],
        "id": [trade.subscription_id, str(key["id"]), datasets[REVIEW], datasets[PAID]],
        "invoice_id": [str(one["id"]) for one in invoices], "refund_id": [str(refund["id"])],
        "statement_id": [statement["id"]], "statement": [statement["number"]], "period": [period],
        "offering_id": [str(subscription["offering_id"])], "plan_id": [str(subscription["plan_id"])],
        "organisation_id": [cast.company_id], "kind": ["dataset"], "version": [str(releases[PAID]["version"])],
        "name": ["data.csv", "data.parquet", "sample.json", "policy.yaml", "package_show", "datastore_search"],
        "file_name": ["parks.csv"],
    }  # fmt: skip
    company = {"owner", "developer", "operator"}
    own = {"provider", "officer", "operator"}
    world.secrets = {
        trade.subscription_id: company | {"provider"},
        str(key["id"]): company,
        **{str(one["id"]): company | {"provider"} for one in invoices},
        **{str(one["number"]): company | {"provider"} for one in invoices},
        str(statement["id"]): own - {"officer"},
        str(statement["number"]): own - {"officer"},
        str(refund["id"]): company | {"provider"},
        upload: own,
        request: own,
        requests[0]["number"]: own,
        datasets[REVIEW]: own,
        other_upload: {"provider2", "officer", "operator"},
        datasets[OTHER]: {"provider2", "officer", "operator"},
        trade.key: set(),
    }
    world.key = trade.key
    names = {"owner": "startup", "nobody": "anonymous"}
    for who in PEOPLE:
        # Followed redirects would hide what was refused.
        client = httpx.Client(base_url=world.site.url, timeout=60, trust_env=False)
        client.headers.update(road[names.get(who, who)]._client.headers)
        world.clients[who] = client
    for page in (f"/dataset/{PAID}", f"/dataset/{PAID}/download/{releases[PAID]['version']}/sample.csv"):
        world.sampled |= _marks(MARKS[PAID], world.ask("nobody", "GET", page).text)
    assert 0 < len(world.sampled) < SHOWN


def routes(*methods: str) -> list[tuple[str, str]]:
    """Method and template of every route of the app."""
    app = create_app(Settings(home=Path("/nonexistent"), database_url="sqlite://", object_store="/nonexistent"))
    found = []
    for route in iter_route_contexts(app.routes):
        found += [(method, str(route.path)) for method in sorted(route.methods or ()) if method in methods]
    return found


def paths(world: World, template: str) -> Iterator[str]:
    """The template with each of the values that its parameters may have; unknown ones get an id of nothing."""
    names = re.findall(r"{(\w+)}", template)
    filled = [template]
    for name in names:
        filled = [path.replace(f"{{{name}}}", value) for path in filled for value in world.values.get(name, [new_id()])]
    return iter(filled)


def _asked(world: World) -> Iterator[str]:
    for _, template in routes("GET"):
        for path in paths(world, template):
            yield path
    company, (subscription, *_) = world.cast.company_id, world.values["subscription_id"]
    for path in ("invoices", "credit-notes", "subscriptions", "refunds"):
        yield f"/api/v1/{path}?organisation_id={company}"
    yield f"/billing?organisation={company}"
    yield f"/developer?organisation={company}"
    yield f"/developer/subscriptions/{subscription}/usage.csv"
    for slug in (PAID, REVIEW, WITHDRAWN, OTHER):
        for operation in ("records?limit=1000", "schema", "releases", "export?format=csv", "openapi.json"):
            yield f"/data/v1/{slug}/{operation}"
        yield f"/api/3/action/package_show?id={slug}"
        yield f"/api/3/action/package_search?q={slug}"
        yield f"/dataset/{slug}/download/{world.values['version'][0]}/data.csv"


Rule = tuple[str, set[str]]
PAGES: list[Rule] = [
    (r"/officer(/|$)", {"officer"}),
    (r"/operator/audit", {"operator", "officer"}),
    (r"/operator(/|$)", {"operator"}),
    (r"/provider/releases/", {"operator", "officer", "provider"}),
    (r"/provider/income", {"operator", "provider", "provider2"}),
    (r"/provider(/|$)", {"provider", "provider2"}),
    (r"/settlement/", {"operator", "provider"}),
    (r"/billing/(invoices|agreements|subscriptions|credit-notes)/", {"owner", "developer", "operator", "provider"}),
    (r"/developer/(subscriptions|keys)/", {"owner", "developer", "operator"}),
    (r"/account/members/", {"owner", "operator"}),
    (r"/subscribe/orders/", {"owner", "operator"}),
    (r"/api/v1/(uploads|requests)/", {"provider", "provider2", "officer"}),
    (r"/api/v1/ledger", {"operator"}),
    (r"/api/v1/jobs", {"operator"}),
    (r"/api/v1/audit", {"operator", "officer"}),
    (r"/api/v1/settlement/positions", set(PEOPLE) - {"nobody"}),  # of one's own, so often none
    (r"/api/v1/settlement", {"operator", "provider", "provider2"}),
    (r"/api/v1/refunds$", {"operator"}),
    (r"/api/v1/refunds\?", {"operator"}),
    (r"/api/v1/(invoices|credit-notes|refunds|payments)", {"owner", "developer", "operator"}),
    (r"/api/v1/keys/", {"owner", "developer", "operator"}),
    (r"/api/v1/subscriptions[/?]", {"owner", "developer", "operator"}),
    (r"/api/v1/organisations/", {"owner", "operator"}),
    (r"/api/v1/people", {"operator"}),
    (r"/account$", set(PEOPLE) - {"nobody"}),
    (r"/api/v1/me", set(PEOPLE) - {"nobody"}),
]
"""Who may be answered with something at an address, at most; what matches no pattern is for everybody."""


def _allowed(path: str, rules: list[Rule]) -> set[str]:
    return next((people for pattern, people in rules if re.match(pattern, path)), set(PEOPLE))


def test_nobody_reads_more_than_the_rules_say(world: World) -> None:
    wrong: list[str] = []
    asked = 0
    for path in dict.fromkeys(_asked(world)):
        for who in PEOPLE:
            answer = world.ask(who, "GET", path)
            asked += 1
            here = f"{who} GET {path}: {answer.status_code}"
            if answer.status_code >= 500:
                wrong.append(here)
            if answer.status_code == 200 and who not in _allowed(path, PAGES):
                wrong.append(f"{here}, for {sorted(_allowed(path, PAGES))} alone")
            wrong += [f"{here}, {what}" for what in _seen_too_much(world, who, answer)]
    assert asked > 1500
    assert not wrong, "\n".join(wrong)


def _seen_too_much(world: World, who: str, answer: httpx.Response) -> Iterator[str]:
    text = answer.text + str(answer.headers)
    own: dict[str, Callable[[set[str]], bool]] = {
        PAID: lambda marks: who in ("owner", "developer", "provider", "officer") or marks <= world.sampled,
        REVIEW: lambda marks: not marks or (who in ("provider", "officer") and len(marks) < SHOWN),
        WITHDRAWN: lambda marks: not marks or (who in ("provider", "officer") and len(marks) < SHOWN),
        OTHER: lambda marks: not marks or (who in ("provider2", "officer") and len(marks) < SHOWN),
    }
    for slug, is_right in own.items():
        marks = _marks(MARKS[slug], text)
        if not is_right(marks):
            yield f"{len(marks)} rows of {slug}"
    if answer.status_code == 200 and not (who == "officer" and answer.url.path.endswith("/audit")):
        # Officers read the whole log. A refusal may repeat the address that was asked for.
        for secret, people in world.secrets.items():
            if secret in answer.text and who not in people:
                yield f"the id {secret} of {sorted(people)}"


def test_who_has_a_right_to_the_rows_gets_them(world: World) -> None:
    """The marks are there to be found, so the other tests would find them."""
    answer = world.ask(
        "nobody", "GET", f"/data/v1/{PAID}/records?limit=1000", headers={"Authorization": f"Bearer {world.key}"}
    )
    assert answer.status_code == 200
    assert len(_marks(MARKS[PAID], answer.text)) == ROWS
    version = world.values["version"][0]
    signed_in = world.ask("owner", "GET", f"/dataset/{PAID}/download/{version}/data.csv")
    assert len(_marks(MARKS[PAID], signed_in.text)) == ROWS
    for who in PEOPLE:
        if who not in ("owner", "developer"):
            refused = world.ask(who, "GET", f"/dataset/{PAID}/download/{version}/data.csv")
            assert refused.status_code in REFUSED, (who, refused.status_code)
    keyless = world.ask("nobody", "GET", f"/data/v1/{PAID}/records")
    assert keyless.status_code == 401
    for slug in (REVIEW, OTHER, WITHDRAWN):
        found = world.ask("nobody", "GET", f"/data/v1/{slug}/records", headers={"Authorization": f"Bearer {world.key}"})
        assert found.status_code in REFUSED, (slug, found.status_code)


WRITES: list[Rule] = [
    (r"/(sign-|account|api/v1/(sign-up|tokens|me|invitations/accept|keys/leaked))", set(PEOPLE)),
    (r"/(developer/leaked|api/(3/)?action|stripe)", set(PEOPLE)),
    (r"/officer|/api/v1/requests/[^/]+/(decisions|findings)", {"officer"}),
    (r"/operator", {"operator"}),
    (r"/provider/releases|/api/v1/releases", {"provider", "officer", "operator"}),
    (r"/api/v1/requests/[^/]+/comments", {"provider", "officer"}),
    (r"/api/v1/uploads/[^/]+/reveal", {"provider", "provider2", "officer"}),
    (r"/provider|/api/v1/(datasets|uploads|offerings|plans|requests)", {"provider", "provider2"}),
    (r"/settlement|/api/v1/(settlement|periods|jobs|organisations$|people)", {"operator"}),
    (r"/api/v1/refunds", {"operator"}),
    (r"/api/v1/organisations/[^/]+/(members|invitations)", {"owner", "operator"}),
    (r"/api/v1/organisations/|/api/v1/memberships|/api/v1/invitations", {"owner", "operator"}),
    (r"/developer|/api/v1/keys|/api/v1/subscriptions/[^/]+/keys", {"owner", "developer"}),
    (r"/billing|/subscribe|/api/v1/(invoices|payments|subscriptions)", {"owner"}),
]


def _body(world: World, path: str) -> dict[str, Any]:
    """What a request has to say to get as far as the question whether it is allowed."""
    asked = {
        "/decisions": {"outcome": "approve", "reason": "风险低于阈值，同意发布。", "artifact_hash": "0" * 64},
        "/decision": {"approve": True, "reason": "同意退款。"},
        "/withdraw": {"reason": "数据需要更正后再发布。"},
        "/comments": {"body": "请补充说明。"},
        "/keys": {"name": "stolen"},
        "/payments": {"payment_method": "pm_card_visa"},
        "/refunds": {"reason": "字段与业务不符。"},
        "/findings/reveal": {"rows": [1], "column": "id", "reason": "核对列的含义是否与标题一致。"},
        "/findings/columns": {"column": "id", "semantic_type": "PERSON"},
        "/findings/texts": {"column": "id", "names": ["停车场"]},
        "/reveal": {"rows": [1], "columns": ["id"], "reason": "核对列的含义是否与标题一致。"},
        "/corrections": {"encoding": "utf-8"},
        "/plans": {"name": {"zh-CN": "版"}, "quota_per_month": 1, "rate_per_minute": 1, "monthly_fee": 1},
        "/offerings": {"dataset_id": world.values["dataset_id"][0]},
        "/members": {"person_id": new_id(), "role": "owner"},
        "/invitations": {"email": "rival@example.com", "role": "owner"},
        "/requests": {"dataset_id": world.values["dataset_id"][1], "upload_id": world.values["upload_id"][0]},
    }
    return next((body for tail, body in asked.items() if path.endswith(tail)), {})


def test_nobody_does_more_than_the_rules_say(world: World) -> None:
    wrong: list[str] = []
    asked = 0
    for method, template in routes("POST", "PUT", "PATCH", "DELETE"):
        for path in paths(world, template):
            allowed = _allowed(path, WRITES)
            theirs = world.values["upload_id"][1] in path or world.values["dataset_id"][3] in path
            theirs = theirs or path.endswith(f"/{OTHER}")
            if "provider2" in allowed and allowed != set(PEOPLE):
                allowed = (allowed - {"provider"}) if theirs else (allowed - {"provider2"})
            for who in PEOPLE:
                if who in allowed and allowed != set(PEOPLE):
                    continue
                if allowed == set(PEOPLE) and who != "nobody":
                    continue
                body = _body(world, path)
                sent: dict[str, Any] = {"json": body} if path.startswith("/api/") else {"data": body}
                answer = world.ask(who, method, path, **sent)
                asked += 1
                if answer.headers.get("location", "").startswith("/sign-in?"):
                    continue
                here = f"{who} {method} {path}: {answer.status_code}"
                if answer.status_code >= 500 or (allowed != set(PEOPLE) and answer.status_code < 400):
                    wrong.append(f"{here} {answer.text[:120]}")
                elif body and path.startswith("/api/") and allowed != set(PEOPLE) and answer.status_code not in REFUSED:
                    wrong.append(f"{here}, which tells more than that it is refused: {answer.text[:200]}")
    assert asked > 400
    assert not wrong, "\n".join(wrong)
