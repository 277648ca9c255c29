import pytest

from anonymizer.recognizers.china.mobile import Mobile
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("电话：138.1234.5678", [("138.1234.5678", 0.8, 1)]),
    ("086-13812345678", [("086-13812345678", 0.8, 1)]),
    ("139·8888·6666", [("139·8888·6666", 0.8, 1)]),
    # a decimal, a number of another country
    ("系数1.3812345678", []),
    ("+1 415-555-2671", []),
    # plain, beside Han characters without any space
    ("电话13812345678请回", [("13812345678", 0.9, 1)]),
    ("我13812345678的", [("13812345678", 0.7, 1)]),
    # groupings, country code, old trunk zero
    ("138 1234 5678", [("138 1234 5678", 0.7, 1)]),
    ("138-1234-5678", [("138-1234-5678", 0.7, 1)]),
    ("138 123 45678", [("138 123 45678", 0.7, 1)]),
    ("+86 13812345678", [("+86 13812345678", 0.7, 1)]),
    ("+8613812345678", [("+8613812345678", 0.7, 1)]),
    ("013812345678", [("013812345678", 0.7, 1)]),
    # full-width digits
    ("手机：１３８１２３４５６７８。", [("１３８１２３４５６７８", 0.9, 1)]),
    # two of them
    ("13812345678/19912345678", [("13812345678", 0.7, 1), ("19912345678", 0.7, 1)]),
    # too long, too short, no such prefix, inside another number
    ("138123456789", []),
    ("1381234567", []),
    ("12812345678", []),
    ("9913812345678", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(Mobile(), text, expected)
