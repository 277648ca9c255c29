"""CKAN's own command line dumps our catalogue, and finds in it what CKAN 2.12 would have put there."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.web.portal.conftest import Site

PACKAGE = {
    "author", "author_email", "creator_user_id", "extras", "groups", "id", "isopen", "license_id", "license_title",
    "license_url", "maintainer", "maintainer_email", "metadata_created", "metadata_modified", "name", "notes",
    "num_resources", "num_tags", "organization", "owner_org", "private", "relationships_as_object",
    "relationships_as_subject", "resources", "state", "tags", "title", "type", "url", "version",
}  # fmt: skip
RESOURCE = {
    "cache_last_updated", "cache_url", "created", "datastore_active", "description", "format", "hash", "id",
    "last_modified", "metadata_modified", "mimetype", "mimetype_inner", "name", "package_id", "position",
    "resource_type", "size", "state", "url", "url_type",
}  # fmt: skip


@pytest.fixture(scope="module")
def address(published_site: Site) -> Iterator[str]:
    """The published site on a real port."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = uvicorn.Server(uvicorn.Config(published_site.client.app, lifespan="off", log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def ckanapi(*arguments: str) -> list[dict[str, Any]]:
    """JSON lines that the command line tool prints."""
    command = [str(Path(sys.executable).with_name("ckanapi")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_dumps_datasets(address: str, site: Site) -> None:
    found = {one["name"]: one for one in ckanapi("dump", "datasets", "--all", "-r", address)}
    assert set(found) == {"car-parks", "clinic-visits"}, "neither what is unpublished nor what was withdrawn"
    for package in found.values():
        assert set(package) == PACKAGE
        assert len(package["resources"]) == package["num_resources"] == 2
        assert all(set(resource) == RESOURCE for resource in package["resources"])
    parks = found["car-parks"]
    assert parks["isopen"]
    assert not found["clinic-visits"]["isopen"]
    approved = {str(entry["sha256"]) for entry in site.parks.files}
    assert {resource["hash"] for resource in parks["resources"]} <= approved


def test_it_dumps_the_columns_of_the_tables(address: str) -> None:
    found = ckanapi("dump", "datasets", "--all", "--datastore-fields", "-r", address)
    tables = [
        resource["datastore_fields"] for one in found for resource in one["resources"] if resource["datastore_active"]
    ]
    assert len(tables) == 2
    assert all({"id", "type"} <= set(column) for table in tables for column in table)


def test_it_dumps_organizations_and_groups(address: str, site: Site) -> None:
    found = {one["name"]: one for one in ckanapi("dump", "organizations", "--all", "-r", address)}
    provider = found[site.city.department.slug]
    assert provider["package_count"] == 2
    assert "packages" not in provider or isinstance(provider["packages"], list)
    themes = {one["name"]: one for one in ckanapi("dump", "groups", "--all", "-r", address)}
    assert themes["health"]["package_count"] == 1


def test_it_searches_by_part_of_a_chinese_word(address: str) -> None:
    found = ckanapi("search", "datasets", "q=停车", "-r", address)
    assert [one["name"] for one in found] == ["car-parks"]
