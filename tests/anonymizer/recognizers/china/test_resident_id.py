import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer.recognizers import fold
from anonymizer.recognizers.china.resident_id import ResidentId, check_character
from tests.anonymizer.recognizers.cases import Case, check


def _checked(first17: str) -> str:
    return first17 + check_character(first17)


CASES: list[Case] = [
    ("证件号码：440305.19900307.771X", [("440305.19900307.771X", 0.7, 1)]),
    # the example of GB 11643-1999
    ("11010519491231002X", [("11010519491231002X", 0.98, 1)]),
    ("身份证11010519491231002x，", [("11010519491231002x", 0.98, 1)]),
    ("110105 19491231 002X", [("110105 19491231 002X", 0.98, 1)]),
    ("１１０１０５１９４９１２３１００２Ｘ", [("１１０１０５１９４９１２３１００２Ｘ", 0.98, 1)]),
    # a mistyped check character lowers the score, it does not veto
    ("110105194912310021", [("110105194912310021", 0.6, 0.8)]),
    # no such month, no such division: still somebody's number when the check holds
    (_checked("11010519491331001"), [(_checked("11010519491331001"), 0.98, 1)]),
    (_checked("99010519491231001"), [(_checked("99010519491231001"), 0.98, 1)]),
    # the old 15 places
    ("身份证号110105491231002", [("110105491231002", 0.8, 1)]),
    ("110105491231002", [("110105491231002", 0.6, 0.8)]),
    # other lengths
    ("1101051949123100", []),
    ("1101051949123100212", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(ResidentId(), text, expected)


@given(
    first=st.from_regex(r"[1-8][0-9]{16}", fullmatch=True),
    before=st.text(alphabet="市民身份证号：，", max_size=5),
    after=st.text(alphabet="来电，。的", max_size=5),
)
def test_every_number_with_a_right_check_is_found_whole(first: str, before: str, after: str) -> None:
    number = first + check_character(first)
    text = before + number + after
    found = [text[m.start : m.end] for m in ResidentId().find(fold(text)) if m.score > 0.9]
    assert found == [number]
