"""Sealed files: a stream of AES-256-GCM chunks that cannot be cut, reordered, altered or moved unnoticed.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015) over AES-256-GCM, with one key per file
derived by HKDF (RFC 5869), as Tink's AES-GCM-HKDF streaming does:

    file    = header ‖ chunk 0 ‖ chunk 1 ‖ … ‖ last chunk
    header  = "SYV1" ‖ salt (32 bytes) ‖ nonce prefix (7 bytes)
    key     = HKDF-SHA256(safe key, salt, info = "shuyi vault file 1" ‖ 0 ‖ context)
    chunk i = AES-256-GCM(key, nonce = prefix ‖ i (4 bytes, big endian) ‖ last (1 byte), AAD = header)

`context` is the object's own name, so a file put in another's place does not open. Every chunk but the last holds
exactly 1 MiB of plaintext, so any part can be read alone.
"""

import io
import os
import struct
from collections.abc import Iterator
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from catalog.vault.errors import SealBroken
from contracts.kit.store import ObjectStore

CHUNK = 1024 * 1024
_TAG = 16
_MAGIC = b"SYV1"
_SALT = 32
_PREFIX = 7
HEADER = len(_MAGIC) + _SALT + _PREFIX
_MAX_CHUNKS = 2**32


def _cipher(key: bytes, salt: bytes, context: str) -> AESGCM:
    info = b"shuyi vault file 1\0" + context.encode()
    return AESGCM(HKDF(SHA256(), 32, salt=salt, info=info).derive(key))


def _nonce(prefix: bytes, index: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", index, last)


def sealed_size(plain: int) -> int:
    """Bytes that `plain` bytes take when sealed."""
    return HEADER + plain + _TAG * max(1, -(-plain // CHUNK))


class Sealer:
    """Seals what is pushed in: `update(data)` gives sealed bytes as they become ready, `finish()` the last ones."""

    def __init__(self, key: bytes, context: str) -> None:
        salt, self._prefix = os.urandom(_SALT), os.urandom(_PREFIX)
        self._header = _MAGIC + salt + self._prefix
        self._cipher = _cipher(key, salt, context)
        self._buffer = bytearray()
        self._index = 0
        self._started = False

    def update(self, data: bytes) -> bytes:
        """Take plaintext in; a full chunk is sealed only when it is known not to be the last."""
        self._buffer += data
        out = [self._head()]
        while len(self._buffer) > CHUNK:
            out.append(self._seal(bytes(self._buffer[:CHUNK]), last=False))
            del self._buffer[:CHUNK]
        return b"".join(out)

    def finish(self) -> bytes:
        """Seal the rest and mark the end."""
        return self._head() + self._seal(bytes(self._buffer), last=True)

    def _head(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        return self._header

    def _seal(self, plain: bytes, *, last: bool) -> bytes:
        if self._index >= _MAX_CHUNKS:
            raise OverflowError("a sealed file holds at most 4 PiB")
        sealed = self._cipher.encrypt(_nonce(self._prefix, self._index, last), plain, self._header)
        self._index += 1
        return sealed


def seal(key: bytes, context: str, plain: bytes) -> bytes:
    """A whole small object at once."""
    sealer = Sealer(key, context)
    return sealer.update(plain) + sealer.finish()


class SealingWriter(io.RawIOBase):
    """A file to write plaintext into; sealed bytes go to `target`. Closing it seals the end, leaving `target` open."""

    def __init__(self, target: IO[bytes], key: bytes, context: str) -> None:
        super().__init__()
        self._target = target
        self._sealer = Sealer(key, context)
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = bytes(data)
        self._target.write(self._sealer.update(view))
        self._size += len(view)
        return len(view)

    def tell(self) -> int:
        return self._size

    def close(self) -> None:
        if not self.closed:
            self._target.write(self._sealer.finish())
        super().close()


class SealedReader(io.RawIOBase):
    """The plaintext of a sealed object, readable from any place. Opening it checks header, end and length."""

    def __init__(self, store: ObjectStore, name: str, key: bytes, context: str) -> None:
        super().__init__()
        self._store, self._name = store, name
        self._sealed_size = store.stat(name).size
        body = self._sealed_size - HEADER
        self._chunks = -(-body // (CHUNK + _TAG))
        if body < _TAG or not 1 <= self._chunks <= _MAX_CHUNKS:
            raise SealBroken("A sealed file is cut short; restore it from a backup.")
        with store.open(name, start=0, length=HEADER) as stream:
            self._header = _read_exactly(stream, HEADER)
        if self._header[: len(_MAGIC)] != _MAGIC:
            raise SealBroken("A sealed file does not begin as one; restore it from a backup.")
        salt, self._prefix = self._header[4 : 4 + _SALT], self._header[-_PREFIX:]
        self._cipher = _cipher(key, salt, context)
        self._position = 0
        self._stream: IO[bytes] | None = None
        self._stream_at = -1
        self._cached: tuple[int, bytes] = (-1, b"")
        last = self._chunk(self._chunks - 1)
        self.size = (self._chunks - 1) * CHUNK + len(last)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._position >= self.size or not len(view):
            return 0
        index, inside = divmod(self._position, CHUNK)
        part = self._chunk(index)[inside : inside + len(view)]
        view[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._cached = (-1, b"")
        super().close()

    def _chunk(self, index: int) -> bytes:
        if self._cached[0] == index:
            return self._cached[1]
        start = HEADER + index * (CHUNK + _TAG)
        length = min(CHUNK + _TAG, self._sealed_size - start)
        if self._stream is None or self._stream_at != start:
            if self._stream is not None:
                self._stream.close()
            self._stream = self._store.open(self._name, start=start)
        sealed = _read_exactly(self._stream, length)
        self._stream_at = start + length
        try:
            plain = self._cipher.decrypt(_nonce(self._prefix, index, index == self._chunks - 1), sealed, self._header)
        except InvalidTag:
            raise SealBroken("A sealed file was altered or moved; restore it from a backup.") from None
        self._cached = (index, plain)
        return plain


def _read_exactly(stream: IO[bytes], length: int) -> bytes:
    parts: list[bytes] = []
    while length:
        part = stream.read(length)
        if not part:
            raise SealBroken("A sealed file ends too early; restore it from a backup.")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def open_sealed(store: ObjectStore, name: str, key: bytes, context: str) -> io.BufferedReader:
    """The plaintext of the sealed object `name` as a buffered, seekable file."""
    return io.BufferedReader(SealedReader(store, name, key, context), buffer_size=CHUNK)


def pieces(stream: IO[bytes], size: int = CHUNK) -> Iterator[bytes]:
    """What `stream` holds, `size` bytes at a time."""
    while part := stream.read(size):
        yield part
