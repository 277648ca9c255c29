import pytest

from anonymizer.recognizers.china.uscc import UnifiedSocialCreditCode
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("信用代码91440300708461136T，", [("91440300708461136T", 0.95, 1)]),
    # a wrong check character: the shape alone
    ("91440300708461136A", [("91440300708461136A", 0.3, 0.5)]),
    # letters that GB 32100 leaves out, and a resident id
    ("9144030070846113IT", []),
    ("440301199003071234", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(UnifiedSocialCreditCode(), text, expected)
