"""Errors in the reader's language. Services speak plain English; pages translate what they said.

A message made from values is found by its pattern: `There is no dataset x` is an instance of the msgid
`There is no dataset %(1)s`, and the translation places the values as it likes. It also says what becomes of each:

    %(1)s   as it is
    %(1)q   without the quotation marks that Python puts around a name
    %(1)w   a word of the vocabulary (states, roles, kinds; context `value`), or several with commas between
    %(1)t   a sentence, or several with semicolons between, told in its turn
    %(1)x   left out: the plural's s, or a library's reason that the sentence can do without

Which messages there are: `scripts/update_error_messages.py`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from catalog.vault.intake.reasons import BREAKAGES, REJECTIONS
from contracts.errors import ShuyiError
from web import i18n

_HOLE = re.compile(r"%\((\w+)\)s")
_NUMBERED = re.compile(r"%\(1\)s")
_CONVERSION = re.compile(r"%\((\w+)\)([sqwtx])")
_BETWEEN_WORDS = re.compile(r", | or ")
_LONGEST = 20_000
"""Characters of a message that is looked up; services say less, only what they quote may be longer."""
_BETWEEN_SENTENCES = re.compile(r"; (?:or )?")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A msgid with values. `fixed`: the texts around them, one more than `names`."""

    fixed: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    @property
    def is_telling(self) -> bool:
        """Whether its own text says something; `%(1)s: %(2)s` fits too much."""
        return any(letter.isalpha() for text in self.fixed for letter in text)

    def values_in(self, message: str) -> dict[str, str] | None:
        """Name to value when `message` is an instance, in time that grows with its length."""
        first, *between, last = self.fixed
        if len(message) < len(first) + len(last) or not (message.startswith(first) and message.endswith(last)):
            return None
        rest = message[len(first) : len(message) - len(last)]
        values = []
        for text in between:
            value, found, rest = rest.partition(text)
            if not found:
                return None
            values.append(value)
        return dict(zip(self.names, [*values, rest], strict=True))


def tell(message: str) -> str:
    """`message` in the current language, or as it is when no translation fits."""
    told = _told(message, vague=True)
    return message if told is None else told


def title(error: ShuyiError) -> str:
    """The error's title in the current language."""
    return tell(error.title)


def _told(message: str, *, vague: bool = False) -> str | None:
    """The translation, or None. `vague`: patterns without words of their own count too, where what follows the place
    is known: they fit too much otherwise."""
    locale = i18n.current_locale()
    if exact := i18n.texts(locale).get(message):
        return exact
    if len(message) > _LONGEST:
        return None
    for pattern in patterns(locale):
        if not (vague or pattern.is_telling) or (values := pattern.values_in(message)) is None:
            continue
        if pattern.is_telling or _told(values[pattern.names[-1]]) is not None:
            return _filled(pattern.translation, values)
    return None


def _filled(translation: str, values: Mapping[str, str]) -> str:
    return _CONVERSION.sub(lambda hole: _converted(hole[2], values[hole[1]]), translation)


def _converted(conversion: str, value: str) -> str:
    match conversion:
        case "q":
            return _unquoted(value)
        case "w":
            return "、".join(_word(_unquoted(item)) for item in _BETWEEN_WORDS.split(value))
        case "t":
            return _sentences(value)
        case "x":
            return ""
    return value


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _word(word: str) -> str:
    known = i18n.raw_pgettext("value", word)
    return tell(word) if known == word else known


def _sentences(text: str) -> str:
    whole = _told(text, vague=True)
    return whole if whole is not None else "；".join(tell(one) for one in _BETWEEN_SENTENCES.split(text))


@cache
def patterns(locale: str) -> tuple[Pattern, ...]:
    """The messages with values that `locale` translates, the one with the most text of its own first: it says most.

    Page texts have named values too, so of those only what intake says of files counts.
    """
    intake = {*REJECTIONS.values(), *BREAKAGES.values()}
    found = [
        Pattern(tuple(parts[::2]), tuple(parts[1::2]), translation)
        for msgid, translation in i18n.texts(locale).items()
        if (_NUMBERED.search(msgid) or msgid in intake) and len(parts := _HOLE.split(msgid)) > 1
    ]
    return tuple(sorted(found, key=lambda one: (-sum(map(len, one.fixed)), len(one.names), one.fixed)))
