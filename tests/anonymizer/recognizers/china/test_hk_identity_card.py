import pytest

from anonymizer.recognizers.china.hk_identity_card import HongKongIdentityCard
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    # the Immigration Department's own sample number
    ("A123456(3)", [("A123456(3)", 0.85, 1)]),
    ("A123456（3）", [("A123456（3）", 0.85, 1)]),
    # wrong check character
    ("A123456(4)", [("A123456(4)", 0.2, 0.39)]),
    ("香港身份证A1234563", [("A1234563", 0.8, 1)]),
    # without brackets and context one code in eleven would pass
    ("A1234563", [("A1234563", 0.2, 0.39)]),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(HongKongIdentityCard(), text, expected)
