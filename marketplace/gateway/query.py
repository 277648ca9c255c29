"""From query parameters to one SQL statement over a copy. Values are bound, names come from the release's contract.

`field=value` (or `field.eq`), `field.ne`, `.gt`, `.gte`, `.lt`, `.lte`, `.in` (comma separated), `.like` (`%` or `*`
any characters, `_` one), `.null=true|false`; all conditions must hold. `q` finds rows that have each of its words
somewhere in their texts and dates. `select`, `sort` (`-field` descending), `limit` (1 to 1,000), `offset`, `cursor`,
`count=true`, `release`.

A generalised range is asked by the name of what it generalises: `age=35` finds the rows whose published range
contains 35, `age.gte=30` those that reach 30 or more. A code cut short (`4403`) is found by any code it may stand
for, `*` by all.
"""

import base64
import binascii
import hashlib
import struct
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from contracts.schema import DataContract
from marketplace.gateway.columns import Comparison
from marketplace.gateway.copies import Column, Copy
from marketplace.gateway.errors import (
    BadCursor,
    BadFilter,
    BadLimit,
    FieldNotAllowed,
    UnknownField,
    UnknownParameter,
    at,
)

MOST_ROWS = 1000
USUAL_ROWS = 100
FARTHEST_OFFSET = 10_000_000
LONGEST_LIST = 200
MOST_CONDITIONS = 40
MOST_WORDS = 8
MOST_POINTS = 256
_OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "like", "null")
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_CONTROLS = ("select", "sort", "limit", "offset", "cursor", "count", "release", "format", "q")


@dataclass(frozen=True, slots=True)
class Ranged:
    """What two published columns together say: `age` from `age_low` and `age_high`, or a code and its level."""

    name: str
    low: Column | None = None
    high: Column | None = None
    code: Column | None = None

    @property
    def kind(self) -> str:
        column = self.low or self.high or self.code
        return column.kind if column else "text"


class Fields:
    """The names that a release's filters, selection and sorting know."""

    def __init__(self, copy: Copy, contract: DataContract, allowed: frozenset[str] | None, zone: ZoneInfo) -> None:
        self.columns = {name: column for name, column in copy.by_name.items() if allowed is None or name in allowed}
        self.refused = frozenset(copy.by_name) - frozenset(self.columns)
        self.copy = copy
        self.zone = zone
        parts: dict[str, dict[str, Column]] = {}
        for field in contract.fields:
            if field.range_of and field.bound and field.name in self.columns:
                parts.setdefault(field.range_of, {})[field.bound] = self.columns[field.name]
        self.ranges = {
            name: Ranged(name, found.get("low"), found.get("high"), found.get("code"))
            for name, found in parts.items()
            if name not in self.columns and (found.keys() & {"low", "high", "code"})
        }
        primary = self.columns.get(copy.primary_key) if copy.primary_key else None
        self.key = primary or Column("_id", "integer", -1, indexed=True)
        self._points: dict[str | None, Point] = {}

    def point(self, select: str | None) -> "Point":
        """How one record is read by its key."""
        found = self._points.get(select)
        if found is None:
            columns, with_id = _selected(select, self)
            sql = "_id" if self.key.place < 0 else self.key.sql
            asked = Query(f"{sql} = ?", (), "_id", columns, with_id, 1, 0, None, False, True, "")
            found = Point(self.key, asked.sql()[0], asked, self.zone)
            if len(self._points) < MOST_POINTS:
                self._points[select] = found
        return found

    def column(self, name: str, parameter: str) -> Column:
        """A published column, or an error that names those there are."""
        found = self.columns.get(name)
        if found is not None:
            return found
        raise self.unknown(name, parameter)

    def unknown(self, name: str, parameter: str) -> Exception:
        """The error for a name that is no field, or no field of the plan."""
        if name in self.refused:
            return FieldNotAllowed(f"The plan of this subscription does not include the field {name!r}.", field=name)
        valid = sorted({*self.columns, *self.ranges})
        shown = name if len(name) <= 60 else f"{name[:60]}…"
        told = f"There is no field {shown!r}. The fields are: {', '.join(valid)}."
        return at(UnknownField, parameter, told, fields=valid, asked=shown)


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

    def with_columns(self, columns: tuple[Column, ...]) -> "Query":
        """The same query with its columns spelled out."""
        return replace(self, columns=columns)

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


@dataclass(frozen=True, slots=True)
class Conditions:
    """Filters as one SQL condition with its values. `compared`: the same as comparisons of single columns, None where
    one of them is more than that. `quick`: each has an index."""

    where: str
    parameters: tuple[Any, ...]
    compared: tuple[Comparison, ...] | None
    quick: bool

    def ids_sql(self) -> tuple[str, list[Any]]:
        """The numbers of the rows that fit, in order."""
        where = f" WHERE {self.where}" if self.where else ""
        return f"SELECT _id FROM rows{where} ORDER BY _id", list(self.parameters)  # noqa: S608 - column numbers only


