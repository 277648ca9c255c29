"""`near` and `bbox`: great circles on the globe, boxes across the 180th meridian, cells found by any point in them."""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.schema import ContractField, Coordinates, DataContract
from marketplace.gateway import query
from marketplace.gateway.copies import Copy
from marketplace.gateway.errors import BadFilter, FieldNotAllowed
from marketplace.gateway.fields import Fields
from marketplace.gateway.geometry import (
    FARTHEST_METRES,
    box_around,
    metres_between,
    metres_to_cell,
)
from tests.factories.filtering import LATITUDES, LONGITUDES, ZONE, open_copy

RELEASE = "01a20b79-3d8c-7620-8c0a-5b69b34f7a62"


def angle(longitude: float, latitude: float) -> tuple[float, float, float]:
    """A point of the globe as a unit vector."""
    x, y = math.radians(longitude), math.radians(latitude)
    return math.cos(y) * math.cos(x), math.cos(y) * math.sin(x), math.sin(y)


@given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES)
def test_distances_are_those_between_unit_vectors(x: float, y: float, a: float, b: float) -> None:
    one, other = angle(x, y), angle(a, b)
    chord = math.dist(one, other)
    expected = 2 * 6_371_008.8 * math.asin(min(1.0, chord / 2))
    assert metres_between(x, y, a, b) == pytest.approx(expected, abs=0.5)
    assert 0 <= metres_between(x, y, a, b) <= FARTHEST_METRES


def test_known_distances() -> None:
    assert metres_between(0, 0, 0, 1) == pytest.approx(111_195, abs=1)
    assert metres_between(179.5, 0, -179.5, 0) == pytest.approx(111_195, abs=1)
    # Shenzhen's civic centre to Hong Kong's Star Ferry pier, some 30 km.
    assert metres_between(114.0596, 22.5431, 114.1685, 22.2935) == pytest.approx(29_900, abs=200)


@given(LONGITUDES, LATITUDES, st.floats(0.001, FARTHEST_METRES), st.floats(0, 360), st.floats(0, 1))
def test_the_box_around_a_circle_holds_all_of_it(x: float, y: float, metres: float, turn: float, part: float) -> None:
    reach, up, course = part * metres / 6_371_008.8, math.radians(y), math.radians(turn)
    height = math.asin(
        max(-1.0, min(1.0, math.sin(up) * math.cos(reach) + math.cos(up) * math.sin(reach) * math.cos(course)))
    )
    along = math.atan2(
        math.sin(course) * math.sin(reach) * math.cos(up), math.cos(reach) - math.sin(up) * math.sin(height)
    )
    latitude, longitude = math.degrees(height), (x + math.degrees(along) + 180) % 360 - 180
    assume(metres_between(x, y, longitude, latitude) <= metres)
    box = box_around(x, y, metres)
    assert box.south <= latitude <= box.north
    inside = box.west <= longitude <= box.east
    assert inside if box.west <= box.east else (longitude >= box.west or longitude <= box.east)


@given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES, st.floats(0, 30), st.floats(0, 30))
def test_the_nearest_point_of_a_cell_is_in_it_and_none_is_nearer(
    x: float, y: float, west: float, south: float, width: float, height: float
) -> None:
    east, north = min(180.0, west + width), min(90.0, south + height)
    found = metres_to_cell(west, south, east, north, x, y)
    assert found is not None
    steps = [i / 24 for i in range(25)]
    tried = [metres_between(west + (east - west) * i, south + (north - south) * j, x, y) for i in steps for j in steps]
    assert found <= min(tried) + 1e-3
    coarse = metres_between(west, south, east, south) / 24 + metres_between(west, south, west, north) / 24
    wide = max(coarse, metres_between(west, north, east, north) / 24 + (north - south) * 111_195 / 24)
    assert found >= min(tried) - wide - 1e-3


def test_half_a_place_is_nowhere() -> None:
    assert metres_to_cell(114.0, None, 114.0, None, 114.0, 22.5) is None


