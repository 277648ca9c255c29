"""Text to terms. Han text has no spaces: pairs of characters find every substring, dictionary words rank."""

import re
import unicodedata
from functools import cache
from typing import Protocol

_RUNS = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ebe0]+|[a-z0-9]+(?:[._-][a-z0-9]+)*")


class _Segmenter(Protocol):
    def cut_for_search(self, text: str, hmm: bool) -> list[str]: ...


@cache
def _segmenter() -> _Segmenter:
    import rjieba  # loads its dictionary on first use

    segmenter: _Segmenter = rjieba
    return segmenter


def runs(text: str) -> list[str]:
    """Runs of Han characters and of Latin letters and digits, in full-width-free lower case."""
    return _RUNS.findall(unicodedata.normalize("NFKC", text).lower())


def is_han(run: str) -> bool:
    """Whether a run is of Han characters."""
    return not run[0].isascii()


def pairs(run: str) -> list[str]:
    """Overlapping pairs of a Han run; a single character is itself."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def index_terms(text: str) -> str:
    """What a text is indexed as: terms separated by spaces."""
    terms: list[str] = []
    for run in runs(text):
        if is_han(run):
            words = [word for word in _segmenter().cut_for_search(run, True) if len(word) > 2]
            terms += [*pairs(run), *words, *run]
        else:
            terms += [run, *re.split(r"[._-]", run)]
    return " ".join(terms)


def match_expression(query: str) -> str:
    """The FTS5 query for what a person typed: all of it has to be there. '' when nothing can be searched."""
    parts: list[str] = []
    for run in runs(query):
        if is_han(run):
            parts += [f'"{pair}"' for pair in pairs(run)]
        else:
            parts += [f'"{piece}"*' for piece in re.split(r"[._-]", run) if piece]
    return " AND ".join(parts)
