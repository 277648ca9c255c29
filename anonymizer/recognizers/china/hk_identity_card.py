"""HK_IDENTITY_CARD: Hong Kong identity card numbers.

Registration of Persons Ordinance: one or two letters, six digits, check character 0 to 9 or A in brackets, by weights
9 to 2 modulo 11 (letters count 10 to 35, a missing first letter 36).
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar


def check_character(prefix: str, digits: str) -> str:
    """The check character after one or two letters and six digits."""
    values = [36] * (2 - len(prefix)) + [ord(c) - 55 for c in prefix] + [int(c) for c in digits]
    rest = 11 - sum(w * v for w, v in zip(range(9, 1, -1), values, strict=True)) % 11
    return {11: "0", 10: "A"}.get(rest, str(rest))


class HongKongIdentityCard(PatternGrammar):
    """One or two letters, six digits, check character; the brackets may be left out in context."""

    entity = "HK_IDENTITY_CARD"
    context = ("香港身份证", "身份证", "hkid", "identity card")
    pattern = r"[A-Za-z]{1,2}\d{6} ?(?:\([0-9Aa]\)|[0-9Aa])"
    score = 0.3
    checked_score = 0.9

    def check(self, value: str) -> bool | None:
        plain = value.replace(" ", "").replace("(", "").replace(")", "").upper()
        # One chance in eleven that any seven-digit code passes: without the brackets the check alone says little.
        return "(" in value and plain[-1] == check_character(plain[:-7], plain[-7:-1])
