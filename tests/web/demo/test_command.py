"""`shuyi demo`: the main job, as a newcomer runs it, on a small city."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa

from contracts.errors import Conflict
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from tests.factories.people import make_city
from tests.road.site import bare_environment, free_port
from web import serving
from web.demo import command

SCALE = "0.05"


def demo(home: Path) -> Any:
    environment = bare_environment() | {"SHUYI_HOME": str(home), "SHUYI_PORT": str(free_port())}
    program = [sys.executable, "-m", "web.cli", "demo", "--no-serve", "--json", "--scale", SCALE]
    done = subprocess.run(program, check=False, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def report(home: Path) -> Any:
    return demo(home)


def test_every_department_goes_down_the_whole_road(report: Any) -> None:
    assert len(report["departments"]) >= 9
    for line in report["departments"]:
        assert line["rows_in"] - line["rows_set_aside"] >= line["rows_published"] > 0
        assert line["calls_answered"] > 0
        assert line["paid"] - line["refunded"] - line["fee"] - line["tax"] == line["settled"] + line["held"]
        if line["personal_cells_found"]:
            assert line["k"] >= 5
            assert line["settled"] > 0
            assert line["calls_refused"] > 0


def test_the_totals_are_the_sums(report: Any) -> None:
    for name, total in report["totals"].items():
        values = [line[name] for line in report["departments"] if line[name] is not None]
        assert total == (min(values) if name == "k" else sum(values)), name
    assert report["totals"]["refunded"] > 0


def test_a_second_run_changes_nothing(home: Path, report: Any) -> None:
    assert demo(home) == report


def test_a_real_citys_home_is_refused_before_anything_is_started_or_changed(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        make_city(session)

    def nothing_starts(*_: object, **__: object) -> NoReturn:
        pytest.fail("a process was started")

    monkeypatch.setattr(serving, "companions", nothing_starts)
    free = settings.model_copy(update={"port": free_port()})
    with pytest.raises(Conflict, match="another city"):
        command.run(free, serve_afterwards=False, as_json=True)
    assert not sa.inspect(database.engine).has_table("alembic_version")
