import pytest

from anonymizer.recognizers.china.organization_code import OrganizationCode
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("组织机构代码：00000000-0", [("00000000-0", 0.6, 1)]),
    ("D2143569-X", [("D2143569-X", 0.6, 1)]),
    ("机构代码D2143569-1", [("D2143569-1", 0.8, 1)]),
    ("13812345678-0", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(OrganizationCode(), text, expected)
