"""From query parameters to one SQL statement over a copy: what filters (see there) find, `select`, `sort` (`-field`
descending), `limit` (1 to 1,000), `offset`, `cursor`, `count=true`, `release`. Names come from the release's contract.
"""

import base64
import binascii
import hashlib
import struct
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from marketplace.gateway.copies import Column
from marketplace.gateway.errors import BadCursor, BadLimit, at
from marketplace.gateway.fields import Fields
from marketplace.gateway.filters import read_conditions, truth, typed, words_conditions

MOST_ROWS = 1000
USUAL_ROWS = 100
FARTHEST_OFFSET = 10_000_000
MOST_POINTS = 256
LONGEST_WHOLE = 12
_CONTROLS = ("select", "sort", "limit", "offset", "cursor", "count", "release", "format", "q")


@dataclass(frozen=True, slots=True)
class Query:
    """One statement: `columns` None means whole rows as stored JSON. `quick`: every condition has an index."""

    where: str
    parameters: tuple[Any, ...]
    order: str
    columns: tuple[Column, ...] | None
    with_id: bool
    limit: int
    offset: int
    after: int | None
    count: bool
    quick: bool
    fingerprint: str

    def sql(self) -> tuple[str, list[Any]]:
        """The statement and its values; asks for one row more than `limit`, to know whether more follow."""
        chosen = "_json" if self.columns is None else ", ".join(column.sql for column in self.columns)
        wanted = f"_id, {chosen}" if chosen else "_id"
        conditions, parameters = self.where, list(self.parameters)
        if self.after is not None:
            conditions = f"{conditions} AND _id > ?" if conditions else "_id > ?"
            parameters.append(self.after)
        where = f" WHERE {conditions}" if conditions else ""
        skip = f" OFFSET {self.offset}" if self.offset else ""
        end = f" ORDER BY {self.order} LIMIT {self.limit + 1}{skip}"
        return f"SELECT {wanted} FROM rows{where}{end}", parameters  # noqa: S608 - built from column numbers only

    def spelled_out(self, fields: Fields) -> "Query":
        """The same query with all of its columns named, so that rows are their values and not JSON."""
        return self if self.columns is not None else replace(self, columns=tuple(fields.columns.values()))

    def whole_sql(self) -> tuple[str, list[Any]]:
        """The statement for all rows that fit, however many."""
        assert self.columns is not None, "spelled out"
        wanted = ", ".join(["_id", *(column.sql for column in self.columns)])
        where = f" WHERE {self.where}" if self.where else ""
        sql = f"SELECT {wanted} FROM rows{where} ORDER BY {self.order}"  # noqa: S608 - built from column numbers only
        return sql, list(self.parameters)

    def counting_sql(self) -> tuple[str, list[Any]]:
        """How many rows the conditions hold for."""
        where = f" WHERE {self.where}" if self.where else ""
        return f"SELECT count(*) FROM rows{where}", list(self.parameters)  # noqa: S608 - built from column numbers only


@dataclass(frozen=True, slots=True)
class Point:
    """A statement that reads one record; its only value is the key."""

    key: Column
    sql: str
    asked: Query
    zone: ZoneInfo

    def value(self, text: str) -> Any:
        """The key as the copy stores it."""
        return typed(text, self.key, "key", self.zone)


def point(fields: Fields, select: str | None) -> Point:
    """How one record is read by its key."""
    found = fields.points.get(select)
    if found is None:
        columns, with_id = _selected(select, fields)
        sql = "_id" if fields.key.place < 0 else fields.key.sql
        asked = Query(f"{sql} = ?", (), "_id", columns, with_id, 1, 0, None, False, True, "")
        found = Point(fields.key, asked.sql()[0], asked, fields.zone)
        if len(fields.points) < MOST_POINTS:
            fields.points[select] = found
    return found


