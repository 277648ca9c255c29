"""Make the gazetteer of names in Latin letters that `anonymizer.classify.latin_names` reads.

    uv run --isolated --no-project --with faker==40.63.0 --with names==0.3.0 python scripts/build_latin_names.py \
        --sentences VOICE_WEB/server/data/en

Names come from the packages Faker (MIT; given and family names of its locales) and names (MIT; the United States
Census of 1990, public domain), ordinary words from the English sentences of Common Voice (`mozilla/voice-web`, CC0):
a word that people write in small letters is one. Nothing of any labelled text goes in.
"""

from __future__ import annotations

import argparse
import importlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

_OUT: Final = Path(__file__).resolve().parents[1] / "anonymizer/classify/data/latin_names.tsv"
_LATIN: Final = re.compile(r"[A-Za-zÀ-ÖØ-öø-ž'’ -]+")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'’]*")
_CENSUS: Final = 0.0005
"""Percent of the population that bears a family name at least: 30,000 names, nine in ten people."""
_SPECIAL: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "þ": "th", "ð": "d", "ı": "i", "’": "'"}
)
_FREQUENT: Final = 100
"""A word is frequent from this many times in 350,000 on."""
_SKIP: Final = ("singleword", "Foreign")
"""Files that hold no English sentences."""


def plain(word: str) -> str:
    """Small letters without marks, as `anonymizer.classify.latin_names.plain` has them."""
    decomposed = unicodedata.normalize("NFKD", word.lower().translate(_SPECIAL))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def main() -> None:
    """Gather, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=Path, required=True, help="folder of plain English sentences, *.txt")
    sentences = sorted(p for p in parser.parse_args().sentences.glob("*.txt") if not any(s in p.name for s in _SKIP))
    given, family = _faker()
    borne = set(_census("dist.female.first", 0)) | set(_census("dist.male.first", 0))
    given |= borne
    family |= set(_census("dist.all.last", _CENSUS))
    small, capital = _counts(sentences)
    words = set(small) | set(_job_words())
    # Words that every text is full of are no evidence of a name (the, my), but for usual given names (Will, May).
    frequent = {word for word, count in small.items() if count >= _FREQUENT}
    family -= frequent
    given -= frequent - borne
    # A name that sentences write with a capital more often than without is no ordinary word (anna, john).
    words -= {word for word in (given | family) & words if capital[word] > small[word]}
    rows = {"given": given, "family": family, "word": words}
    lines = [f"{kind}\t{' '.join(sorted(w for w in found if len(w) > 1))}" for kind, found in rows.items()]
    head = "# Made by scripts/build_latin_names.py from Faker (MIT), names (MIT) and Common Voice (CC0); see there."
    _OUT.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def _faker() -> tuple[set[str], set[str]]:
    """Given and family names of all locales that write Latin letters."""
    from faker.config import AVAILABLE_LOCALES

    given: set[str] = set()
    family: set[str] = set()
    for locale in AVAILABLE_LOCALES:
        try:
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        except ModuleNotFoundError:
            continue
        for name in dir(provider):
            if re.match(r"(?:first|last|middle|given|family)_?names?|surnames?|(?:fe)?male_first", name):
                target = family if re.search(r"last|family|surname", name) else given
                target.update(_parts(getattr(provider, name)))
    return given, family


def _parts(values: object) -> Iterator[str]:
    if isinstance(values, str):
        if _LATIN.fullmatch(values):
            yield from (plain(part) for part in re.split(r"[ -]", values))
    elif isinstance(values, Iterable):
        for value in values:
            yield from _parts(value)


def _census(name: str, least: float) -> list[str]:
    rows = [line.split() for line in (files("names") / name).read_text(encoding="ascii").splitlines()]
    return [row[0].lower() for row in rows if row and float(row[1]) >= least]


def _counts(sentences: list[Path]) -> tuple[Counter[str], Counter[str]]:
    """How often a word stands in small letters, and with a capital elsewhere than first."""
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for path in sentences:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            for place, word in enumerate(_WORD.findall(line)):
                if word.islower():
                    small[plain(word)] += 1
                elif place and word[0].isupper():
                    capital[plain(word)] += 1
    return small, capital


def _job_words() -> Iterator[str]:
    from faker.providers.job.en_US import Provider

    for job in Provider.jobs:
        yield from (plain(word) for word in _WORD.findall(job))


if __name__ == "__main__":
    main()
