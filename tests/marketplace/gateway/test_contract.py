"""Whatever the data API is asked, it keeps to its own description and never fails."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from contracts.kit.database import Database, metadata
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from tests.factories.dataplane import DataPlane
from tests.quick import examples

if TYPE_CHECKING:
    from schemathesis.openapi.loaders import OpenApiSchema

OPERATIONS = (
    "/records",
    "/records/{key}",
    "/aggregate",
    "/schema",
    "/releases",
    "/export",
    "/files/{name}",
)
ROWS = "\n".join(
    ["station_id,name,lat,lng,opened,seen,open,spaces,fee"]
    + [
        f"S{i:03d},{('北', '南', '')[i % 3]},{22.5 + i / 500},{114 + i / 400},2026-0{i % 9 + 1}-11,"
        f"2026-11-{i % 28 + 1:02d}T08:0{i % 9}:00,{'true' if i % 2 else 'false'},{i * 3 if i % 7 else ''},{i / 4}"
        for i in range(120)
    ]
)
"""A column of each kind, empty cells, places."""


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DataPlane, str]]:
    """A running gateway with data for sale, and a key that opens it."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, database_url=f"sqlite:///{home / 'shuyi.db'}")
    database = Database(settings.database)
    metadata.create_all(database.engine)
    plane = DataPlane(database, FolderStore(home / "objects"), settings)
    plane.gateway.start()
    dataset = plane.dataset()
    plane.release(dataset, ROWS)
    key = plane.key(plane.subscribe(dataset, quota=1_000_000, rate=1_000_000))
    yield plane, key
    plane.gateway.stop()
    database.close()


@pytest.fixture(scope="module")
def described(sold: tuple[DataPlane, str]) -> "OpenApiSchema":
    """The description as the API gives it, to be asked of the API itself."""
    from schemathesis import openapi

    plane, _ = sold
    schema = openapi.from_asgi("/car-parks/openapi.json", plane.gateway)
    schema.config.update(base_url="http://data/car-parks")
    return schema


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("path", OPERATIONS)
def test_it_answers_as_it_says(sold: tuple[DataPlane, str], described: "OpenApiSchema", path: str, mode: str) -> None:
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    operation = described[path]["GET"]
    right = {"Authorization": f"Bearer {sold[1]}"}
    kept = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]

    @settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(GenerationMode(mode)))
    def answers(case: Any) -> None:
        if mode == "positive":
            case.query.pop("cursor", None)  # nobody can guess one of ours
        seen.add(case.call_and_validate(headers=right, checks=kept).status_code)

    seen: set[int] = set()
    answers()
    assert 200 in seen or mode == "negative" or path == "/records/{key}", "keys can hardly be guessed"


def test_all_of_it_is_tried(described: "OpenApiSchema") -> None:
    assert {operation.ok().path for operation in described.get_all_operations()} == set(OPERATIONS)
