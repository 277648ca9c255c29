import pytest

from anonymizer.recognizers.generic.birth_date import BirthDate
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("生于一九八五年三月七日", [("一九八五年三月七日", 0.8, 1)]),
    ("出生日期：1990年3月7日", [("1990年3月7日", 0.85, 1)]),
    ("生于1990-03-07", [("1990-03-07", 0.85, 1)]),
    ("1990.03.07出生", [("1990.03.07", 0.85, 1)]),
    ("DOB 19900307", [("19900307", 0.85, 1)]),
    # any other date is no birth date
    ("2024-03-07报修", []),
    ("2024年3月7日生效", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(BirthDate(), text, expected)
