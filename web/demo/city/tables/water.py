"""Water-meter readings: each household every month, more in summer, by a stepped tariff."""

from __future__ import annotations

import numpy as np

from web.demo.city import mess, rhythm
from web.demo.city.hotline_phrases import WATER_REMARKS
from web.demo.city.hotline_text import TextWriter
from web.demo.city.numbers import Floats, Indices, Objects
from web.demo.city.tables.base import City, RawTable, choose, texts
from web.demo.city.truth import Span

_MONTHS = 6  # May to October 2026
_USES = ("居民生活", "商业服务", "行政事业", "特种行业")
_PRICES = (2.67, 3.77, 3.77, 13.5)
# Cubic metres a month up to which the household price holds; beyond, it is half as dear again.
_STEP = 22


def build(city: City, rows: int) -> RawTable:
    """Readings month by month, in order of account within the month."""
    rng = city.rng("nanshan-water")
    people = city.people
    accounts = -(-rows // _MONTHS)
    local = np.flatnonzero(people.district == "南山区")
    holder = np.sort(rng.choice(local, accounts, replace=len(local) < accounts))
    use = rng.choice(len(_USES), accounts, p=(0.90, 0.075, 0.02, 0.005))
    persons = np.minimum(1 + rng.poisson(1.9, accounts), 7)
    usual = np.where(use == 0, persons * 4.1 + 2.5, rng.lognormal(3.6, 0.6, accounts))
    habit = usual * rng.lognormal(0, 0.32, accounts)
    before = rng.integers(30, 2_400, accounts)

    month = np.repeat(np.arange(_MONTHS), accounts)[:rows]
    account = np.tile(np.arange(accounts), _MONTHS)[:rows]
    first: rhythm.Times = np.asarray(np.datetime64("2026-05", "M") + month)
    day: rhythm.Times = np.asarray(first.astype("datetime64[D]") + (27 - account % 9))
    season = 0.86 + 0.3 * rhythm.warmth(day)
    volume = np.maximum(0, np.round(habit[account] * season * rng.lognormal(0, 0.13, rows))).astype(np.int64)
    volume[rng.random(rows) < 0.012] = 0  # nobody at home
    closing = before[account] + _running(volume, account, accounts)
    charge = _charges(volume, use[account])

    who = holder[account]
    name, ids, phone = people.name[who].copy(), people.resident_id[who].copy(), people.mobile[who].copy()
    address, street = people.address[who].copy(), people.street_name[who]
    read = rhythm.day_text(day)
    now, used = texts(closing), texts(volume)
    remarks, spans = _remarks(rng, city, who, rhythm.to_text(day.astype("datetime64[s]")))
    mess.mess_names(rng, name)
    mess.mess_ids(rng, ids)
    mess.blank(rng, ids, 0.10)  # old accounts were opened without
    mess.mess_phones(rng, phone)
    mess.change(rng, address, 0.01, mess.full_width)
    mess.change(rng, address, 0.008, mess.spaced)
    mess.mix_dates(rng, read, share=0.05)
    mess.change(rng, now, 0.004, mess.full_width)
    mess.change(rng, used, 0.004, lambda number: f"{number}吨")
    mess.blank(rng, used, 0.003)
    table = RawTable(
        {
            "户号": np.array([f"NS{30_000_000 + int(i) * 13}" for i in account], dtype=object),
            "户名": name,
            "sfzh": ids,
            "联系电话": phone,
            "用水地址": address,
            "街道": street,
            "用水性质": np.array(_USES, dtype=object)[use[account]],
            "用水人口": texts(persons[account]),
            "表号": np.array([f"WM{2_019_000_000 + int(i) * 37}" for i in account], dtype=object),
            "抄表月份": np.array(np.datetime_as_string(first).tolist(), dtype=object),
            "抄表日期": read,
            "上期止码": texts(closing - volume),
            "本期止码": now,
            "用水量": used,
            "水费": texts(charge, "{:.2f}"),
            "备注": remarks,
        },
        {"备注": spans},
    )
    return table.with_repeats(rng)


def _running(volume: Indices, account: Indices, accounts: int) -> Indices:
    """Sum of each account's volumes up to and with each row; rows stand month by month."""
    totals = np.zeros(accounts, dtype=np.int64)
    out = np.empty(len(volume), dtype=np.int64)
    for begin in range(0, len(volume), accounts):
        rows = slice(begin, min(begin + accounts, len(volume)))
        totals[account[rows]] += volume[rows]
        out[rows] = totals[account[rows]]
    return out


def _charges(volume: Indices, use: Indices) -> Floats:
    price = np.array(_PRICES)[use]
    beyond = np.where(use == 0, np.maximum(volume - _STEP, 0), 0)
    return np.asarray(np.round(volume * price + beyond * price * 0.5, 2))


def _remarks(
    rng: np.random.Generator, city: City, who: Indices, moment: Objects
) -> tuple[Objects, dict[int, tuple[Span, ...]]]:
    """One reading in fourteen carries a note of the reader."""
    writer = TextWriter(rng, city.people, city.companies, who, city.people.street[who])
    remarks = choose(rng, ("", "正常"), (70, 30), len(who))
    spans: dict[int, tuple[Span, ...]] = {}
    for row in mess.some(rng, len(who), 0.07).tolist():
        phrase = WATER_REMARKS[int(rng.integers(0, len(WATER_REMARKS)))]
        remarks[row], found = writer.write(row, (phrase,), moment[row])
        if found:
            spans[row] = found
    return remarks, spans
