"""What a column's header says: Chinese words, English words, usual abbreviations and pinyin initials.

Pinyin initials (`sfzh`, `lxdh`) are how older government systems name their fields. A header is compared whole first,
then by its parts; in a Chinese compound the last word counts (患者姓名 is a name, 姓名拼音码 is not decided by its
first word).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[\u4e00-\u9fff]+")
_NUMBER_WORDS: Final = frozenset({"id", "no"})
_UNIT: Final = re.compile(r"[（(\[【].*?[)）\]】]|（.*|\(.*")


@dataclass(frozen=True, slots=True)
class Hint:
    """What the header suggests and how surely, 0 to 1."""

    type: str
    strength: float


@cache
def _terms() -> tuple[dict[str, str], dict[str, str]]:
    """Chinese terms, and Latin ones without their underscores, each with its type."""
    text = (files("anonymizer.classify") / "data" / "headers.tsv").read_text(encoding="utf-8")
    chinese: dict[str, str] = {}
    latin: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, language, terms = line.split("\t")
        for term in terms.split():
            if language == "zh":
                chinese.setdefault(term, name)
            else:
                latin.setdefault(term.replace("_", ""), name)
    return chinese, latin


def read_header(header: str) -> Hint | None:
    """The likeliest type by the header alone, or None.

    >>> read_header("患者姓名").type, read_header("SFZH").type, read_header("native-country").type
    ('PERSON', 'CN_RESIDENT_ID', 'NATIONALITY')
    """
    plain = _UNIT.sub("", header).strip() or header.strip()
    if any("\u4e00" <= c <= "\u9fff" for c in plain):
        return _read_chinese(re.sub(r"[\s_\-./:：*]+", "", plain).lower())
    return _read_latin([word.lower() for word in _WORD.findall(plain)])


def _read_chinese(header: str) -> Hint | None:
    terms, _ = _terms()
    if header in terms:
        return Hint(terms[header], 0.95)
    for start in range(1, len(header) - 1):
        if header[start:] in terms:
            return Hint(terms[header[start:]], 0.85)
    if header[-1:] in "员人者" and 2 <= len(header) <= 6:
        return Hint("PERSON", 0.5)  # 巡查员, 采集人: who did it
    inside = [
        header[start:end]
        for start in range(len(header))
        for end in range(start + 2, len(header) + 1)
        if header[start:end] in terms
    ]
    if inside:
        return Hint(terms[max(inside, key=len)], 0.55)
    return None


def _read_latin(words: list[str]) -> Hint | None:
    _, terms = _terms()
    whole = "".join(words)
    if whole in terms:
        return Hint(terms[whole], 0.95 if len(whole) > 2 else 0.6)
    for length in range(len(words) - 1, 0, -1):
        for start in range(len(words) - length, -1, -1):
            part = "".join(words[start : start + length])
            if part in terms and (len(part) > 2 or part in _NUMBER_WORDS):
                return Hint(terms[part], 0.85 if start + length == len(words) else 0.55)
    return None
