"""Hourly weather of a subtropical coast: mild dry winters, hot summers with downpours."""

from __future__ import annotations

import numpy as np

from web.demo.city import mess, rhythm
from web.demo.city.tables.base import City, RawTable, objects

_LAST_DAY = "2026-10-31"
# Code, name, longitude, latitude, degrees cooler than at sea level, how windy.
_STATIONS = (
    ("G3521", "蛇口观测站", 113.9312, 22.4878, 0.0, 1.35),
    ("G3544", "西丽观测站", 113.9523, 22.5894, 0.7, 0.85),
)
_WINDS = np.array(["北", "东北", "东", "东南", "南", "西南", "西", "西北"], dtype=object)


def build(city: City, rows: int) -> RawTable:
    """The last hours up to the end of October 2026, hour by hour and station by station."""
    rng = city.rng("nanshan-weather")
    stations = len(_STATIONS)
    hours = -(-rows // stations)
    time = rhythm.hours_until(_LAST_DAY, hours)
    # The sea keeps its warmth: the hottest and the coldest days come late.
    warm, hour = rhythm.warmth(time, late_days=11), rhythm.hour_of_day(time)
    front = np.clip(rhythm.wandering(rng, hours, 0.988), -2.4, 2.4)
    damp = rhythm.wandering(rng, hours, 0.95)
    # Rain falls when the air is damp enough, the threshold being lower in summer.
    raining = damp > 2.05 - 1.15 * warm
    rain = np.where(raining, rng.gamma(0.62, 1.2 + 5.6 * warm), 0.0)
    daily = np.cos((hour - 14.5) / 24 * 2 * np.pi)
    air = 15.9 + 13.2 * warm + 2.9 * daily * np.where(raining, 0.45, 1) + front * (2.7 - 1.8 * warm) - 1.1 * raining
    humidity = np.clip(66 + 13 * warm - 9 * daily + 7 * damp + 9 * raining, 22, 100)
    wind = np.abs(1.9 + 0.55 * daily + 0.8 * rhythm.wandering(rng, hours, 0.93) + 0.7 * raining)
    bearing = np.where(warm < 0.45, 0.9, 3.7) + 0.9 * rhythm.wandering(rng, hours, 0.96)
    pressure = 1019.2 - 14.5 * warm - 1.6 * front + 1.1 * np.cos((hour - 10) / 12 * 2 * np.pi)

    where = np.tile(np.arange(stations), hours)[:rows]
    when = np.repeat(np.arange(hours), stations)[:rows]
    cool, windy = (np.array([station[k] for station in _STATIONS])[where] for k in (4, 5))
    temperature = objects(np.round(air[when] - cool + rng.normal(0, 0.25, rows), 1))
    moist = objects(np.round(np.clip(humidity[when] + rng.normal(0, 2, rows), 15, 100)).astype(int))
    fallen = objects(np.round(rain[when] * rng.uniform(0.6, 1.4, rows), 1))
    speed = objects(np.round(wind[when] * windy * rng.lognormal(0, 0.12, rows), 1))
    column = objects(np.round(pressure[when] - cool * 12 + rng.normal(0, 0.2, rows), 1))
    for cells in (temperature, moist, fallen, speed, column):
        mess.blank(rng, cells, 0.003, (None, "-", 999.9))
    moment = rhythm.to_text(time[when].astype("datetime64[s]"))
    mess.mix_dates(rng, moment, share=0.003, wrong=0.0)
    named = [np.array([station[k] for station in _STATIONS], dtype=object)[where] for k in range(4)]
    table = RawTable(
        {
            "zdbh": named[0],
            "zdmc": named[1],
            "jd": named[2],
            "wd": named[3],
            "gcsj": moment,
            "qw": temperature,
            "xdsd": moist,
            "jyl": fallen,
            "fs": speed,
            "fx": _WINDS[np.round(bearing[when]).astype(int) % 8],
            "qy": column,
        }
    )
    return table.with_repeats(rng)
