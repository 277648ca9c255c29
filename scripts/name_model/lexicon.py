"""Invented names of persons, places and organisations, for generated training texts.

Given names are drawn half from characters that parents like and half from any character of the language, so that the
network learns where a name stands and not which names there are.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from anonymizer.recognizers.china.surnames import COMMON, COMPOUND, RARE

_WORDS = {
    name: words.split()
    for name, _, words in (
        line.partition("\t")
        for line in (Path(__file__).parent / "words.tsv").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
}
_TOP = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方"
    "邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
)
_LIKED = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅春玲珍建国志文斌辉鹏飞俊峰浩宇轩梓涵子萱雨欣怡佳琪思雅诗婷雪莹晨曦嘉豪瑞泽"
    "楠博然凯旋东海波亮龙光荣福贵德财旺根生水木金土火山林森松柏竹菊荷莲凤燕莺鹤鸿雁天星月云霄露霜雷电风清澈润洁泉江河湖溪源永恒久远长安康"
    "宁静和睦顺达通利昌盛兴隆茂繁荣庆喜乐欢悦笑颜美丽娇妍媛婉淑慧贤良善忠孝仁义礼智信诚勤俭学思敬业才艺武威振翔腾跃骏驰立成功胜利凡晓卫新"
    "民家启承继绍祖宗耀先进步前程锦绣珊瑚琳琅璐瑶珠宝翠碧青蓝紫丹彤赤白素冰寒暖阳炎焕灿烂煜炜烨晴朗昊旭昕晖映景书翰墨笔章典诵韵律吟歌舞"
    "琴棋画诗彦儒士卿君尚之若亦可以心意情爱念慕恋依伊其乃一二三五九千万世代秋冬夏桃李杏梨枫桐梧桂槐榕楚晋鲁齐燕赵吴越蜀粤闽沪京津冀豫湘鄂"
    "贝妮莉莎蕾菲薇蔓芊芷若茜茹荃莘莹菁萍萌葵蓉蓓蔚蕊薰藜露馨香甜蜜糖果豆苗芽叶花朵蕴毅坚韧钢铁铭钧鑫锋锐钊镇铎铮岩岳峻崇嵩巍峦川洲汉沛泓"
)

_SOUNDS = _WORDS["sounds"]
_FAMOUS_SOUNDS = _WORDS["famous_sounds"]
_UYGHUR = _WORDS["uyghur"]
_TIBETAN = _WORDS["tibetan"]
_MONGOL = _WORDS["mongol"]
_YI = _WORDS["yi"]
_JAPAN = _WORDS["japan"]
_JAPAN_GIVEN = _WORDS["japan_given"]
_PLACES_HEAD = _WORDS["places_head"]
_PLACES_TAIL = _WORDS["places_tail"]
_CITIES = _WORDS["cities"]
_DISTRICTS = _WORDS["districts"]
_ORG_HEAD = _WORDS["org_head"]
_ORG_TAIL = _WORDS["org_tail"]


def han_name(rng: Random, characters: str) -> str:
    """Family name and one or two characters; `characters` are those of the whole language."""
    draw = rng.random()
    if draw < 0.72:
        family = _TOP[
            min(int(rng.paretovariate(0.9)) - 1, len(_TOP) - 1) if rng.random() < 0.5 else rng.randrange(len(_TOP))
        ]
    elif draw < 0.95:
        family = rng.choice(sorted(COMMON | RARE))
    else:
        family = rng.choice(sorted(COMPOUND))
    liked = rng.random() < 0.6
    pool = _LIKED if liked else characters
    if rng.random() < 0.22:
        return family + rng.choice(pool)
    first, second = rng.choice(pool), rng.choice(_LIKED if rng.random() < 0.4 else pool)
    if rng.random() < 0.05:
        second = first
    if rng.random() < 0.03:
        family += rng.choice(_TOP)
    return family + first + second


def nickname(rng: Random) -> str:
    """小王, 老李, 阿强, 王某某, 强哥."""
    family, liked = rng.choice(_TOP), rng.choice(_LIKED)
    return rng.choice(
        [
            f"小{family}",
            f"老{family}",
            f"阿{liked}",
            f"{family}某",
            f"{family}某某",
            f"{family}某{rng.choice('甲乙丙丁')}",
            f"小{liked}",
            f"{liked}哥",
            f"{liked}姐",
            f"{family}某{liked}",
            f"{family}*{liked}",
            f"{liked}{liked}",
        ]
    )


def minority_name(rng: Random) -> str:
    """Uyghur, Kazakh, Tibetan, Mongolian and Yi names as identity cards write them."""
    kind = rng.random()
    if kind < 0.5:
        joint = rng.choice(["·", "·", "·", "•", ""])
        return joint.join(rng.sample(_UYGHUR, 2))
    if kind < 0.72:
        return "".join(rng.sample(_TIBETAN, rng.choice([1, 2, 2])))
    if kind < 0.88:
        return rng.choice(_MONGOL)
    return rng.choice(["·", ""]).join([rng.choice(_YI), rng.choice(_YI)]) + rng.choice(["", rng.choice(_LIKED)])


def foreign_name(rng: Random) -> str:
    """Transliterated European and Arabic names, whole or the family name alone, and Japanese names."""
    if rng.random() < 0.2:
        return rng.choice(_JAPAN) + rng.choice(_JAPAN_GIVEN)

    def part() -> str:
        if rng.random() < 0.35:
            return rng.choice(_FAMOUS_SOUNDS)
        return "".join(rng.choice(_SOUNDS) for _ in range(rng.choice([2, 2, 3, 3, 4])))

    count = rng.choice([1, 1, 2, 2, 2, 3])
    joint = rng.choice(["·", "·", "·", "•", ".", "-"])
    return joint.join(part() for _ in range(count))


def person(rng: Random, characters: str) -> str:
    """Any full name."""
    draw = rng.random()
    if draw < 0.78:
        return han_name(rng, characters)
    if draw < 0.88:
        return minority_name(rng)
    return foreign_name(rng)


def title(rng: Random) -> str:
    """A form of address that follows a family name."""
    return rng.choice(_WORDS["titles"])


def family(rng: Random) -> str:
    """A family name alone."""
    return rng.choice(_TOP) if rng.random() < 0.85 else rng.choice(sorted(RARE))


def place(rng: Random) -> str:
    """A city, district, town or road."""
    draw = rng.random()
    if draw < 0.35:
        return rng.choice(_CITIES)
    if draw < 0.55:
        return rng.choice(_DISTRICTS) + rng.choice(["区", "区", "", "街道"])
    name = rng.choice(_PLACES_HEAD) + rng.choice(_PLACES_TAIL)
    return name + rng.choice(
        ["路", "街道", "村", "社区", "花园", "镇", "大道", "广场", "公园", "地铁站", "小区", "市场"]
    )


def address(rng: Random) -> str:
    """A whole address down to the house or the room."""
    name = rng.choice(_PLACES_HEAD) + rng.choice(_PLACES_TAIL)
    start = rng.choice(["", rng.choice(_CITIES[:45]) + "市"]) + rng.choice(["", rng.choice(_DISTRICTS) + "区"])
    road = f"{name}{rng.choice(['路', '街', '大道', '一路', '北路', '巷'])}{rng.randrange(1, 999)}号"
    home = (
        rng.choice(_PLACES_HEAD) + rng.choice(_PLACES_TAIL) + rng.choice(["花园", "小区", "苑", "大厦", "公寓", "城"])
    )
    block = f"{rng.randrange(1, 30)}{rng.choice(['栋', '号楼', '座'])}{rng.choice(['', '2单元'])}"
    house = f"{block}{rng.randrange(101, 3300)}{rng.choice(['', '室', '房'])}"
    return start + rng.choice([road, road + house, home + house, road + home + house])


def organisation(rng: Random) -> str:
    """A company, a school, an authority."""
    head = rng.choice([rng.choice(_ORG_HEAD), rng.choice(_CITIES[:45]) + rng.choice(_ORG_HEAD), rng.choice(_DISTRICTS)])
    return head + rng.choice(_ORG_TAIL)
