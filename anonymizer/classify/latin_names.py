"""Names in Latin letters by a gazetteer and by what stands beside them.

A tagger trained on news misses names of other languages, single given names, and names without a sentence around them.
The gazetteer (`data/latin_names.tsv`, made by `scripts/build_latin_names.py`) knows given names, family names and
ordinary words of many countries; what it does not know may still be a name where a title, a form's label, a verb of
saying or a word of kinship stands beside it. Evidence that is weak alone gets a score that only leak-first reports.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from anonymizer.classify.latin_cues import (
    ADDRESS_AFTER,
    ADDRESS_BEFORE,
    AFTER,
    AFTER_NAME,
    BEFORE,
    MAYBE_PLACE_BEFORE,
    NO_PERSON,
    PARTICLES,
    PLACE_BEFORE,
    STRONG_BEFORE,
    SUFFIX,
    TITLE,
    TITLE_BEFORE,
    UNITS,
)
from anonymizer.recognizers.grammar import Match

Stretch = tuple[int, int]
"""Start and end in code points."""

LETTER: Final = "A-Za-zÀ-ÖØ-öø-ž"
SURE: Final = 0.8
"""A title, a label, or a known given name with another name."""
LIKELY: Final = 0.6
TAGGED: Final = 0.75
"""A tagger's word, and nothing against it."""
WEAK: Final = 0.45
"""Reported by leak-first alone."""

_SPECIAL: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "þ": "th", "ð": "d", "ı": "i", "’": "'"}
)
_TOKEN: Final = re.compile(rf"[{LETTER}](?:[{LETTER}'’\u0300-\u036f]|-(?=[{LETTER}]))*")
_CONTRACTED: Final = re.compile(r"['’](?:m|re|ve|ll|d|t)$", re.IGNORECASE)
_GENITIVE: Final = re.compile(r"['’]s?$")
_GAP: Final = re.compile(r"\.? {1,2}|\.-")


@dataclass(frozen=True)
class Gazetteer:
    """Plain spellings (`plain`) of names and of ordinary words."""

    given: frozenset[str]
    family: frozenset[str]
    word: frozenset[str]


