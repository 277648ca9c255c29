"""What every object store does, whichever it is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 1024 * 1024
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=@+-]{0,199}")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One stored object. `size` in bytes, `sha256` of its bytes in hex."""

    key: str
    size: int
    sha256: str
    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)


class ObjectStore(Protocol):
    """Objects appear whole or not at all, and have the bytes they were put with until replaced or deleted.

    Keys are `/`-separated segments of `A-Z a-z 0-9 _ . = @ + -` that do not begin with a dot, 900 characters at most.
    Reading what is not there raises `contracts.errors.NotFound`, a bad key ValueError, a store out of reach
    `contracts.errors.Unavailable`.
    """

    def put(
        self,
        key: str,
        data: BinaryIO | bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Store an object, from its bytes or from a stream read to its end in pieces; replaces what was there."""
        ...

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """A stream over the object, or over `length` bytes of it from `start`. The caller closes it."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        ...

    def stat(self, key: str) -> ObjectInfo:
        """Size, hash, type and metadata without the bytes."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; no error when it is not there."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose keys start with `prefix`, in the order of their keys."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Where the object lies as a plain file to be read only; None when it is not on this machine."""
        ...

    def check(self) -> None:
        """Raise `Unavailable` when the store cannot be reached; for readiness probes."""
        ...


def check_key(key: str) -> str:
    """The key itself when it is a good one, else ValueError: no way out of the store through a key."""
    if len(key) > 900 or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise ValueError("not a key of the object store")
    return key
