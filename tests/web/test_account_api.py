"""Accounts by the management API: links by mail, a new password, joining with one's own account."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from catalog.parties import service as parties
from catalog.parties import sign_in
from catalog.parties.sign_in import MAX_LINKS
from contracts.access import Role
from contracts.kit.database import Database
from contracts.kit.mail import Mail
from contracts.kit.settings import Settings
from tests.factories.people import City, make_city
from web import migrations
from web.app import create_app

PASSWORD = "correct horse battery"


@pytest.fixture
def city(database: Database) -> City:
    with database.transaction() as session:
        return make_city(session)


@pytest.fixture
def client(settings: Settings, city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(migrations, "check", lambda url: None)  # the database is made from the tables
    with TestClient(create_app(settings), follow_redirects=False) as client:
        yield client


def tokens(database: Database, to: str) -> list[str]:
    """The tokens in all mails to an address, oldest first."""
    with database.reading() as session:
        mails = session.exec(select(Mail).where(Mail.to_address == to).order_by(Mail.id)).all()
        return [found for one in mails for found in re.findall(r"token=([\w-]+)", one.body)]


def person(city: City, who: str) -> dict[str, str]:
    return {"email": city.people[who].email}


def test_a_mailed_link_becomes_a_token_once(client: TestClient, database: Database, city: City) -> None:
    assert client.post("/api/v1/sign-in-links", json=person(city, "provider")).status_code == 202
    [link] = tokens(database, city.people["provider"].email)
    made = client.post("/api/v1/sign-in-links/use", json={"token": link})
    assert made.status_code == 201
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {made.json()['token']}"})
    assert me.json()["id"] == city.people["provider"].id
    assert client.post("/api/v1/sign-in-links/use", json={"token": link}).status_code == 409


def test_a_forgotten_password_is_set_anew(client: TestClient, database: Database, city: City) -> None:
    who = person(city, "owner")
    assert client.post("/api/v1/password-resets", json=who).status_code == 202
    [link] = tokens(database, who["email"])
    assert client.post("/api/v1/sign-in-links/use", json={"token": link}).status_code == 409, "it is for another use"
    weak = client.post("/api/v1/password-resets/use", json={"token": link, "password": "short"})
    assert weak.status_code == 422
    assert client.post("/api/v1/password-resets/use", json={"token": link, "password": PASSWORD}).status_code == 204
    assert client.post("/api/v1/tokens", json=who | {"password": PASSWORD}).status_code == 201


def test_nobody_learns_who_has_an_account_and_no_mailbox_is_filled(
    client: TestClient, database: Database, city: City
) -> None:
    known = [client.post("/api/v1/password-resets", json=person(city, "owner")) for _ in range(MAX_LINKS + 2)]
    unknown = client.post("/api/v1/password-resets", json={"email": "nobody@example.com"})
    assert {(answer.status_code, answer.content) for answer in [*known, unknown]} == {(202, unknown.content)}
    assert len(tokens(database, city.people["owner"].email)) == MAX_LINKS
    assert not tokens(database, "nobody@example.com")


def test_an_invited_person_joins_with_the_account_there_is(client: TestClient, database: Database, city: City) -> None:
    provider = city.people["provider"]
    with database.transaction() as session:
        owner = city.actor(session, "owner")
        parties.invite(
            session,
            owner,
            organisation_id=city.company.id,
            email=provider.email,
            role=Role.DEVELOPER,
            base_url="http://city.test",
        )
        _, secret = sign_in.create_access_token(session, city.actor(session, "provider"), "program")
    [link] = tokens(database, provider.email)
    assert client.post("/api/v1/invitations/accept", json={"token": link}).status_code == 409, "sign in first"
    own = {"Authorization": f"Bearer {secret}"}
    joined = client.post("/api/v1/invitations/accept", json={"token": link}, headers=own)
    assert (joined.status_code, joined.json()["id"]) == (201, provider.id)
    names = {one["slug"] for one in client.get("/api/v1/me/organisations", headers=own).json()}
    assert city.company.slug in names
