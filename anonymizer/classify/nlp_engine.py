"""Presidio's NLP engine, ours: it tags Chinese names in batches and tokenises nothing.

Presidio asks an NLP engine for tokens, lemmas and entities. Our recogniser needs only the names, so the artifacts
carry these and empty lists. Nothing is downloaded: the networks come inside installed packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from anonymizer.classify.english import english_names
from anonymizer.classify.names.decode import decode
from anonymizer.classify.names.encoder import encoder
from anonymizer.recognizers import find_in_batch
from anonymizer.recognizers.grammar import Match
from anonymizer.recognizers.width import fold

_SURE = 0.85
_PLACEHOLDER = re.compile(r"<[A-Z_]{3,40}>")
"""What stands in an anonymised text instead of what was hidden, by Presidio's convention."""
_NO_TOKENS: Any = []
"""Presidio asks for a spaCy document; whoever reads the tokens only iterates over them."""


class NameArtifacts(NlpArtifacts):
    """The names of one text, and what the grammars found in it (they ran first, to spare the network the rest)."""

    def __init__(self, names: list[Match], matches: list[Match], language: str) -> None:
        super().__init__([], _NO_TOKENS, [], [], None, language, [])
        self.names = names
        self.matches = matches


def _settled(text: str, matches: list[Match]) -> list[tuple[int, int]]:
    """Stretches that no name can overlap: placeholders, and sure findings of some length that are not names."""
    found = [(m.start, m.end) for m in matches if m.score >= _SURE and m.type != "PERSON" and m.end - m.start > 4]
    return found + [match.span() for match in _PLACEHOLDER.finditer(text)] if "<" in text else found


class NameEngine(NlpEngine):
    """Chinese names by the tagging network, Latin names by spaCy where a text holds Latin words."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._loaded = False

    def load(self) -> None:
        """Read the network into memory, once a process."""
        encoder()
        self._loaded = True

    def is_loaded(self) -> bool:
        """Whether `load` was called."""
        return self._loaded

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """A batch of one."""
        return next(self.process_batch([text], language))[1]

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: Any
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """The texts in their order with their names; `batch_size` and `n_process` do not matter here."""
        held = list(texts)
        folded = [fold(text) for text in held]
        matches = find_in_batch(folded)
        latin = english_names(folded)
        settled = [_settled(text, found) for text, found in zip(folded, matches, strict=True)]
        for number, masses in enumerate(encoder().masses(folded, settled)):
            names = decode(folded[number], masses, self.mode) + latin.get(number, [])
            yield held[number], NameArtifacts(names, matches[number], language)

    def is_stopword(self, word: str, language: str) -> bool:
        """No word is: context is read from the text."""
        return False

    def is_punct(self, word: str, language: str) -> bool:
        """No word is: nothing is tokenised."""
        return False

    def get_supported_entities(self) -> list[str]:
        """Names only."""
        return ["PERSON"]

    def get_supported_languages(self) -> list[str]:
        """Chinese, with Latin names among it."""
        return ["zh"]
