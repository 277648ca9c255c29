"""How a recogniser's cases are written: `(text, [(found, lowest score, highest score), …])`."""

from anonymizer.recognizers import Grammar, fold, resolve

Case = tuple[str, list[tuple[str, float, float]]]


def check(grammar: Grammar, text: str, expected: list[tuple[str, float, float]]) -> None:
    """The grammar finds exactly the expected stretches of the raw text, with scores in range."""
    found = resolve(list(grammar.find(fold(text))), threshold=0.01)
    assert [text[m.start : m.end] for m in found] == [value for value, _, _ in expected]
    for match, (value, low, high) in zip(found, expected, strict=True):
        assert low <= match.score <= high, (value, match.score)
        assert match.type == grammar.entity
