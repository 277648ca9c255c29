"""`shuyi demo`: the main job, as a newcomer runs it, on a small city."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.road.site import bare_environment, free_port

SCALE = "0.05"


def demo(home: Path) -> Any:
    environment = bare_environment() | {"SHUYI_HOME": str(home), "SHUYI_PORT": str(free_port())}
    command = [sys.executable, "-m", "web.cli", "demo", "--no-serve", "--json", "--scale", SCALE]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=900)
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
