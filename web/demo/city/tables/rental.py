"""Filed rental contracts: landlords with several dwellings, tenants who move on."""

from __future__ import annotations

import numpy as np

from web.demo.city import mess, rhythm
from web.demo.city.hotline_phrases import RENTAL_REMARKS
from web.demo.city.hotline_text import TextWriter
from web.demo.city.numbers import Indices, Objects
from web.demo.city.people import addresses, living_streets
from web.demo.city.places import ESTATE_HEADS, STREETS
from web.demo.city.tables.base import City, RawTable, choose, numbered, objects, pick, street_names
from web.demo.city.truth import Span

_DAYS = 273
# Median yuan a square metre and month.
_RENT = {
    "园岭街道": 82, "南园街道": 84, "福田街道": 104, "沙头街道": 98, "香蜜湖街道": 112,
    "梅林街道": 76, "莲花街道": 88, "华富街道": 86, "福保街道": 92, "华强北街道": 96,
}  # fmt: skip
_ROOMS = (("单间", 24, 22), ("一室一厅", 42, 26), ("两室一厅", 64, 28), ("三室两厅", 91, 19), ("四室两厅", 134, 5))


def build(city: City, rows: int) -> RawTable:
    """Contracts filed from 2026-01-01 on, in order of filing."""
    rng = city.rng("futian-housing")
    people = city.people
    filed = np.sort(rhythm.moments(rng, rows, "2026-01-01", _DAYS, rhythm.OFFICE, rhythm.OFFICE, 0.2))
    residents = people.living_in("福田区", rng, 0.5)
    young = residents[people.age[residents] < 62]
    tenant = pick(rng, people, young, rows)
    owners = rng.choice(len(people), max(30, rows // 3), replace=False)
    owner = owners[rng.integers(0, len(owners), rows)]
    here = np.array(living_streets("福田区"))
    weight = np.array([STREETS[i].weight for i in here])
    street = rng.choice(here, rows, p=weight / weight.sum())
    estate = rng.integers(0, len(ESTATE_HEADS) * 2, rows)

    kind = rng.choice(len(_ROOMS), rows, p=np.array([share for _, _, share in _ROOMS]) / 100)
    area = np.round(np.array([size for _, size, _ in _ROOMS])[kind] * rng.normal(1, 0.14, rows).clip(0.6, 1.6), 2)
    price = np.array([_RENT[STREETS[i].name] for i in street])
    rent = np.round(price * area * rng.lognormal(0, 0.16, rows) / 50) * 50
    term = choose(rng, (12, 6, 24, 36, 3), (66, 15, 12, 4, 3), rows)
    begins = rhythm.day_text(filed + rng.integers(-25, 20, rows) * 86_400)

    birth = rhythm.day_text(people.birth[tenant])
    tenant_name, tenant_phone = people.name[tenant].copy(), people.mobile[tenant].copy()
    owner_name, owner_id, owner_phone = (
        people.name[owner].copy(), people.resident_id[owner].copy(), people.mobile[owner].copy()
    )  # fmt: skip
    home, sex = people.registered_home[tenant].copy(), people.sex[tenant].copy()
    where, size, monthly = addresses(rng, street, estate), objects(area), objects(rent.astype(int))
    remarks, spans = _remarks(rng, city, tenant, street, rhythm.to_text(filed))

    for name in (tenant_name, owner_name):
        mess.mess_names(rng, name)
    for phone in (tenant_phone, owner_phone):
        mess.mess_phones(rng, phone)
    mess.mess_ids(rng, owner_id)
    mess.mix_dates(rng, birth, share=0.06)
    mess.mix_dates(rng, begins, share=0.06)
    mess.blank(rng, birth, 0.003)
    mess.change(rng, sex, 0.01, lambda value: f"{value}性")
    mess.blank(rng, home, 0.03)
    mess.change(rng, where, 0.01, mess.full_width)
    mess.change(rng, where, 0.006, mess.spaced)
    for row in mess.some(rng, rows, 0.008):
        size[row] = f"{size[row]}㎡"
    for row in mess.some(rng, rows, 0.008):
        monthly[row] = f"{monthly[row]}元/月"
    mess.blank(rng, size, 0.004)
    mess.blank(rng, monthly, 0.003)
    table = RawTable(
        {
            "备案编号": numbered("深福租备2026", 1, rows, 6),
            "房屋地址": where,
            "所在街道": street_names(street),
            "建筑面积": size,
            "户型": np.array([name for name, _, _ in _ROOMS], dtype=object)[kind],
            "出租人姓名": owner_name,
            "出租人证件号": owner_id,
            "出租人电话": owner_phone,
            "承租人姓名": tenant_name,
            "承租人身份证号": people.resident_id[tenant],
            "性别": sex,
            "出生日期": birth,
            "lxdh": tenant_phone,
            "户籍地址": home,
            "月租金": monthly,
            "租期起": begins,
            "租期": term,
            "备注": remarks,
        },
        {"备注": spans},
    )
    return table.with_repeats(rng)


def _remarks(
    rng: np.random.Generator,
    city: City,
    who: Indices,
    street: Indices,
    moment: Objects,
) -> tuple[Objects, dict[int, tuple[Span, ...]]]:
    """Every fifth contract carries a remark of the clerk."""
    writer = TextWriter(rng, city.people, city.companies, who, street)
    remarks = np.full(len(who), "", dtype=object)
    spans: dict[int, tuple[Span, ...]] = {}
    for row in mess.some(rng, len(who), 0.2).tolist():
        phrase = RENTAL_REMARKS[int(rng.integers(0, len(RENTAL_REMARKS)))]
        remarks[row], found = writer.write(row, (phrase,), moment[row])
        if found:
            spans[row] = found
    return remarks, spans
