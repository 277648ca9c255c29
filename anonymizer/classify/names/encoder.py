"""The tagging network: for each character the probability of being part of a person's, a place's or an organisation's
name.

The model is ours (`model/MODEL_CARD.md`), fine-tuned from Baidu's LAC. Texts of like length share one call, and calls
are spread over the cores.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from anonymizer.classify.names.alphabet import PADDING, Alphabet, Integers, Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # ships no types

_BATCH_CHARACTERS: Final = 3000
_LONGEST: Final = 400
"""Longer texts are read in windows that overlap by `_OVERLAP` characters."""
_OVERLAP: Final = 40

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
        jobs: list[_Job] = []
        for number, text in enumerate(texts):
            spans = known[number] if known else ()
            for start in range(0, max(1, len(text) - _OVERLAP), _LONGEST - _OVERLAP):
                part = text[start : start + _LONGEST]
                ids, origin = self._alphabet.encode(part, [(a - start, b - start) for a, b in spans if b > start])
                jobs.append((number, start, ids, origin))
        jobs.sort(key=lambda job: len(job[2]))
        filled = [np.zeros((4, len(text)), dtype=np.float32) for text in texts]
        workers = _cores()
        batches = _batches(jobs)
        if workers == 1:
            done: Iterator[tuple[list[_Job], Floats]] = map(self._run, batches)
            _spread(done, filled)
        else:
            with ThreadPoolExecutor(max_workers=workers) as pool:
                _spread(pool.map(self._run, batches), filled)
        return [Masses(*rows) for rows in filled]

    def _run(self, batch: list[_Job]) -> tuple[list[_Job], Floats]:
        longest = max(1, len(batch[-1][2]))
        ids = np.full((longest, len(batch)), PADDING, dtype=np.int64)
        for column, job in enumerate(batch):
            ids[: len(job[2]), column] = job[2]
        masses: Floats = self._session.run(None, {"ids": ids})[0]
        return batch, masses


_Job = tuple[int, int, Integers, Integers]
"""Number of the text, first character, numbers of the characters, and which of them each character became."""


def _spread(done: Iterator[tuple[list[_Job], Floats]], filled: list[Floats]) -> None:
    """Bring the masses back to the characters; where windows overlap the larger counts."""
    for batch, masses in done:
        for column, (number, start, _, origin) in enumerate(batch):
            target = filled[number][:, start : start + len(origin)]
            np.maximum(target, masses[origin, column].T, out=target)


def _batches(jobs: list[_Job]) -> Iterator[list[_Job]]:
    """Neighbours in length, shortest first, up to `_BATCH_CHARACTERS` characters with padding."""
    batch: list[_Job] = []
    for job in jobs:
        if batch and (len(batch) + 1) * len(job[2]) > _BATCH_CHARACTERS:
            yield batch
            batch = []
        batch.append(job)
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
