import pytest

from anonymizer.recognizers.china.license_plate import LicensePlate
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("粤B12345", [("粤B12345", 0.8, 1)]),
    ("车牌粤B·1A2B3违停", [("粤B·1A2B3", 0.9, 1)]),
    ("粤 B 12345", [("粤 B 12345", 0.8, 1)]),
    # new energy, small and large
    ("粤BD12345", [("粤BD12345", 0.8, 1)]),
    ("粤B12345D", [("粤B12345D", 0.8, 1)]),
    # police, trailer, Hong Kong and Macao, consulate, embassy, armed police
    ("粤B1234警", [("粤B1234警", 0.8, 1)]),
    ("粤B1234挂", [("粤B1234挂", 0.8, 1)]),
    ("粤Z1234港", [("粤Z1234港", 0.8, 1)]),
    ("粤A1234领", [("粤A1234领", 0.8, 1)]),
    ("使123456", [("使123456", 0.8, 1)]),
    ("WJ粤12345", [("WJ粤12345", 0.8, 1)]),
    # lower case and full width
    ("粤b12345", [("粤b12345", 0.8, 1)]),
    ("粤Ｂ１２３４５", [("粤Ｂ１２３４５", 0.8, 1)]),
    # I and O are not used; words are no plates; too long
    ("粤BI2345", []),
    ("新APPABC", []),
    ("粤B12345678", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(LicensePlate(), text, expected)
