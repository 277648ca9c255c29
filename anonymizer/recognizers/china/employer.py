"""ORGANIZATION: where a person works or learns, told by the words before it.

A company or school alone is nobody's; 就职于, 就读于, 工作单位 and their like make it a person's. The name ends with a
word for an organisation (公司, 学校, 医院, 局 …).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.grammar import Grammar, Match

_TAIL = (
    "公司|集团|学校|中学|小学|大学|学院|幼儿园|医院|银行|工厂|厂|局|法院|检察院|派出所|研究院|研究所|事务所|酒店|商场|超市|"
    "街道办|居委会|委员会|中心|协会|出版社|电视台|支行|分行|门诊部|诊所"
)
_STATED: Final = re.compile(
    r"(?:就职于|任职于|供职于|受雇于|就读于|毕业于|就读|工作单位[是为]?[:=]? ?|学校[:=] ?|"
    r"单位名称[:=] ?|所在单位[:=]? ?)"
    rf"(?P<value>[\u4e00-\u9fffA-Za-z0-9()]{{2,24}}?(?:{_TAIL})"
    r"(?:[\u4e00-\u9fff]{2,8}(?:分公司|分校|支行|分院|校区))?)"
)


class Employer(Grammar):
    """An organisation after a word of belonging."""

    entity = "ORGANIZATION"
    requires = ("职于", "就读", "雇于", "毕业于", "单位", "学校")

    def find(self, text: str) -> Iterator[Match]:
        for found in _STATED.finditer(text):
            yield Match(self.entity, found.start("value"), found.end("value"), 0.7)