def read_conditions(
    parameters: Sequence[tuple[str, str]], fields: Fields, known: Sequence[str]
) -> tuple[dict[str, str], Conditions]:
    """Parameters parted into those of `known` names and filters. Raises what `parse` raises."""
    controls: dict[str, str] = {}
    found: list[_Condition] = []
    for name, value in parameters:
        if name in known:
            if name in controls:
                raise at(UnknownParameter, name, f"The parameter {name!r} is given twice.")
            controls[name] = value
            continue
        if len(found) >= MOST_CONDITIONS:
            raise at(BadFilter, name, f"At most {MOST_CONDITIONS} conditions are allowed.")
        found.append(_condition(name, value, fields))
    compared = tuple(condition.comparison for condition in found if condition.comparison is not None)
    return controls, Conditions(
        where=" AND ".join(condition.sql for condition in found),
        parameters=tuple(value for condition in found for value in condition.values),
        compared=compared if len(compared) == len(found) else None,
        quick=all(condition.indexed for condition in found),
    )


def parse(parameters: Sequence[tuple[str, str]], fields: Fields, release_id: str) -> Query:
    """Read query parameters. Raises the 422 errors of this package, each naming its parameter."""
    controls, filters = read_conditions(parameters, fields, _CONTROLS)
    where, values, quick = filters.where, filters.parameters, filters.quick
    if words := controls.get("q", "").split():
        found, bound = _words(words, fields)
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
        count=_truth(controls.get("count", "false"), "count"),
        quick=quick and not descending_or_other and offset == 0 and "count" not in controls,
        fingerprint=fingerprint,
    )


@dataclass(frozen=True, slots=True)
class _Condition:
    """One filter as SQL, and as a comparison where it is one of a single published column."""

    sql: str
    values: list[Any]
    indexed: bool
    comparison: Comparison | None = None


def _condition(name: str, value: str, fields: Fields) -> _Condition:
    field, operator = name, "eq"
    if name not in fields.columns and name not in fields.ranges and name != "_id":
        head, _, tail = name.rpartition(".")
        if head and tail in _OPERATORS:
            field, operator = head, tail
        elif head and (head in fields.columns or head in fields.ranges):
            raise at(BadFilter, name, f"There is no operator {tail!r}. The operators are: {', '.join(_OPERATORS)}.")
    if field == "_id":
        column = Column("_id", "integer", -1, indexed=True)
        condition, bound = _plain("_id", column, operator, value, name, fields.zone)
        return _Condition(condition, bound, operator not in ("ne", "like"))
    ranged = fields.ranges.get(field)
    if ranged is not None:
        condition, bound = _overlap(ranged, operator, value, name, fields.zone)
        return _Condition(condition, bound, False)
    column = fields.column(field, name)
    condition, bound = _plain(column.sql, column, operator, value, name, fields.zone)
    indexed = column.indexed and operator not in ("ne", "like", "null")
    if operator == "like":
        return _Condition(condition, bound, indexed)
    compared = (_truth(value, name),) if operator == "null" else tuple(bound)
    return _Condition(condition, bound, indexed, Comparison(column, operator, compared))


def _words(words: list[str], fields: Fields) -> tuple[list[str], list[Any]]:
    """A condition a word: some text or date has it, in large or small letters."""
    if len(words) > MOST_WORDS:
        raise at(BadFilter, "q", f"At most {MOST_WORDS} words can be searched for at once.")
    searched = [column.sql for column in fields.columns.values() if column.kind in ("text", "date")]
    one = " OR ".join(f"instr(lower({sql}), lower(?))" for sql in searched)
    return [f"({one or '0'})"] * len(words), [word for word in words for _ in searched]


def _plain(
    sql: str, column: Column, operator: str, value: str, parameter: str, zone: ZoneInfo
) -> tuple[str, list[Any]]:
    if operator == "null":
        return f"{sql} IS {'' if _truth(value, parameter) else 'NOT '}NULL", []
    if operator == "like":
        if column.kind != "text":
            raise at(BadFilter, parameter, f"{column.name!r} is not text; `like` compares text only.")
        return f"{sql} LIKE ? ESCAPE '\\'", [value.replace("*", "%")]
    if operator == "in":
        items = _list(value, parameter)
        return f"{sql} IN ({', '.join('?' * len(items))})", [typed(item, column, parameter, zone) for item in items]
    bound = typed(value, column, parameter, zone)
    if operator == "eq":
        return f"{sql} = ?", [bound]
    if operator == "ne":
        return f"({sql} <> ? OR {sql} IS NULL)", [bound]
    return f"{sql} {_COMPARE[operator]} ?", [bound]


