import pytest

from anonymizer.recognizers.china.alipay_account import AlipayAccount
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("支付宝账号：2088123412341234", [("2088123412341234", 0.8, 1)]),
    ("支付宝：wang_88", [("wang_88", 0.8, 1)]),
    ("支付宝付款", []),
    ("2088123412341234", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(AlipayAccount(), text, expected)
