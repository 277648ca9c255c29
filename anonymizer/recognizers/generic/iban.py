"""IBAN_CODE: international bank account numbers.

ISO 13616: country, two check digits by ISO 7064 MOD 97-10, up to 30 places; in one piece or in groups of four.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar


class Iban(PatternGrammar):
    """Two letters, two digits, 11 to 30 places; the check decides."""

    entity = "IBAN_CODE"
    context = ("iban", "账号", "account")
    pattern = r"[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)"
    score = 0.0
    checked_score = 0.95

    def check(self, value: str) -> bool | None:
        plain = value.replace(" ", "")
        return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1
