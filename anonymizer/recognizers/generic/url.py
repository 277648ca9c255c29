"""URL: addresses of the web that carry who asks: a token, an account, a telephone or identity number in path or query.

RFC 3986. A plain address of a public page is nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.grammar import Grammar, Match

_URL: Final = re.compile(r"(?<![A-Za-z0-9])(?:https?://|www\.)[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]{4,500}")
_CARRIES: Final = re.compile(
    r"[?&;#](?:[a-z_]{0,20}(?:id|token|uid|user|name|phone|mobile|tel|email|mail|openid|key|code|session|auth|sfz|idcard))"
    r"=[^&#\s]{2}|1[3-9]\d{9}(?!\d)|[1-9]\d{16}[0-9Xx]|/(?:u|user|users|profile|people|member|space)/[^/?#\s]{2}|%40|//[^/\s]{1,60}@",
    re.IGNORECASE,
)


class IdentifyingUrl(Grammar):
    """A web address with an identifier in it."""

    entity = "URL"
    requires = ("http", "www.")

    def find(self, text: str) -> Iterator[Match]:
        for found in _URL.finditer(text):
            value = found.group().rstrip(".,;:!?)'")
            if _CARRIES.search(value):
                yield Match(self.entity, found.start(), found.start() + len(value), 0.8)
