"""The site over HTTP with the catalog's small city in it."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from catalog.parties import sign_in
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from tests.factories.catalog import CatalogWorld
from web import migrations
from web.app import create_app
from web.middleware import SESSION_COOKIE

ClientOf = Callable[[str], TestClient]


@pytest.fixture
def world(database: Database, folder_store: FolderStore, settings: Settings) -> CatalogWorld:
    """A small city with the catalog's worker, objects in a folder."""
    return CatalogWorld(database, folder_store, settings)


@pytest.fixture
def client_of(world: CatalogWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientOf]:
    """Clients of one site; `client_of("officer")` is signed in as that person, `client_of("nobody")` is not."""
    monkeypatch.setattr(migrations, "check", lambda url: None)  # the fixture's database is made from the tables
    app = create_app(world.settings)
    clients: list[TestClient] = []

    def client(who: str) -> TestClient:
        headers = {"sec-fetch-site": "same-origin", "accept-language": "en"}
        made = TestClient(app, base_url="http://testserver", headers=headers)
        if who != "nobody":
            with world.database.transaction() as session:
                made.cookies.set(SESSION_COOKIE, sign_in.start_session(session, world.city.people[who].id))
        clients.append(made)
        return made

    with TestClient(app):
        yield client
    for made in clients:
        made.close()
