"""Errors in the reader's language. Services speak plain English; pages translate what they said.

A message made from values is found by its pattern: `There is no dataset x` is an instance of the msgid
`There is no dataset %(1)s`, and the translation may place the values as it likes.
"""

import re
from functools import cache

from contracts.errors import ShuyiError
from web import i18n

_HOLE = re.compile(r"%\((\d+)\)s")


def tell(message: str) -> str:
    """`message` in the current language, or as it is when no translation fits."""
    exact = i18n.raw_gettext(message)
    if exact != message or i18n.current_locale() == "en":
        return exact
    for pattern, translation in _patterns(i18n.current_locale()):
        if found := pattern.fullmatch(message):
            return _HOLE.sub(lambda hole: found[f"v{hole[1]}"], translation)
    return message


def title(error: ShuyiError) -> str:
    """The error's title in the current language."""
    return i18n.raw_gettext(error.title)


@cache
def _patterns(locale: str) -> list[tuple[re.Pattern[str], str]]:
    catalogue = getattr(i18n.catalogue(locale), "_catalog", {})
    found: list[tuple[re.Pattern[str], str]] = []
    for msgid, translation in catalogue.items():
        if isinstance(msgid, str) and isinstance(translation, str) and _HOLE.search(msgid):
            parts = _HOLE.split(msgid)
            expression = "".join(
                f"(?P<v{part}>.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
            )
            found.append((re.compile(expression, re.DOTALL), translation))
    # The longest fixed text first: the most telling pattern wins.
    return sorted(found, key=lambda item: -len(item[0].pattern))
