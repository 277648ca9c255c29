"""The whole road over HTTP alone, against a really running site."""

import os
from pathlib import Path

import pytest

from tests.factories.catalog import visits_csv
from tests.road.api import Road

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SHUYI_TEST_DATA", ROOT.parent / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here (SHUYI_TEST_DATA)")


@pytest.mark.long  # the default run walks the same road through the pages
def test_from_upload_to_settlement(road: Road) -> None:
    dataset_id, release = road.publish("clinic-visits", "门诊记录", "就诊.csv", visits_csv(800))
    assert release["rows"] > 700
    trade = road.sell(dataset_id, "clinic-visits", quota=20, calls=25)
    assert trade.answered == 20 + 5
    statement = road.settle()
    assert statement["closing"] > 0
    position = road.position()
    assert position["paid"] > 0
    assert (
        position["paid"] - position["refunded"] - position["fee"] - position["tax"]
        == position["settled"] + position["held"]
    )


@pytest.mark.long
@needs_data
@pytest.mark.parametrize("site", ["embedded"], indirect=True)
def test_files_that_nobody_here_made(road: Road) -> None:
    open_data = {"openness": "unconditional"}
    _, stations = road.publish(
        "ev-stations", "充电站", "stations.csv", DATA / "shenzhen-ev" / "stations.csv", **open_data
    )
    assert stations["rows"] == 1362
    rows = road["anonymous"].call("GET", "/data/v1/ev-stations/records", params={"limit": 3})
    assert len(rows["records"]) == 3
    _, weather = road.publish(
        "weather-2022", "气象", "weather.xls", DATA / "shenzhen-weather" / "weather_june_july_2022.xls", **open_data
    )
    assert weather["rows"] > 100
    _, adult = road.publish("adult", "人口普查", "adult.csv", DATA / "adult" / "adult.csv")
    assert adult["rows"] > 28_000
    claims = adult["public_report"]["claims"]
    assert claims["recomputable"]["k_by_row"] >= 5
    assert road["anonymous"].send("GET", "/data/v1/adult/records").status_code == 401
