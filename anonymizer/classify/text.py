"""Personal data in free text, read through Presidio.

Batches of texts go through our NLP engine, which runs the grammars and tags names over all of them at once; then the
one recogniser reads each text with those artifacts. Presidio's analyzer engine, which for each text gathers
recognisers, traces decisions and compares all results with each other, gives the same findings with the same parts
(`NameEngine`, `TextRecognizer`) and is left to those who combine them with other recognisers.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from anonymizer.classify.corrections import corrected
from anonymizer.results import Finding, Mode

if TYPE_CHECKING:
    from anonymizer.classify.nlp_engine import NameEngine
    from anonymizer.recognizers.presidio import TextRecognizer

_BATCH: Final = 2048
_REMEMBERED: Final = 500_000
"""Findings that a process keeps in mind (about 100 bytes each); a text without any counts as one."""
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


class Memory:
    """What was found in texts read lately. A table is scanned, its policy tried out and applied: the same texts come
    again, and reading one costs a thousand times more than looking it up.

    Texts are known by a hash under a key that only this process has, so none is held.
    """

    def __init__(self, capacity: int = _REMEMBERED) -> None:
        self._capacity = capacity
        self._key = os.urandom(32)
        self._found: OrderedDict[tuple[bytes, Mode], tuple[Finding, ...]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find_in_texts(
        self, texts: Sequence[str], mode: Mode = "leak-first", on_progress: Callable[[int], None] | None = None
    ) -> list[list[Finding]]:
        """As the function of that name, reading only what is not remembered; corrections in force are applied."""
        names = {text: (self._name(text), mode) for text in dict.fromkeys(texts)}
        with self._lock:
            found = {name: self._found[name] for name in names.values() if name in self._found}
            for name in found:
                self._found.move_to_end(name)
        unread = [text for text, name in names.items() if name not in found]
        known = len(found)
        tell = (lambda done: on_progress(known + done)) if on_progress else None
        read = find_in_texts(unread, mode, tell)
        fresh = {names[text]: tuple(findings) for text, findings in zip(unread, read, strict=True)}
        self._keep(fresh)
        found |= fresh
        return corrected(texts, [list(found[names[text]]) for text in texts])

    def _name(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()

    def _keep(self, fresh: dict[tuple[bytes, Mode], tuple[Finding, ...]]) -> None:
        with self._lock:
            for name, findings in fresh.items():
                if name not in self._found:
                    self._found[name] = findings
                    self._size += len(findings) or 1
            while self._size > self._capacity:
                _, forgotten = self._found.popitem(last=False)
                self._size -= len(forgotten) or 1


memory: Final = Memory()
"""The one of this process."""


def _read(batch: list[str], mode: Mode) -> list[list[Finding]]:
    """Read texts in pieces of bounded length, put the findings together, find names again where they recur."""
    pieces = [(number, start, text[start:end]) for number, text in enumerate(batch) for start, end in _cut(text)]
    found: list[list[Finding]] = [[] for _ in batch]
    for (number, start, _), findings in zip(pieces, _analyse([piece for _, _, piece in pieces], mode), strict=True):
        found[number].extend(Finding(f.type, f.start + start, f.end + start, f.score) for f in findings)
    return [_with_recurrences(text, findings) for text, findings in zip(batch, found, strict=True)]


def _cut(text: str) -> list[tuple[int, int]]:
    """Pieces that end after a sentence, else after any sign, else anywhere."""
    cuts = [0]
    while len(text) - cuts[-1] > _PIECE:
        low, high = cuts[-1] + _PIECE // 2, cuts[-1] + _PIECE
        ends = max(text.rfind(sign, low, high) for sign in "。！？!?\n")
        if ends < 0:
            ends = max(text.rfind(sign, low, high) for sign in "，；、,; ")
        cuts.append(ends + 1 if ends >= 0 else high)
    return list(pairwise([*cuts, len(text)]))


def _analyse(batch: list[str], mode: Mode) -> list[list[Finding]]:
    engine, recognizer = _parts(mode)
    return [
        [
            Finding(result.entity_type, result.start, result.end, round(result.score, 4))
            for result in recognizer.analyze(text, recognizer.supported_entities, artifacts)
        ]
        for text, artifacts in engine.process_batch(batch, _LANGUAGE)
    ]


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
def _parts(mode: Mode) -> tuple[NameEngine, TextRecognizer]:
    from anonymizer.classify.nlp_engine import NameEngine
    from anonymizer.recognizers.presidio import TextRecognizer

    return NameEngine(mode), TextRecognizer(mode, _LANGUAGE)
