"""One sentence for people: why a column was taken for what it is, in Chinese and in English."""

from __future__ import annotations

from typing import Final

from anonymizer.classify.columns import Judgement
from anonymizer.classify.table import Subject, group_of
from anonymizer.classify.types import TYPES
from contracts.privacy import ColumnRole

_ROLE: Final = {
    ColumnRole.DIRECT_IDENTIFIER: ("可直接识别到人", "which points to one person"),
    ColumnRole.QUASI_IDENTIFIER: (
        "与其他列结合可识别到人",
        "which together with other columns can point to one person",
    ),
    ColumnRole.SENSITIVE: ("属于不应被他人得知的信息", "which others must not learn about a person"),
    ColumnRole.PLAIN: ("不涉及个人", "which says nothing about a person"),
}


def explain(judgement: Judgement, role: ColumnRole, subject: Subject, found: dict[str, int]) -> dict[str, str]:
    """The reason as text in both languages. `found` counts the cells of a free-text column by entity type."""
    if judgement.free_text:
        return _of_text(found)
    if judgement.type is None:
        return {"zh-CN": "列名和取值均未显示个人信息", "en": "Neither the header nor the values show personal data"}
    kind = TYPES[judgement.type]
    share = f"{judgement.valid_share:.0%}"
    zh = {"header": f"列名表示{kind.zh}", "values": f"{share}的取值符合{kind.zh}的特征"}.get(
        judgement.basis, f"列名与{share}的取值均表明是{kind.zh}"
    )
    en = {"header": f"The header says {kind.en}", "values": f"{share} of the values look like {kind.en}"}.get(
        judgement.basis, f"The header and {share} of the values say {kind.en}"
    )
    tail_zh, tail_en = _ROLE[role]
    if role is ColumnRole.PLAIN and group_of(judgement) in ("event", "place", "attribute", "sensitive", "identifier"):
        if subject.organisations:
            tail_zh, tail_en = "描述的是单位而非个人", "which describes an organisation and no person"
        else:
            tail_zh, tail_en = "本表的行不涉及个人", "and the rows of this table are not about persons"
    if judgement.type == "RECORD_ID" and role is ColumnRole.DIRECT_IDENTIFIER:
        tail_zh, tail_en = "可与来源系统中的个人记录对应", "which leads back to a person's record in the source system"
    return {"zh-CN": f"{zh}，{tail_zh}", "en": f"{en}, {tail_en}"}


def _of_text(found: dict[str, int]) -> dict[str, str]:
    if not found:
        return {"zh-CN": "自由文本，未发现个人信息", "en": "Free text in which no personal data was found"}
    most = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:3]
    zh = "、".join(f"{TYPES[name].zh if name in TYPES else name} {count} 处单元格" for name, count in most)
    en = ", ".join(f"{TYPES[name].en if name in TYPES else name} in {count:,} cells" for name, count in most)
    return {"zh-CN": f"自由文本，其中发现{zh}", "en": f"Free text that holds {en}"}
