"""Shared-bike trips between busy spots: to the metro in the morning, home in the evening."""

from __future__ import annotations

import numpy as np

from web.demo.city import rhythm
from web.demo.city.numbers import Floats, Indices
from web.demo.city.people import living_streets
from web.demo.city.places import STREETS
from web.demo.city.tables.base import City, RawTable, pick

_DAYS = 30
_SPOTS_PER_STREET = 7
_METRES_PER_DEGREE = 111_320.0
_REACH = 1_100.0  # metres over which the wish to ride falls to a third
_FLEET = 4_000


def build(city: City, rows: int) -> RawTable:
    """Trips from 2026-09-01 on, in order of start."""
    rng = city.rng("nanshan-transport")
    people = city.people
    start = np.sort(rhythm.moments(rng, rows, "2026-09-01", _DAYS, rhythm.COMMUTE, rhythm.LEISURE, 0.72))
    riders = people.living_in("南山区", rng, 0.25)
    who = pick(rng, people, riders[people.age[riders] < 66], rows)
    spots, street, pull = _spots(rng)
    origin, goal = _routes(rng, spots, pull, rows)
    start_lng, start_lat = _near(rng, spots[origin])
    end_lng, end_lat = _near(rng, spots[goal])

    straight = _metres(start_lng, start_lat, end_lng, end_lat)
    metres = np.clip(straight * rng.normal(1.32, 0.12, rows).clip(1.05, 2) + 90, 150, None).astype(np.int64)
    minutes = np.round(metres / rng.normal(185, 26, rows).clip(90, 260) + rng.exponential(0.8, rows), 1)
    fare = 1.5 + np.floor(minutes / 30) * 1.5
    card = rng.random(rows) < 0.38  # riders with a monthly card pay nothing within half an hour
    fare = np.where(card & (minutes <= 30), 0.0, fare)
    end = start + (minutes * 60).astype(np.int64)

    phone = people.mobile[who].copy()
    lost = rng.random(rows)
    phone[lost < 0.004] = None
    for row in np.flatnonzero((lost >= 0.004) & (lost < 0.006)):
        phone[row] = "NULL"
    # The receiver had no fix: written as zero by old locks, left out by new ones.
    for lng, lat in ((start_lng, start_lat), (end_lng, end_lat)):
        fix = rng.random(rows)
        lng[fix < 0.0006], lat[fix < 0.0006] = 0.0, 0.0
        gone = (fix >= 0.0006) & (fix < 0.0014)
        lng[gone], lat[gone] = np.nan, np.nan
    names = np.array([s.name for s in STREETS], dtype=object)
    bikes = rng.integers(0, _FLEET, rows)
    table = RawTable(
        {
            "ddbh": np.array(
                [f"NS{t[:10].replace('-', '')}{row:07d}" for row, t in enumerate(rhythm.to_text(start))], dtype=object
            ),
            "yhid": np.array([f"u{(int(i) * 48_271 + 11) % 2_147_483_647:010d}" for i in who], dtype=object),
            "sjh": phone,
            "clbh": np.array([f"B{7_550_000 + int(b)}" for b in bikes], dtype=object),
            "kssj": start.astype("datetime64[ms]"),
            "ksjd": start_lng,
            "kswd": start_lat,
            "jssj": end.astype("datetime64[ms]"),
            "jsjd": end_lng,
            "jswd": end_lat,
            "ksjdmc": names[street[origin]],
            "jsjdmc": names[street[goal]],
            "qxlc": metres,
            "qxsc": minutes,
            "fy": fare,
        }
    )
    return table.with_repeats(rng)


def _spots(rng: np.random.Generator) -> tuple[Floats, Indices, Floats]:
    """Places where bicycles stand: coordinates, their streets, and how many people they draw."""
    here = np.repeat(np.array(living_streets("南山区")), _SPOTS_PER_STREET)
    centre = np.array([(STREETS[i].longitude, STREETS[i].latitude) for i in here])
    radius = np.array([STREETS[i].radius for i in here])[:, None]
    spots = centre + np.clip(rng.normal(0, 0.42, centre.shape), -0.9, 0.9) * radius
    pull = np.array([STREETS[i].weight for i in here]) * rng.lognormal(0, 0.55, len(here))
    return spots, here.astype(np.int64), pull


def _routes(rng: np.random.Generator, spots: Floats, pull: Floats, rows: int) -> tuple[Indices, Indices]:
    """Origin and goal of each trip; nearer spots are likelier (a gravity model)."""
    count = len(spots)
    lng, lat = spots[:, 0], spots[:, 1]
    apart = _metres(lng[:, None], lat[:, None], lng[None, :], lat[None, :])
    flow = pull[:, None] * pull[None, :] * np.exp(-apart / _REACH)
    np.fill_diagonal(flow, 0)
    trip = rng.choice(count * count, rows, p=(flow / flow.sum()).ravel())
    return np.asarray(trip // count, dtype=np.int64), np.asarray(trip % count, dtype=np.int64)


def _near(rng: np.random.Generator, points: Floats) -> tuple[Floats, Floats]:
    """Within some sixty metres of each point, to six decimals."""
    moved = points + rng.normal(0, 30 / _METRES_PER_DEGREE, points.shape)
    return np.round(moved[:, 0], 6), np.round(moved[:, 1], 6)


def _metres(lng1: Floats, lat1: Floats, lng2: Floats, lat2: Floats) -> Floats:
    """Distance on the plane that touches Shenzhen; good to a metre at this range."""
    shrink = np.cos(np.radians(22.54))
    east, north = (lng2 - lng1) * shrink, lat2 - lat1
    return np.asarray(np.hypot(east, north) * _METRES_PER_DEGREE)
