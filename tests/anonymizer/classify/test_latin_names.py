"""Names in Latin letters: what the gazetteer and the words around them tell, without and with the tagger."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anonymizer.classify.latin_names import find_names, true_case
from anonymizer.classify.text import find_in_texts
from anonymizer.recognizers.grammar import THRESHOLDS


def names(text: str, mode: str = "leak-first") -> list[str]:
    return sorted(text[m.start : m.end] for m in find_names(text) if m.score >= THRESHOLDS[mode])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # in full, of many countries, with initials, particles and titles
        ("Please forward it to Priya Raghunathan today.", ["Priya Raghunathan"]),
        ("We met Jan van der Berg and Zdeněk Dvořák.", ["Jan van der Berg", "Zdeněk Dvořák"]),
        ("Signed: Xqamar T. Blozhik", ["Xqamar T. Blozhik"]),
        ("I spoke to Dr. Wierzbowska, MD", ["Dr. Wierzbowska, MD"]),
        # what no dictionary knows, told by the words around it
        ("My name is Qwillimar", ["Qwillimar"]),
        ("Name:   Thrymsk", ["Thrymsk"]),
        ("Thrymsk said nothing.", ["Thrymsk"]),
        ("My brother Obwandi lives there", ["Obwandi"]),
        # given names alone
        ("Then Angelika left.", ["Angelika"]),
        # lists, and parts of a name that stand again alone
        ("Ask Monika, Skorzen or Brtvka.", ["Brtvka", "Monika", "Skorzen"]),
        ("Maria Skorzenska came. Skorzenska left.", ["Maria Skorzenska", "Skorzenska"]),
        # places, companies, streets, titles of things, ordinary words
        ("She lives in Paris, near Florence.", []),
        ("The Martin Luther Hospital and John Deere Ltd", []),
        ("1668 Maria Street 5", []),
        ("Hope is Grace, and Will may Mark it.", []),
        ("Happy New Year From All Of Us", []),
        ("I'm here. It's Monday in March.", []),
        ("iPhone Pro Max, WiFi, APP, ETC, KTV", []),
        ("", []),
    ],
)
def test_finds(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_weak_evidence_is_for_leak_first_alone() -> None:
    assert names("Then Angelika left.", "leak-first") == ["Angelika"]
    assert names("Then Angelika left.", "balanced") == []


def test_small_letters_are_raised_where_no_capital_stands() -> None:
    assert true_case("hi, this is angelika t. kowalska speaking") == "hi, this is Angelika T. Kowalska speaking"
    assert true_case("Hi, this is angelika") == "Hi, this is angelika"


@example(" ß")
@given(st.text(max_size=60) | st.text("aAbBzZÀß'’.- ,1:\n", max_size=60))
def test_no_text_makes_it_fail_and_places_stay(text: str) -> None:
    assert len(true_case(text)) == len(text)
    for match in find_names(text):
        assert 0 <= match.start < match.end <= len(text)
        assert "\n" not in text[match.start : match.end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello, my name is angelika kowalska and i live here", "angelika kowalska"),
        ("业主Angelika Kowalska来电反映楼上漏水。", "Angelika Kowalska"),
        ("Dear Ms. Okonkwo, your parcel has arrived.", "Okonkwo"),
    ],
)
def test_with_the_tagger(text: str, expected: str) -> None:
    start = text.index(expected)
    covered = {p for f in find_in_texts([text])[0] if f.type == "PERSON" for p in range(f.start, f.end)}
    assert covered.issuperset(range(start, start + len(expected)))
