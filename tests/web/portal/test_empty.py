"""A city in which nothing has been published yet: every page says so and offers a way on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from contracts.kit.settings import Settings
from web import migrations
from web.app import create_app


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home: Path = tmp_path_factory.mktemp("empty")
    settings = Settings(home=home, database_url=f"sqlite:///{home / 'shuyi.db'}")
    migrations.upgrade(settings.database)
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/", "No data has been published yet"),
        ("/search", "No data has been published so far."),
        ("/search?q=parking&theme=health", "Nothing matches “parking”"),
        ("/providers", "Nobody has published data yet"),
        ("/transparency", "Nothing has been decided or published yet"),
    ],
)
def test_an_empty_city_is_explained(client: TestClient, path: str, sentence: str) -> None:
    answer = client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert sentence in answer.text
