"""Tables at full size behave like the city they stand for, and can be made anonymous."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

from web.demo.city import SEED, plan
from web.demo.city.generate import BUILDERS
from web.demo.city.people import FULL_SIZE, populate
from web.demo.city.places import BOUNDS
from web.demo.city.tables.base import City
from web.demo.city.tables.company import company_names

K = 5
MOST_SUPPRESSED = 0.05


@cache
def _city() -> City:
    return City(SEED, populate(SEED, FULL_SIZE), company_names(SEED, 900))


@cache
def _frame(code: str) -> pl.DataFrame:
    """The good rows as built, numbers kept and everything in mixed columns as text."""
    rows = plan().department(code).dataset.rows
    table = BUILDERS[code](_city(), rows)
    return pl.DataFrame(
        {
            name: [None if cell is None else str(cell) for cell in values.tolist()]
            if values.dtype == object
            else values
            for name, values in table.columns.items()
        }
    ).fill_nan(None)


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)


def _time(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)


def _cell(name: str) -> pl.Expr:
    return (pl.col(name) / 0.01).floor().alias(f"{name} cell")


GENERALISED: dict[str, list[pl.Expr]] = {
    "futian-hotline": [pl.col("所属街道"), pl.col("性别"), (_number("年龄") // 10).alias("decade")],
    "futian-parking": [
        pl.col("路段名称"),
        pl.col("街道"),
        pl.col("车牌颜色"),
        _time("驶入时间").dt.truncate("1w").alias("week"),
    ],
    "futian-housing": [pl.col("所在街道"), pl.col("性别"), pl.col("出生日期").str.slice(0, 3)],
    "futian-health": [pl.col("jzjd"), pl.col("xb"), pl.col("csrq").str.slice(0, 3)],
    "nanshan-market": [pl.col("行业门类"), pl.col("成立日期").str.slice(0, 4)],
    "nanshan-transport": [
        *(_cell(name) for name in ("ksjd", "kswd", "jsjd", "jswd")),
        pl.col("kssj").dt.truncate("1w"),
    ],
    "nanshan-water": [pl.col("街道"), pl.col("用水性质"), pl.col("用水人口")],
}


def test_every_table_about_persons_is_held_to_it() -> None:
    assert set(GENERALISED) == {d.code for d in plan().departments if d.dataset.about_persons}


@pytest.mark.parametrize("code", GENERALISED)
def test_five_subjects_a_class_can_be_had_for_few_rows(code: str) -> None:
    subject = plan().department(code).dataset.subject
    assert subject is not None
    frame = _frame(code).with_columns(pl.col(subject).alias("subject"))
    keys = [expression.alias(f"key{number}") for number, expression in enumerate(GENERALISED[code])]
    classes = frame.group_by(keys).agg(pl.len().alias("rows"), pl.col("subject").n_unique().alias("subjects"))
    few = classes.filter(pl.col("subjects") < K)["rows"].sum()
    assert few / len(frame) < MOST_SUPPRESSED
    assert len(classes) > 30


def test_bicycles_are_busiest_when_people_go_to_work_and_home() -> None:
    trips = _frame("nanshan-transport").with_columns(pl.col("kssj").dt.hour().alias("hour"))
    working = trips.filter(pl.col("kssj").dt.weekday() <= 5)
    by_hour = dict(working.group_by("hour").len().iter_rows())
    assert {hour for hour, _ in sorted(by_hour.items(), key=lambda pair: -pair[1])[:4]} >= {8, 18}
    assert by_hour[3] * 10 < by_hour[8]


def test_trips_lie_in_the_city_and_take_as_long_as_their_length_needs() -> None:
    trips = _frame("nanshan-transport").filter(pl.col("ksjd") > 0)
    west, south, east, north = BOUNDS
    assert trips["ksjd"].is_between(west, east).all()
    assert trips.filter(pl.col("kswd") > 0)["kswd"].is_between(south, north).all()
    speed = trips.select(pl.col("qxlc") / pl.col("qxsc")).to_series()
    assert 100 < float(speed.median()) < 260
    assert trips.select((pl.col("jssj") > pl.col("kssj")).all()).item()


def test_summer_is_hot_and_wet_and_winter_hazy() -> None:
    month = pl.col("gcsj").str.slice(5, 2).alias("month")
    weather = _frame("nanshan-weather").with_columns(month, _number("qw"), _number("jyl"))
    weather = weather.filter(pl.col("qw") < 999, pl.col("jyl") < 999)
    heat = dict(weather.group_by("month").agg(pl.col("qw").mean()).iter_rows())
    rain = dict(weather.group_by("month").agg(pl.col("jyl").sum()).iter_rows())
    assert 13 < heat["01"] < 18
    assert 27 < heat["07"] < 31
    assert rain["07"] > 5 * rain["01"]
    air = _frame("futian-environment").with_columns(pl.col("监测时间").str.slice(5, 2).alias("month"))
    fine = dict(air.group_by("month").agg(_number("PM2.5").mean()).iter_rows())
    assert fine["01"] > 1.5 * fine["07"]


def test_the_air_index_is_that_of_its_worst_pollutant() -> None:
    air = _frame("futian-environment").select(_number("AQI"), _number("PM2.5"), pl.col("空气质量等级"))
    clear = air.filter(pl.col("AQI") <= 50)
    assert (clear["空气质量等级"] == "优").all()
    assert clear.drop_nulls()["PM2.5"].max() <= 35


def test_parking_is_free_at_night_and_dear_in_the_centre() -> None:
    sessions = _frame("futian-parking").with_columns(
        _time("驶入时间").dt.hour().alias("hour"), _number("应收金额"), _number("停车时长")
    )
    night = sessions.filter((pl.col("hour") >= 20) & (pl.col("停车时长") < 240))["应收金额"].drop_nulls()
    assert night.max() == 0
    day = sessions.filter(pl.col("hour").is_between(9, 15), pl.col("停车时长").is_between(60, 90))
    fee = dict(day.group_by("街道").agg(pl.col("应收金额").mean()).iter_rows())
    assert fee["华强北街道"] > 1.5 * fee["梅林街道"]


def test_meters_run_on_from_month_to_month() -> None:
    readings = _frame("nanshan-water").with_columns(_number("上期止码").alias("from"), _number("本期止码").alias("to"))
    readings = readings.unique(["户号", "抄表月份"]).sort("户号", "抄表月份")
    pairs = readings.with_columns(pl.col("to").shift(1).over("户号").alias("before")).drop_nulls(
        ["before", "from", "to"]
    )
    assert len(pairs) > 10_000
    assert (pairs["from"] == pairs["before"]).all()


def test_nobody_founded_a_company_as_a_child() -> None:
    companies = _frame("nanshan-market").filter(pl.col("成立日期").str.contains(r"^\d{4}-\d{2}-\d{2}$"))
    age = companies.select(
        pl.col("成立日期").str.slice(0, 4).cast(pl.Int64) - pl.col("法定代表人证件号").str.slice(6, 4).cast(pl.Int64)
    ).to_series()
    assert age.min() >= 20


def test_a_person_is_the_same_in_every_table() -> None:
    people = _city().people
    born = dict(zip(people.resident_id.tolist(), np.datetime_as_string(people.birth).tolist(), strict=True))
    visits = _frame("futian-health").filter(pl.col("csrq").str.contains(r"^\d{4}-(0\d|1[0-2])-\d{2}$"))
    known = visits.filter(pl.col("sfzh").is_in(list(born)))
    assert len(known) > 10_000
    assert all(born[number] == day for number, day in zip(known["sfzh"], known["csrq"], strict=True))
    tenants = set(_frame("futian-housing")["承租人身份证号"])
    assert len(tenants & set(known["sfzh"])) > 500
