import pytest

from anonymizer.recognizers.generic.url import IdentifyingUrl
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("见https://a.cn/p?token=abc123。", [("https://a.cn/p?token=abc123", 0.7, 1)]),
    ("https://weibo.com/u/1234567", [("https://weibo.com/u/1234567", 0.7, 1)]),
    ("http://www.sz.gov.cn/zwgk/", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(IdentifyingUrl(), text, expected)
