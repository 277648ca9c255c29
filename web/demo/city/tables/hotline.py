"""12345 hotline tickets: mostly text, with the caller's particles of identity in and around it."""

from __future__ import annotations

import numpy as np

from web.demo.city import mess, rhythm
from web.demo.city.hotline_phrases import BODIES, ENDINGS, OPENINGS, WHOLE
from web.demo.city.hotline_text import TextWriter
from web.demo.city.numbers import Indices, Objects
from web.demo.city.people import living_streets
from web.demo.city.places import STREETS
from web.demo.city.tables.base import City, RawTable, choose, objects, pick, street_names
from web.demo.city.truth import Span

_SHARES = {
    "噪音扰民": 15, "违法停车": 14, "物业管理": 12, "供水供电": 8, "劳动纠纷": 12,
    "消费维权": 13, "房屋租赁": 8, "市容环境": 8, "医疗卫生": 5, "交通出行": 5,
}  # fmt: skip
_OFFICES = {
    "噪音扰民": "生态环境局", "违法停车": "交警大队", "物业管理": "住房和建设局", "供水供电": "水务局",
    "劳动纠纷": "人力资源局", "消费维权": "市场监管局", "房屋租赁": "住房和建设局", "市容环境": "城管和综合执法局",
    "医疗卫生": "卫生健康局", "交通出行": "交通运输局",
}  # fmt: skip
# Median hours from receipt to close.
_PACE = {
    "噪音扰民": 20, "违法停车": 7, "物业管理": 60, "供水供电": 12, "劳动纠纷": 110,
    "消费维权": 85, "房屋租赁": 96, "市容环境": 24, "医疗卫生": 40, "交通出行": 30,
}  # fmt: skip
_ANONYMOUS = 2  # the last openings name nobody
_DAYS = 181


def build(city: City, rows: int) -> RawTable:
    """Tickets from 2026-01-01 on, in order of receipt."""
    rng = city.rng("futian-hotline")
    people = city.people
    time = np.sort(rhythm.moments(rng, rows, "2026-01-01", _DAYS, rhythm.OFFICE, rhythm.EVENINGS, 0.7))
    who = pick(rng, people, people.living_in("福田区", rng, 0.15), rows)
    here = np.array(living_streets("福田区"))
    shares = np.array([STREETS[i].weight for i in here])
    elsewhere = rng.choice(here, rows, p=shares / shares.sum())
    at_home = np.isin(people.street[who], here) & (rng.random(rows) < 0.7)
    street = np.where(at_home, people.street[who], elsewhere).astype(np.int64)
    category = choose(rng, list(_SHARES), list(_SHARES.values()), rows)
    moment = rhythm.to_text(time)

    written = _texts(rng, city, who, street, category, moment)
    content = np.array([text for text, _, _ in written], dtype=object)
    anonymous = np.array([hidden for _, _, hidden in written])
    spans: dict[int, tuple[Span, ...]] = {row: found for row, (_, found, _) in enumerate(written) if found}

    hours = np.round(rng.lognormal(0, 0.7, rows) * np.array([_PACE[c] for c in category]), 1)
    score = np.clip(np.round(4.6 - np.log1p(hours / 24) * 0.8 + rng.normal(0, 0.9, rows)), 1, 5).astype(int)
    name, phone, number = people.name[who].copy(), people.mobile[who], people.resident_id[who].copy()
    unknown = rng.random(rows) < 0.45
    name[anonymous] = "匿名"
    number[anonymous | unknown] = ""
    age, sex = objects(people.age[who]), people.sex[who].copy()
    received = moment.copy()
    satisfaction, taken = objects(score), objects(hours)

    mess.mix_dates(rng, received)
    named = name.copy()
    mess.mess_names(rng, named)
    name = np.where(anonymous, name, named)
    mess.mess_ids(rng, number)
    mess.blank(rng, age, 0.006)
    mess.blank(rng, sex, 0.004, ("未知", "-", ""))
    mess.change(rng, sex, 0.004, mess.spaced)
    mess.blank(rng, satisfaction, 0.08, ("未评价", "", "-"))
    mess.blank(rng, taken, 0.01)
    table = RawTable(
        {
            "工单编号": _ticket_numbers(moment),
            "受理时间": received,
            "受理渠道": choose(rng, ("电话", "微信公众号", "@深圳民意速办", "网站", "邮件"), (62, 18, 14, 5, 1), rows),
            "所属区": choose(rng, ("福田区", "福田", "深圳市福田区"), (95, 4, 1), rows),
            "所属街道": street_names(street),
            "诉求类别": category,
            "来电人": name,
            "来电号码": phone,
            "证件号码": number,
            "性别": sex,
            "年龄": age,
            "诉求内容": content,
            "承办单位": np.array([f"福田区{_OFFICES[c]}" for c in category], dtype=object),
            "处理时长": taken,
            "满意度": satisfaction,
        },
        {"诉求内容": spans},
    )
    return table.with_repeats(rng)


def _ticket_numbers(moment: Objects) -> Objects:
    return np.array(
        [f"FT{time[:10].replace('-', '')}{row:05d}" for row, time in enumerate(moment, start=1)], dtype=object
    )


def _texts(
    rng: np.random.Generator,
    city: City,
    who: Indices,
    street: Indices,
    category: Objects,
    moment: Objects,
) -> list[tuple[str, tuple[Span, ...], bool]]:
    """Text, spans and whether the caller stayed anonymous, for each ticket."""
    rows = len(who)
    writer = TextWriter(rng, city.people, city.companies, who, street)
    draw = rng.integers(0, 10_000, (rows, 3))
    whole, second = rng.random(rows) < 0.14, rng.random(rows) < 0.18
    out: list[tuple[str, tuple[Span, ...], bool]] = []
    for row in range(rows):
        kind = category[row]
        first, middle, last = (int(value) for value in draw[row])
        if whole[row]:
            phrases: tuple[str, ...] = (WHOLE[kind][first % len(WHOLE[kind])],)
            anonymous = False
        else:
            opening = first % len(OPENINGS)
            anonymous = opening >= len(OPENINGS) - _ANONYMOUS
            bodies = BODIES[kind]
            body = bodies[middle % len(bodies)]
            # A second trouble is told by some; where the opening named nobody, the ending does not either.
            more = (bodies[(middle + 1) % len(bodies)],) if second[row] else ()
            ending = "请相关部门核实处理。" if anonymous else ENDINGS[last % len(ENDINGS)]
            phrases = (OPENINGS[opening], body, *more, ending)
        text, found = writer.write(row, phrases, moment[row])
        out.append((text, found, anonymous))
    return out
