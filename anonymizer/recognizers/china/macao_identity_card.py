"""MO_IDENTITY_CARD: the resident identity card of Macao.

Direcção dos Serviços de Identificação: eight digits, the first 1, 5 or 7, the last a check digit in brackets whose rule
is not published; also written with slashes (5/123456/7). Without brackets or slashes only context makes it one.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar


class MacaoIdentityCard(PatternGrammar):
    """Seven digits and a check digit in brackets or behind a slash; eight digits in context."""

    entity = "MO_IDENTITY_CARD"
    context = ("澳门", "澳門", "身份证", "证件号", "bir", "macao", "macau")
    pattern = r"[157]\d{6}\(\d\)|[157]/\d{6}/\d|[157]\d{7}"
    score = 0.0
    checked_score = 0.6

    def check(self, value: str) -> bool | None:
        return "(" in value or "/" in value
