import pytest

from anonymizer.recognizers.china.landline import Landline, LocalLandline
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("电话0755-82345678", [("0755-82345678", 0.8, 1)]),
    ("(010)62345678", [("(010)62345678", 0.6, 0.9)]),
    ("021 6234 5678", [("021 6234 5678", 0.6, 0.9)]),
    ("+86-755-82345678", [("+86-755-82345678", 0.6, 0.9)]),
    ("请打0755-82345678转801", [("0755-82345678转801", 0.6, 0.9)]),
    ("０７５５－８２３４５６７８", [("０７５５－８２３４５６７８", 0.6, 0.9)]),
    # subscriber numbers do not begin with 0, 1 or 9; public numbers are nobody's
    ("0755-12345678", []),
    ("400-820-8820", []),
    ("95588", []),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [("座机82345678", ["82345678"]), ("编号82345678", []), ("20240101", []), ("仲案33961011号", [])],
)
def test_a_number_without_area_code_needs_context(text: str, found: list[str]) -> None:
    assert [text[m.start : m.end] for m in LocalLandline().find(text)] == found


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(Landline(), text, expected)