def parse(parameters: Sequence[tuple[str, str]], fields: Fields, release_id: str) -> Query:
    """Read query parameters. Raises the 422 errors of this package, each naming its parameter."""
    controls, filters = read_conditions(parameters, fields, _CONTROLS)
    where, values, quick = filters.where, filters.parameters, filters.quick
    if words := controls.get("q", "").split():
        found, bound = words_conditions(words, fields)
        where, values, quick = " AND ".join(filter(None, [where, *found])), (*values, *bound), False
    columns, with_id = _selected(controls.get("select"), fields)
    order, descending_or_other = _order(controls.get("sort"), fields)
    fingerprint = _fingerprint(where, values, order)
    offset = whole(controls, "offset", 0, FARTHEST_OFFSET, 0)
    after = None
    if "cursor" in controls:
        if offset:
            raise at(BadCursor, "offset", "Give either a cursor or an offset.")
        place = read_cursor(controls["cursor"], release_id, fingerprint)
        after, offset = (None, place) if descending_or_other else (place, 0)
    return Query(
        where=where,
        parameters=values,
        order=order,
        columns=columns,
        with_id=with_id,
        limit=whole(controls, "limit", 1, MOST_ROWS, USUAL_ROWS),
        offset=offset,
        after=after,
        count=truth(controls.get("count", "false"), "count"),
        quick=quick and not descending_or_other and offset == 0 and "count" not in controls,
        fingerprint=fingerprint,
    )


def whole(controls: dict[str, str], name: str, least: int, most: int, usual: int) -> int:
    """A control that is a whole number, within bounds; `usual` where it is not given."""
    text = controls.get(name)
    if text is None:
        return usual
    if len(text) > LONGEST_WHOLE or not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise at(BadLimit, name, f"{name!r} is a whole number from {least} to {most:,}.")
    return int(text)


def _selected(text: str | None, fields: Fields) -> tuple[tuple[Column, ...] | None, bool]:
    if text is None:
        return (tuple(fields.columns.values()) if fields.refused else None), False
    chosen: dict[str, Column] = {}
    with_id = False
    for name in (part.strip() for part in text.split(",")):
        if name == "_id":
            with_id = True
        elif name in fields.ranges:
            ranged = fields.ranges[name]
            chosen |= {end.name: end for end in (ranged.low, ranged.high, ranged.code) if end}
        else:
            chosen[name] = fields.column(name, "select")
    return tuple(chosen.values()), with_id


def _order(text: str | None, fields: Fields) -> tuple[str, bool]:
    if not text:
        return "_id", False
    parts = []
    for name in (part.strip() for part in text.split(",")):
        direction = "DESC" if name.startswith("-") else "ASC"
        plain = name.removeprefix("-")
        if plain == "_id":
            parts.append(f"_id {direction}")
            continue
        ranged = fields.ranges.get(plain)
        column = (ranged.low or ranged.code or ranged.high) if ranged else fields.column(plain, "sort")
        assert column is not None, "a range has an end"
        parts.append(f"{column.sql} {direction}")
    return ", ".join([*parts, "_id"]), True


def _fingerprint(where: str, values: tuple[Any, ...], order: str) -> str:
    text = orjson.dumps([where, values, order])
    return hashlib.blake2b(text, digest_size=8).hexdigest()


_CURSOR = struct.Struct("<16s8sq")


def write_cursor(release_id: str, fingerprint: str, place: int) -> str:
    """Where to go on: bound to the release and to the conditions it was made under."""
    packed = _CURSOR.pack(uuid.UUID(release_id).bytes, bytes.fromhex(fingerprint), place)
    return "c_" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def _decoded(cursor: str) -> tuple[str, str, int]:
    text = cursor.removeprefix("c_")
    try:
        release, fingerprint, place = _CURSOR.unpack(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not cursor.startswith("c_") or place < 0:
            raise ValueError
    except (ValueError, binascii.Error, struct.error):
        raise at(BadCursor, "cursor", "This is no cursor of ours; take `next` of an answer as it is.") from None
    return str(uuid.UUID(bytes=release)), fingerprint.hex(), place


def release_of_cursor(cursor: str) -> str:
    """The release that a cursor stays with."""
    return _decoded(cursor)[0]


def read_cursor(cursor: str, release_id: str, fingerprint: str) -> int:
    """The place a cursor stands at; refused where it was made under other conditions or for another release."""
    made_for, made_under, place = _decoded(cursor)
    if made_for != release_id:
        raise at(BadCursor, "cursor", "The cursor belongs to another release than the one asked for.")
    if made_under != fingerprint:
        raise at(BadCursor, "cursor", "The cursor belongs to another query: keep filters and sorting as they were.")
    return place


def parameter(parameters: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of a parameter."""
    return next((value for key, value in parameters if key == name), None)
