"""Generated texts with the class of each character, from `templates.txt` and the invented names of `lexicon`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from name_model import lexicon

OTHER, PERSON_BEGINS, PERSON, PLACE, ORGANISATION, UNJUDGED = range(6)
"""What a character is; what is `UNJUDGED` (a title) teaches nothing."""

_CHOICE: Final = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]{1,2}\])*\|(?:[^\[\]]|\[[^\[\]]{1,2}\])*)\]")
_SLOT: Final = re.compile(r"\{([A-Z])\}")
_WEIGHTS: Final = {"hotline": 30, "form": 10, "court": 9, "news": 14, "film": 8, "microblog": 12, "negative": 17}


class Sample(NamedTuple):
    """A text and the class of each of its characters."""

    text: str
    classes: list[int]


def load_templates(path: Path) -> dict[str, list[str]]:
    """Templates by kind of text."""
    kinds: dict[str, list[str]] = {}
    kind = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            kind = line[3:].strip()
            kinds[kind] = []
        elif line and not line.startswith("#"):
            kinds[kind].append(line)
    return kinds


class Writer:
    """Writes texts at random, always the same for the same seed."""

    def __init__(self, templates: dict[str, list[str]], characters: str, seed: int) -> None:
        self.templates = templates
        self.characters = characters
        self.rng = Random(seed)
        self._kinds = list(templates)
        self._weights = [_WEIGHTS[kind] for kind in self._kinds]

    def text(self, kind: str | None = None) -> Sample:
        """One text, sometimes two after another, as tickets are."""
        kind = kind or self.rng.choices(self._kinds, self._weights)[0]
        first = self._fill(self.rng.choice(self.templates[kind]))
        if kind in ("hotline", "negative", "microblog") and self.rng.random() < 0.35:
            second = self._fill(self.rng.choice(self.templates[self.rng.choice([kind, "hotline", "negative"])]))
            first = Sample(first.text + second.text, first.classes + second.classes)
        return self._untidy(first)

    def name(self) -> str:
        """A name to put where another one stood."""
        return lexicon.person(self.rng, self.characters)

    def _fill(self, template: str) -> Sample:
        while (choice := _CHOICE.search(template)) is not None:
            parts = re.split(r"\|(?![^\[]*\])", choice.group(1))
            template = template[: choice.start()] + self.rng.choice(parts) + template[choice.end() :]
        text, classes, place = "", [], 0
        for slot in _SLOT.finditer(template):
            text += template[place : slot.start()]
            classes += [OTHER] * (slot.start() - place)
            value, marks = self._value(slot.group(1))
            text += value
            classes += marks
            place = slot.end()
        return Sample(text + template[place:], classes + [OTHER] * (len(template) - place))

    def _value(self, slot: str) -> tuple[str, list[int]]:
        rng = self.rng
        if slot in "PKMF":
            name = {
                "P": lambda: lexicon.person(rng, self.characters),
                "K": lambda: lexicon.nickname(rng),
                "M": lambda: lexicon.minority_name(rng),
                "F": lambda: (
                    lexicon.foreign_name(rng) if rng.random() < 0.85 else lexicon.han_name(rng, self.characters)
                ),
            }[slot]()
            return name, _person(name)
        if slot == "T":
            family, title = lexicon.family(rng), lexicon.title(rng)
            return family + title, [PERSON_BEGINS] + [UNJUDGED] * len(title)
        if slot == "L":
            name = lexicon.place(rng)
            return name, [PLACE] * len(name)
        if slot == "O":
            name = lexicon.organisation(rng)
            return name, [ORGANISATION] * len(name)
        if slot == "A":
            name = lexicon.address(rng)
            return name, [OTHER if c in "号栋座室房" or c.isdigit() else PLACE for c in name]
        value = self._number(slot)
        return value, [OTHER] * len(value)

    def _number(self, slot: str) -> str:
        rng = self.rng
        if slot == "N":
            number = f"1{rng.randrange(3, 10)}{rng.randrange(10**9):09d}"
            return rng.choice([number, number, f"{number[:3]} {number[3:7]} {number[7:]}", f"0755-{number[1:9]}"])
        if slot == "I":
            division = rng.randrange(110101, 659001)
            born = f"{rng.randrange(1940, 2018)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
            return f"{division}{born}{rng.randrange(1000):03d}X"
        if slot == "D":
            year, month, day = rng.randrange(1950, 2027), rng.randrange(1, 13), rng.randrange(1, 29)
            return rng.choice(
                [
                    f"{year}年{month}月{day}日",
                    f"{month}月{day}日",
                    f"{year}-{month:02d}-{day:02d}",
                    "昨日",
                    "今年",
                    "近日",
                ]
            )
        if slot == "C":
            return f"{rng.choice('粤京沪湘鄂桂')}{rng.choice('ABCDE')}{rng.choice(['', '·'])}{rng.randrange(10**5):05d}"
        return str(rng.randrange(1, rng.choice([10, 100, 10**4, 10**8])))

    def _untidy(self, sample: Sample) -> Sample:
        """Texts as people type them: half-width or no punctuation, stray spaces, no full stop."""
        draw = self.rng.random()
        if draw < 0.15:
            text = sample.text.translate(str.maketrans("，。：；（）", ",.:;()"))
            return Sample(text, sample.classes)
        if draw < 0.25:
            kept = [(c, k) for c, k in zip(sample.text, sample.classes, strict=True) if c not in "，。"]
            return Sample("".join(c for c, _ in kept), [k for _, k in kept])
        if draw < 0.32:
            text = sample.text.replace("，", " ").replace("。", " ")
            return Sample(text, sample.classes)
        return Sample(sample.text.rstrip("。"), sample.classes[: len(sample.text.rstrip("。"))])


def _person(name: str) -> list[int]:
    return [PERSON_BEGINS] + [PERSON] * (len(name) - 1)


def with_names_replaced(
    writer: Writer, text: str, spans: Sequence[tuple[int, int]]
) -> tuple[str, list[tuple[int, int]]]:
    """The text with invented names where the given ones stood, and where these stand now."""
    out, places, last = "", [], 0
    for start, end in spans:
        out += text[last:start]
        name = writer.name()
        places.append((len(out), len(out) + len(name)))
        out += name
        last = end
    return out + text[last:], places
