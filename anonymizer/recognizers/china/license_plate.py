"""CN_LICENSE_PLATE: number plates of motor vehicles.

GA 36-2018: province character, office letter, then five places (civil, with 学 警 港 澳 挂 试 超 last for training,
police, border and trial plates, 使 领 for embassies and consulates) or six (new energy: D A B C E small, F G H J K
first or last for kind). No I and no O. Armed police plates begin with WJ. A dot, dash or space may part the office
letter from the rest. At least two of the places are digits, which keeps words such as 新APP apart.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar, digits_of

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLACE = "[A-HJ-NP-Za-hj-np-z0-9]"


class LicensePlate(PatternGrammar):
    """Civil, new-energy, police, border, embassy and armed-police plates."""

    entity = "CN_LICENSE_PLATE"
    context = ("车牌", "号牌", "车辆", "轿车", "小车", "货车", "车号", "plate")
    pattern = (
        rf"[{PROVINCES}] ?[A-HJ-NP-Za-hj-np-z][·•・.\- ]?"
        rf"(?:{_PLACE}{{6}}|{_PLACE}{{4}}[A-HJ-NP-Za-hj-np-z0-9学警港澳挂试超领])"
        rf"|[Ww][Jj][{PROVINCES}]?[·•・.\- ]?\d{{4}}[0-9TDSHBXJ]"
        r"|使\d{6}|\d{6}使"
    )
    not_after = r"[A-Za-z]"
    score = 0.85
    context_score = 0.95

    def accept(self, value: str) -> bool:
        return len(digits_of(value)) >= 2
