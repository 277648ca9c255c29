"""Rate limits by the generic cell rate algorithm, shared by all worker processes of a machine.

Each key has one number: the theoretical arrival time (TAT). It lies in a memory-mapped file under
`<home>/run/rates`, guarded by a lock on the few slots a key can be in, so that two workers cannot both let the last
call through. A slot whose TAT has passed says nothing any more and is free; nothing is ever cleaned up.
Times are those of the machine's monotonic clock, which all processes share.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_SLOT = struct.Struct("<16sq")
_TAT = struct.Struct("<q")
SLOTS = 65_536
PROBES = 16
SECOND = 1_000_000_000
WINDOW = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a call: `remaining` calls possible now, `reset` seconds until all are again,
    `retry_after` seconds until the next where this one was refused."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    retry_after: int = 0


class RateLimiter:
    """`limit` calls in any 60 seconds, all at once or spread."""

    def __init__(self, home: Path) -> None:
        path = home / "run" / "rates"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._descriptor, SLOTS * _SLOT.size)
        self._map = mmap.mmap(self._descriptor, SLOTS * _SLOT.size)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()
        os.close(self._descriptor)

    def hit(self, name: str, limit: int) -> Standing:
        """Count one call of `name`, unless it is over `limit` a minute."""
        digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
        first = int.from_bytes(digest[:4], "little") % (SLOTS - PROBES)
        interval = WINDOW * SECOND // limit
        burst = WINDOW * SECOND
        with self._lock:  # threads of this process; record locks know processes only
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX, PROBES * _SLOT.size, first * _SLOT.size)
            try:
                now = time.monotonic_ns()
                place, tat = self._find(digest, first, now, burst)
                base = max(tat, now)
                if base + interval - now > burst:
                    wait = base + interval - burst - now
                    return Standing(False, limit, 0, _seconds(base - now), _seconds(wait))
                following = base + interval
                _SLOT.pack_into(self._map, place, digest, following)
            finally:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, PROBES * _SLOT.size, first * _SLOT.size)
        return Standing(True, limit, (burst - (following - now)) // interval, _seconds(following - now))

    def _find(self, digest: bytes, first: int, now: int, burst: int) -> tuple[int, int]:
        """Offset and TAT of the caller's slot; else of a free one, else of the one that is free soonest."""
        free: tuple[int, int] | None = None
        for slot in range(first, first + PROBES):
            offset = slot * _SLOT.size
            found, tat = _SLOT.unpack_from(self._map, offset)
            if tat > now + 2 * burst:  # written before this machine was started again
                tat = 0
            if found == digest:
                return offset, tat
            if free is None or tat < free[1]:
                free = (offset, tat)
        assert free is not None, "there is at least one slot"
        return free[0], 0


def _seconds(nanoseconds: int) -> int:
    return max(0, -(-nanoseconds // SECOND))
