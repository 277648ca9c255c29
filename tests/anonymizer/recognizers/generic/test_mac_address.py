import pytest

from anonymizer.recognizers.generic.mac_address import MacAddress
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("设备3C:22:FB:00:1a:2b上线", [("3C:22:FB:00:1a:2b", 0.9, 1)]),
    ("3C-22-FB-00-1A-2B", [("3C-22-FB-00-1A-2B", 0.9, 1)]),
    ("3C:22:FB:00:1A", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(MacAddress(), text, expected)
