"""CN_MILITARY_ID: certificates of officers, civil cadres and soldiers of the armed forces.

Regulations of the Central Military Commission on military identity papers: a character for the service or the region,
字第, six to eight digits, 号 (军字第1234567号); otherwise a number after the paper's name.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar, PatternGrammar


class MilitaryId(PatternGrammar):
    """军字第…号 and its like."""

    entity = "CN_MILITARY_ID"
    requires = ("字第",)
    pattern = r"[军士文政后装参海空沈北兰济南广成警武东西中火战支联][\u4e00-\u9fff]{0,2}字第 ?\d{6,8} ?号?"
    not_after = r"[0-9A-Za-z]"
    score = 0.85


class LabelledMilitaryId(LabelledGrammar):
    """A number after 军官证, 士兵证 and their like."""

    entity = "CN_MILITARY_ID"
    requires = ("军官证", "士兵证", "士官证", "警官证", "文职", "军人证", "学员证")
    labels = r"军官证|士兵证|士官证|警官证|文职干部证|文职人员证|军人证|军校学员证"
    value = r"(?:[\u4e00-\u9fff]{1,3}字第? ?)?\d{6,10}"
