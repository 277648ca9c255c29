"""CN_VIN: vehicle identification numbers.

GB 16735 (ISO 3779): 17 places without I, O and Q; the ninth is a check character by weights modulo 11 (X for 10), the
last four are digits. Chinese makers begin with L, H.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar

_VALUES = {
    c: n
    for cs, n in (
        ("AJ", 1),
        ("BKS", 2),
        ("CLT", 3),
        ("DMU", 4),
        ("ENV", 5),
        ("FW", 6),
        ("GPX", 7),
        ("HY", 8),
        ("RZ", 9),
    )
    for c in cs
}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def check_character(vin: str) -> str:
    """The ninth character that the other sixteen ask for."""
    rest = sum(w * (int(c) if c.isdigit() else _VALUES[c]) for w, c in zip(_WEIGHTS, vin, strict=True)) % 11
    return "X" if rest == 10 else str(rest)


class VehicleIdentificationNumber(PatternGrammar):
    """17 places, check character in the middle."""

    entity = "CN_VIN"
    context = ("车架", "识别代", "识别码", "vin", "chassis")
    pattern = r"[A-HJ-NPR-Za-hj-npr-z0-9]{8}[0-9Xx][A-HJ-NPR-Za-hj-npr-z0-9]{4}\d{4}"
    score = 0.0
    checked_score = 0.9

    def accept(self, value: str) -> bool:
        """Digits alone are another number."""
        return any(c.isalpha() for c in value[:8])

    def check(self, value: str) -> bool | None:
        return check_character(value.upper()) == value[8].upper()
