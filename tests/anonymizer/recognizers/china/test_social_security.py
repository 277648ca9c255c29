import pytest

from anonymizer.recognizers.china.social_security import SocialSecurityNumber
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("社保电脑号612345678", [("612345678", 0.8, 1)]),
    ("参保人编号：2012345678", [("2012345678", 0.8, 1)]),
    ("社保卡号：1234567890", [("1234567890", 0.8, 1)]),
    ("医保号 A12345678", [("A12345678", 0.8, 1)]),
    ("公积金账号为123456789012", [("123456789012", 0.8, 1)]),
    ("社保咨询电话", []),
    ("1234567890", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(SocialSecurityNumber(), text, expected)
