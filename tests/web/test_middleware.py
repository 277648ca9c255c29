"""What a browser may send from where."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from catalog.parties import service as parties
from catalog.parties import sign_in
from contracts.access import SYSTEM
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from web.context import Services
from web.middleware import SESSION_COOKIE, ActorMiddleware

OWN = {"sec-fetch-site": "same-origin"}


def who(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.state.actor.name)


@pytest.fixture
def client(database: Database, settings: Settings) -> TestClient:
    services = Services(settings, database, FolderStore(settings.home / "objects"))
    app = Starlette(routes=[Route("/api/who", who, methods=["GET", "POST"])])
    app.add_middleware(ActorMiddleware, services=services)
    return TestClient(app, base_url="http://city.example")


@pytest.fixture
def cookie(database: Database) -> str:
    with database.transaction() as session:
        person = parties.create_person(session, SYSTEM, email="a@example.com", name="Somebody")
        return sign_in.start_session(session, person.id)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OWN, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://city.example"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_change_with_the_cookie_comes_from_our_own_pages(
    client: TestClient, cookie: str, headers: dict[str, str], status: int
) -> None:
    client.cookies.set(SESSION_COOKIE, cookie)
    assert client.post("/api/who", headers=headers).status_code == status


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200)])
def test_no_other_site_signs_a_browser_in_here(client: TestClient, site: str, status: int) -> None:
    assert client.post("/api/who", headers={"sec-fetch-site": site}).status_code == status


def test_reading_is_allowed_from_anywhere(client: TestClient, cookie: str) -> None:
    client.cookies.set(SESSION_COOKIE, cookie)
    assert client.get("/api/who", headers={"sec-fetch-site": "cross-site"}).text == "Somebody"


def test_a_token_needs_no_origin(client: TestClient, database: Database) -> None:
    with database.transaction() as session:
        person = parties.create_person(session, SYSTEM, email="b@example.com", name="Program")
        _, secret = sign_in.create_access_token(session, parties.actor_for(session, person.id), "script")
    assert client.post("/api/who", headers={"Authorization": f"Bearer {secret}"}).text == "Program"
    refused = client.post("/api/who", headers={"Authorization": f"Bearer {secret}x"})
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"


def test_an_ended_session_is_nobody(client: TestClient, cookie: str, database: Database) -> None:
    with database.transaction() as session:
        sign_in.end_session(session, cookie)
    client.cookies.set(SESSION_COOKIE, cookie)
    assert client.post("/api/who", headers=OWN).text == "anonymous"
