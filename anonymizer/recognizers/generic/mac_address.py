"""MAC_ADDRESS: IEEE 802 device addresses, six pairs of hexadecimal digits parted by colons or dashes."""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar


class MacAddress(PatternGrammar):
    """AA:BB:CC:DD:EE:FF"""

    entity = "MAC_ADDRESS"
    requires = (":", "-")
    pattern = r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}"
    not_after = r"[0-9A-Za-z:-]"
    not_before = r"[0-9A-Za-z:-]"
    score = 0.95
