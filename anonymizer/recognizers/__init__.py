"""Recognisers of personal data: one entity type a file.

`generic/` holds what every country shares, `china/` what only China has. `grammars()` lists them all, without Presidio;
`anonymizer.recognizers.presidio` offers them to Presidio.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

from anonymizer.recognizers.grammar import THRESHOLDS, Grammar, Match, resolve
from anonymizer.recognizers.width import fold

__all__ = ["THRESHOLDS", "Grammar", "Match", "find_all", "find_in_batch", "fold", "grammars", "resolve"]


@cache
def grammars() -> tuple[Grammar, ...]:
    """One instance of every grammar."""
    from anonymizer.recognizers import china, generic

    return tuple(kind() for kind in (*china.GRAMMARS, *generic.GRAMMARS))


def find_all(folded: str) -> list[Match]:
    """The candidates of all grammars in folded text, overlapping and of any score."""
    return find_in_batch([folded])[0]


def find_in_batch(folded: Sequence[str]) -> list[list[Match]]:
    """The candidates in each of many folded texts.

    The texts are joined by line ends, which no grammar reads across, and each grammar goes once over the whole: most
    grammars find nothing in most texts, and asking text by text would be the greater part of the work.
    """
    joined = "\n".join(folded)
    starts = list(accumulate((len(text) + 1 for text in folded[:-1]), initial=0))
    found: list[list[Match]] = [[] for _ in folded]
    for grammar in grammars():
        if grammar.requires and not any(sign in joined for sign in grammar.requires):
            continue
        for match in grammar.find(joined):
            number = bisect_right(starts, match.start) - 1
            start = starts[number]
            found[number].append(Match(match.type, match.start - start, match.end - start, match.score))
    return found
