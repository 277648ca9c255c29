"""`shuyi upload`: a provider's program hands a file to a running site and is told what came of it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.errors import ShuyiError
from tests.factories.catalog import visits_csv
from tests.road.api import Road
from tests.road.site import PASSWORD, free_port
from web.cli import app


class Command:
    """The command with the token of a provider whose dataset is there."""

    def __init__(self, road: Road, folder: Path) -> None:
        self._site, self._folder = road.site.url, folder
        self.dataset = road.dataset("clinic", "门诊就诊")
        signed_in = {"email": road.cast.people["provider"], "password": PASSWORD}
        self.token = road["visitor"].call("POST", "/api/v1/tokens", json=signed_in)["token"]

    def file(self, name: str, data: bytes) -> str:
        (self._folder / name).write_bytes(data)
        return str(self._folder / name)

    def __call__(self, file: str, *more: str, dataset: str = "", site: str = "", token: str | None = None) -> Result:
        environment = {
            "SHUYI_BASE_URL": site or self._site,
            "SHUYI_TOKEN": self.token if token is None else token,
            "NO_PROXY": "*",
        }
        return CliRunner().invoke(app, ["upload", file, dataset or self.dataset, *more], env=environment)


def said(result: Result) -> str:
    """The one line of a refusal."""
    assert result.exit_code == 1
    assert isinstance(result.exception, ShuyiError)
    return result.exception.detail


def test_a_file_goes_up_by_command(road: Road, tmp_path: Path) -> None:
    upload = Command(road, tmp_path)
    told = upload(upload.file("挂号 2026.csv", visits_csv(60)))
    assert told.exit_code == 0, told.output
    assert "60 rows read, 0 set aside." in told.stdout
    assert f"{road.site.url}/provider/uploads/" in told.stdout

    found = json.loads(upload(upload.file("again.csv", visits_csv(60)), "--json").stdout)
    assert (found["status"], found["rows"], found["file_name"]) == ("profiled", 60, "again.csv")
    at_once = json.loads(upload(upload.file("later.csv", visits_csv(60)), "--json", "--no-wait").stdout)
    assert at_once["status"] == "received"

    rejected = upload(upload.file("header.csv", b"id,name\n"))
    assert rejected.exit_code == 1
    assert rejected.stdout.startswith("Rejected: ")
    assert "row" in rejected.stdout

    good = upload.file("good.csv", visits_csv(5))
    assert "dataset" in said(upload(good, dataset="nothing-like-this"))
    assert "token is not valid" in said(upload(good, token="sy_pat_wrong"))
    assert "SHUYI_TOKEN" in said(upload(good, token=""))
    nobody = f"http://127.0.0.1:{free_port()}"
    assert f"No answer from {nobody}" in said(upload(good, site=nobody))
    assert upload(str(tmp_path / "missing.csv")).exit_code == 2


@pytest.mark.parametrize("address", ["not an address", "ftp://x"])
def test_an_address_that_is_none_is_told(address: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    environment = {"SHUYI_BASE_URL": address, "SHUYI_TOKEN": "t"}
    assert "address" in said(CliRunner().invoke(app, ["upload", str(tmp_path / "a.csv"), "d"], env=environment))
