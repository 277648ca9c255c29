import pytest

from anonymizer.recognizers.china.vin import VehicleIdentificationNumber
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("车架号LSVAU2180N2183294", [("LSVAU2180N2183294", 0.8, 1)]),
    ("1M8GDM9AXKP042788", [("1M8GDM9AXKP042788", 0.85, 1)]),
    ("1M8GDM9A1KP042788", []),
    ("12345678901234567", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(VehicleIdentificationNumber(), text, expected)
