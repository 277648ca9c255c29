"""CN_ADDRESS: where somebody lives or something stands, as one span from the first place name to the room number.

A grammar after GB/T 23705 and DB-style address standards: divisions (省 市 区 县 镇 乡 街道 社区 村), road (路 街
大道 巷 弄 胡同), house number (号), community or building (小区 苑 大厦 村 …), then block, unit, floor and room (栋
幢 座 单元 层 室). What makes a stretch an address is its *fine* part, a number with one of those endings; the names
before it belong to it back to the first division, a cutting word (住在, 位于, …) or punctuation. A bare road or
district is a place, not an address, and is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.china.divisions import find_divisions
from anonymizer.recognizers.grammar import Grammar, Match

_HAN: Final = r"\u3400-\u4dbf\u4e00-\u9fff"
_NUMBER: Final = r"(?:\d{1,5}(?:[-~/]\d{1,5}){0,3}|[一二三四五六七八九十百]{1,4})"
# Road endings: 号 after one of these is a house number; elsewhere (3月18号, 2号线, 3号窗口) it is not.
_ROAD: Final = r"(?:[路街道巷弄里村湾坊条苑园庄屯组院段寨营区镇坝坪沟埠径堤桥岸线城]|胡同|公寓|大厦|广场)"
_STRONG: Final = r"(?:号楼|号院|号[大小]院|栋|幢|单元|弄|座|号房|号宅|号铺)"
_WEAK: Final = r"(?:号|楼|层|室|房|户|铺|组|队|门|档|舍|梯)"
_NO_HOUSE: Final = r"(?!线|公告|令|窗口|文件|公交|出口|口|店员|台风)"
_COMMUNITY: Final = r"(?:小区|公寓|大厦|广场|[苑城府湾庭轩阁园楼村院里居邸])"
_BLOCK: Final = (
    rf"(?<![0-9A-Za-z])(?:[A-Za-z]{{0,2}}{_NUMBER}[A-Za-z]?|[A-Za-z]|(?<=[{_HAN}])[甲乙丙丁东南西北])"
    rf"{_STRONG}"
)
_FINE: Final = rf"(?:{_BLOCK}|[A-Za-z]?{_NUMBER}[A-Za-z]?{_WEAK}{_NO_HOUSE})"
_BEHIND: Final = r"(?:之(?:[一二三四五六七八九十]{1,2}|\d{1,2}(?!\d*[栋幢座号层单\-]))|附\d{1,4}号?)?"
_ROOM: Final = r"(?:[A-Za-z]?\d{2,5}[A-Za-z]?(?:-\d{1,4})?(?![0-9A-Za-z年月日时点分元块次个人%.]))"
_TRIPLE: Final = rf"(?<=[{_HAN}])[A-Za-z]?\d{{1,3}}[A-Za-z]?-\d{{1,3}}-\d{{2,5}}(?![0-9A-Za-z-])"
# 村 and its like are parted into numbered groups, which number houses in turn.
_GROUP: Final = (
    r"(?:村|庄|屯|寨|社区|坝|湾|岭|场|队|组)(?:\d{1,2}|[一二三四五六七八九十]{1,3})(?:村民小组|组|队|社)(?:\d{1,4}号)?"
)
_START: Final = re.compile(
    rf"(?:(?P<strong>{_BLOCK}(?![位椅谈])"
    rf"|(?P<house>{_ROAD}(?:\([^)\n]{{1,10}}\))?[A-Za-z]?{_NUMBER}(?:号[楼院]?|室){_NO_HOUSE}{_BEHIND}))"
    rf"|(?P<room>{_COMMUNITY}{_NUMBER}(?:室|房))|(?P<triple>{_TRIPLE})|(?P<group>{_GROUP}))"
)
_MORE: Final = re.compile(rf"[ ,#-]{{0,2}}(?:[{_HAN}]{{1,10}}?{_COMMUNITY} ?)?(?:{_FINE}{_BEHIND}|{_TRIPLE}|{_ROOM})")
_BREAK: Final = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fffA-Za-z0-9·()\- ]")
_CUT: Final = re.compile(
    r"(?:地址|住址|住所|位于|座落于|坐落于|住在|家住|居住于|居住在|居住|现居|现住|租住|租住在|暂住|户籍|籍贯|寄到|寄往|送到|送往|前往|来到|"
    r"搬到|去过|经过|路过|来自|地点|门牌|发生在|反映|投诉|举报|咨询|表示|市民|业主|本人|关于|租用|承租|租赁|购买|入住|出租|名下|[在是到于为:的称了])"
)

_TOWN: Final = re.compile(rf"[{_HAN}]{{1,10}}(?:[乡镇村县市旗]|街道|苏木|农场|林场|牧场|团场|良种场|开发区|社区)$")


class Address(Grammar):
    """From the first division or place name to the last fine part."""

    entity = "CN_ADDRESS"
    context = ("地址", "住址", "住在", "家住", "位于", "居住", "住所", "租住", "address")

    def find(self, text: str) -> Iterator[Match]:
        done = 0
        for found in _START.finditer(text):
            if found.start() < done:
                continue
            end = found.end()
            while (more := _MORE.match(text, end)) is not None:
                end = more.end()
            start = self._begin(text, found.start(), done)
            bare = start == found.start() and found["strong"] is not None
            named = bool(find_divisions(text, start, found.start()))
            if named or self.in_context(text, start, end):
                score = 0.9
            elif bare:
                score = 0.45
            else:
                score = 0.65 if end > found.end() else 0.55
            done = end
            yield Match(self.entity, start, end, score)

    def _begin(self, text: str, anchor: int, floor: int) -> int:
        """Where the names before the fine part begin."""
        left = max(floor, anchor - 40)
        for stop in _BREAK.finditer(text, left, anchor):
            left = stop.end()
        named = find_divisions(text, left, anchor)
        cuts = [m.end() for m in _CUT.finditer(text, left, anchor)]
        cuts = [cut for cut in cuts if not any(begin < cut <= end for begin, end in named)]  # 于都县 holds no 于
        floor = cuts[-1] if cuts else left
        after = [begin for begin, _ in named if begin >= floor]
        if after:
            # A town or farm that the gazetteer lacks (阿都乡中山胡同…).
            town = _TOWN.search(text, max(floor, after[0] - 12), after[0])
            if town or (cuts and after[0] - floor <= 3):  # 住在滨河北街 does not begin at 河北
                return town.start() if town else floor
            return after[0]
        if named:
            # A division that stands before a cut belongs to something else (福田区市民反映…路3号).
            return floor
        begin = cuts[-1] if cuts else max(left, anchor - 20)
        while begin < anchor and text[begin] in " -()":
            begin += 1
        return begin
