import pytest

from anonymizer.recognizers.china.foreign_resident import ForeignResidentCard
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("永久居留证USA310087010120", [("USA310087010120", 0.8, 1)]),
    ("ABC123456789012", [("ABC123456789012", 0.3, 0.95)]),
    ("订单XABC1234567890123", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(ForeignResidentCard(), text, expected)
