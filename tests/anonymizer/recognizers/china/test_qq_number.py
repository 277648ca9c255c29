import pytest

from anonymizer.recognizers.china.qq_number import QqNumber
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("QQ：1234567", [("1234567", 0.8, 1)]),
    ("qq号12345", [("12345", 0.8, 1)]),
    ("QQ群1234567", []),
    ("1234567", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(QqNumber(), text, expected)
