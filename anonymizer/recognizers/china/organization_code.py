"""CN_ORGANIZATION_CODE: the code of organisations before the unified one (组织机构代码).

GB 11714-1997: eight digits or capitals, a dash, a check character by the weights 3, 7, 9, 10, 5, 8, 4, 2 modulo 11 (X
for 10). It names an organisation; it is found so that it is not taken for a person's number.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar

_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def check_character(first8: str) -> str:
    """The ninth character."""
    rest = 11 - sum(w * int(c, 36) for w, c in zip(_WEIGHTS, first8, strict=True)) % 11
    return {11: "0", 10: "X"}.get(rest, str(rest))


class OrganizationCode(PatternGrammar):
    """Eight places, a dash that only context may leave out, a check character."""

    entity = "CN_ORGANIZATION_CODE"
    context = ("机构代码", "组织代码", "代码证")
    pattern = r"[0-9A-Z]{8}-[0-9X]"
    not_after = r"[0-9A-Za-z-]"
    not_before = r"[0-9A-Za-z-]"
    score = 0.3
    checked_score = 0.7

    def check(self, value: str) -> bool | None:
        return check_character(value[:8]) == value[-1]
