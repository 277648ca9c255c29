"""Chinese family names, for judging whether a short Han string can be a person's name.

The frequent ones of the household register (公安部全国姓名报告 lists the hundred that cover 85 % of the people) and
rarer ones that are no everyday word at a name's head; compound names apart.
"""

from __future__ import annotations

from typing import Final

COMMON: Final = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金"
    "韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
)
"""The hundred and odd that cover most people."""

RARE: Final = frozenset(
    "康易乔赖文施洪辛温柳庞殷齐庄涂聂柯裴兰左葛倪章鲁俞翟樊岳梅纪凌盛关焦霍甘祝欧麦耿鲍管房辜卜解阎芦毕苗卓饶佘宁"
    "穆费滕柴牟娄冉邢骆詹单符游申阮舒屈边项季尚童蓝敖车路安包苟蒲牛华沙窦岑桂景宗阳丘党佟植时全麻银桑练商谷衣冼揭占巫"
    "吉隋查厉原巩晏褚娟虞祁戚鄢寇匡楚臧竺晋卞封嵇仲闵仇候刁粟应郁苍阚屠邬郎巴池冀支位喻靳米伍容艾尤成席简古司储邸云井花迟强鞠"
    "刑肇亓逄荆蔺缪雍卿禹阙修禤昝芮燕楼仝曲栾皮闻郗宿郜卫凤哈盖蒿仉蔚苑扈谌苻敖贝暨"
)

_COMPOUND: Final = (
    "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 轩辕 端木 南宫 独孤 长孙 宇文 呼延 万俟 闻人 "
    "赫连 澹台 公冶 宗政 濮阳 淳于 单于 太叔 申屠 仲孙 钟离 鲜于 闾丘 亓官 司空 拓跋 百里 东郭 南门 第五 张廖 范姜"
)
COMPOUND: Final = frozenset(_COMPOUND.split())

SINGLE: Final = COMMON | RARE


def starts_with_surname(name: str) -> bool:
    """Whether a Han string begins as a Chinese personal name does and leaves one or two characters for the given name.

    >>> starts_with_surname("欧阳修"), starts_with_surname("路灯故障")
    (True, False)
    """
    if name[:2] in COMPOUND:
        return 3 <= len(name) <= 4
    return name[:1] in SINGLE and 2 <= len(name) <= 3


def surname_pattern() -> str:
    """An alternation for both engines, compound names first."""
    return "(?:" + "|".join(sorted(COMPOUND)) + "|[" + "".join(sorted(SINGLE)) + "])"
