import pytest

from anonymizer.recognizers.generic.us_ssn import SocialSecurityNumberUs
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("SSN 123-45-6789", [("123-45-6789", 0.8, 1)]),
    ("123-45-6789", [("123-45-6789", 0.4, 0.6)]),
    ("ssn 123456789", [("123456789", 0.8, 1)]),
    ("123456789", []),
    ("666-45-6789", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(SocialSecurityNumberUs(), text, expected)
