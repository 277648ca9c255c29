import pytest

from anonymizer.recognizers.china.tax_number import TaxNumber
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("税号：440300123456789", [("440300123456789", 0.8, 1)]),
    ("纳税人识别号91440300MA5G12345X", [("91440300MA5G12345X", 0.8, 1)]),
    ("编号440300123456789", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(TaxNumber(), text, expected)
