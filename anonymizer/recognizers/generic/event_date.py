"""DATE_TIME: the exact day of something that happened to a person.

A date alone is no personal data (a notice has one); beside 入院, 结婚, 死亡, 入职 and their like it singles a person
out. Dates as in `birth_date`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.generic.birth_date import DATE
from anonymizer.recognizers.grammar import Grammar, Match

_EVENTS = (
    "入院|出院|就诊|手术|住院|确诊|发病|怀孕|分娩|死亡|去世|逝世|结婚|离婚|入职|离职|退休|入学|毕业|入伍|退伍|案发|报案|被捕|拘留|"
    "入狱|出狱|入境|出境|登机|入住|退房"
)
_AROUND: Final = re.compile(
    rf"(?:{_EVENTS})(?:日期|时间|日|时|于)?[ \t]*[:=]?[ \t]*(?P<after>{DATE})(?!\d)"
    rf"|(?<!\d)(?P<before>{DATE})(?:\d{{1,2}}[时点:]\d{{0,2}}分?)?[ \t]*(?:在[\u4e00-\u9fff]{{2,10}}?)?(?:{_EVENTS})"
)


class EventDate(Grammar):
    """A date beside an event of a person's life."""

    entity = "DATE_TIME"
    requires = tuple(_EVENTS.split("|"))

    def find(self, text: str) -> Iterator[Match]:
        for found in _AROUND.finditer(text):
            name = "after" if found["after"] else "before"
            yield Match(self.entity, found.start(name), found.end(name), 0.7)
