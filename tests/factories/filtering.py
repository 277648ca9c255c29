"""Random tables with a column of every kind, and random filters on them: as parameters and as DuckDB's conditions."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from contracts.schema import ContractField, Coordinates, DataContract
from marketplace.gateway.copies import Copies, Copy, Source
from marketplace.gateway.fields import Fields

ZONE = ZoneInfo("Asia/Shanghai")
SCHEMA = pa.schema(
    [
        ("place", pa.string()),
        ("whole", pa.int64()),
        ("number", pa.float64()),
        ("truth", pa.bool_()),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us", tz="UTC")),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
    ]
)
CONTRACT = DataContract(
    fields=[ContractField(name=name, type="string") for name in SCHEMA.names],
    coordinates=[Coordinates(longitude="lon", latitude="lat")],
)
EARTH = 6371008.8
LONGITUDES = st.floats(-180, 180) | st.sampled_from([-180.0, 180.0, 179.9, 0.0]) | st.floats(113.7, 114.7)
LATITUDES = st.floats(-90, 90) | st.sampled_from([-90.0, 90.0, 89.95, 0.0]) | st.floats(22.3, 22.9)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 4))  # noqa: DTZ001 - the zone comes with the type
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "place": st.none() | st.sampled_from(["南山区", "福田区", "a", "B", "", "a_b", "50%", "\\"]),
            "whole": st.none() | st.integers(-5, 5) | st.sampled_from([2**60, -(2**60)]),
            "number": st.none() | st.integers(-40, 40).map(lambda n: n / 8),
            "truth": st.none() | st.booleans(),
            "day": st.none() | st.dates(date(2023, 12, 25), date(2024, 3, 5)),
            "moment": st.none() | MOMENTS,
            "lon": st.none() | LONGITUDES,
            "lat": st.none() | LATITUDES,
        }
    ),
    min_size=1,
    max_size=30,
)
_VALUES = {
    "place": st.sampled_from(["南山区", "a", "b", "", "龙岗区", "a_b", "50%"]),
    "whole": st.integers(-6, 6).map(str),
    "number": st.integers(-41, 41).map(lambda n: str(n / 8)),
    "truth": st.sampled_from(["true", "false"]),
    "day": st.dates(date(2023, 12, 25), date(2024, 3, 5)).map(str),
    "moment": MOMENTS.map(lambda moment: moment.isoformat()),
}
_COMPARE = {"eq": "=", "ne": "IS DISTINCT FROM", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
OPERATORS = (*_COMPARE, "in", "null", "like", "near", "bbox")
Filter = tuple[tuple[str, str], str]


@st.composite
def filters(draw: Any) -> Filter:
    """A filter as a parameter and as DuckDB's condition."""
    operator = draw(st.sampled_from(OPERATORS))
    if operator == "near":
        return _near(draw(LONGITUDES), draw(LATITUDES), draw(st.floats(1, 20_000_000)))
    if operator == "bbox":
        west, east = draw(LONGITUDES), draw(LONGITUDES)
        south, north = sorted((draw(LATITUDES), draw(LATITUDES)))
        along = f"lon BETWEEN {west} AND {east}" if west <= east else f"(lon >= {west} OR lon <= {east})"
        name = draw(st.sampled_from(["bbox", "lat.bbox", "lon.bbox"]))
        return (name, f"{west},{south},{east},{north}"), f"lat BETWEEN {south} AND {north} AND {along}"
    if operator == "like":
        pattern = draw(st.sampled_from(["%区", "_", "%", "", "a\\_%", "%\\%", "B", "a%b", "南*"]))
        return ("place.like", pattern), f"place LIKE '{pattern.replace('*', '%')}' ESCAPE '\\'"
    name = draw(st.sampled_from(sorted(_VALUES)))
    if operator == "null":
        truth = draw(st.booleans())
        return (f"{name}.null", str(truth).lower()), f"{name} IS {'' if truth else 'NOT '}NULL"
    if operator == "in":
        values = draw(st.lists(_VALUES[name], min_size=1, max_size=3))
        listed = ", ".join(f"'{value}'" for value in values)
        return (f"{name}.in", ",".join(_sent(name, value) for value in values)), f"{name} IN ({listed})"
    value = draw(_VALUES[name])
    return (f"{name}.{operator}", _sent(name, value)), f"{name} {_COMPARE[operator]} '{value}'"


def _sent(name: str, value: str) -> str:
    return f"{value}Z" if name == "moment" else value


def _near(longitude: float, latitude: float, metres: float) -> Filter:
    up, along = f"sin(radians(lat - {latitude}) / 2)", f"sin(radians(lon - {longitude}) / 2)"
    slanted = f"cos(radians({latitude})) * cos(radians(lat))"
    distance = f"2 * {EARTH} * asin(least(1, sqrt({up} * {up} + {slanted} * {along} * {along})))"
    return ("near", f"{longitude},{latitude},{metres}"), f"{distance} <= {metres}"


def open_copy(folder: Path, table: pa.Table, contract: DataContract = CONTRACT) -> Copy:
    """A copy of a table, as of a release with this contract."""
    file = io.BytesIO()
    pq.write_table(table, file)
    name = hashlib.sha256(file.getvalue()).hexdigest()
    return Copies(folder).get(Source(name, name, contract, lambda: io.BytesIO(file.getvalue())))


@contextmanager
def in_both(folder: Path, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[Copy, Fields, duckdb.DuckDBPyConnection]]:
    """Rows as a copy with its fields, and as DuckDB's table `released` with their numbers as `_id` (moments without a
    zone: UTC)."""
    table = pa.Table.from_pylist(
        [row | {"moment": row["moment"].replace(tzinfo=UTC) if row["moment"] else None} for row in rows], schema=SCHEMA
    )
    copy = open_copy(folder, table)
    place = SCHEMA.get_field_index("moment")
    plain = table.set_column(place, "moment", table.column("moment").cast(pa.timestamp("us")))
    with duckdb.connect() as connection:
        connection.register("released", plain.append_column("_id", pa.array(range(1, len(rows) + 1))))
        yield copy, Fields(copy, CONTRACT, None, ZONE), connection
