"""The list of public car parks; no person is in it."""

from __future__ import annotations

import numpy as np

from web.demo.city import mess
from web.demo.city.numbers import Indices, Objects
from web.demo.city.people import estate_name, living_streets
from web.demo.city.places import CITY, ESTATE_HEADS, STREETS
from web.demo.city.tables.base import City, RawTable, choose, objects, spread, street_names

# Kind, weight, median spaces.
_KINDS = (("地下停车场", 52, 240), ("地面停车场", 31, 70), ("立体停车库", 8, 150), ("路外临时停车场", 9, 95))


def build(city: City, rows: int) -> RawTable:
    """Car parks in order of their number."""
    rng = city.rng("nanshan-carparks")
    here = np.array(living_streets("南山区"))
    weight = np.array([STREETS[i].weight for i in here])
    street = rng.choice(here, rows, p=weight / weight.sum()).astype(np.int64)
    kind = rng.choice(len(_KINDS), rows, p=np.array([share for _, share, _ in _KINDS]) / 100)
    spaces = np.maximum(8, np.round(np.array([size for _, _, size in _KINDS])[kind] * rng.lognormal(0, 0.7, rows)))
    charging = np.round(spaces * rng.beta(1.2, 9, rows)).astype(int)
    dear = np.array([STREETS[i].name in ("粤海街道", "沙河街道", "招商街道") for i in street])
    fee = choose(rng, (5, 8, 10, 12, 15), (12, 24, 36, 18, 10), rows) + np.where(dear, 3, 0)
    lng, lat = spread(rng, street)

    names, where = _names(rng, street, kind)
    total, points, price = objects(spaces.astype(int)), objects(charging), objects(fee)
    mess.change(rng, names, 0.01, mess.spaced)
    mess.change(rng, where, 0.02, mess.full_width)
    mess.blank(rng, points, 0.03, ("无", "-", ""))
    mess.blank(rng, price, 0.01)
    for row in mess.some(rng, rows, 0.008):
        total[row] = f"{total[row]}个"
    table = RawTable(
        {
            "序号": objects(np.arange(1, rows + 1)),
            "停车场名称": names,
            "地址": where,
            "所属街道": street_names(street),
            "经度": objects(lng),
            "纬度": objects(lat),
            "停车场类型": np.array([name for name, _, _ in _KINDS], dtype=object)[kind],
            "泊位总数": total,
            "充电桩数": points,
            "首小时收费": price,
            "是否24小时": choose(rng, ("是", "否"), (86, 14), rows),
        }
    )
    return table.with_repeats(rng)


def _names(rng: np.random.Generator, street: Indices, kind: Indices) -> tuple[Objects, Objects]:
    """A distinct name and an address for each."""
    names, where = np.empty(len(street), dtype=object), np.empty(len(street), dtype=object)
    seen: dict[str, int] = {}
    for row, (i, k) in enumerate(zip(street.tolist(), kind.tolist(), strict=True)):
        place = STREETS[i]
        named = (estate_name(i, int(rng.integers(0, len(ESTATE_HEADS) * 2))), *place.landmarks)
        base = named[0] if rng.random() < 0.86 else named[1 + int(rng.integers(0, len(place.landmarks)))]
        name = base + _KINDS[k][0]
        seen[name] = seen.get(name, 0) + 1
        names[row] = name if seen[name] == 1 else f"{base}{seen[name]}号{_KINDS[k][0]}"
        road = place.roads[int(rng.integers(0, len(place.roads)))]
        where[row] = f"{CITY}{place.district}{place.name}{road}{int(rng.integers(1, 300))}号"
    return names, where
