"""Roadside parking sessions: morning and evening peaks on working days, long flat days at weekends."""

from __future__ import annotations

import numpy as np

from web.demo.city import mess, rhythm
from web.demo.city.numbers import Bools, Floats, Indices
from web.demo.city.people import living_streets
from web.demo.city.places import STREETS
from web.demo.city.tables.base import City, RawTable, choose, pick, street_names, texts

_DAYS = 92
_WARDENS = 64
_BERTHS = 40  # on each section
# Busier than their inhabitants make them: shops, offices, the border crossing.
_DRAW = {"福田街道": 1.7, "沙头街道": 1.5, "华强北街道": 3.4, "香蜜湖街道": 1.1}
# First half hour and each later one, in yuan; the dear zone is the inner city.
_DEAR = {"福田街道", "沙头街道", "华强北街道", "华富街道"}
_FREE_FROM, _FREE_UNTIL = 20, 8


def build(city: City, rows: int) -> RawTable:
    """Sessions from 2026-08-01 on, in order of arrival."""
    rng = city.rng("futian-parking")
    people = city.people
    time = np.sort(rhythm.moments(rng, rows, "2026-08-01", _DAYS, rhythm.PARK_WEEKDAY, rhythm.PARK_WEEKEND, 0.82))
    # A roadside berth is used by few cars often: about two fifths of the people ever park there.
    drivers = np.flatnonzero(people.activity > np.quantile(people.activity, 0.45))
    who = pick(rng, people, drivers, rows)
    here = np.array(living_streets("福田区"))
    pull = np.array([STREETS[i].weight * _DRAW.get(STREETS[i].name, 1.0) for i in here])
    street = rng.choice(here, rows, p=pull / pull.sum())
    road = rng.choice(3, rows, p=(0.5, 0.3, 0.2))
    berth = rng.integers(1, _BERTHS + 1, rows)
    section = np.array([[f"{name}路段" for name in s.roads] for s in STREETS], dtype=object)[street, road]

    minutes = _minutes(rng, time, rows)
    due = _fees(time, minutes, np.isin(street_names(street), list(_DEAR)))
    discount = rng.random(rows)
    paid = np.where(discount < 0.04, 0.0, np.where(discount < 0.12, np.round(due * 0.8, 2), due))
    method = choose(rng, ("微信", "支付宝", "宜停车APP", "ETC", "现金"), (46, 27, 19, 7, 1), rows)
    method[due == 0] = "免费"
    staff = rng.choice(len(people), _WARDENS, replace=False)
    warden = people.name[staff[(street * 3 + road) % _WARDENS]].copy()

    arrived, left = rhythm.to_text(time), rhythm.to_text(time + minutes * 60)
    mess.mix_dates(rng, arrived)
    mess.mix_dates(rng, left)
    mess.mess_names(rng, warden)
    duration, fee, received = texts(minutes), texts(due, "{:.2f}"), texts(paid, "{:.2f}")
    mess.change(rng, duration, 0.004, mess.full_width)
    mess.change(rng, fee, 0.003, lambda amount: f"￥{amount}")
    mess.blank(rng, received, 0.006)
    colour = people.plate_colour[who].copy()
    mess.change(rng, colour, 0.01, lambda name: f"{name}色")
    sections = section.copy()
    mess.change(rng, sections, 0.004, mess.spaced)
    table = RawTable(
        {
            "订单号": np.array(
                [f"P{t[2:10].replace('-', '')}{row:06d}" for row, t in enumerate(rhythm.to_text(time))], dtype=object
            ),
            "车牌号码": people.plate[who],
            "车牌颜色": colour,
            "街道": street_names(street),
            "路段名称": sections,
            "泊位编号": np.array(
                [f"{200 + s * 10 + r}-{b:03d}" for s, r, b in zip(street, road, berth, strict=True)], dtype=object
            ),
            "驶入时间": arrived,
            "驶离时间": left,
            "停车时长": duration,
            "应收金额": fee,
            "实收金额": received,
            "支付方式": method,
            "巡查员": warden,
        }
    )
    return table.with_repeats(rng)


def _minutes(rng: np.random.Generator, time: rhythm.Times, rows: int) -> Indices:
    """Short stops at noon, whole working days from the morning peak, longer stays at weekends."""
    hour = rhythm.hour_of_day(time)
    working = ~rhythm.is_weekend(time)
    all_day = working & (hour >= 7) & (hour <= 9) & (rng.random(rows) < 0.34)
    stay = rng.lognormal(np.where(working, np.log(52), np.log(78)), 0.75, rows)
    stay = np.where(all_day, rng.normal(505, 60, rows), stay)
    return np.clip(stay, 3, 1_300).astype(np.int64)


def _fees(
    time: rhythm.Times,
    minutes: Indices,
    dear: Bools,
) -> Floats:
    """Yuan by the half hour begun; the first quarter, nights and the time after 20:00 are free."""
    hour = rhythm.hour_of_day(time)
    start = hour * 60 + (time.astype("datetime64[m]").astype(np.int64) % 60)
    charged_from = np.maximum(start, _FREE_UNTIL * 60)
    charged_until = np.minimum(start + minutes, _FREE_FROM * 60)
    charged = np.clip(charged_until - charged_from, 0, None)
    halves = np.ceil(charged / 30)
    first, later = np.where(dear, 5.0, 2.5), np.where(dear, 5.0, 2.5)
    fee = np.where(halves > 0, first + (halves - 1) * later, 0.0)
    ceiling = np.where(dear, 90.0, 45.0)
    return np.asarray(np.where((minutes <= 15) | (charged == 0), 0.0, np.minimum(fee, ceiling)))
