"""The people of the demo city: one pool that every department draws from.

The same person rides, parks, rents and falls ill, so tables can be linked as real ones can.
Names come from Faker zh_CN, with compound surnames, rare characters and minority names of our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from faker import Faker

from web.demo.city import numbers
from web.demo.city.numbers import Bools, Floats, Indices, Objects
from web.demo.city.places import CITY, DISTRICTS, ESTATE_HEADS, ESTATE_TAILS, STREETS, STREETS_OF

TODAY = date(2026, 10, 31)  # the last day any table tells of
FULL_SIZE = 18_000
_NAME_POOL = 5_000
_HOME_POOL = 1_200
_UNUSUAL_NAMES = (
    "欧阳修远", "司马静宜", "上官婉秋", "诸葛明哲", "尉迟晓东", "令狐安然", "皇甫嘉言", "慕容雪", "端木晴", "东方毅",
    "买买提·艾力", "古丽娜尔·阿不都", "巴特尔", "扎西多吉", "格桑卓玛", "阿依古丽", "仁青措", "乌兰图雅",
    "缪䶮", "禤绮雯", "逄焕", "佘颖", "仉凡", "亓文博", "乜丽", "区建华", "单于飞", "查良才", "仇小龙", "覃冠群",
)  # fmt: skip
_MAIL_HOSTS = ("qq.com", "163.com", "126.com", "139.com", "sina.com", "outlook.com", "foxmail.com")
_MAIL_WORDS = ("sunny", "haiyang", "lemon", "xiaoyu", "kk", "szlife", "moon", "jason", "mei", "tony", "yun", "abao")


@dataclass(frozen=True, slots=True)
class People:
    """Columns of equal length, one entry a person; `street` indexes `places.STREETS`."""

    name: Objects
    male: Bools
    sex: Objects
    birth: npt.NDArray[np.datetime64]
    age: Indices
    resident_id: Objects
    mobile: Objects
    landline: Objects
    email: Objects
    plate: Objects
    plate_colour: Objects
    street: Indices
    street_name: Objects
    district: Objects
    address: Objects
    registered_home: Objects
    estate: Indices
    activity: Floats  # how much someone uses the city; heavy-tailed, mean near 1

    def __len__(self) -> int:
        return len(self.name)

    def living_in(self, district: str, rng: np.random.Generator, visitors: float) -> Indices:
        """Indices of the district's people, and a share of visitors from elsewhere."""
        home = np.flatnonzero(self.district == district)
        away = np.flatnonzero(self.district != district)
        guests = rng.choice(away, min(len(away), int(len(home) * visitors)), replace=False)
        return np.sort(np.concatenate([home, guests]))


