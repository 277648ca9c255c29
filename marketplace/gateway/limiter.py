"""Rate limits by the generic cell rate algorithm, shared by all worker processes of a machine.

Each key has one number: the theoretical arrival time (TAT). It lies in a memory-mapped file under
`<home>/run/rates`, guarded by a lock on the few slots a key can be in, so that two workers cannot both let the last
call through. A slot whose TAT has passed says nothing any more and is free; nothing is ever cleaned up.
Times are those of the machine's monotonic clock, which all processes share.

Where a limit is so high that it allows several calls in `AHEAD` nanoseconds, a process counts so many at once and hands
them out from memory for that time; what is left of them then is lost. So nobody gets a call more, and a file is locked
a hundred times a second at most, not at each call.
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
from typing import NamedTuple

_SLOT = struct.Struct("<16sq")
_TAT = struct.Struct("<q")
SLOTS = 65_536
PROBES = 16
SECOND = 1_000_000_000
WINDOW = 60
AHEAD = SECOND // 100
MOST_AHEAD = 10_000


class Standing(NamedTuple):
    """Where a caller stands after a call: `remaining` calls possible now, `reset` seconds until all are again,
    `retry_after` seconds until the next where this one was refused. `policy`: which limit this is of."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    retry_after: int = 0
    policy: str = "minute"


@dataclass(slots=True)
class _Counted:
    """Calls counted ahead, of a caller with this limit; `remaining` and `reset` as when they were counted."""

    limit: int
    left: int
    until: int
    remaining: int
    reset: int


class RateLimiter:
    """`limit` calls in any 60 seconds, all at once or spread."""

    def __init__(self, home: Path) -> None:
        path = home / "run" / "rates"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._descriptor, SLOTS * _SLOT.size)
        self._map = mmap.mmap(self._descriptor, SLOTS * _SLOT.size)
        self._lock = threading.Lock()
        self._ahead: dict[str, _Counted] = {}

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()
        os.close(self._descriptor)

    def hit(self, name: str, limit: int) -> Standing:
        """Count one call of `name`, unless it is over `limit` a minute."""
        with self._lock:  # threads of this process; record locks know processes only
            now = time.monotonic_ns()
            counted = self._ahead.get(name)
            if counted is None or counted.limit != limit or counted.left == 0 or now >= counted.until:
                found = self._count(name, limit, now)
                if isinstance(found, Standing):
                    self._ahead.pop(name, None)
                    return found
                counted = found
                if counted.left > 1:
                    if len(self._ahead) >= MOST_AHEAD:
                        self._ahead.clear()
                    self._ahead[name] = counted
            counted.left -= 1
            return Standing(True, limit, counted.remaining + counted.left, counted.reset)

    def _count(self, name: str, limit: int, now: int) -> _Counted | Standing:
        """Count as many calls as fall due in `AHEAD`, one at least; or a refusal."""
        digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
        first = int.from_bytes(digest[:4], "little") % (SLOTS - PROBES)
        interval = WINDOW * SECOND // limit
        burst = WINDOW * SECOND
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, PROBES * _SLOT.size, first * _SLOT.size)
        try:
            place, tat = self._find(digest, first, now, burst)
            base = max(tat, now)
            possible = (burst - (base - now)) // interval
            if possible < 1:
                wait = base + interval - burst - now
                return Standing(False, limit, 0, _seconds(base - now), _seconds(wait))
            taken = min(max(1, AHEAD // interval), possible)
            following = base + taken * interval
            _SLOT.pack_into(self._map, place, digest, following)
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, PROBES * _SLOT.size, first * _SLOT.size)
        return _Counted(limit, taken, now + AHEAD, possible - taken, _seconds(following - now))

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
