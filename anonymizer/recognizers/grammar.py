"""What a recogniser is before Presidio sees it: an entity type, a pattern, a checksum and context words.

A grammar is plain Python without Presidio (whose import takes seconds), so that the column classifier, which never
reads free text, starts at once. `anonymizer.recognizers.presidio` wraps grammars as Presidio recognisers.

Conventions that hold for every grammar:

- It reads *folded* text (`anonymizer.recognizers.width.fold`): full-width digits and Latin letters made half-width,
  one code point for one, so offsets are those of the raw text.
- `pattern` is written in the common subset of Python's `re` and Rust's `regex` (no look-around), because the column
  classifier runs it anchored inside Polars. Boundaries are added here for running text, as ASCII look-arounds: `\\b`
  is no boundary beside a Han character.
- No match goes across a line end, so that many texts can be read as the lines of one.
- A checksum raises the score. It never vetoes alone, for people mistype the numbers they give, and a mistyped identity
  number still tells who they are.
- Scores: 0.3 a shape that many other things share, 0.5 a shape that is mostly this, 0.85 shape and context, 0.95 and
  more shape and checksum. `THRESHOLDS` says from which score on a mode reports.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar, Final, NamedTuple

THRESHOLDS: Final[dict[str, float]] = {"leak-first": 0.4, "balanced": 0.5}
"""The lowest score reported, by mode."""

_CONTEXT_BEFORE: Final = 14
_CONTEXT_AFTER: Final = 6


class Match(NamedTuple):
    """One stretch of a text: half-open code-point offsets and a score from 0 to 1."""

    type: str
    start: int
    end: int
    score: float


class Grammar(ABC):
    """Finds one entity type in folded text."""

    entity: ClassVar[str]
    """Presidio's spelling where it has one, `CN_…` and the like elsewhere."""
    context: ClassVar[tuple[str, ...]] = ()
    """Words which, close by, make the type likely. Lower case."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Without any of these in it a text holds no such thing: spares running the pattern. Empty: always run it."""

    @abstractmethod
    def find(self, text: str) -> Iterator[Match]:
        """All candidates in `text` (folded), low scores included."""

    def in_context(self, text: str, start: int, end: int) -> bool:
        """Whether a context word stands shortly before or right after the span, in the same line."""
        before = text[max(0, start - _CONTEXT_BEFORE) : start].rpartition("\n")[2].lower()
        after = text[end : end + _CONTEXT_AFTER].partition("\n")[0].lower()
        return any(word in before or word in after for word in self.context)


class PatternGrammar(Grammar):
    """A grammar that is one pattern, with an optional checksum and optional context."""

    pattern: ClassVar[str]
    not_after: ClassVar[str] = r"[0-9A-Za-z]"
    not_before: ClassVar[str] = r"[0-9A-Za-z]"
    score: ClassVar[float]
    """Shape alone."""
    checked_score: ClassVar[float] = 0.99
    """Shape and checksum."""
    context_score: ClassVar[float] = 0.85
    """Shape and context."""

    @cached_property
    def _search(self) -> re.Pattern[str]:
        return re.compile(f"(?<!{self.not_after})(?:{self.pattern})(?!{self.not_before})")

    @property
    def anchored(self) -> str:
        """The pattern for a whole cell, for Polars."""
        return f"^(?:{self.pattern})$"

    def check(self, value: str) -> bool | None:
        """Whether the checksum holds; None where the type has none."""
        return None

    def accept(self, value: str) -> bool:
        """A last look at the shape, for what a pattern cannot say (a public number, a year that is none)."""
        return True

    def find(self, text: str) -> Iterator[Match]:
        for found in self._search.finditer(text):
            value = found.group()
            if not self.accept(value):
                continue
            score = self.score
            if self.check(value):
                score = max(score, self.checked_score)
            if self.context and score < self.context_score and self.in_context(text, found.start(), found.end()):
                score = self.context_score
            if score > 0:
                yield Match(self.entity, found.start(), found.end(), score)


class LabelledGrammar(Grammar):
    """A value without a shape of its own that is known by the label before it (`微信号：…`)."""

    labels: ClassVar[str]
    """Pattern of the label."""
    value: ClassVar[str]
    """Pattern of the value."""
    score: ClassVar[float] = 0.85

    @cached_property
    def _search(self) -> re.Pattern[str]:
        return re.compile(
            rf"(?:{self.labels})[ \t]*(?:(?:号码|号|帐号|账号|编号|id|是|为)[ \t]*){{0,2}}[:=]?[ \t]*"
            rf"(?P<value>{self.value})(?![0-9A-Za-z_])",
            re.IGNORECASE,
        )

    def find(self, text: str) -> Iterator[Match]:
        for found in self._search.finditer(text):
            yield Match(self.entity, found.start("value"), found.end("value"), self.score)


def digits_of(value: str) -> str:
    """The ASCII digits of a value, in order."""
    return "".join(c for c in value if "0" <= c <= "9")


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: the mod-10 check of card numbers."""
    total = 0
    for place, c in enumerate(reversed(digits)):
        n = ord(c) - 48
        if place % 2:
            n = n * 2 - 9 if n > 4 else n * 2
        total += n
    return bool(digits) and total % 10 == 0


def resolve(matches: Sequence[Match], threshold: float) -> list[Match]:
    """Non-overlapping findings in order of start, from candidates that overlap.

    The stronger candidate wins (score, then length). What the weaker one covers beyond it is kept as a finding of its
    own, so that nothing that was found is left readable; a single character left over is nothing.
    """
    if len(matches) == 1:
        return [match for match in matches if match.score >= threshold]
    taken = bytearray(max((match.end for match in matches), default=0))
    chosen: list[Match] = []
    for match in sorted(matches, key=lambda m: (-m.score, m.start - m.end, m.start)):
        if match.score < threshold:
            break
        least = min(2, match.end - match.start)
        start = taken.find(0, match.start, match.end)
        while start >= 0:
            end = taken.find(1, start, match.end)
            end = match.end if end < 0 else end
            if end - start >= least:
                chosen.append(Match(match.type, start, end, match.score))
                taken[start:end] = b"\x01" * (end - start)
            start = taken.find(0, end, match.end)
    return sorted(chosen, key=lambda m: m.start)