def _overlap(ranged: Ranged, operator: str, value: str, parameter: str, zone: ZoneInfo) -> tuple[str, list[Any]]:
    """Whether the published range or code may stand for what is asked. A missing end is open; both missing: unknown."""
    if ranged.code is not None and ranged.low is None and ranged.high is None:
        return _code_overlap(ranged.code, operator, value, parameter)
    low, high = ranged.low, ranged.high
    column = low or high
    assert column is not None, "a range has an end"
    at_or_below = f"({low.sql} IS NULL OR {low.sql} <= ?)" if low else "1"
    at_or_above = f"({high.sql} IS NULL OR {high.sql} >= ?)" if high else "1"
    below = at_or_below.replace("<=", "<")
    above = at_or_above.replace(">=", ">")
    missing = " AND ".join(f"{end.sql} IS NULL" for end in (low, high) if end)
    known = f"NOT ({missing})"
    if operator == "null":
        return (f"({missing})" if _truth(value, parameter) else known), []
    if operator == "like":
        raise at(BadFilter, parameter, f"{ranged.name!r} is a range; `like` compares text only.")
    if operator in _COMPARE:
        bound = typed(value, column, parameter, zone)
        side, present = {
            "gte": (at_or_above, high),
            "gt": (above, high),
            "lte": (at_or_below, low),
            "lt": (below, low),
        }[operator]
        return f"({known} AND {side})", [bound] if present else []
    items = _list(value, parameter) if operator == "in" else [value]
    bounds = [typed(item, column, parameter, zone) for item in items]
    contains = f"({at_or_below} AND {at_or_above})"
    ends = (low is not None) + (high is not None)
    parameters = [bound for bound in bounds for _ in range(ends)]
    if operator == "ne":
        return f"(NOT {contains} OR NOT {known})", parameters
    return f"({known} AND ({' OR '.join([contains] * len(bounds))}))", parameters


def _code_overlap(column: Column, operator: str, value: str, parameter: str) -> tuple[str, list[Any]]:
    sql = column.sql
    if operator == "null":
        return f"{sql} IS {'' if _truth(value, parameter) else 'NOT '}NULL", []
    if operator not in ("eq", "ne", "in"):
        raise at(BadFilter, parameter, "A code is compared by equality: use `=`, `.ne` or `.in`.")
    items = _list(value, parameter) if operator == "in" else [value]
    one = f"({sql} = '*' OR substr(?, 1, length({sql})) = {sql} OR substr({sql}, 1, length(?)) = ?)"
    any_of = " OR ".join([one] * len(items))
    parameters = [item for item in items for _ in range(3)]
    return (f"(NOT ({any_of}) OR {sql} IS NULL)" if operator == "ne" else f"({any_of})"), parameters


def typed(text: str, column: Column, parameter: str, zone: ZoneInfo) -> Any:
    """`text` as a value of the column's kind; a timestamp without zone is read in the city's."""
    try:
        match column.kind:
            case "integer":
                number = int(text)
                if not -(2**63) <= number < 2**63:
                    raise ValueError
                return number
            case "number":
                return float(text)
            case "boolean":
                return {"true": 1, "1": 1, "false": 0, "0": 0}[text.lower()]
            case "date":
                return date.fromisoformat(text).isoformat()
            case "timestamp":
                return _micros(text, column, zone)
            case _:
                return text
    except (ValueError, KeyError, OverflowError):
        hint = {
            "integer": "a whole number",
            "number": "a number",
            "boolean": "true or false",
            "date": "a date such as 2026-11-23",
            "timestamp": "a time such as 2026-11-23T16:40:00+08:00",
        }[column.kind]
        raise at(BadFilter, parameter, f"{column.name!r} is compared with {hint}.") from None


def _micros(text: str, column: Column, zone: ZoneInfo) -> int:
    moment = datetime.fromisoformat(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
    if column.zoned:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    else:  # the column holds local times without a zone
        moment = (moment.astimezone(zone) if moment.tzinfo else moment).replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _list(value: str, parameter: str) -> list[str]:
    items = value.split(",")
    if len(items) > LONGEST_LIST:
        raise at(BadFilter, parameter, f"A list has at most {LONGEST_LIST} values.")
    return items


def _truth(value: str, parameter: str) -> bool:
    if value.lower() in ("true", "1"):
        return True
    if value.lower() in ("false", "0"):
        return False
    raise at(BadFilter, parameter, f"{parameter!r} is true or false.")


def whole(controls: dict[str, str], name: str, least: int, most: int, usual: int) -> int:
    """A control that is a whole number, within bounds; `usual` where it is not given."""
    text = controls.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
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
