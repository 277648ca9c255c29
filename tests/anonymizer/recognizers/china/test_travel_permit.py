import pytest

from anonymizer.recognizers.china.travel_permit import LabelledTravelPermit, TravelPermit
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("港澳通行证H12345678", [("H12345678", 0.8, 1)]),
    ("回乡证M1234567801", [("M1234567801", 0.8, 1)]),
    ("C12345678", [("C12345678", 0.3, 0.39)]),
    ("X12345678", []),
]


def test_a_taiwan_permit_is_known_by_its_label() -> None:
    text = "台胞证号：12345678"
    assert [text[m.start : m.end] for m in LabelledTravelPermit().find(text.replace("：", ":"))] == ["12345678"]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(TravelPermit(), text, expected)
