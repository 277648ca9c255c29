"""From per-character masses to names: two thresholds instead of a Viterbi search.

Every character above the low threshold may belong to a name; a run of them is cut at punctuation and where a new name
clearly begins, and is kept if some character reaches the high threshold. A low threshold on the outside keeps names
whole (half a name still names its bearer), a high one on the inside keeps other words out.
"""

from __future__ import annotations

import re
from typing import Final

from anonymizer.classify.names.encoder import Floats, Masses
from anonymizer.recognizers.china.surnames import SINGLE
from anonymizer.recognizers.grammar import Match

LOW: Final = 0.05
HIGH: Final[dict[str, float]] = {"leak-first": 0.30, "balanced": 0.50}
_BEGINS: Final = 0.5
_SCORE: Final = 0.5
_HIGH_AFTER_ROLE: Final = 0.15
"""Enough right after a word that announces a person (老人揭亮, 保安曲想)."""
_ROLE_BEFORE: Final = re.compile(
    r"(?:老人|保安|房东|租户|租客|住户|业主|市民|患者|司机|户主|同住人|邻居|店主|家长|学生|孩子|儿子|女儿|父亲|母亲|丈夫|"
    r"妻子|爱人|老师|医生|护士|员工|经理|工头|车主|自称|户主为|来电人|反映人|抄表员|由|姓名|"
    r"联系人|申请人|[、和与及]) ?$"
)
_TITLE_AFTER: Final = re.compile(
    r"先生|女士|小姐|太太|阿姨|叔|伯|姨|哥|姐|总|工|师|某|姓|老|大爷|大妈|主任|经理|科长|书记|所长|站长|队长|老板|医生|同学|律师"
)
_BREAK: Final = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffffA-Za-z·•‧.\- ]|[.\- ](?![A-Za-z])")
_JOINTS: Final = " .-·•‧"
_LATIN_ONLY: Final = re.compile(r"[A-Za-z .\-·]*")
_NOBODY: Final = (
    "小编 警方 网友 记者 市民 群众 业主 住户 租户 居民 老人 孩子 女子 男子 司机 乘客 患者 客服 物业 保安 城管 交警 "
    "民警 同志 先生 女士 小姐 阿姨 叔叔 师傅 老师 领导 老板 房东 租客 邻居 家长 学生 医生 护士 某某 本人 对方 "
    "贵局 贵司 户主 二房东 家属 店主 社康 社区 物管 居委会"
)
"""What the network takes for persons and is nobody in particular."""
_NO_NAME: Final = frozenset(_NOBODY.split())


def decode(text: str, masses: Masses, mode: str) -> list[Match]:
    """Names in `text`, with the highest mass as score (never under 0.5: the mode's threshold was met)."""
    high = HIGH[mode]
    person = masses.person
    if not len(person) or float(person.max()) < min(high, _HIGH_AFTER_ROLE):
        return []
    names: list[Match] = []
    for first, end in _runs(text, person, masses.person_begins):
        start = first
        top = float(person[start:end].max())
        word = text[start:end]
        needed = (
            min(high, _HIGH_AFTER_ROLE)
            if len(word) >= 2 and _ROLE_BEFORE.search(text, max(0, start - 5), start)
            else high
        )
        if top < needed or word in _NO_NAME or _LATIN_ONLY.fullmatch(word):
            continue
        if start and len(word) <= 2 and word[0] not in SINGLE and text[start - 1] in SINGLE:
            start, word = start - 1, text[start - 1] + word  # the network lost a rare family name
        if len(word) == 1 and not (word in SINGLE and _TITLE_AFTER.match(text, end)):
            continue
        names.append(Match("PERSON", start, end, max(_SCORE, min(0.99, top))))
    return names


def _runs(text: str, person: Floats, begins: Floats) -> list[tuple[int, int]]:
    """Stretches above the low threshold, cut at breaks and clear beginnings."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    values, firsts = person.tolist(), begins.tolist()
    for place, value in enumerate(values):
        broken = value <= LOW or _BREAK.match(text, place) is not None
        if start is not None and (broken or (firsts[place] > _BEGINS and place > start)):
            runs.append((start, place))
            start = None
        if start is None and not broken:
            start = place
    if start is not None:
        runs.append((start, len(values)))
    trimmed = []
    for first, last in runs:
        word = text[first:last]
        begin = first + len(word) - len(word.lstrip(_JOINTS))
        end = begin + len(word.strip(_JOINTS))
        if begin < end:
            trimmed.append((begin, end))
    return trimmed
