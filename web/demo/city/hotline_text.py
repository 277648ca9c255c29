"""Writes free text from phrases and keeps where every personal value stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from web.demo.city import mess, numbers
from web.demo.city.numbers import Indices, Objects
from web.demo.city.people import People
from web.demo.city.places import STREETS
from web.demo.city.semantics import Semantic
from web.demo.city.truth import Span

_SLOT = re.compile(r"\{(\w+)\}")
Piece = tuple[str, str | None]  # literal text, slot that follows it

_MEANING: dict[str, Semantic] = {
    "name": Semantic.PERSON,
    "other": Semantic.PERSON,
    "surname": Semantic.PERSON,
    "surname2": Semantic.PERSON,
    "phone": Semantic.CN_MOBILE,
    "phone2": Semantic.CN_MOBILE,
    "phone_odd": Semantic.CN_MOBILE,
    "landline": Semantic.CN_LANDLINE,
    "id": Semantic.CN_RESIDENT_ID,
    "id2": Semantic.CN_RESIDENT_ID,
    "id_odd": Semantic.CN_RESIDENT_ID,
    "address": Semantic.CN_ADDRESS,
    "address2": Semantic.CN_ADDRESS,
    "address_short": Semantic.CN_ADDRESS,
    "plate": Semantic.CN_LICENSE_PLATE,
    "plate2": Semantic.CN_LICENSE_PLATE,
    "plate_odd": Semantic.CN_LICENSE_PLATE,
    "email": Semantic.EMAIL_ADDRESS,
    "email2": Semantic.EMAIL_ADDRESS,
    "place": Semantic.LOCATION,
    "date": Semantic.DATE_TIME,
    "company": Semantic.ORGANIZATION,
    "uscc": Semantic.CN_USCC,
    "title": Semantic.PLAIN,
    "ticket": Semantic.PLAIN,
    "order": Semantic.PLAIN,
}

_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "尉迟", "令狐", "皇甫", "慕容", "端木", "东方", "单于")


@cache
def pieces(phrase: str) -> tuple[Piece, ...]:
    """A phrase cut at its slots; ValueError for a slot that nothing fills."""
    parts = _SLOT.split(phrase)
    literals, slots = parts[0::2], parts[1::2]
    unknown = set(slots) - set(_MEANING)
    if unknown:
        raise ValueError(f"phrase {phrase!r} has unknown slot {sorted(unknown)[0]!r}")
    return tuple(zip(literals, [*slots, None], strict=True))


class TextWriter:
    """Fills phrases for people of the pool; `street` and `moment` of each text are the caller's.

    One writer serves one table: it holds the random draws of all its texts, made at once.
    """

    def __init__(
        self, rng: np.random.Generator, people: People, companies: Objects, who: Indices, streets: Indices
    ) -> None:
        count = len(who)
        self._people, self._companies, self._who, self._streets = people, companies, who, streets
        self._other = rng.integers(0, len(people), count)
        self._style = rng.integers(0, 60, (count, 4))
        self._number = rng.integers(10**7, 10**8, count)
        self._company = rng.integers(0, len(companies), count)
        self._codes = numbers.credit_codes(rng, min(400, max(count, 1)))

    def write(self, row: int, phrases: Sequence[str], moment: str) -> tuple[str, tuple[Span, ...]]:
        """The text of one row and its spans; `moment` is an ISO local time shortly after the event."""
        out: list[str] = []
        spans: list[Span] = []
        at = 0
        for phrase in phrases:
            for literal, slot in pieces(phrase):
                out.append(literal)
                at += len(literal)
                if slot is None:
                    continue
                value = self._value(row, slot, moment)
                out.append(value)
                meaning = _MEANING[slot]
                if meaning is not Semantic.PLAIN:
                    spans.append(Span(meaning, at, at + len(value)))
                at += len(value)
        return "".join(out), tuple(spans)

    def _value(self, row: int, slot: str, moment: str) -> str:
        person, other = int(self._who[row]), int(self._other[row])
        style = int(self._style[row, 0])
        people = self._people
        match slot:
            case "name":
                return str(people.name[person])
            case "other":
                return str(people.name[other])
            case "surname":
                return surname(people.name[person])
            case "surname2":
                return surname(people.name[other])
            case "phone":
                return str(people.mobile[person])
            case "phone2":
                return str(people.mobile[other])
            case "phone_odd":
                return _odd_phone(people.mobile[person], style)
            case "landline":
                return _odd_landline(people.landline[person], style)
            case "id":
                return str(people.resident_id[person])
            case "id2":
                return str(people.resident_id[other])
            case "id_odd":
                return _odd_id(people.resident_id[person], style)
            case "address":
                return str(people.address[person])
            case "address2":
                return str(people.address[other])
            case "address_short":
                return _short_address(people.address[person if style % 2 else other])
            case "plate":
                return str(people.plate[person])
            case "plate2":
                return str(people.plate[other])
            case "plate_odd":
                return _odd_plate(people.plate[other], style)
            case "email":
                return str(people.email[person])
            case "email2":
                return str(people.email[other])
            case "place":
                return self._place(row)
            case "date":
                return _spoken_date(moment, int(self._style[row, 2]))
            case "company":
                return str(self._companies[self._company[row]])
            case "uscc":
                return str(self._codes[self._company[row] % len(self._codes)])
            case "title":
                return "先生" if people.male[person] else ("女士", "小姐")[style % 2]
            case "ticket":
                return f"FT{moment[:10].replace('-', '')}{self._number[row] % 10**5:05d}"
            case _:
                return str(self._number[row])

    def _place(self, row: int) -> str:
        street = STREETS[int(self._streets[row])]
        named = (*street.landmarks, *(f"{road}路口" for road in street.roads))
        return named[int(self._style[row, 1]) % len(named)]


def surname(name: str) -> str:
    """The surname alone: what is left of a name in 王女士."""
    if "·" in name:
        return name.partition("·")[0]
    return name[:2] if name.startswith(_COMPOUND) and len(name) > 2 else name[0]


def _odd_phone(phone: str, style: int) -> str:
    ways = (mess.grouped, mess.dashed, mess.full_width, mess.country_code)
    return ways[style % len(ways)](phone) if style % 3 else phone


def _odd_landline(phone: str, style: int) -> str:
    ways = (phone, phone.replace("-", ""), f"({phone[:4]}){phone[5:]}", phone[5:])
    return ways[style % 4]


def _odd_id(number: str, style: int) -> str:
    if style % 4 == 0:
        return f"{number[:6]} {number[6:14]} {number[14:]}"
    if style % 4 == 1:
        return mess.full_width(number)
    return number.lower()


def _odd_plate(plate: str, style: int) -> str:
    ways = (mess.dotted_plate(plate), f"{plate[:2]} {plate[2:]}", plate.lower(), plate)
    return ways[style % 4]


def _short_address(address: str) -> str:
    """The end of an address, as someone says it who takes the city for granted."""
    return address.rpartition("街道")[2].rpartition("区")[2] or address


def _spoken_date(moment: str, style: int) -> str:
    month, day, hour = int(moment[5:7]), int(moment[8:10]), int(moment[11:13])
    ways = (f"{month}月{day}日", f"{month}月{day}号", f"{moment[:4]}年{month}月{day}日{hour}时", moment[:10])
    return ways[style % 4]
