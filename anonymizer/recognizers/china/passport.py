"""CN_PASSPORT: passport numbers issued by China.

ICAO 9303 leaves the number to the issuer; the National Immigration Administration uses E + 8 digits, E + letter + 7
digits, G + 8 digits, diplomatic D, service S and public-affairs P (with a second letter), Hong Kong K or H + 8
digits, Macao M + 8 digits. A letter and eight digits are many things, so context raises the score.
"""

from __future__ import annotations

from collections.abc import Iterator

from anonymizer.recognizers.grammar import Match, PatternGrammar


class Passport(PatternGrammar):
    """One or two letters and seven or eight digits."""

    entity = "CN_PASSPORT"
    context = ("护照", "passport", "证件号", "出入境")
    pattern = r"[EeGg]\d{8}|[Ee][A-HJ-NP-Za-hj-np-z]\d{7}|[DdSsPp][Ee]?\d{7}|[KkHhMm][A-Ja-j]?\d{8}"
    score = 0.35

    def find(self, text: str) -> Iterator[Match]:
        for match in super().find(text):
            current = text[match.start] in "EG" and match.score < 0.5
            yield match._replace(score=0.5) if current else match
