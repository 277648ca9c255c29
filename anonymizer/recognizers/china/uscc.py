"""CN_USCC: the unified social credit identifier of organisations (统一社会信用代码).

GB 32100-2015: registering authority, kind of organisation, division code (6), organisation code (9) by GB 11714,
check character over an alphabet of 31 without I, O, S, V, Z. It names an organisation and stands in a public
register; it is found so that it is not taken for a person's number. The check comes from python-stdnum.
"""

from __future__ import annotations

from stdnum.cn import uscc

from anonymizer.recognizers.china.resident_id import check_character
from anonymizer.recognizers.grammar import PatternGrammar


class UnifiedSocialCreditCode(PatternGrammar):
    """18 places, check character."""

    entity = "CN_USCC"
    context = ("信用代码", "社会信用", "营业执照", "税号", "纳税人", "uscc")
    pattern = (
        r"(?:1[1239]|2[19]|3[1-59]|41|5[1239]|6[129]|7[129]|8[19]|9[123]|[Aa][19]|[Nn][1239]|[Yy]1)"
        r"\d{6}[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{10}"
    )
    score = 0.4
    checked_score = 0.97

    def accept(self, value: str) -> bool:
        """Not where it is a resident identity number with the right check character."""
        return not (value[:17].isdigit() and value[17].upper() == check_character(value[:17]))

    def check(self, value: str) -> bool | None:
        return bool(uscc.is_valid(value.upper()))
