import pytest

from anonymizer.recognizers.china.macao_identity_card import MacaoIdentityCard
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("澳门身份证5123456(7)", [("5123456(7)", 0.8, 1)]),
    ("1/234567/8", [("1/234567/8", 0.5, 0.7)]),
    ("证件号：71234567", [("71234567", 0.8, 1)]),
    ("编号71234567", []),
    ("2123456(7)", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(MacaoIdentityCard(), text, expected)
