"""The tagging network: for each character the probability of being part of a person's, a place's or an organisation's
name.

The model is ours (`model/MODEL_CARD.md`), fine-tuned from Baidu's LAC. It reads sentence by sentence, equal sentences
once: forms and tickets repeat themselves, the more so when their numbers are shortened and their names replaced.
Sentences of like length share one call, and calls are spread over the cores.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from anonymizer.classify.names.alphabet import PADDING, Alphabet, Integers, Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # ships no types

_BATCH_CHARACTERS: Final = 3000
_LONGEST: Final = 400
"""Longer sentences are read in windows that overlap by `_OVERLAP` characters."""
_OVERLAP: Final = 40
_SENTENCE_END: Final = re.compile(r"[。！？!?]+[”’』」）)]*")

Floats = npt.NDArray[np.float32]


class Masses(NamedTuple):
    """Per character of a text, arrays of its length."""

    person: Floats
    person_begins: Floats
    place: Floats
    organisation: Floats


class NameEncoder:
    """Loads the network once; `masses` may be called from several threads."""

    def __init__(self) -> None:
        folder = files("anonymizer.classify.names") / "model"
        self._alphabet = Alphabet(
            (folder / "characters.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
        )
        self._session = _session((folder / "names.onnx").read_bytes())

    def masses(self, texts: Sequence[str], known: Sequence[Sequence[Span]] | None = None) -> list[Masses]:
        """The masses of each text.

        `known` lists for each text the stretches whose meaning is settled (an address, a mail address); the network
        sees only their ends, which is quicker and does not hurt the names around them.
        """
        windows: dict[bytes, _Window] = {}
        for number, text in enumerate(texts):
            ids, origin = self._alphabet.encode(text, known[number] if known else ())
            for start, end in _cut(text, len(ids), origin):
                part = ids[start:end]
                window = windows.setdefault(part.tobytes(), _Window(part, []))
                first, after = np.searchsorted(origin, (start, end))
                window.places.append((number, int(first), origin[first:after] - start))
        filled = [np.zeros((4, len(text)), dtype=np.float32) for text in texts]
        batches = _batches(sorted(windows.values(), key=lambda window: len(window.ids)))
        workers = _cores()
        if workers == 1:
            _spread(map(self._run, batches), filled)
        else:
            with ThreadPoolExecutor(max_workers=workers) as pool:
                _spread(pool.map(self._run, batches), filled)
        return [Masses(*rows) for rows in filled]

    def _run(self, batch: list[_Window]) -> tuple[list[_Window], Floats]:
        longest = max(1, len(batch[-1].ids))
        ids = np.full((longest, len(batch)), PADDING, dtype=np.int64)
        for column, window in enumerate(batch):
            ids[: len(window.ids), column] = window.ids
        masses: Floats = self._session.run(None, {"ids": ids})[0]
        return batch, masses


class _Window(NamedTuple):
    """Numbers of the characters that the network reads at once, and where they stand: number of the text, its first
    character there, and for each from there on which of the numbers it became."""

    ids: Integers
    places: list[tuple[int, int, Integers]]


def _cut(text: str, size: int, origin: Integers) -> Iterator[Span]:
    """The sentences of a text in the numbers that it became; a long one in windows that overlap."""
    ends = [int(origin[found.end() - 1]) + 1 for found in _SENTENCE_END.finditer(text)]
    for start, end in pairwise((0, *ends, size)):
        for begin in range(start, max(start + 1, end - _OVERLAP), _LONGEST - _OVERLAP):
            if begin < end:
                yield begin, min(begin + _LONGEST, end)


def _spread(done: Iterable[tuple[list[_Window], Floats]], filled: list[Floats]) -> None:
    """Bring the masses back to the characters; where windows overlap the larger counts."""
    for batch, masses in done:
        for column, window in enumerate(batch):
            for number, start, origin in window.places:
                target = filled[number][:, start : start + len(origin)]
                np.maximum(target, masses[origin, column].T, out=target)


def _batches(windows: Iterable[_Window]) -> Iterator[list[_Window]]:
    """Neighbours in length, shortest first, up to `_BATCH_CHARACTERS` characters with padding."""
    batch: list[_Window] = []
    for window in windows:
        if batch and (len(batch) + 1) * len(window.ids) > _BATCH_CHARACTERS:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _cores() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _session(model: bytes) -> InferenceSession:
    """One thread a call: the recurrence has nothing to share out, so batches run side by side instead."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@cache
def encoder() -> NameEncoder:
    """The one encoder of this process."""
    return NameEncoder()
