"""Answers compressed on their way out: whole ones at once, long ones piece by piece.

Units, rows and sizes are counted before: what an answer costs does not depend on how it travels.
"""

import io
import zlib
from collections.abc import Iterator

import pyarrow as pa

from marketplace.gateway.negotiation import Coding

LEAST_BYTES = 2048
"""Shorter answers fit in a packet or two anyway."""
_GZIP_LEVEL = 1
_GZIP_WINDOW = 31
"""Zlib's number for a gzip header around the largest window."""
_zstd = pa.Codec("zstd")


def compress(body: bytes, coding: Coding) -> bytes:
    """A whole body in a coding."""
    if coding == "zstd":
        packed: bytes = _zstd.compress(body, asbytes=True)
        return packed
    squeezer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return squeezer.compress(body) + squeezer.flush()


def compressed(pieces: Iterator[bytes], coding: Coding) -> Iterator[bytes]:
    """Pieces in a coding, as they come; some may stay inside until more do."""
    return _by_zstd(pieces) if coding == "zstd" else _by_gzip(pieces)


def _by_gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    squeezer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    for piece in pieces:
        if packed := squeezer.compress(piece):
            yield packed
    yield squeezer.flush()


def _by_zstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    sink = _Sink()
    with pa.CompressedOutputStream(pa.PythonFile(sink, mode="w"), "zstd") as stream:
        for piece in pieces:
            stream.write(piece)
            if packed := sink.take():
                yield packed
    if packed := sink.take():
        yield packed


class _Sink(io.RawIOBase):
    """Holds what was written until it is taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        """As of a file."""
        return True

    def write(self, data: object) -> int:
        """As of a file; what is written stays readable when it is closed."""
        piece = bytes(data)  # type: ignore[call-overload]  # a buffer of Arrow's
        self._held += piece
        return len(piece)

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken, self._held = bytes(self._held), bytearray()
        return taken
