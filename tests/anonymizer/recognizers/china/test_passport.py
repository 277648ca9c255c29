import pytest

from anonymizer.recognizers.china.passport import Passport
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("护照E12345678", [("E12345678", 0.8, 1)]),
    ("E12345678", [("E12345678", 0.45, 0.6)]),
    ("EA1234567", [("EA1234567", 0.45, 0.6)]),
    ("D1234567", [("D1234567", 0.3, 0.39)]),
    ("AE12345678", []),
    ("E123456789", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(Passport(), text, expected)
