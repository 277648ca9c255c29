import pytest

from anonymizer.recognizers.generic.account_name import AccountName
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("户号：0123456789", [("0123456789", 0.8, 1)]),
    ("用户名zhang_san88", [("zhang_san88", 0.8, 1)]),
    ("会员卡号 88001234", [("88001234", 0.8, 1)]),
    ("用户反映停水", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(AccountName(), text, expected)
