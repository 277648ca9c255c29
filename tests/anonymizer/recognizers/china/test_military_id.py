import pytest

from anonymizer.recognizers.china.military_id import MilitaryId
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("持军字第1234567号军官证", [("军字第1234567号", 0.8, 1)]),
    ("南字第123456号", [("南字第123456号", 0.8, 1)]),
    ("京公网安备第123456号", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(MilitaryId(), text, expected)
