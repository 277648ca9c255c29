"""The site over HTTP beside a market whose usage is what the test says."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from catalog.parties import sign_in
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from tests.factories.commerce import Market, UsageBook, install_usage, standin
from web import migrations
from web.app import create_app
from web.middleware import SESSION_COOKIE

ClientOf = Callable[[str], TestClient]

migrations.import_tables()  # before the first database is made, so that it has all of them


@pytest.fixture(scope="session")
def stripe_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a stand-in for Stripe that all tests share."""
    with standin(tmp_path_factory.mktemp("stripe") / "standin.db") as url:
        yield url


@pytest.fixture
def market(database: Database, settings: Settings, stripe_base: str, monkeypatch: pytest.MonkeyPatch) -> Market:
    """A market without anything on offer yet."""
    usage = UsageBook()
    install_usage(monkeypatch, usage)
    return Market(database, settings.model_copy(update={"stripe_api_base": stripe_base}), usage)


@pytest.fixture
def client_of(market: Market, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientOf]:
    """Clients of one site; `client_of("owner")` is signed in as that person, `client_of("nobody")` is not."""
    monkeypatch.setattr(migrations, "check", lambda url: None)  # the fixture's database is made from the tables
    app = create_app(market.settings)
    clients: list[TestClient] = []

    def client(who: str) -> TestClient:
        headers = {"sec-fetch-site": "same-origin"}
        made = TestClient(app, headers=headers, follow_redirects=False)
        made.cookies.set("lang", "en")
        if who != "nobody":
            with market.database.transaction() as session:
                person = market.second_owner.person_id if who == "second_owner" else market.city.people[who].id
                assert person is not None
                made.cookies.set(SESSION_COOKIE, sign_in.start_session(session, person))
        clients.append(made)
        return made

    with TestClient(app):
        yield client
    for made in clients:
        made.close()
