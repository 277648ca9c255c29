"""Visits to community clinics: colds in winter, chronic illness with age, one card a person."""

from __future__ import annotations

import numpy as np

from web.demo.city import mess, rhythm
from web.demo.city.numbers import Bools, Indices
from web.demo.city.people import living_streets
from web.demo.city.places import STREETS
from web.demo.city.tables.base import City, Column, RawTable, objects, pick

_DAYS = 273
# ICD-10 code, name, department, weight, median fee in yuan, season (+1 winter, -1 summer), grows with age.
_DIAGNOSES: tuple[tuple[str, str, str, float, float, int, bool], ...] = (
    ("J06.900", "急性上呼吸道感染", "全科", 16, 96, 1, False),
    ("J11.101", "流行性感冒", "全科", 5, 140, 1, False),
    ("J20.900", "急性支气管炎", "全科", 6, 155, 1, False),
    ("J30.400", "过敏性鼻炎", "全科", 5, 118, 0, False),
    ("I10.x00", "原发性高血压", "慢病门诊", 11, 165, 0, True),
    ("E11.900", "2型糖尿病", "慢病门诊", 8, 190, 0, True),
    ("E78.500", "高脂血症", "慢病门诊", 5, 172, 0, True),
    ("M54.500", "腰痛", "康复科", 5, 130, 0, True),
    ("M47.802", "颈椎病", "康复科", 5, 142, 0, False),
    ("K29.500", "慢性胃炎", "全科", 6, 126, 0, False),
    ("K52.904", "急性胃肠炎", "全科", 4, 108, -1, False),
    ("A09.901", "感染性腹泻", "全科", 2, 112, -1, False),
    ("L20.900", "特应性皮炎", "皮肤科", 3, 98, -1, False),
    ("L50.900", "荨麻疹", "皮肤科", 3, 92, -1, False),
    ("B35.300", "足癣", "皮肤科", 2, 78, -1, False),
    ("N39.000", "泌尿道感染", "全科", 2.5, 122, 0, False),
    ("N76.000", "急性阴道炎", "妇科", 3, 136, 0, False),
    ("F41.101", "广泛性焦虑障碍", "心理门诊", 2, 210, 0, False),
    ("F51.001", "失眠症", "心理门诊", 2.5, 168, 0, True),
    ("F32.900", "抑郁发作", "心理门诊", 1.5, 225, 0, False),
    ("B18.100", "慢性乙型病毒性肝炎", "慢病门诊", 2, 260, 0, False),
    ("K02.900", "龋病", "口腔科", 3, 240, 0, False),
    ("H10.900", "结膜炎", "全科", 2, 76, -1, False),
    ("Z34.900", "正常妊娠监督", "妇科", 2, 180, 0, False),
)
_WOMEN_ONLY = ("妇科",)
_CLINICS_PER_STREET = 2


def build(city: City, rows: int) -> RawTable:
    """Visits from 2026-01-01 on, in order of time."""
    rng = city.rng("futian-health")
    people = city.people
    time = np.sort(rhythm.moments(rng, rows, "2026-01-01", _DAYS, rhythm.CLINIC_HOURS, rhythm.CLINIC_HOURS, 0.55))
    patients = people.living_in("福田区", rng, 0.10)
    who = pick(rng, people, patients, rows)
    here = np.array(living_streets("福田区"))
    street = np.where(np.isin(people.street[who], here), people.street[who], rng.choice(here, rows))
    what = _diagnoses(rng, time, people.age[who], people.male[who])

    median = np.array([fee for _, _, _, _, fee, _, _ in _DIAGNOSES])[what]
    fee = np.round(median * rng.lognormal(0, 0.38, rows), 2)
    insured = np.round(fee * rng.choice([0.0, 0.6, 0.7, 0.75], rows, p=[0.14, 0.3, 0.4, 0.16]), 2)
    number = rng.integers(0, _CLINICS_PER_STREET, rows)
    clinic = np.array(
        [[f"{s.name.removesuffix('街道')}第{n}社区健康服务中心" for n in "一二"] for s in STREETS], dtype=object
    )[street, number]

    name, ids, phone = people.name[who].copy(), people.resident_id[who].copy(), people.mobile[who].copy()
    sex, birth, visit = people.sex[who].copy(), rhythm.day_text(people.birth[who]), rhythm.to_text(time)
    code = np.array([row[0] for row in _DIAGNOSES], dtype=object)[what]
    label = np.array([row[1] for row in _DIAGNOSES], dtype=object)[what]
    total: Column = objects(fee)
    mess.mess_names(rng, name)
    mess.mess_ids(rng, ids)
    mess.mess_phones(rng, phone)
    mess.mix_dates(rng, birth, share=0.05)
    mess.mix_dates(rng, visit)
    mess.blank(rng, birth, 0.004, (None, "", "-"))
    mess.change(rng, sex, 0.03, lambda value: {"男": "1", "女": "2"}[value])
    mess.change(rng, code, 0.02, mess.lower)
    mess.change(rng, label, 0.01, mess.spaced)
    mess.blank(rng, label, 0.004, (None, "待查"))
    for row in mess.some(rng, rows, 0.003):
        total[row] = str(total[row])
    mess.blank(rng, total, 0.003, (None, "-"))
    table = RawTable(
        {
            "jzlsh": np.array(
                [f"MZ{t[:10].replace('-', '')}{row:06d}" for row, t in enumerate(rhythm.to_text(time))], dtype=object
            ),
            "jkkh": np.array([f"JK{4403_0000_0000 + int(i) * 7:012d}" for i in who], dtype=object),
            "xm": name,
            "sfzh": ids,
            "csrq": birth,
            "xb": sex,
            "lxdh": phone,
            "jzjd": people.street_name[who],
            "jgmc": clinic,
            "ksmc": np.array([row[2] for row in _DIAGNOSES], dtype=object)[what],
            "jzsj": visit,
            "zdbm": code,
            "zdmc": label,
            "fyze": total,
            "ybzf": objects(insured),
        }
    )
    return table.with_repeats(rng)


def _diagnoses(rng: np.random.Generator, time: rhythm.Times, age: Indices, male: Bools) -> Indices:
    """A diagnosis for each visit, by season, age and sex: one draw from each row's own weights."""
    warm = rhythm.warmth(time)
    weights = np.empty((len(time), len(_DIAGNOSES)))
    for index, (_, _, department, weight, _, season, ageing) in enumerate(_DIAGNOSES):
        share = np.full(len(time), float(weight))
        if season:
            share *= 1.9 - 1.5 * warm if season > 0 else 0.5 + 1.4 * warm
        if ageing:
            share *= np.clip((age - 22) / 22, 0.05, 3.2)
        if department in _WOMEN_ONLY:
            share[male] = 0.0
        weights[:, index] = share
    edges = np.cumsum(weights, axis=1)
    draw = rng.random(len(time)) * edges[:, -1]
    return np.asarray((edges < draw[:, None]).sum(axis=1), dtype=np.int64)