CELLS = DataContract(
    fields=[
        ContractField(name=f"{name}_{bound}", type="number", range_of=name, bound=bound)  # type: ignore[arg-type]  # low, high
        for name in ("lat", "lng")
        for bound in ("low", "high")
    ],
    coordinates=[Coordinates(longitude="lng", latitude="lat")],
)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Cells of a tenth of a degree, the last row without one."""
    table = pa.table(
        {
            "lat_low": [22.5, 22.5, 22.6, None],
            "lat_high": [22.6, 22.6, 22.7, None],
            "lng_low": [113.9, 114.0, 114.0, None],
            "lng_high": [114.0, 114.1, 114.1, None],
        }
    )
    return open_copy(tmp_path_factory.mktemp("cells"), table, CELLS)


def found(copy: Copy, contract: DataContract, name: str, value: str, allowed: Any = None) -> list[int]:
    asked = query.parse([(name, value)], Fields(copy, contract, allowed, ZONE), RELEASE)
    return [row[0] for row in copy.query(*asked.sql())]


def test_a_cell_is_found_by_any_point_in_it(cells: Copy) -> None:
    assert found(cells, CELLS, "near", "113.95,22.55,1") == [1]
    assert found(cells, CELLS, "near", "113.95,22.55,5200") == [1, 2]
    assert found(cells, CELLS, "lat.near", "114.05,22.599,200") == [2, 3]
    assert found(cells, CELLS, "bbox", "113.91,22.51,113.92,22.52") == [1]
    assert found(cells, CELLS, "lng.bbox", "114.05,22.0,115,23") == [2, 3]
    assert found(cells, CELLS, "bbox", "170,-90,-170,90") == []


def test_a_plan_without_one_coordinate_has_no_places(cells: Copy) -> None:
    allowed = frozenset({"lat_low", "lat_high", "lng_low"})
    for name in ("near", "bbox", "lat.near"):
        with pytest.raises(FieldNotAllowed):
            found(cells, CELLS, name, "114,22.5,100", allowed)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("near", "114.0,22.5", "longitude,latitude,metres"),
        ("near", "22.5,114.0,100", "Longitude comes first"),
        ("near", "114.0,22.5,0", "above 0"),
        ("near", "114.0,22.5,nan", "longitude,latitude,metres"),
        ("near", "114.0,22.5,30000000", "20,015,114"),
        ("bbox", "114.0,22.5,114.1", "west,south,east,north"),
        ("bbox", "114.0,22.5,114.1,22.4", "south is not above north"),
        ("bbox", "114.0,22.5,181,22.6", "within ±180"),
        ("lat.near", "here", "longitude,latitude,metres"),
    ],
)
def test_what_is_no_circle_or_box_is_told(cells: Copy, name: str, value: str, words: str) -> None:
    with pytest.raises(BadFilter, match=words):
        found(cells, CELLS, name, value)


def test_of_several_places_one_is_named(tmp_path: Path) -> None:
    names = ["start_lng", "start_lat", "end_lng", "end_lat"]
    contract = DataContract(
        fields=[ContractField(name=name, type="number") for name in names],
        coordinates=[Coordinates(longitude=f"{end}_lng", latitude=f"{end}_lat") for end in ("start", "end")],
    )
    table = pa.table(
        {"start_lng": [113.9, 114.2], "start_lat": [22.5] * 2, "end_lng": [114.2, 113.9], "end_lat": [22.5] * 2}
    )
    copy = open_copy(tmp_path, table, contract)
    assert found(copy, contract, "start_lat.near", "113.9,22.5,10") == [1]
    assert found(copy, contract, "end_lng.near", "113.9,22.5,10") == [2]
    with pytest.raises(BadFilter, match="start_lat, end_lat"):
        found(copy, contract, "near", "113.9,22.5,10")


def test_a_circle_is_looked_for_by_an_index(tmp_path: Path) -> None:
    contract = DataContract(
        fields=[ContractField(name=name, type="number") for name in ("lon", "lat")],
        coordinates=[Coordinates(longitude="lon", latitude="lat")],
    )
    size = 2000
    table = pa.table(
        {"lon": [i / size * 360 - 180 for i in range(size)], "lat": [i / size * 180 - 90 for i in range(size)]}
    )
    copy = open_copy(tmp_path, table, contract)
    fields = Fields(copy, contract, None, ZONE)
    sql, values = query.parse([("near", "0,0,50000"), ("count", "true")], fields, RELEASE).counting_sql()
    plan = " ".join(row[3] for row in copy.query(f"EXPLAIN QUERY PLAN {sql}", values))
    assert "SEARCH rows USING" in plan
    assert "c0" in plan or "c1" in plan
