import pytest

from anonymizer.recognizers.china.bank_card import BankCard
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    # UnionPay with a right check digit, in one piece and in groups
    ("6222021234567890128", [("6222021234567890128", 0.9, 1)]),
    ("6222 0212 3456 7890 128", [("6222 0212 3456 7890 128", 0.9, 1)]),
    ("Visa 4111111111111111", [("4111111111111111", 0.7, 1)]),
    # a wrong check digit lowers the score and does not veto; context raises it
    ("6222021234567890123", [("6222021234567890123", 0.4, 0.6)]),
    ("银行卡号6222021234567890123", [("6222021234567890123", 0.7, 0.9)]),
    # an order number of like length stays under every threshold
    ("订单2024010112345678", [("2024010112345678", 0, 0.35)]),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(BankCard(), text, expected)
