"""Where things are: two districts of Shenzhen, their streets, main roads and landmarks.

Street and road names are real public places, coordinates are WGS84 (degrees, longitude before
latitude). Housing estates are invented, so that no address leads to a door.
"""

from __future__ import annotations

from dataclasses import dataclass

CITY = "深圳市"
# West, south, east, north of the two districts, in degrees.
BOUNDS = (113.85, 22.42, 114.12, 22.66)


@dataclass(frozen=True, slots=True)
class Street:
    """A street office (街道): the lowest level that published tables should need."""

    district: str
    name: str
    longitude: float
    latitude: float
    radius: float  # degrees within which its places lie
    weight: float  # share of the district's people
    roads: tuple[str, ...]
    landmarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class District:
    code: str  # GB/T 2260
    slug: str
    name: str
    name_en: str


FUTIAN = District("440304", "futian", "福田区", "Futian District")
NANSHAN = District("440305", "nanshan", "南山区", "Nanshan District")
DISTRICTS = (FUTIAN, NANSHAN)


def _futian(name: str, lng: float, lat: float, radius: float, weight: float, roads: str, landmarks: str) -> Street:
    return Street("福田区", name, lng, lat, radius, weight, tuple(roads.split()), tuple(landmarks.split()))


def _nanshan(name: str, lng: float, lat: float, radius: float, weight: float, roads: str, landmarks: str) -> Street:
    return Street("南山区", name, lng, lat, radius, weight, tuple(roads.split()), tuple(landmarks.split()))


STREETS: tuple[Street, ...] = (
    _futian("园岭街道", 114.0985, 22.5570, 0.0060, 0.09, "园岭三街 百花二路 红荔路", "百花地铁站 园岭公园"),
    _futian("南园街道", 114.0930, 22.5400, 0.0060, 0.09, "南园路 爱华路 松岭路", "上步地铁站 南园市场"),
    _futian("福田街道", 114.0640, 22.5300, 0.0080, 0.15, "福华路 福民路 彩田南路", "会展中心地铁站 皇岗公园"),
    _futian("沙头街道", 114.0340, 22.5280, 0.0080, 0.16, "新洲路 泰然九路 福荣路", "车公庙地铁站 下沙广场"),
    _futian("香蜜湖街道", 114.0290, 22.5490, 0.0080, 0.10, "香蜜湖路 农林路 侨香路", "香蜜公园 农林地铁站"),
    _futian("梅林街道", 114.0500, 22.5720, 0.0080, 0.13, "梅林路 中康路 梅华路", "上梅林地铁站 梅林公园"),
    _futian("莲花街道", 114.0580, 22.5570, 0.0060, 0.11, "景田路 莲花路 红荔西路", "莲花山公园 景田地铁站"),
    _futian("华富街道", 114.0780, 22.5530, 0.0060, 0.06, "笋岗西路 华富路 田面路", "中心公园 田面村"),
    _futian("福保街道", 114.0540, 22.5170, 0.0060, 0.07, "福强路 益田路 桂花路", "福田口岸 益田村"),
    _futian("华强北街道", 114.0850, 22.5470, 0.0050, 0.04, "华强北路 振兴路 燕南路", "华强北地铁站 华新地铁站"),
    _nanshan("南头街道", 113.9190, 22.5450, 0.0090, 0.14, "深南大道 南头街 学府路", "南头古城 中山公园"),
    _nanshan("南山街道", 113.9200, 22.5230, 0.0090, 0.15, "南新路 桂庙路 前海路", "南山地铁站 荔香公园"),
    _nanshan("沙河街道", 113.9790, 22.5400, 0.0080, 0.10, "沙河东路 白石路 香山街", "华侨城地铁站 白石洲地铁站"),
    _nanshan("西丽街道", 113.9510, 22.5880, 0.0110, 0.15, "留仙大道 西丽路 沙河西路", "西丽地铁站 大学城北门"),
    _nanshan("蛇口街道", 113.9320, 22.4890, 0.0070, 0.08, "蛇口新街 湾厦路 公园路", "海上世界地铁站 四海公园"),
    _nanshan("招商街道", 113.9140, 22.4880, 0.0080, 0.09, "南海大道 沿山路 工业七路", "水湾地铁站 大南山公园"),
    _nanshan("粤海街道", 113.9420, 22.5250, 0.0090, 0.19, "科苑路 高新南一道 后海大道", "深大地铁站 后海地铁站"),
    _nanshan("桃源街道", 113.9830, 22.5660, 0.0090, 0.10, "龙珠大道 北环大道 学苑大道", "塘朗地铁站 桃源村"),
)

STREETS_OF: dict[str, tuple[Street, ...]] = {
    district.name: tuple(street for street in STREETS if street.district == district.name) for district in DISTRICTS
}

ESTATE_HEADS = (
    "翠海", "金域", "莲馨", "海语", "云栖", "锦绣", "碧桐", "听涛", "御景", "和悦", "丽晶", "星河湾畔", "朗月",
    "香榭", "观澜云", "紫荆", "木棉", "南天", "嘉悦", "雅颂", "远洋新", "鹏程", "晴川", "汇景",
)  # fmt: skip
ESTATE_TAILS = ("花园", "苑", "雅居", "名邸", "家园", "大厦", "公寓", "新村")
