"""PERSON by rule: names in forms and beside titles (`姓名：…`, 王先生, 我叫…).

Running text is the tagger's (`anonymizer.classify.names`); these rules are for cells and texts too short to give it
context, and they need no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.china.surnames import COMPOUND, SINGLE, starts_with_surname
from anonymizer.recognizers.grammar import Grammar, Match

_HAN: Final = r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff]"
_POLITE: Final = "先生|女士|小姐|太太|阿姨|大爷|大妈|大姐|大哥|某某|某"
_OFFICES: Final = (
    "夫人|叔叔|大叔|奶奶|爷爷|伯伯|师傅|老师|同学|同志|医生|大夫|护士|教授|律师|警官|法官|经理|主任|科长|处长|局长|老板|店长|队长|书记|"
    "所长|工程师|站长|组长|班长"
)
# A field of a form: the value is a name whatever it looks like.
_LABELS: Final = (
    "姓名|名字|联系人|申请人|来电人|反映人|投诉人|举报人|诉求人|经办人|办理人|负责人|法定代表人|法人代表|患者|病人|乘客|司机|车主|户主|业主|租客|房东|"
    "承租人|出租人|监护人|家长|收件人|寄件人|收货人|持卡人|当事人|被告人?|原告人?|嫌疑人|证人|紧急联系人|家属|签名|签字|名"
)
_FORM: Final = re.compile(
    rf"(?:{_LABELS})(?:\([^)\n]{{1,8}}\))?[ \t]*[:=][ \t]*(?P<value>{_HAN}{{1,8}}(?:[·•‧.]{_HAN}{{1,10}}){{0,4}})"
)
# Family names that, before a title, are more often the end of another word (原主任, 保安队长, 出租车司机).
_WORDS: Final = set("向于常任时单全成应边车花房商路强井游席管关支包厉原党安门符和平司")
_COMPOUNDS: Final = "|".join(sorted(COMPOUND))
_ANY_HEAD: Final = f"(?:{_COMPOUNDS}|[{''.join(sorted(SINGLE))}])"
_HEAD: Final = f"(?:{_COMPOUNDS}|[{''.join(sorted(SINGLE - _WORDS))}])"
_TITLED: Final = re.compile(
    rf"(?P<value>(?P<name>{_HEAD}{_HAN}{{0,2}}?)(?:{_POLITE}|{_OFFICES})|{_ANY_HEAD}(?:{_POLITE})|(?<=老板|领导){_ANY_HEAD}总)(?!们)"
)
# A name that stands alone before a telephone or identity number, or behind the person's part in the matter.
_PART: Final = "家属|负责人|业主|房东|租客|租户|住户|户主|店主|司机|收货人|联系人|家长|自称|来电人|反映人"
_NUMBER_NEXT: Final = r"[,(/: ]{1,2}(?:(?:电话|手机|身份证号?|证件号码?)[: ]?)?(?:\+86 ?)?[1-9]\d{2}[ -]?\d{4}"
_BESIDE_NUMBER: Final = re.compile(
    rf"(?:^|[,。;:!?、】)( \n]|{_PART})(?P<value>{_ANY_HEAD}{_HAN}{{1,2}})(?={_NUMBER_NEXT})"
)
_NO_NAME: Final = re.compile(r"^(?:谢谢|多谢|时间|单位|地址|日期|时候)|[卡号码话机证件款费单]$")
"""What stands before a number, begins like a name and is none (谢谢, 银行卡)."""
_ADDRESSED: Final = re.compile(
    rf"(?:^|[,。!?\n ])(?:致|尊敬的|亲爱的|敬爱的) ?(?P<value>{_HEAD}{_HAN}{{1,2}})(?=[:,!\n]|$)", re.MULTILINE
)
_CALLED: Final = re.compile(
    rf"(?:我叫|名叫|叫做|本人叫|姓名为?|姓名是|名字是|名字叫|我是)[ \t]*(?P<value>{_HAN}{{2,4}})"
)
_FILLER: Final = frozenset(
    {"不详", "未知", "匿名", "保密", "无", "暂无", "不愿透露", "未提供", "不便透露", "未登记", "同上", "本人"}
)


class PersonName(Grammar):
    """Names after a form's label, after 我叫, and family names beside a title."""

    entity = "PERSON"

    def find(self, text: str) -> Iterator[Match]:
        if ":" in text or "=" in text:
            for found in _FORM.finditer(text):
                value = found["value"]
                if value not in _FILLER:
                    score = 0.95 if starts_with_surname(value) or "·" in value else 0.6
                    yield Match(self.entity, found.start("value"), found.end("value"), score)
        for found in _TITLED.finditer(text):
            # A title alone names nobody; with a mere family name it is what the person is called by.
            whole = len(found["name"] or "") < 2
            yield Match(self.entity, found.start("value"), found.end("value" if whole else "name"), 0.8)
        for found in _BESIDE_NUMBER.finditer(text):
            if _NO_NAME.search(found["value"]):
                continue
            yield Match(self.entity, found.start("value"), found.end("value"), 0.6)
        for found in _ADDRESSED.finditer(text):
            yield Match(self.entity, found.start("value"), found.end("value"), 0.55)
        for found in _CALLED.finditer(text):
            value = found["value"]
            length = next((n for n in (4, 3, 2) if n <= len(value) and starts_with_surname(value[:n])), 0)
            if length:
                yield Match(self.entity, found.start("value"), found.start("value") + length, 0.55)
