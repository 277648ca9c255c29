"""The site over HTTP with a released dataset and a company's subscription to it."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from catalog.parties import sign_in
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from marketplace.subscriptions.models import Subscription
from tests.factories.dataplane import DataPlane
from web import migrations
from web.app import create_app
from web.middleware import SESSION_COOKIE

ClientOf = Callable[[str], TestClient]


@pytest.fixture
def plane(database: Database, folder_store: FolderStore, settings: Settings) -> DataPlane:
    """A city; its own gateway is not started, the site brings one."""
    return DataPlane(database, folder_store, settings)


@pytest.fixture
def subscription(plane: DataPlane) -> Subscription:
    """The company's free subscription of 1,000 calls to the released car parks."""
    dataset = plane.dataset()
    plane.release(dataset)
    return plane.subscribe(dataset, quota=1000)


@pytest.fixture
def client_of(plane: DataPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientOf]:
    """Clients of one site; `client_of("developer")` is signed in as that person, `client_of("nobody")` is not."""
    monkeypatch.setattr(migrations, "check", lambda url: None)  # the fixture's database is made from the tables
    app = create_app(plane.settings)
    clients: list[TestClient] = []

    def client(who: str) -> TestClient:
        headers = {"sec-fetch-site": "same-origin", "accept-language": "en"}
        made = TestClient(app, base_url="http://testserver", headers=headers)
        made.cookies.set("lang", "en")
        if who != "nobody":
            with plane.database.transaction() as session:
                made.cookies.set(SESSION_COOKIE, sign_in.start_session(session, plane.city.people[who].id))
        clients.append(made)
        return made

    with TestClient(app):
        yield client
    for made in clients:
        made.close()
