"""Full-width digits, Latin letters and signs made half-width, one code point for one.

Unicode's own compatibility folding (NFKC) changes lengths; here every character keeps its place, so that what is found
in folded text can be masked in the raw text by the same offsets. A character that has no half-width partner stays.
"""

from __future__ import annotations

import re
from typing import Final

_TABLE: Final[dict[int, int]] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    0x3000: 0x20,
    0x00A0: 0x20,
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212, 0xFE63), ord("-")),
}
_ANY: Final = re.compile("[" + "".join(map(chr, _TABLE)).replace("\\", "\\\\").replace("]", "\\]") + "]")

FULL_WIDTH: Final[dict[str, str]] = {chr(a): chr(b) for a, b in _TABLE.items()}
"""The same folding as a mapping of characters, for a column's `str.replace_many`."""


_NUMERALS: Final = "〇零○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_NUMERAL_VALUES: Final = str.maketrans(_NUMERALS, "0001234567891123456789")
_SPELT: Final = re.compile(rf"[{_NUMERALS}](?:[ -]?[{_NUMERALS}]){{6,}}")
"""Seven numerals or more, one by one: a number, not a count (which would use 十, 百, 千). Digits before them are
another number (18559831313一直不接)."""


def fold(text: str) -> str:
    """`text` with its wide characters made narrow and numbers spelt in Chinese numerals made digits; the same number of
    code points.

    >>> fold("电话：１３８"), fold("幺三八零零一三八零零零")
    ('电话:138', '13800138000')
    """
    if text.isascii():
        return text
    if _ANY.search(text):
        text = text.translate(_TABLE)
    return _SPELT.sub(lambda found: found.group().translate(_NUMERAL_VALUES), text)
