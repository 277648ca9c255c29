"""The grammars as Presidio recognisers.

`GrammarRecognizer` wraps one grammar and works in any stock `AnalyzerEngine`, in any language that it is registered
for; `china_recognizers()` makes one for every entity type. `TextRecognizer` holds all of them together with the names
that our own NLP engine found: it is the one that the free-text engine uses, for Presidio's cost is per recogniser and
text.

Importing this module imports Presidio and spaCy, which takes seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from presidio_analyzer import EntityRecognizer, RecognizerResult

from anonymizer.recognizers import find_all, grammars
from anonymizer.recognizers.grammar import THRESHOLDS, Grammar, Match, resolve
from anonymizer.recognizers.width import fold

if TYPE_CHECKING:
    from presidio_analyzer.nlp_engine import NlpArtifacts


class GrammarRecognizer(EntityRecognizer):
    """One entity type for Presidio; context words are looked for in the text itself, not in lemmas."""

    def __init__(self, grammar: Grammar, supported_language: str = "zh") -> None:
        self.grammar = grammar
        super().__init__(
            supported_entities=[grammar.entity],
            name=type(grammar).__name__ + "Recognizer",
            supported_language=supported_language,
            context=list(grammar.context),
        )

    def load(self) -> None:
        """Nothing to load: patterns compile on first use."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Candidates from the lowest threshold on; the engine's own threshold decides further."""
        if self.grammar.entity not in entities:
            return []
        matches = resolve(list(self.grammar.find(fold(text))), THRESHOLDS["leak-first"])
        return [as_result(match, self) for match in matches]


class TextRecognizer(EntityRecognizer):
    """All grammars at once, and the names found by the NLP engine where the artifacts carry them."""

    def __init__(self, mode: str, supported_language: str = "zh") -> None:
        self.mode = mode
        super().__init__(
            supported_entities=sorted({g.entity for g in grammars()} | {"PERSON"}),
            name="TextRecognizer",
            supported_language=supported_language,
        )

    def load(self) -> None:
        """Nothing to load: patterns compile on first use."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Non-overlapping findings above the mode's threshold."""
        matches = getattr(nlp_artifacts, "matches", None)
        found = (find_all(fold(text)) if matches is None else matches) + list(getattr(nlp_artifacts, "names", ()))
        chosen = resolve(found, THRESHOLDS[self.mode])
        return [as_result(match, self) for match in chosen if match.type in entities]


def as_result(match: Match, recognizer: EntityRecognizer) -> RecognizerResult:
    """A match as Presidio's result, with the recogniser's name as provenance."""
    metadata: dict[str, Any] = {
        RecognizerResult.RECOGNIZER_NAME_KEY: str(recognizer.name),  # type: ignore[has-type]  # Presidio states none
        RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: recognizer.id,
    }
    return RecognizerResult(match.type, match.start, match.end, match.score, recognition_metadata=metadata)


def china_recognizers(supported_language: str = "zh") -> list[GrammarRecognizer]:
    """One recogniser a grammar, for a stock `AnalyzerEngine`'s registry."""
    return [GrammarRecognizer(grammar, supported_language) for grammar in grammars()]
