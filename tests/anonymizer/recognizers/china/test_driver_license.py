import pytest

from anonymizer.recognizers.china.driver_license import DriverLicense
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("驾驶证档案编号：440300123456", [("440300123456", 0.8, 1)]),
    ("档案编号440300123456", [("440300123456", 0.8, 1)]),
    ("编号440300123456", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(DriverLicense(), text, expected)
