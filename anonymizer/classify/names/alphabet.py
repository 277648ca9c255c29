"""How a text becomes the numbers that the network reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Span = tuple[int, int]

PADDING: Final = 0
UNKNOWN: Final = 1
_FIRST: Final = 2
_CODE: Final = re.compile(r"[0-9A-Za-z]*[0-9][0-9A-Za-z]*")
_PLANE: Final = 0x10000
"""Characters beyond the basic plane are unknown to the network."""


class Alphabet:
    """Characters and their numbers. A line is a character followed by those read as the same (traditional forms,
    capitals, full-width signs)."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._ids = np.full(_PLANE, UNKNOWN, dtype=np.int64)
        self.size = _FIRST
        for number, line in enumerate(lines, start=_FIRST):
            for character in line:
                if ord(character) < _PLANE:
                    self._ids[ord(character)] = number
            self.size = number + 1

    def encode(self, text: str, known: Sequence[Span] = ()) -> tuple[Integers, Integers]:
        """Numbers of the characters, and for each character of `text` the index of its number.

        A run of letters and digits that holds a digit (a number, a plate, a code) becomes its first two characters:
        fewer steps for the network, and no name is spelt so. Of a `known` stretch, whose meaning is settled (an
        address, a mail address), the network sees both ends.
        """
        codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        ids = self._ids[np.minimum(codes, _PLANE - 1)]
        keep = np.ones(len(codes), dtype=bool)
        for run in _CODE.finditer(text):
            keep[run.start() + 2 : run.end()] = False
        for start, end in known:
            keep[max(0, start + 2) : max(start + 2, end - 2)] = False
        if keep.all():
            return ids, np.arange(len(codes))
        return ids[keep], np.maximum(np.cumsum(keep) - 1, 0)
