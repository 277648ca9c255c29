"""QQ_NUMBER: accounts of Tencent QQ, 5 to 11 digits that do not begin with 0. The label decides."""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class QqNumber(LabelledGrammar):
    """Digits after QQ or 扣扣; a group number is no person's."""

    entity = "QQ_NUMBER"
    requires = ("qq", "QQ", "Qq", "扣扣", "企鹅")
    labels = r"(?<![A-Za-z])qq(?!群)|扣扣|企鹅号"
    value = r"[1-9]\d{4,10}"
