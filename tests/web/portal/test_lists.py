"""Marking what a query found."""

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from web.pages.portal.lists import marked


def test_whole_runs_are_marked_and_latin_words_by_their_beginning() -> None:
    assert marked("南山区停车场信息", "停车") == Markup("南山区<mark>停车</mark>场信息")
    assert marked("Car parks and carports", "car") == Markup("<mark>Car</mark> parks and <mark>car</mark>ports")
    assert marked("Scarce", "car") == Markup("Scarce"), "not inside a word"
    assert marked("停下的车场", "停车场") == Markup("停下的<mark>车场</mark>"), "pairs where the run is not there whole"


def test_mark_up_in_titles_stays_text() -> None:
    assert marked("<b>停车</b>", "停车") == Markup("&lt;b&gt;<mark>停车</mark>&lt;/b&gt;")


@given(st.text(max_size=40), st.text(max_size=10))
def test_marking_never_changes_the_words(text: str, query: str) -> None:
    shown = marked(text, query)
    assert Markup(str(shown).replace("<mark>", "").replace("</mark>", "")).unescape() == text