def populate(seed: int, size: int) -> People:
    """`size` people; the same seed and size always give the same people."""
    rng = np.random.default_rng([seed, 1])
    faker = Faker("zh_CN")
    faker.seed_instance(seed)
    male = rng.random(size) < 0.53
    births = _births(rng, size)
    birth = np.array(births, dtype="datetime64[D]")
    age = ((np.datetime64(TODAY) - birth).astype(np.int64) // 365.2425).astype(np.int64)
    names = _names(faker, rng, male)
    plate, colour = numbers.plates(rng, size)
    mobile = numbers.mobiles(rng, size)
    street, estate, address = _homes(rng, size)
    homes = np.array([faker.address().split(" ")[0] for _ in range(min(_HOME_POOL, size))], dtype=object)
    return People(
        name=names,
        male=male,
        sex=np.where(male, "男", "女").astype(object),
        birth=birth,
        age=age,
        resident_id=numbers.resident_ids(rng, births, male),
        mobile=mobile,
        landline=numbers.landlines(rng, size),
        email=_emails(rng, mobile),
        plate=plate,
        plate_colour=colour,
        street=street,
        street_name=np.array([s.name for s in STREETS], dtype=object)[street],
        district=np.array([s.district for s in STREETS], dtype=object)[street],
        address=address,
        registered_home=homes[rng.integers(0, len(homes), size)],
        estate=estate,
        activity=rng.gamma(1.6, 1 / 1.6, size) + 0.08,
    )


def _births(rng: np.random.Generator, size: int) -> list[date]:
    """Adults, with the young working ages that Shenzhen has: mostly 22 to 50, some up to 88."""
    ages = np.where(rng.random(size) < 0.82, rng.normal(35, 8.5, size), rng.normal(56, 12, size))
    days = (np.clip(ages, 18.2, 88) * 365.2425).astype(int)
    return [TODAY - timedelta(days=int(d)) for d in days]


def _names(faker: Faker, rng: np.random.Generator, male: Bools) -> Objects:
    size = len(male)
    pool = min(_NAME_POOL, max(200, size))
    men = np.array([faker.name_male() for _ in range(pool // 2)], dtype=object)
    women = np.array([faker.name_female() for _ in range(pool // 2)], dtype=object)
    draw = rng.integers(0, pool // 2, size)
    names = np.where(male, men[draw], women[draw])
    rare = np.flatnonzero(rng.random(size) < 0.012)
    names[rare] = np.array(_UNUSUAL_NAMES, dtype=object)[rng.integers(0, len(_UNUSUAL_NAMES), len(rare))]
    return names


def _emails(rng: np.random.Generator, mobile: Objects) -> Objects:
    size = len(mobile)
    kinds, hosts = rng.random(size), rng.integers(0, len(_MAIL_HOSTS), size)
    words, tails = rng.integers(0, len(_MAIL_WORDS), size), rng.integers(0, 9999, size)
    emails = np.empty(size, dtype=object)
    for i in range(size):
        if kinds[i] < 0.3:
            local = mobile[i]
        elif kinds[i] < 0.45:
            local = f"{_MAIL_WORDS[words[i]]}.{_MAIL_WORDS[(words[i] + tails[i]) % len(_MAIL_WORDS)]}"
        else:
            local = f"{_MAIL_WORDS[words[i]]}{tails[i]}"
        emails[i] = f"{local}@{_MAIL_HOSTS[hosts[i]]}"
    return emails


def _homes(rng: np.random.Generator, size: int) -> tuple[Indices, Indices, Objects]:
    """Street, estate and address of each; estates lie in one street each, doors are invented."""
    share = np.array([s.weight for s in STREETS]) / len(DISTRICTS)
    street = rng.choice(len(STREETS), size, p=share / share.sum()).astype(np.int64)
    estate = rng.integers(0, len(ESTATE_HEADS) * 2, size)
    return street, estate, addresses(rng, street, estate)


def estate_name(street: int, estate: int) -> str:
    """The invented estate with this number in this street."""
    head = ESTATE_HEADS[(estate * 7 + street * 5) % len(ESTATE_HEADS)]
    return head + ESTATE_TAILS[(estate + street * 3) % len(ESTATE_TAILS)]


def addresses(rng: np.random.Generator, street: Indices, estate: Indices) -> Objects:
    """One full address for each street and estate, in the several ways people write them."""
    size = len(street)
    style, road = rng.random(size), rng.integers(0, 3, size)
    house, block = rng.integers(1, 320, size), rng.integers(1, 22, size)
    unit, floor, door = rng.integers(1, 4, size), rng.integers(1, 33, size), rng.integers(1, 9, size)
    out = np.empty(size, dtype=object)
    for i in range(size):
        place = STREETS[int(street[i])]
        name, line = estate_name(int(street[i]), int(estate[i])), place.roads[road[i]]
        room = f"{floor[i]}{door[i]:02d}"
        if style[i] < 0.45:
            out[i] = f"{CITY}{place.district}{place.name}{line}{house[i]}号{name}{block[i]}栋{room}"
        elif style[i] < 0.70:
            out[i] = f"{place.district}{place.name}{name}{block[i]}栋{unit[i]}单元{room}室"
        elif style[i] < 0.88:
            out[i] = f"广东省{CITY}{place.district}{line}{house[i]}号{name}{block[i]}座{room}房"
        else:
            out[i] = f"{place.district}{line}{house[i]}号{room}"
    return out


def living_streets(district: str) -> tuple[int, ...]:
    """Indices into `places.STREETS` of the streets of a district."""
    return tuple(i for i, street in enumerate(STREETS) if street in STREETS_OF[district])
