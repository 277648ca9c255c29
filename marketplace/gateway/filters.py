"""Filters: query parameters as conditions over a copy. Values are bound, names come from the release's contract.

`field=value` (or `field.eq`), `field.ne`, `.gt`, `.gte`, `.lt`, `.lte`, `.in` (comma separated), `.like` (`%` or `*`
any characters, `_` one), `.null=true|false`; all conditions must hold. `q` finds rows that have each of its words
somewhere in their texts and dates.

`near=longitude,latitude,metres` finds the rows within so far of a point, `bbox=west,south,east,north` those in a box
(in degrees; west greater than east where it lies across the 180th meridian). Where a row has several places, they are
written behind a coordinate: `start_lat.near`.

A generalised range is asked by the name of what it generalises: `age=35` finds the rows whose published range
contains 35, `age.gte=30` those that reach 30 or more. A code cut short (`4403`) is found by any code it may stand
for, `*` by all; a cell of a grid by any point in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from marketplace.gateway.columns import Comparison
from marketplace.gateway.copies import METRES_TO_CELL, Column
from marketplace.gateway.errors import BadFilter, UnknownParameter, at
from marketplace.gateway.fields import Fields, Place, Ranged
from marketplace.gateway.geometry import FARTHEST_METRES, Box, box_around

LONGEST_LIST = 200
LONGEST_PATTERN = 1000
MOST_CONDITIONS = 40
MOST_WORDS = 8
_OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "like", "null")
_PLACE_OPERATORS = ("near", "bbox")
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


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
    found: list[Condition] = []
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


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter as SQL, and as a comparison where it is one of a single published column."""

    sql: str
    values: list[Any]
    indexed: bool
    comparison: Comparison | None = None


def _condition(name: str, value: str, fields: Fields) -> Condition:
    field, operator = _parted(name, fields)
    if operator in _PLACE_OPERATORS:
        return _place_condition(fields.place(field or None, name), operator, value, name)
    if field == "_id":
        column = Column("_id", "integer", -1, indexed=True)
        condition, bound = _plain("_id", column, operator, value, name, fields.zone)
        return Condition(condition, bound, operator not in ("ne", "like"))
    ranged = fields.ranges.get(field)
    if ranged is not None:
        condition, bound = _overlap(ranged, operator, value, name, fields.zone)
        return Condition(condition, bound, False)
    column = fields.column(field, name)
    condition, bound = _plain(column.sql, column, operator, value, name, fields.zone)
    indexed = column.indexed and operator not in ("ne", "like", "null")
    if operator == "like":
        return Condition(condition, bound, indexed)
    compared = (truth(value, name),) if operator == "null" else tuple(bound)
    return Condition(condition, bound, indexed, Comparison(column, operator, compared))


def _parted(name: str, fields: Fields) -> tuple[str, str]:
    """A parameter's field and operator; the field is "" where `near` or `bbox` stand alone."""
    if name in fields.columns or name in fields.ranges or name == "_id":
        return name, "eq"
    if name in _PLACE_OPERATORS:
        return "", name
    head, _, tail = name.rpartition(".")
    if head and tail in (*_OPERATORS, *_PLACE_OPERATORS):
        return head, tail
    if head and (head in fields.columns or head in fields.ranges):
        known = ", ".join((*_OPERATORS, *(_PLACE_OPERATORS if fields.places else ())))
        raise at(BadFilter, name, f"There is no operator {tail!r}. The operators are: {known}.")
    return name, "eq"


def _place_condition(place: Place, operator: str, value: str, parameter: str) -> Condition:
    """Rows whose place, or some point of whose cell, lies in a box, or within so many metres of a point. Distances are
    measured only where a box around the circle finds something, by the index on latitudes."""
    if operator == "bbox":
        sql, bounds = _in_box(place, _box(value, parameter))
        return Condition(sql, bounds, False)
    longitude, latitude, metres = _circle(value, parameter)
    sql, bounds = _in_box(place, box_around(longitude, latitude, metres))
    borders = ", ".join(column.sql for column in (place.west, place.south, place.east, place.north))
    return Condition(f"{sql} AND {METRES_TO_CELL}({borders}, ?, ?) <= ?", [*bounds, longitude, latitude, metres], False)


def _in_box(place: Place, box: Box) -> tuple[str, list[Any]]:
    upright = f"{place.north.sql} >= ? AND {place.south.sql} <= ?"
    along = "AND" if box.west <= box.east else "OR"
    return (
        f"({upright} AND ({place.east.sql} >= ? {along} {place.west.sql} <= ?))",
        [box.south, box.north, box.west, box.east],
    )


def _degrees(value: str, parameter: str, count: int, hint: str) -> list[float]:
    try:
        found = [float(part) for part in value.split(",")]
    except ValueError:
        found = []
    if len(found) != count or not all(map(math.isfinite, found)):
        raise at(BadFilter, parameter, hint)
    return found


def _circle(value: str, parameter: str) -> tuple[float, float, float]:
    hint = "A circle is longitude,latitude,metres: degrees of WGS84, as in 114.06,22.54,500."
    longitude, latitude, metres = _degrees(value, parameter, 3, hint)
    if abs(longitude) > 180 or abs(latitude) > 90 or not 0 < metres <= FARTHEST_METRES:
        raise at(BadFilter, parameter, f"{hint} Longitude comes first; metres are above 0, at most 20,015,114.")
    return longitude, latitude, metres


def _box(value: str, parameter: str) -> Box:
    hint = "A box is west,south,east,north: degrees of WGS84, as in 113.8,22.4,114.6,22.9."
    west, south, east, north = _degrees(value, parameter, 4, hint)
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90 or south > north:
        raise at(
            BadFilter, parameter, f"{hint} Longitudes are within ±180, latitudes within ±90, south is not above north."
        )
    return Box(west, south, east, north)


def words_conditions(words: list[str], fields: Fields) -> tuple[list[str], list[Any]]:
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
        return f"{sql} IS {'' if truth(value, parameter) else 'NOT '}NULL", []
    if operator == "like":
        if column.kind != "text":
            raise at(BadFilter, parameter, f"{column.name!r} is not text; `like` compares text only.")
        if len(value) > LONGEST_PATTERN:
            raise at(BadFilter, parameter, f"A pattern has at most {LONGEST_PATTERN:,} characters.")
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
        return (f"({missing})" if truth(value, parameter) else known), []
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
        return f"{sql} IS {'' if truth(value, parameter) else 'NOT '}NULL", []
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
                if not math.isfinite(found := float(text)):
                    raise ValueError
                return found
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


def truth(value: str, parameter: str) -> bool:
    if value.lower() in ("true", "1"):
        return True
    if value.lower() in ("false", "0"):
        return False
    raise at(BadFilter, parameter, f"{parameter!r} is true or false.")
