"""From per-character masses to names: two thresholds instead of a Viterbi search.

Every character above the low threshold may belong to a name; a run of them is cut at punctuation and where a new name
clearly begins, and is kept if some character reaches the high threshold. A low threshold on the outside keeps names
whole (half a name still names its bearer), a high one on the inside keeps other words out.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from anonymizer.classify.names.encoder import Floats, Masses
from anonymizer.recognizers.china.surnames import SINGLE
from anonymizer.recognizers.grammar import Match

LOW: Final = 0.05
HIGH: Final[dict[str, float]] = {"leak-first": 0.30, "balanced": 0.50}
_BEGINS: Final = 0.5
_SCORE: Final = 0.5
_TITLE_AFTER: Final = re.compile(
    r"先生|女士|小姐|太太|阿姨|叔|伯|姨|哥|姐|总|工|师|某|姓|老|大爷|大妈|主任|经理|科长|书记|所长|站长|队长|老板|医生|同学|律师"
)
_SHOP: Final = re.compile(
    r"(?:大?药[房店]|奶茶|饭[店馆]|餐[馆厅]|面馆|粉店|酒楼|超市|便利店|小吃|烧烤|火锅|理发|美发|诊所|五金|服装|水果店|早餐|包子|商[店行号]|牌)"
)
"""A shop called after somebody (周小妹奶茶店) is a shop."""
_STREET: Final = re.compile(r"[路街巷道居苑园村庭轩府城寓厦]{1,2}[A-Za-z]?\d")
_BREAK: Final = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffffA-Za-z·•‧.\- ]|[.\- ](?![A-Za-z])")
_JOINTS: Final = " .-·•‧"
_LATIN_ONLY: Final = re.compile(r"[A-Za-z .\-·]*")
_NOBODY: Final = (
    "小编 警方 网友 记者 市民 群众 业主 住户 租户 居民 老人 孩子 女子 男子 司机 乘客 患者 客服 物业 保安 城管 交警 "
    "民警 同志 先生 女士 小姐 阿姨 叔叔 师傅 老师 领导 老板 房东 租客 邻居 家长 学生 医生 护士 某某 本人 对方 "
    "此致 敬礼 贵局 贵司 户主 二房东 家属 店主 同学 同学们 主任 经理 亲戚 朋友 社康 社区 物管 居委会"
)
"""What the network takes for persons and is nobody in particular."""
_NO_NAME: Final = frozenset(_NOBODY.split())


def decode(text: str, masses: Masses, mode: str) -> list[Match]:
    """Names in `text`, with the highest mass as score (never under 0.5: the mode's threshold was met)."""
    high = HIGH[mode]
    person = masses.person
    if not len(person) or float(person.max()) < high:
        return []
    other = masses.place + masses.organisation
    names: list[Match] = []
    for first, end in _runs(text, person, masses.person_begins):
        start = first
        top = float(person[start:end].max())
        word = text[start:end]
        if top < high or word in _NO_NAME or _LATIN_ONLY.fullmatch(word):
            continue
        if float(other[start:end].mean()) > float(person[start:end].mean()):
            continue  # rather a place or an organisation
        if len(word) > 1 and _no_person(text, end):
            continue
        if start and len(word) <= 2 and word[0] not in SINGLE and text[start - 1] in SINGLE:
            start, word = start - 1, text[start - 1] + word  # the network lost a rare family name
        if len(word) == 1 and not (word in SINGLE and _TITLE_AFTER.match(text, end)):
            continue
        names.append(Match("PERSON", start, end, max(_SCORE, min(0.99, top))))
    return names


def _no_person(text: str, end: int) -> bool:
    """Whether what follows, or the last character with it, makes a shop, a street with its number or a plate of it."""
    if any(_SHOP.match(text, place) or _STREET.match(text, place) for place in (end - 1, end)):
        return True
    return text[end - 1].isascii() and text[end : end + 1].isdigit()


def _runs(text: str, person: Floats, begins: Floats) -> list[tuple[int, int]]:
    """Stretches above the low threshold, cut at breaks and clear beginnings, without joints at their ends."""
    runs: list[tuple[int, int]] = []
    start = last = -2
    places = np.flatnonzero(person > LOW)
    for place, first in zip(places.tolist(), (begins[places] > _BEGINS).tolist(), strict=True):
        broken = _BREAK.match(text, place) is not None
        if start >= 0 and (broken or first or place != last + 1):
            runs.append((start, last + 1))
            start = -2
        if start < 0 and not broken:
            start = place
        last = place
    if start >= 0:
        runs.append((start, last + 1))
    trimmed = []
    for first, after in runs:
        word = text[first:after]
        begin = first + len(word) - len(word.lstrip(_JOINTS))
        end = begin + len(word.strip(_JOINTS))
        if begin < end:
            trimmed.append((begin, end))
    return trimmed
