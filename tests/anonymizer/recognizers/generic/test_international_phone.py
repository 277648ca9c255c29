import pytest

from anonymizer.recognizers.generic.international_phone import InternationalPhone
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("call +1 212 555 0123", [("+1 212 555 0123", 0.8, 1)]),
    ("(212) 555-0123", [("(212) 555-0123", 0.5, 1)]),
    ("+852 9123 4567", [("+852 9123 4567", 0.5, 1)]),
    ("+86 13812345678", []),
    ("+5", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(InternationalPhone(), text, expected)
