"""Distances and boxes on the globe, in degrees of longitude and latitude and in metres.

The Earth is a sphere of its mean radius here (IUGG's R1); a distance is up to 0.5 % off that on the ellipsoid. The
distance of two points is by the haversine formula (R. W. Sinnott, "Virtues of the Haversine", 1984), which is exact for
near points too.
"""

import math
from dataclasses import dataclass

EARTH_METRES = 6_371_008.8
FARTHEST_METRES = math.pi * EARTH_METRES
"""Half the way around: no two points are farther apart."""
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees; `west` greater than `east` where the box lies across the 180th meridian. Borders are in it."""

    west: float
    south: float
    east: float
    north: float


def metres_between(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """The great-circle distance of two points."""
    up = math.radians(other_latitude - latitude) / 2
    along = math.radians(other_longitude - longitude) / 2
    slanted = math.cos(math.radians(latitude)) * math.cos(math.radians(other_latitude))
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(math.sin(up) ** 2 + slanted * math.sin(along) ** 2)))


def metres_to_cell(
    west: float | None,
    south: float | None,
    east: float | None,
    north: float | None,
    longitude: float,
    latitude: float,
) -> float | None:
    """The distance from a point to the nearest point of a cell; None where the cell is not known.

    Along a meridian the cosine of the distance is a cosine of the latitude, greatest at one; so the nearest point of a
    cell that is not due north or south lies there or at a corner.
    """
    if west is None or south is None or east is None or north is None:
        return None
    if west == east and south == north:
        return metres_between(west, south, longitude, latitude)
    nearest = min(max(latitude, south), north)
    if west <= longitude <= east:
        return metres_between(longitude, nearest, longitude, latitude)
    found = FARTHEST_METRES
    upright = math.radians(latitude)
    for side in (west, east):
        away = math.radians(side - longitude)
        top = math.degrees(math.atan2(math.sin(upright), math.cos(upright) * math.cos(away)))
        for height in (south, north, min(max(top, south), north)):
            found = min(found, metres_between(side, height, longitude, latitude))
    return found


def box_around(longitude: float, latitude: float, metres: float) -> Box:
    """A box that holds every point within `metres` of a point, and little more."""
    reach = metres / EARTH_METRES * (1 + _SLACK) + _SLACK
    south, north = latitude - math.degrees(reach), latitude + math.degrees(reach)
    if south <= -90 or north >= 90:  # a pole is in it, so every meridian is
        return Box(-180.0, max(south, -90.0), 180.0, min(north, 90.0))
    wide = math.degrees(math.asin(min(1.0, math.sin(reach) / math.cos(math.radians(latitude))))) + _SLACK
    west, east = longitude - wide, longitude + wide
    if west < -180:
        west += 360
    if east > 180:
        east -= 360
    return Box(west, south, east, north)
