import pytest

from anonymizer.recognizers.generic.ip_address import IpAddress
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("来自192.168.1.20的请求", [("192.168.1.20", 0.8, 1)]),
    ("2001:db8::1", [("2001:db8::1", 0.8, 1)]),
    # versions, times, what is no address, nobody's addresses
    ("版本1.2.3.4", []),
    ("v1.2.3.4", []),
    ("12:30:45", []),
    ("256.1.1.1", []),
    ("127.0.0.1", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(IpAddress(), text, expected)
