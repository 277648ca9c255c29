"""Recognisers of personal data: one entity type a file.

`generic/` holds what every country shares, `china/` what only China has. `grammars()` lists them all, without Presidio;
`anonymizer.recognizers.presidio` offers them to Presidio.
"""

from __future__ import annotations

from functools import cache

from anonymizer.recognizers.grammar import THRESHOLDS, Grammar, Match, resolve
from anonymizer.recognizers.width import fold

__all__ = ["THRESHOLDS", "Grammar", "Match", "find_all", "fold", "grammars", "resolve"]


@cache
def grammars() -> tuple[Grammar, ...]:
    """One instance of every grammar."""
    from anonymizer.recognizers import china, generic

    return tuple(kind() for kind in (*china.GRAMMARS, *generic.GRAMMARS))


def find_all(folded: str) -> list[Match]:
    """The candidates of all grammars in folded text, overlapping and of any score."""
    return [
        match
        for grammar in grammars()
        if not grammar.requires or any(sign in folded for sign in grammar.requires)
        for match in grammar.find(folded)
    ]
