"""Hourly air quality: clean wet summers, hazier winters, ozone on autumn afternoons."""

from __future__ import annotations

import numpy as np

from web.demo.city import mess, rhythm
from web.demo.city.numbers import Floats
from web.demo.city.tables.base import City, Column, RawTable, texts

_LAST_DAY = "2026-10-31"
# Code, name, longitude, latitude, how much traffic it breathes.
_STATIONS = (
    ("FT01", "荔园监测站", 114.0976, 22.5561, 1.12),
    ("FT02", "莲花监测站", 114.0586, 22.5581, 0.94),
    ("FT03", "福保监测站", 114.0538, 22.5169, 1.03),
)
# Breakpoints of HJ 633: the index, and hourly or daily concentrations that give it.
_INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
_BREAKS: dict[str, tuple[float, ...]] = {
    "PM2.5": (0, 35, 75, 115, 150, 250, 350, 500),
    "PM10": (0, 50, 150, 250, 350, 420, 500, 600),
    "SO2": (0, 150, 500, 650, 800, 1600, 2100, 2620),
    "NO2": (0, 100, 200, 700, 1200, 2340, 3090, 3840),
    "CO": (0, 5, 10, 35, 60, 90, 120, 150),
    "O3": (0, 160, 200, 300, 400, 800, 1000, 1200),
}
_GRADES = ("优", "良", "轻度污染", "中度污染", "重度污染", "严重污染")


def build(city: City, rows: int) -> RawTable:
    """The last hours up to the end of October 2026, hour by hour and station by station."""
    rng = city.rng("futian-environment")
    stations = len(_STATIONS)
    hours = -(-rows // stations)
    time = rhythm.hours_until(_LAST_DAY, hours)
    shared = _city_air(rng, time)
    # Hours lead, stations follow; a surplus of a reading or two is cut at the end.
    where = np.tile(np.arange(stations), hours)[:rows]
    when = np.repeat(np.arange(hours), stations)[:rows]
    traffic = np.array([station[4] for station in _STATIONS])[where]
    values = {
        name: np.maximum(series[when] * _exposure(name, traffic) * rng.lognormal(0, 0.07, rows), floor)
        for (name, series), floor in zip(shared.items(), (2, 5, 2, 4, 0.2, 3), strict=True)
    }
    rounded = {name: np.round(series, 2 if name == "CO" else 0) for name, series in values.items()}
    index = np.stack([np.interp(rounded[name], points, _INDEX) for name, points in _BREAKS.items()])
    aqi = np.ceil(index.max(axis=0)).astype(np.int64)
    grade = np.array(_GRADES, dtype=object)[np.digitize(aqi, (50.5, 100.5, 150.5, 200.5, 300.5))]

    columns: dict[str, Column] = {}
    for name, series in rounded.items():
        cells = texts(series, "{:.2f}" if name == "CO" else "{:.0f}")
        mess.blank(rng, cells, 0.004, ("-", "NULL", "", "—"))
        columns[name] = cells
    moment = rhythm.to_text(time[when].astype("datetime64[s]"))
    mess.mix_dates(rng, moment, share=0.004, wrong=0.0)
    named = [np.array([station[k] for station in _STATIONS], dtype=object)[where] for k in range(4)]
    table = RawTable(
        {
            "站点编号": named[0],
            "站点名称": named[1],
            "经度": texts(named[2]),
            "纬度": texts(named[3]),
            "监测时间": moment,
            "AQI": texts(aqi),
            **columns,
            "空气质量等级": grade,
        }
    )
    return table.with_repeats(rng)


def _exposure(name: str, traffic: Floats) -> Floats:
    """Traffic makes fumes and eats ozone."""
    power = {"NO2": 1.6, "CO": 0.8, "PM2.5": 0.5, "PM10": 0.7, "SO2": 0.3, "O3": -0.6}[name]
    return np.asarray(traffic**power)


def _city_air(rng: np.random.Generator, time: rhythm.Times) -> dict[str, Floats]:
    """Concentrations over the district, hour by hour, in the units of publication."""
    count = len(time)
    warm, hour = rhythm.warmth(time), rhythm.hour_of_day(time)
    rush = np.exp(-(((hour - 8.5) / 2.2) ** 2)) + 0.9 * np.exp(-(((hour - 19) / 2.6) ** 2))
    sun = np.clip(np.cos((hour - 14.5) / 24 * 2 * np.pi), -0.35, 1)
    weekday = np.where(rhythm.is_weekend(time), 0.9, 1.05)
    still = rhythm.wandering(rng, count, 0.985)  # air that does not move, for days
    autumn = np.exp(-(((warm - 0.5) / 0.28) ** 2))
    fine = (31 - 20 * warm) * np.exp(0.42 * still) * (1 + 0.16 * rush)
    return {
        "PM2.5": fine,
        "PM10": fine * (1.55 + 0.12 * rhythm.wandering(rng, count, 0.97)) + 6,
        "SO2": 5.2 * np.exp(0.12 * still) + 0.8 * rush,
        "NO2": (27 - 12 * warm) * weekday * np.exp(0.28 * still) * (0.82 + 0.45 * rush),
        "CO": 0.58 * np.exp(0.16 * still) * (1 + 0.14 * rush),
        "O3": (48 + 34 * autumn + 8 * warm) * (1 + 0.72 * sun) * np.exp(0.20 * still),
    }
