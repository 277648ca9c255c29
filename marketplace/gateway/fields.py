"""The names that filters, selection and sorting know: published columns, ranges of two of them, places."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from contracts.schema import DataContract
from marketplace.gateway.copies import Column, Copy
from marketplace.gateway.errors import BadFilter, FieldNotAllowed, UnknownField, at

if TYPE_CHECKING:
    from marketplace.gateway.query import Point


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: the columns of its borders in degrees; of a point, west is east and south is north."""

    name: str
    west: Column
    south: Column
    east: Column
    north: Column


class Fields:
    """The names that a release's filters, selection and sorting know. `places` has each under the names of both its
    coordinates; `points`: how single records are read, by what is selected."""

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
        self.places: dict[str, Place] = {}
        self._places_refused: set[str] = set()
        for pair in contract.coordinates:
            longitude, latitude = self._borders(pair.longitude), self._borders(pair.latitude)
            if longitude is None or latitude is None:
                self._places_refused |= {pair.longitude, pair.latitude}
                continue
            place = Place(pair.latitude, longitude[0], latitude[0], longitude[1], latitude[1])
            self.places |= {pair.longitude: place, pair.latitude: place}
        primary = self.columns.get(copy.primary_key) if copy.primary_key else None
        self.key = primary or Column("_id", "integer", -1, indexed=True)
        self.points: dict[str | None, Point] = {}

    def _borders(self, name: str) -> tuple[Column, Column] | None:
        column, ranged = self.columns.get(name), self.ranges.get(name)
        if column is not None:
            return column, column
        return (ranged.low, ranged.high) if ranged is not None and ranged.low and ranged.high else None

    def column(self, name: str, parameter: str) -> Column:
        """A published column, or an error that names those there are."""
        found = self.columns.get(name)
        if found is not None:
            return found
        raise self.unknown(name, parameter)

    def place(self, name: str | None, parameter: str) -> Place:
        """The place that a coordinate is of; without a name, the only place of the release."""
        found = list(dict.fromkeys(self.places.values()))
        names = ", ".join(place.name for place in found)
        if name is None and len(found) == 1:
            return found[0]
        if name is not None and name in self.places:
            return self.places[name]
        if name is None and len(found) > 1:
            raise at(BadFilter, parameter, f"A row has several places; write {parameter!r} behind one of: {names}.")
        if self._places_refused and (name is None or name in self._places_refused):
            raise FieldNotAllowed("The plan of this subscription does not include both coordinates.", field=name)
        if name is not None and name not in self.columns and name not in self.ranges:
            raise self.unknown(name, parameter)
        told = f"The coordinates here are: {names}." if found else "The rows of this release have no coordinates."
        raise at(BadFilter, parameter, told if name is None else f"{name!r} is no coordinate. {told}")

    def unknown(self, name: str, parameter: str) -> Exception:
        """The error for a name that is no field, or no field of the plan."""
        if name in self.refused:
            return FieldNotAllowed(f"The plan of this subscription does not include the field {name!r}.", field=name)
        valid = sorted({*self.columns, *self.ranges})
        shown = name if len(name) <= 60 else f"{name[:60]}…"
        told = f"There is no field {shown!r}. The fields are: {', '.join(valid)}."
        return at(UnknownField, parameter, told, fields=valid, asked=shown)