@cache
def gazetteer() -> Gazetteer:
    """The one of this process; about 20 ms to read."""
    text = (files("anonymizer.classify") / "data" / "latin_names.tsv").read_text(encoding="utf-8")
    rows = dict(line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return Gazetteer(**{kind: frozenset(words.split()) for kind, words in rows.items()})


def plain(word: str) -> str:
    """Small letters without marks."""
    word = word.lower()
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFKD", word.translate(_SPECIAL))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def true_case(text: str) -> str:
    """A text without a single capital as it would be written with care: words that are no ordinary ones begin with a
    capital. Texts with capitals are left alone; lengths never change."""
    if text.lower() != text:
        return text
    words = gazetteer().word

    def raised(found: re.Match[str]) -> str:
        word = found.group()
        head = word[0].upper()
        if len(head) != 1:
            return word
        if len(word) == 1:
            initial = word not in "ai" and text[found.start() - 1 : found.start()] == " "
            return head if initial else word
        base = plain(word).removesuffix("'s").split("-")
        ordinary = len(word) < 3 or all(part in words or part.rstrip("s") in words for part in base)
        return word if ordinary else head + word[1:]

    return _TOKEN.sub(raised, text)


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    text: str
    given: bool
    family: bool
    word: bool

    @property
    def plain_word(self) -> bool:
        """An ordinary word that is nobody's name."""
        return self.word and not (self.given or self.family)


def name_runs(text: str) -> Iterator[list[_Token]]:
    """Stretches of capitalised words, initials and particles that one name may be."""
    run: list[_Token] = []
    for found in _TOKEN.finditer(text):
        if _CONTRACTED.search(found.group()):
            yield from _trimmed(run)
            run = []
            continue
        token, base = _token(found)
        if run and (not _joined(text, run[-1], token) or base in UNITS):
            yield from _trimmed(run)
            run = []
        if found.group()[0].isupper() or (run and base in PARTICLES):
            run.append(token)
        if run and (run[-1] is not token or token.end < found.end()):  # a small word, or a genitive, ends it
            yield from _trimmed(run)
            run = []
    yield from _trimmed(run)


def _token(found: re.Match[str]) -> tuple[_Token, str]:
    known = gazetteer()
    bare = _GENITIVE.sub("", found.group())
    base = plain(bare)
    parts = base.split("-")
    token = _Token(
        start=found.start(),
        end=found.start() + len(bare),
        text=bare,
        given=any(part in known.given for part in parts),
        family=any(part in known.family for part in parts),
        word=all(part in known.word for part in parts),
    )
    return token, base


def _joined(text: str, last: _Token, token: _Token) -> bool:
    """Whether only a space stands between two words, or a full stop after an initial."""
    gap = text[last.end : token.start]
    return bool(_GAP.fullmatch(gap)) and not (gap[0] == "." and len(last.text) > 2)


def _trimmed(run: list[_Token]) -> Iterator[list[_Token]]:
    """The run without particles at its end, if anything is left."""
    while run and (plain(run[-1].text) in PARTICLES and run[-1].text.islower()):
        run = run[:-1]
    if run:
        yield run


def find_names(text: str, tagged: Sequence[Stretch] = (), places: Sequence[Stretch] = ()) -> list[Match]:
    """Names in `text` with their scores, not overlapping; `tagged` and `places` are what a tagger takes for persons and
    for places."""
    marks = bytearray(len(text))
    for start, end in places:
        marks[start:end] = b"\x02" * (end - start)
    for start, end in tagged:
        marks[start:end] = b"\x01" * (end - start)
    runs = list(name_runs(text))
    found: list[Match] = []
    open_runs: list[list[_Token]] = []
    for run in runs:
        names = list(_judge(text, run, marks))
        found.extend(names)
        if not names:
            open_runs.append(run)
        marks[run[0].start : run[-1].end] = bytes(run[-1].end - run[0].start)
    found.extend(_listed(text, open_runs, found))
    # What a tagger found beside all runs: names in small letters.
    for start, end in tagged:
        word = text[start:end].strip()
        if any(marks[start:end]) and not re.search(r"[\d\n\u3400-\u9fff]", word) and not _ordinary(word):
            found.append(Match("PERSON", start, end, TAGGED))
    return _recurring(text, found)


def _ordinary(words: str) -> bool:
    return all(plain(word) in gazetteer().word for word in re.split(r"[^\w'’]+", words) if word)


def _judge(text: str, run: list[_Token], marks: bytearray) -> Iterator[Match]:
    # What opens a sentence or greets is capitalised and no name: Hello John, Since Maria left.
    first = 0
    while first < len(run) - 1 and (run[first].plain_word or re.fullmatch(TITLE, run[first].text)):
        first += 1
    body = run[first:]
    letters = [t for t in body if len(t.text) > 1]
    if not letters or any(plain(t.text) in NO_PERSON for t in run):
        return
    start, end = body[0].start, body[-1].end
    before, after = text[max(0, start - 40) : start].rpartition("\n")[2], text[end : end + 40].partition("\n")[0]
    initial = len(body) > 2 and any(len(t.text) == 1 for t in body[1:-1])
    score = _weigh(
        letters, before, after, any(m == 1 for m in marks[start:end]), any(m == 2 for m in marks[start:end]), initial
    )
    if score:
        title = TITLE_BEFORE.search(before)
        suffix = SUFFIX.match(text, end)
        yield Match("PERSON", start - (len(title.group()) if title else 0), suffix.end() if suffix else end, score)


def _weigh(letters: Sequence[_Token], before: str, after: str, tagged: bool, place: bool, initial: bool) -> float:
    """How surely a run is a name, from its words and what stands around it; 0 for none."""
    named = any(t.given or t.family for t in letters)
    ordinary = all(t.word for t in letters)
    if ordinary and not named:
        return 0.0
    if STRONG_BEFORE.search(before):
        return SURE
    if letters[-1].plain_word or ADDRESS_BEFORE.search(before) or ADDRESS_AFTER.match(after):
        return 0.0
    shouted = all(t.text.isupper() for t in letters)
    if tagged and not ordinary and not (shouted and not named):
        return TAGGED
    given = any(t.given and not t.word for t in letters)
    near = bool(BEFORE.search(before) or AFTER.match(after))
    placed = PLACE_BEFORE.search(before) is not None or (place and MAYBE_PLACE_BEFORE.search(before) is not None)
    if len(letters) >= 2:
        if (given or initial) and not any(t.plain_word for t in letters) and not placed:
            return LIKELY
        alone = not before.strip(" \t>*#?-") and not after.strip() and not place and not shouted
        unusual = not any(t.word for t in letters) or (named and not ordinary)
        return WEAK if given or (unusual and (named or near or alone)) or (near and named) else 0.0
    only = letters[0]
    if shouted or (placed and not AFTER.match(after)):
        return 0.0
    known = (only.given or only.family) and not only.word
    if (
        (only.given and not only.word)
        or (known and (near or AFTER_NAME.match(after)))
        or (not ordinary and AFTER.match(after))
    ):
        return WEAK
    return WEAK if named and not place and BEFORE.search(before) and AFTER.match(after) else 0.0


_LIST_GAP: Final = re.compile(r",? (?:and|or|&) |, ")


def _listed(text: str, runs: Sequence[list[_Token]], found: Sequence[Match]) -> Iterator[Match]:
    """Single words that no dictionary knows or that may be names, joined by commas or `and` to a name."""
    names = [(m.start, m.end) for m in found]
    rest = [
        run
        for run in runs
        if len(run) <= 3 and not any(t.plain_word or plain(t.text) in NO_PERSON or t.text.isupper() for t in run)
    ]
    rest = [run for run in rest if not PLACE_BEFORE.search(text[max(0, run[0].start - 20) : run[0].start])]
    grew = True
    while grew:
        grew = False
        for run in list(rest):
            start, end = run[0].start, run[-1].end
            beside = any(_LIST_GAP.fullmatch(text, b, start) for _, b in names if 0 < start - b < 8) or any(
                _LIST_GAP.fullmatch(text, end, a) for a, _ in names if 0 < a - end < 8
            )
            if beside:
                names.append((start, end))
                rest.remove(run)
                yield Match("PERSON", start, end, WEAK)
                grew = True


def _recurring(text: str, found: list[Match]) -> list[Match]:
    """Parts of a full name where they stand alone in the same text: `Maria Smith … Smith said`."""
    taken = bytearray(len(text))
    for match in found:
        taken[match.start : match.end] = b"\x01" * (match.end - match.start)
    parts = {
        word.group()
        for match in found
        for word in _TOKEN.finditer(text, match.start, match.end)
        if len(word.group()) >= 3
        and word.group()[0].isupper()
        and " " in text[match.start : match.end].strip()
        and not re.fullmatch(TITLE, word.group())
    }
    again = [
        Match("PERSON", place.start(), place.end(), WEAK)
        for part in sorted(parts)
        for place in re.finditer(rf"(?<![{LETTER}]){re.escape(part)}(?![{LETTER}])", text)
        if not any(taken[place.start() : place.end()])
        and not ADDRESS_AFTER.match(text, place.end())
        and not ADDRESS_BEFORE.search(text[max(0, place.start() - 10) : place.start()])
    ]
    return found + again
