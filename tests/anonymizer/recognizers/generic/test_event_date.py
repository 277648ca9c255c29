import pytest

from anonymizer.recognizers.generic.event_date import EventDate
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("2024年3月18日入院", [("2024年3月18日", 0.6, 1)]),
    ("结婚日期：2019-05-20", [("2019-05-20", 0.6, 1)]),
    ("2024年3月18日停水", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(EventDate(), text, expected)
