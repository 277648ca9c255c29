"""Personal data in free text, read through Presidio.

Batches of texts go through our NLP engine, which tags all their names at once; then Presidio's analyzer runs the one
recogniser over each text with those artifacts. Presidio's default context enhancer is replaced by one that does
nothing, for the grammars weigh context themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from anonymizer.recognizers import grammars
from anonymizer.results import Finding, Mode

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

_BATCH: Final = 512
_LANGUAGE: Final = "zh"


def find_in_texts(
    texts: Sequence[str], mode: Mode = "leak-first", on_progress: Callable[[int], None] | None = None
) -> list[list[Finding]]:
    """Findings of each text in order of start, not overlapping, in code points of the text as given.

    Equal texts are read once. `on_progress` gets the number of distinct texts read so far.
    """
    distinct = list(dict.fromkeys(texts))
    found: dict[str, list[Finding]] = {}
    rest = iter(distinct)
    while batch := list(islice(rest, _BATCH)):
        found.update(zip(batch, _analyse(batch, mode), strict=True))
        if on_progress:
            on_progress(len(found))
    return [found[text] for text in texts]


def _analyse(batch: list[str], mode: Mode) -> list[list[Finding]]:
    engine = _analyzer(mode)
    entities = sorted({grammar.entity for grammar in grammars()} | {"PERSON"})
    findings = []
    for text, artifacts in engine.nlp_engine.process_batch(batch, _LANGUAGE):
        results = engine.analyze(text, _LANGUAGE, entities=entities, nlp_artifacts=artifacts)
        findings.append(
            sorted((Finding(r.entity_type, r.start, r.end, round(r.score, 4)) for r in results), key=lambda f: f.start)
        )
    return findings


@cache
def _analyzer(mode: Mode) -> AnalyzerEngine:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer

    from anonymizer.classify.nlp_engine import NameEngine
    from anonymizer.recognizers.presidio import TextRecognizer

    class NoEnhancer(ContextAwareEnhancer):
        """Returns the results as they are."""

        def __init__(self) -> None:
            super().__init__(0, 0, 0, 0)

        def enhance_using_context(self, text, raw_results, nlp_artifacts, recognizers, context=None):  # type: ignore[no-untyped-def]  # Presidio's signature
            return raw_results

    class OneRecognizer(RecognizerRegistry):
        """A registry that is asked once a text and need not search."""

        def get_recognizers(self, language, entities=None, all_fields=False, ad_hoc_recognizers=None):  # type: ignore[no-untyped-def]  # Presidio's signature
            return self.recognizers

    registry = OneRecognizer(recognizers=[TextRecognizer(mode, _LANGUAGE)], supported_languages=[_LANGUAGE])
    return AnalyzerEngine(
        registry=registry,
        nlp_engine=NameEngine(mode),
        supported_languages=[_LANGUAGE],
        context_aware_enhancer=NoEnhancer(),
    )
