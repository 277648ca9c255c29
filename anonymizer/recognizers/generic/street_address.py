"""LOCATION: a house or a letter box in an address that is written in Latin letters.

ISO 19160-4 names the parts: house number and thoroughfare in either order, with the words that other countries use for
a street, unit within the building, post office box, military mail (USPS Publication 28: PSC, Unit, Box, APO). As in
`china.address` the fine part makes the address; a bare city or street is a place. One line only, for no grammar reads
across lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.grammar import Grammar, Match

_WORD: Final = r"[A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ž'’.-]{0,24}"
_SMALL: Final = r"(?:d[aeiou]s?|del|della|la|le|van|von|der|den)"
_NAME: Final = rf"(?:{_SMALL} ){{0,2}}{_WORD}(?: (?:{_SMALL}|{_WORD})){{0,4}}"
_NUMBER: Final = r"(?:\d{1,6}[A-Za-z]?(?:[-/]\d{1,4})?)"
_KIND: Final = (
    r"(?:St|Street|Str|Rd|Road|Ave|Avenue|Lane|Ln|Drive|Dr|Blvd|Boulevard|Court|Ct|Crescent|Close|Way|Place|Pl|Terrace|Square|Sq|"
    r"Parkway|Pkwy|Highway|Hwy|Row|Walk|Quay|Alley|Trail|Gate|Gardens)\b\.?"
)
_BEFORE_NAME: Final = (
    r"(?:[Rr]ua|[Rr]ue|[Vv]ia|[Cc]alle|C/|[Aa]venida|[Aa]venue|Avda\.|Av\.|[Uu]l\.|[Pp]laza|[Pp]iazza|[Pp]lace|[Bb]oulevard|"
    r"[Cc]orso|[Ii]mpasse|[Pp]raça|[Rr]úa|[Tt]rg)"
)
_ENDING: Final = (
    r"[A-ZÀ-ÖØ-Þ][a-zß-öø-ž]{2,24}(?:strasse|straße|gasse|weg|platz|allee|straat|laan|gracht|plein|gatan|vägen|vej|gade|veien|gata|"
    r"katu|tie)"
)
_UNIT: Final = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|Rm)\.? ?#?[A-Za-z]?\d{1,5}[A-Za-z]?"
_TAIL: Final = (
    rf"(?:,? {_UNIT}){{0,2}}(?:, {_WORD}(?: {_WORD}){{0,3}}){{0,3}}"
    r"(?:,? (?:[A-Z]{2,3} )?(?:\d{5}(?:-\d{4})?|\d{4} ?[A-Z]{2})\b)?"
)
_ADDRESS: Final = re.compile(
    rf"(?<![0-9A-Za-z.])(?:(?:{_NUMBER} ){{1,2}}{_NAME} {_KIND}"
    rf"|(?:{_NUMBER} ){{0,2}}(?:{_BEFORE_NAME} {_NAME}|{_ENDING}) {_NUMBER}"
    rf"|(?:{_NUMBER} ){{1,2}}{_NAME}(?: {_NUMBER})?(?=,? {_UNIT})"
    rf"|(?:PSC|Unit|CMR) \d{{1,5}},? [Bb]ox \d{{1,5}}|[Pp]\.? ?[Oo]\.? [Bb]ox \d{{1,6}}"
    rf"){_TAIL}"
)
_LONE_UNIT: Final = re.compile(rf"(?<![0-9A-Za-z.]){_UNIT}(?![0-9A-Za-z.])")


class StreetAddress(Grammar):
    """House number with its street, unit, letter box."""

    entity = "LOCATION"

    def find(self, text: str) -> Iterator[Match]:
        for found in _ADDRESS.finditer(text):
            yield Match(self.entity, found.start(), found.end(), 0.85)
        for found in _LONE_UNIT.finditer(text):
            yield Match(self.entity, found.start(), found.end(), 0.5)
