"""Real public tables, where they are at hand (`shared/data` beside the checkout); skipped elsewhere."""

from pathlib import Path

import pytest

import anonymizer

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the folder shared/data is not here")


def test_adult_census() -> None:
    result = anonymizer.scan(DATA / "adult" / "adult.csv")
    assert {c.name: c.role.value for c in result.columns} == {
        "sex": "quasi-identifier",
        "age": "quasi-identifier",
        "race": "quasi-identifier",
        "marital-status": "quasi-identifier",
        "education": "quasi-identifier",
        "native-country": "quasi-identifier",
        "workclass": "quasi-identifier",
        "occupation": "quasi-identifier",
        "salary-class": "sensitive",
    }
    assert result.rows == 30_162


@pytest.mark.parametrize(
    "file",
    [
        "shenzhen-ev/stations.csv",
        "shenzhen-ev/stations_raw.csv",
        "shenzhen-weather/futian_hourly.csv",
        "divisions/streets.csv",
    ],
)
def test_tables_without_persons(file: str) -> None:
    result = anonymizer.scan(DATA / file)
    assert {c.role.value for c in result.columns} == {"plain"}
    assert result.personal_cells == 0
