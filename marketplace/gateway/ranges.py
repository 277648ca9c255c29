"""Part of a file: the `Range` header of RFC 9110, one range of bytes at a time."""

import re
from dataclasses import dataclass

from marketplace.gateway.errors import RangeOutside

_ONE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """`length` bytes from `start` on, of a file of `size` bytes."""

    start: int
    length: int
    size: int

    @property
    def content_range(self) -> str:
        """As the header of that name says it."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"


def wanted(header: str, if_range: str, etag: str, size: int) -> Part | None:
    """The part a caller wants; None: the whole file, also where the header asks for several parts or cannot be read,
    or where the caller's beginning is of another file. Raises `RangeOutside` where the file has no such bytes."""
    found = _ONE.fullmatch(header)
    if found is None or (if_range and if_range != etag):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    if start >= size or start > end:
        raise RangeOutside(f"The file has {size} bytes; ask for a range within them.", size)
    return Part(start, end - start + 1, size)
