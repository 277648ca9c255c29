from hypothesis import given
from hypothesis import strategies as st

from anonymizer.recognizers import Match, find_all, fold, grammars, resolve
from anonymizer.recognizers.grammar import luhn

_spans = st.tuples(st.integers(0, 30), st.integers(1, 12), st.floats(0, 1)).map(
    lambda t: Match("X", t[0], t[0] + t[1], t[2])
)


@given(st.text())
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(st.lists(_spans, max_size=8), st.floats(0.1, 0.9))
def test_resolved_findings_never_overlap_and_lose_at_most_single_characters(
    matches: list[Match], threshold: float
) -> None:
    chosen = resolve(matches, threshold)
    places = [p for m in chosen for p in range(m.start, m.end)]
    assert len(places) == len(set(places))
    assert [m.start for m in chosen] == sorted(m.start for m in chosen)
    wanted = {p for m in matches if m.score >= threshold for p in range(m.start, m.end)}
    assert set(places) <= wanted
    for lost in wanted - set(places):
        assert not {lost - 1, lost + 1} & (wanted - set(places))


@given(st.text(alphabet="王李先生电话：1380123456789粤B路号栋室@.com微信 \n－（）", max_size=60))
def test_no_grammar_leaves_the_text(text: str) -> None:
    for match in find_all(fold(text)):
        assert 0 <= match.start < match.end <= len(text)
        assert 0 < match.score <= 1


def test_every_grammar_has_a_name_of_its_own_kind() -> None:
    assert {g.entity for g in grammars()} >= {"PERSON", "CN_RESIDENT_ID", "CN_MOBILE", "CN_ADDRESS", "EMAIL_ADDRESS"}


def test_luhn_knows_the_example_of_the_standard() -> None:
    assert luhn("49927398716")
    assert not luhn("49927398717")
    assert not luhn("")
