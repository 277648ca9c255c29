"""Each product's API is described from the contract of its release: true, public, and without data."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.factories.dataplane import STATIONS, DataPlane, records


def call(plane: DataPlane, path: str, key: str | None = None, **options: Any) -> httpx.Response:
    return asyncio.run(plane.get(path, key, **options))


def test_every_address_and_parameter_it_names_is_answered(shared_plane: DataPlane) -> None:
    document = call(shared_plane, "/car-parks/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    tried = {"id": "P0001", "district": "南山区", "spaces": 7, "fee": 0.5, "opened": "2024-02-15", "covered": "true"}
    tried |= {"select": "id", "sort": "-id", "q": "南山", "limit": 1, "offset": 0, "count": "true", "format": "json"}
    reading = document["paths"]["/records"]["get"]["parameters"]
    names = {parameter["name"] for parameter in reading if parameter["in"] == "query"} - {"cursor", "release"}
    assert names == set(tried)
    for name in sorted(names):
        assert call(shared_plane, "/car-parks/records", **{name: tried[name]}).status_code == 200
    tried = {"group_by": "opened:month", "measures": "avg:fee", "sort": "-count", "limit": 1, "offset": 1} | {
        name: value for name, value in tried.items() if name in {*STATIONS.split("\n")[0].split(","), "format"}
    }
    grouping = document["paths"]["/aggregate"]["get"]
    names = {parameter["name"] for parameter in grouping["parameters"] if parameter["in"] == "query"}
    assert names - {"release"} == set(tried)
    told = document["components"]["schemas"]["Groups"]["properties"].keys()
    for name, value in tried.items():
        answer = call(shared_plane, "/car-parks/aggregate", **{name: value})
        assert answer.status_code == 200, name
        assert told - {"sample"} == answer.json().keys()
    for path in document["paths"]:
        address = path.replace("{key}", "P0001").replace("{name}", "manifest.json")
        assert call(shared_plane, f"/car-parks{address}").status_code == 200, address


def test_its_examples_are_answered(plane: DataPlane) -> None:
    places = "\n".join(f"S{i},{22.5 + i / 1000},{114 + i / 1000},2026-03-{i + 1:02d}" for i in range(20))
    plane.release(plane.dataset(openness="unconditional"), f"station_id,lat,lng,opened\n{places}\n")
    paths = call(plane, "/car-parks/openapi.json").json()["paths"]
    tried = 0
    for path, options in paths.items():
        for parameter in options["get"]["parameters"]:
            if "example" in parameter:
                example = parameter["example"]
                text = ",".join(map(str, example)) if isinstance(example, list) else example
                answer = call(plane, f"/car-parks{path.replace('{key}', 'S3')}", **{parameter["name"]: text})
                assert answer.status_code == 200, (path, parameter)
                tried += 1
    assert tried > 10
    names = {parameter["name"] for parameter in paths["/records"]["get"]["parameters"]}
    assert {"near", "bbox"} <= names
    assert len(records(call(plane, "/car-parks/records", near="114.005,22.505,120"))) == 1


def test_records_are_as_it_says(shared_plane: DataPlane) -> None:
    document = call(shared_plane, "/car-parks/openapi.json").json()
    properties = document["components"]["schemas"]["Record"]["properties"]
    [record] = call(shared_plane, "/car-parks/records", limit=1).json()["records"]
    kinds = {"string": str, "integer": int, "number": float, "boolean": bool}
    assert list(record) == list(properties)
    for name, value in record.items():
        told = properties[name]["type"]
        kind = told if isinstance(told, str) else told[0]
        assert isinstance(value, kinds[kind]), name


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_public_though_the_data_is_not_and_goes_with_its_release(plane: DataPlane) -> None:
    dataset = plane.dataset()
    release = plane.release(dataset)
    document = call(plane, "/car-parks/openapi.json").json()
    assert document["security"] == [{"key": []}]
    assert "南山区" not in str(document)
    plane.withdraw(release)
    assert call(plane, "/car-parks/openapi.json").status_code == 410


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_quota_is_told_with_the_rate(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    key = plane.key(plane.subscribe(dataset, quota=1, rate=60))
    policy = '"minute";q=60;w=60, "month";q=1'
    assert call(plane, "/car-parks/records", key).headers["ratelimit-policy"] == policy
    refused = call(plane, "/car-parks/records", key, limit=2)
    assert refused.status_code == 429
    assert refused.headers["ratelimit-policy"] == policy
    assert refused.headers["ratelimit"].startswith('"month";r=0;t=')
    assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_part_of_a_file_is_a_unit_and_a_refused_part_none(plane: DataPlane) -> None:
    dataset = plane.dataset()
    plane.release(dataset)
    key = plane.key(plane.subscribe(dataset, quota=1))
    path = "/car-parks/files/data.csv"
    assert call(plane, path, key, headers={"Range": "bytes=99999999-"}).status_code == 416
    part = call(plane, path, key, headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert part.headers["x-receipt"]
    assert call(plane, path, key, headers={"Range": "bytes=10-19"}).status_code == 429
