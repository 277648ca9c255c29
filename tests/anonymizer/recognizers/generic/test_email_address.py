import pytest

from anonymizer.recognizers.generic.email_address import EmailAddress
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("邮箱zhang.san@qq.com，", [("zhang.san@qq.com", 0.9, 1)]),
    ("a+b@mail.example.co.uk", [("a+b@mail.example.co.uk", 0.9, 1)]),
    ("ｚｈａｎｇ＠ｑｑ．ｃｏｍ", [("ｚｈａｎｇ＠ｑｑ．ｃｏｍ", 0.9, 1)]),
    ("a@b", []),
    ("@qq.com", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(EmailAddress(), text, expected)
