"""US_SSN: social security numbers of the United States.

Social Security Administration: three, two and four digits; area 000, 666 and 900 to 999, group 00 and serial 0000 are
never given. Without its dashes only context makes nine digits one.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar, digits_of


class SocialSecurityNumberUs(PatternGrammar):
    """Nine digits in three groups."""

    entity = "US_SSN"
    context = ("ssn", "social security", "social-security", "社会安全")
    pattern = r"\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}|\d{9}"
    not_after = r"[0-9A-Za-z.-]"
    not_before = r"[0-9A-Za-z-]"
    score = 0.0
    checked_score = 0.5

    def accept(self, value: str) -> bool:
        plain = digits_of(value)
        return plain[:3] not in ("000", "666") and plain[0] != "9" and plain[3:5] != "00" and plain[5:] != "0000"

    def check(self, value: str) -> bool | None:
        """No check digit; the dashes are the sign of it."""
        return "-" in value
