"""Registered companies, whose legal representatives are people of the city."""

from __future__ import annotations

from datetime import date

import numpy as np
from faker import Faker

from web.demo.city import mess, numbers, rhythm
from web.demo.city.numbers import Objects
from web.demo.city.people import TODAY, addresses, living_streets
from web.demo.city.places import ESTATE_HEADS, STREETS
from web.demo.city.tables.base import City, RawTable, choose, objects, pick, street_names

# Section of GB/T 4754: words in the names of such companies, weight, median capital in 10,000 yuan.
_INDUSTRIES: dict[str, tuple[tuple[str, ...], float, float]] = {
    "批发和零售业": (("贸易", "商贸", "供应链", "百货"), 27, 90),
    "信息传输、软件和信息技术服务业": (("科技", "网络科技", "软件", "数据技术"), 22, 180),
    "租赁和商务服务业": (("咨询", "企业管理", "商务服务", "广告传媒"), 16, 110),
    "科学研究和技术服务业": (("技术开发", "检测技术", "工程设计"), 12, 160),
    "制造业": (("电子", "精密制造", "光电", "医疗器械"), 8, 420),
    "建筑业": (("建筑工程", "装饰工程"), 5, 620),
    "住宿和餐饮业": (("餐饮管理", "酒店管理"), 5, 45),
    "交通运输、仓储和邮政业": (("物流", "货运代理"), 3, 240),
    "居民服务、修理和其他服务业": (("家政服务", "汽车服务"), 2, 30),
}
_HEAD_CHARACTERS = "鑫汇盛恒泰和云海信达诚瑞嘉源博宏创智联通远航景辰星睿朗凯润丰佳禾"


def company_names(seed: int, count: int) -> Objects:
    """Invented names of companies of all industries, distinct."""
    rng = np.random.default_rng([seed, 2])
    industries = list(_INDUSTRIES)
    shares = [weight for _, weight, _ in _INDUSTRIES.values()]
    return name_companies(seed, rng, choose(rng, industries, shares, count))


def name_companies(seed: int, rng: np.random.Generator, industry: Objects) -> Objects:
    """A distinct invented name for each industry given: place, Faker's or an own word, trade, form."""
    faker = Faker("zh_CN")
    faker.seed_instance(seed + 7)
    words = [faker.company_prefix() for _ in range(200)]
    names = np.empty(len(industry), dtype=object)
    seen: set[str] = set()
    for row, section in enumerate(industry):
        trades = _INDUSTRIES[section][0]
        trade = trades[int(rng.integers(0, len(trades)))]
        while True:
            letters = [_HEAD_CHARACTERS[i] for i in rng.integers(0, len(_HEAD_CHARACTERS), 3)]
            own = "".join(letters[: 2 + int(rng.integers(0, 2))])
            word = words[int(rng.integers(0, len(words)))] + letters[0] if rng.random() < 0.3 else own
            name = f"深圳市{word}{trade}有限公司"
            if name not in seen:
                break
        seen.add(name)
        names[row] = name
    return names


def build(city: City, rows: int) -> RawTable:
    """Companies on record at the end of October 2026, by date of foundation."""
    rng = city.rng("nanshan-market")
    people = city.people
    grown = np.flatnonzero((people.age >= 22) & (people.age < 75))
    # Representatives answer for one company mostly, some for several.
    chosen = pick(rng, people, grown, max(20, int(rows * 0.86)))
    who = np.concatenate([chosen, rng.choice(chosen, rows - len(chosen))])[rng.permutation(rows)]
    founded = _of_age(rng, _foundations(rng, rows), people.birth[who])
    order = np.argsort(founded, kind="stable")
    founded, who = founded[order], who[order]
    here = np.array(living_streets("南山区"))
    pull = np.array([STREETS[i].weight * (2.2 if STREETS[i].name == "粤海街道" else 1.0) for i in here])
    street = rng.choice(here, rows, p=pull / pull.sum())
    industry = choose(rng, list(_INDUSTRIES), [weight for _, weight, _ in _INDUSTRIES.values()], rows)
    median = np.array([_INDUSTRIES[name][2] for name in industry])
    raw = median * rng.lognormal(0, 0.95, rows)
    # People subscribe round sums.
    steps = np.array([1, 3, 5, 10, 20, 50, 100, 200, 300, 500, 1000, 2000, 5000, 10000])
    capital = steps[np.abs(np.log(raw)[:, None] - np.log(steps)[None, :]).argmin(axis=1)]
    staff = np.maximum(1, (np.sqrt(raw) * rng.lognormal(-0.1, 0.7, rows)).astype(int))

    name, phone, email = people.name[who].copy(), people.mobile[who].copy(), people.email[who].copy()
    office = rng.random(rows) < 0.18
    phone[office] = people.landline[who][office]
    code = numbers.credit_codes(rng, rows)
    where = addresses(rng, street, rng.integers(0, len(ESTATE_HEADS) * 2, rows))
    day, money = rhythm.day_text(founded), objects(capital)
    mess.mess_names(rng, name)
    mess.mess_phones(rng, phone)
    mess.change(rng, email, 0.006, lambda text: text.replace("@", "＠"))
    mess.blank(rng, email, 0.22)
    mess.change(rng, code, 0.006, mess.lower)
    mess.change(rng, code, 0.003, mess.shortened)
    mess.mix_dates(rng, day, share=0.05)
    mess.change(rng, where, 0.012, mess.full_width)
    for row in mess.some(rng, rows, 0.02):
        money[row] = f"{money[row]}万元"
    mess.blank(rng, money, 0.004)
    size = objects(staff)
    mess.blank(rng, size, 0.05, ("", "-", "未公示"))
    table = RawTable(
        {
            "统一社会信用代码": code,
            "企业名称": name_companies(city.seed, rng, industry),
            "企业类型": choose(
                rng, ("有限责任公司", "有限责任公司(自然人独资)", "股份有限公司", "有限合伙企业"), (62, 30, 3, 5), rows
            ),
            "法定代表人": name,
            "法定代表人证件号": people.resident_id[who],
            "lxdh": phone,
            "dzyx": email,
            "注册资本": money,
            "成立日期": day,
            "行业门类": industry,
            "住所": where,
            "所属街道": street_names(street),
            "从业人数": size,
            "经营状态": choose(rng, ("存续", "注销", "吊销", "迁出"), (81, 13, 3, 3), rows),
        }
    )
    return table.with_repeats(rng)


def _foundations(rng: np.random.Generator, rows: int) -> rhythm.Times:
    """More companies every year since 1998, a rush after the reform of 2014."""
    years = np.arange(1998, TODAY.year + 1)
    weight = np.exp((years - 1998) * 0.11) * np.where(years >= 2014, 1.6, 1.0)
    year = rng.choice(years, rows, p=weight / weight.sum())
    day = rng.integers(0, 365, rows)
    founded = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + day
    return np.asarray(np.minimum(founded, np.datetime64(date(2026, 10, 28))))


def _of_age(rng: np.random.Generator, founded: rhythm.Times, birth: rhythm.Times) -> rhythm.Times:
    """Nobody founds a company before the age of twenty: such dates are drawn again from later years."""
    first = birth + np.timedelta64(round(20 * 365.2425), "D")
    left = (np.datetime64(TODAY) - first).astype(np.int64)
    again = first + (left * rng.random(len(birth))).astype(np.int64)
    return np.asarray(np.where(founded < first, again, founded))
