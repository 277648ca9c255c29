"""IP_ADDRESS: IPv4 (RFC 791) and IPv6 (RFC 4291, and its canonical text RFC 5952), with or without a prefix length.

A dotted quad beside a version word is a version; unspecified, loopback and broadcast addresses are nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from anonymizer.recognizers.grammar import Match, PatternGrammar

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"


class IpAddress(PatternGrammar):
    """Dotted quad or colon groups."""

    entity = "IP_ADDRESS"
    requires = (".", ":")
    pattern = rf"(?:{_OCTET}\.){{3}}{_OCTET}|(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}[0-9A-Fa-f]{{0,4}}"
    not_after = r"[0-9A-Za-z:.]"
    not_before = r"[0-9A-Za-z:]|\.[0-9]"
    score = 0.9

    def accept(self, value: str) -> bool:
        try:
            address = ip_address(value)
        except ValueError:
            return False
        return not (address.is_unspecified or address.is_loopback)

    def find(self, text: str) -> Iterator[Match]:
        for match in super().find(text):
            before = text[max(0, match.start - 4) : match.start].lower()
            if not ("版本" in before or before.endswith(("v", "ver ", "ver."))):
                yield match
