"""A database that cannot be reached: programs get problem details, people a page, and both when to come back."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from contracts.kit.settings import Settings
from web.app import create_app

NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"  # no server listens on port 1
TOKEN = {"Authorization": "Bearer sy_pat_of_somebody"}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(create_app(Settings(home=tmp_path, database_url=NOBODY)))


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/api/v1/catalog/datasets", {}),
        ("GET", "/api/v1/requests", TOKEN),
        ("POST", "/api/v1/offerings", TOKEN),
        ("GET", "/api/3/action/package_list", {}),
    ],
)
def test_programs_are_told_when_to_ask_again(
    client: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = client.request(method, path, headers=headers)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    problem = answer.json()
    assert problem["type"].endswith("/database-away")
    assert "127.0.0.1" not in answer.text


@pytest.mark.parametrize(("language", "told"), [("en", "cannot be reached right now"), ("zh-CN", "数据库暂时无法访问")])
def test_people_are_told_on_a_page(client: TestClient, language: str, told: str) -> None:
    client.cookies.set("shuyi_session", "of somebody")
    answer = client.get("/search", headers={"accept": "text/html", "accept-language": language})
    assert answer.status_code == 503
    assert told in answer.text
    assert int(answer.headers["retry-after"]) > 0
