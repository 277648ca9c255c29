"""Public telephone numbers, which tell of no person: 12345, 110, 400, 95xxx and their like.

Numbering plan of the Ministry of Industry and Information Technology (电信网编号计划): 1xx emergency and enquiry, 12xxx
public service lines of government, 10xxx carriers, 95xxx and 96xxx companies and provincial services, 400 and 800
numbers charged to the called company, 106… sender numbers of bulk messages.
"""

from __future__ import annotations

import re
from typing import Final

from anonymizer.recognizers.grammar import digits_of

SERVICE_PATTERN: Final = (
    r"11[0-9]|12[0-2]|12\d{3}|100\d{2}|9[56]\d{3,6}|[48]00[ -]?\d{3}[ -]?\d{4}|[48]00[ -]?\d{4}[ -]?\d{3}|106\d{5,17}"
)
_WHOLE: Final = re.compile(SERVICE_PATTERN)


def is_public_number(value: str) -> bool:
    """Whether a telephone number belongs to a service and not to a person.

    >>> is_public_number("400-820-8820"), is_public_number("13800138000")
    (True, False)
    """
    return bool(_WHOLE.fullmatch(digits_of(value)))
