"""An answer before it becomes HTTP, and answers that come in pieces."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import orjson

from contracts.errors import ShuyiError
from marketplace.gateway.limiter import Standing
from marketplace.gateway.ranges import Part

PIECE = 256 * 1024


class Pieces:
    """The bytes of a long answer. `close()` must be called, whether it was read to the end or not."""

    def __init__(self, source: Iterator[bytes], close: Callable[[], None]) -> None:
        self._source, self._close = source, close
        self._sent = 0
        self._settle: Callable[[int], None] | None = None
        self._closed = False

    def then(self, settle: Callable[[int], None]) -> "Pieces":
        """Have `settle(bytes sent)` called once at the end."""
        self._settle = settle
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._source)
        self._sent += len(piece)
        return piece

    def close(self) -> None:
        """Give back what was open, and settle what was sent."""
        if self._closed:
            return
        self._closed = True
        self._close()
        if self._settle is not None:
            self._settle(self._sent)


@dataclass(slots=True)
class Answer:
    """What a call gets. `units`: what it cost; `size`: its bytes as recorded; `seconds`: from the call to here.
    `pieces` instead of `body` for long answers; `length` is their size in bytes. `resumable`: parts of it can be asked
    for. `quota`: units of the month, where they are limited; `quota_reset`: seconds until there are units again."""

    status: int
    media_type: str
    body: bytes = b""
    pieces: Pieces | None = None
    length: int = 0
    file_name: str = ""
    etag: str = ""
    receipt: str = ""
    units: int = 0
    rows: int = 0
    size: int = 0
    reason: str = ""
    release: str = ""
    next_cursor: str | None = None
    content_range: str = ""
    resumable: bool = False
    retry_after: int | None = None
    standing: Standing | None = None
    quota: int | None = None
    quota_reset: int | None = None
    seconds: float = 0.0

    def take(self, part: Part | None) -> None:
        """Be the answer for a part of a file, where there is one."""
        if part is not None:
            self.status, self.content_range = 206, part.content_range

    def read(self) -> bytes:
        """The whole body, for callers inside this process."""
        if self.pieces is None:
            return self.body
        try:
            return b"".join(self.pieces)
        finally:
            self.pieces.close()


def not_modified(answer: Answer) -> Answer:
    """The same as 304: nothing is sent, nothing is charged."""
    answer.status, answer.body, answer.reason = 304, b"", "not-modified"
    return answer


def problem_answer(error: ShuyiError, instance: str, base_url: str) -> Answer:
    """A refusal as RFC 9457 problem details, with the page that explains it."""
    body = error.problem(instance or None) | {"help": f"{base_url.rstrip('/')}/developer/why/{error.code}"}
    answer = Answer(error.status, "application/problem+json", orjson.dumps(body))
    answer.reason = error.code
    answer.retry_after = getattr(error, "retry_after", None)
    return answer


def file_pieces(stream: BinaryIO) -> Pieces:
    """A file in pieces."""
    return Pieces(iter(lambda: stream.read(PIECE), b""), stream.close)
