"""Personal data in free text, read through Presidio.

Batches of texts go through our NLP engine, which tags all their names at once; then Presidio's analyzer runs the one
recogniser over each text with those artifacts. Presidio's default context enhancer is replaced by one that does
nothing, for the grammars weigh context themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from anonymizer.recognizers import grammars
from anonymizer.results import Finding, Mode

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

_BATCH: Final = 512
_PIECE: Final = 1000
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
        found.update(zip(batch, _read(batch, mode), strict=True))
        if on_progress:
            on_progress(len(found))
    return [found[text] for text in texts]


def _read(batch: list[str], mode: Mode) -> list[list[Finding]]:
    """Read texts in pieces of bounded length, put the findings together, find names again where they recur."""
    pieces = [(number, start, text[start:end]) for number, text in enumerate(batch) for start, end in _cut(text)]
    found: list[list[Finding]] = [[] for _ in batch]
    for (number, start, _), findings in zip(pieces, _analyse([piece for _, _, piece in pieces], mode), strict=True):
        found[number].extend(Finding(f.type, f.start + start, f.end + start, f.score) for f in findings)
    return [_with_recurrences(text, findings) for text, findings in zip(batch, found, strict=True)]


def _cut(text: str) -> list[tuple[int, int]]:
    """Pieces that end after a sentence, else after any sign, else anywhere.

    Presidio compares each finding with each other one, which a long text must not pay for with its square.
    """
    cuts = [0]
    while len(text) - cuts[-1] > _PIECE:
        low, high = cuts[-1] + _PIECE // 2, cuts[-1] + _PIECE
        ends = max(text.rfind(sign, low, high) for sign in "。！？!?\n")
        if ends < 0:
            ends = max(text.rfind(sign, low, high) for sign in "，；、,; ")
        cuts.append(ends + 1 if ends >= 0 else high)
    return list(pairwise([*cuts, len(text)]))


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


def _with_recurrences(text: str, findings: list[Finding]) -> list[Finding]:
    """A name that was found is found wherever else it stands in the same text."""
    names = {text[f.start : f.end]: f for f in findings if f.type == "PERSON" and f.end - f.start >= 2}
    if all(text.count(name) == 1 for name in names):
        return findings
    taken = bytearray(len(text))
    for finding in findings:
        taken[finding.start : finding.end] = b"\x01" * (finding.end - finding.start)
    again: list[Finding] = []
    for name, first in names.items():
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if not any(taken[start:end]):
                again.append(Finding("PERSON", start, end, first.score))
                taken[start:end] = b"\x01" * len(name)
            start = text.find(name, end)
    return sorted(findings + again, key=lambda f: f.start)


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
