"""A worker's journal: numbered segment files of small records, each with a checksum.

A record is `crc32 (4) | length of body (2) | kind (1) | body`, little endian; the checksum covers length, kind and
body. Records name their subscription, key and lease by the index of a CONTEXT record earlier in the same segment,
so that every segment can be read alone. A record is complete in the file before the answer leaves the process
(`write()`), and on the disk within 50 ms (`fsync` by a thread of its own).

A last record that is cut short, or followed by nothing but zeros, was being written when the process or the machine
stopped: its answer never left, it is not counted. Anything else that does not add up makes the segment unreadable.
"""

import errno
import json
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from marketplace.metering.errors import JournalUnreadable, JournalUnwritable

MAGIC = b"SHUYIJ01"
SYNC_SECONDS = 0.05
_FRAME = struct.Struct("<IHB")
_CRC = struct.Struct("<I")
_HEAD = struct.Struct("<HB")
_CONTEXT = struct.Struct("<I")
_ANSWER = struct.Struct("<IqHHIQ16sQ")
_TALLY = struct.Struct("<IqHIIQ")
_SETTLED = struct.Struct("<Iq16sqq")
CONTEXT, ANSWER, TALLY, SETTLED = 1, 2, 3, 4
LARGEST_RECORD = 1024


@dataclass(frozen=True, slots=True)
class Context:
    """Whom a record belongs to. `lease_id` is empty for what consumes nothing."""

    lease_id: str
    subscription_id: str
    organisation_id: str
    key_id: str
    dataset_id: str
    release_id: str
    mode: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that consumed units. `at` in microseconds since 1970; `request_id` only when the client sent one."""

    context: Context
    at: int
    status: int
    units: int
    rows: int
    size: int
    receipt: str
    fingerprint: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Several answers of one kind that consumed nothing: refusals, 304, repeats, sandbox, open data."""

    context: Context
    at: int
    status: int
    calls: int
    rows: int
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A stream that sent less than was recorded at its start: rows and bytes to subtract."""

    context: Context
    at: int
    receipt: str
    rows: int
    size: int


Record = Answer | Tally | Settled


def _frame(kind: int, body: bytes) -> bytes:
    if len(body) > LARGEST_RECORD - _FRAME.size:
        raise ValueError(f"a journal record of {len(body)} bytes is too large")
    rest = _HEAD.pack(len(body), kind) + body
    return _CRC.pack(zlib.crc32(rest)) + rest


class JournalWriter:
    """Appends to the newest segment of one directory. Safe to use from several threads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.number = 0
        self.size = 0
        self.records = 0
        self._lock = threading.RLock()
        self._contexts: dict[Context, int] = {}
        self._descriptor = -1
        self._dirty = False
        self._broken = False
        self._open_next()
        self._stop = threading.Event()
        self._syncer = threading.Thread(target=self._sync_forever, name="journal-sync", daemon=True)
        self._syncer.start()

    @property
    def path(self) -> Path:
        """The segment being written."""
        return self.directory / f"{self.number:08d}.journal"

    def answer(
        self,
        context: Context,
        at: int,
        status: int,
        units: int,
        rows: int,
        size: int,
        receipt: bytes,
        fingerprint: int,
        request_id: bytes,
    ) -> None:
        """Record one answer; returns when `write()` has taken it. Raises `JournalUnwritable` and leaves no trace."""
        with self._lock:
            index = self._index(context)
            body = _ANSWER.pack(index, at, status, units, rows, size, receipt, fingerprint) + request_id
            self._append(_frame(ANSWER, body))

    def tally(self, context: Context, at: int, status: int, calls: int, rows: int, size: int, reason: str) -> None:
        """Record `calls` answers of one kind that consumed nothing."""
        with self._lock:
            body = _TALLY.pack(self._index(context), at, status, calls, rows, size) + reason.encode()
            self._append(_frame(TALLY, body))

    def settled(self, context: Context, at: int, receipt: bytes, rows: int, size: int) -> None:
        """Record that a stream sent `rows` and `size` less than was recorded."""
        with self._lock:
            self._append(_frame(SETTLED, _SETTLED.pack(self._index(context), at, receipt, rows, size)))

    def rotate(self) -> Path | None:
        """Close the segment and begin the next; the closed one, or None where it held nothing. Raises
        `JournalUnwritable` when there is no place for the next: this one goes on then."""
        with self._lock:
            if self.records == 0:
                return None
            closed, descriptor = self.path, self._descriptor
            self._open_next()
            os.fsync(descriptor)
            os.close(descriptor)
            return closed

    def close(self) -> None:
        """Sync and close; an empty segment is removed."""
        self._stop.set()
        self._syncer.join()
        with self._lock:
            os.fsync(self._descriptor)
            os.close(self._descriptor)
            if self.records == 0:
                self.path.unlink(missing_ok=True)

    def locked(self) -> threading.RLock:
        """The lock under which records are written: hold it to make a decision and its record one step."""
        return self._lock

    def _open_next(self) -> None:
        path = self.directory / f"{self.number + 1:08d}.journal"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        descriptor = -1
        try:
            descriptor = os.open(path, flags, 0o600)
            if os.write(descriptor, MAGIC) != len(MAGIC):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
                path.unlink()
            raise JournalUnwritable("The usage journal cannot be written right now.", retry_after=10) from error
        self._descriptor = descriptor
        self.number += 1
        self.size, self.records, self._contexts = len(MAGIC), 0, {}

    def _index(self, context: Context) -> int:
        known = self._contexts.get(context)
        if known is not None:
            return known
        index = len(self._contexts)
        text = json.dumps(asdict(context), separators=(",", ":")).encode()
        self._append(_frame(CONTEXT, _CONTEXT.pack(index) + text))
        self._contexts[context] = index
        return index

    def _append(self, data: bytes) -> None:
        if self._broken:
            raise JournalUnwritable("The usage journal could not be repaired after a failed write.", retry_after=30)
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            raise JournalUnwritable("The usage journal cannot be written right now.", retry_after=10) from error
        if written != len(data):  # the disk is full: take the piece back, or nothing after it could be read
            try:
                os.ftruncate(self._descriptor, self.size)
            except OSError:
                self._broken = True
            raise JournalUnwritable("The usage journal cannot be written right now.", retry_after=10)
        self.size += written
        self.records += 1
        self._dirty = True

    def _sync_forever(self) -> None:
        while not self._stop.wait(SYNC_SECONDS):
            if not self._dirty:
                continue
            with self._lock:
                self._dirty = False
                descriptor = os.dup(self._descriptor)
            try:
                os.fdatasync(descriptor)
            except OSError:  # the records are in the file; the next round tries again
                self._dirty = True
            finally:
                os.close(descriptor)


def read_segment(path: Path) -> Iterator[Record]:
    """The records of one segment in order. Raises `JournalUnreadable`, after the good records before the damage."""
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        if MAGIC.startswith(data) or not data.strip(b"\0"):
            return  # stopped while the file was being made
        raise JournalUnreadable(f"segment {path.name} does not begin like a journal")
    contexts: list[Context] = []
    place, end = len(MAGIC), len(data)
    while place < end:
        finish = _whole(data, place)
        if finish is None:
            if _cut_short(data, place):
                return
            raise JournalUnreadable(f"segment {path.name} is damaged at byte {place}")
        kind = data[place + _FRAME.size - 1]
        body_start = place + _FRAME.size
        if kind == CONTEXT:
            contexts.append(Context(**json.loads(data[body_start + _CONTEXT.size : finish])))
        else:
            yield _record(kind, data, body_start, finish, contexts)
        place = finish


def _whole(data: bytes, place: int) -> int | None:
    """Where the record at `place` ends, or None when there is no whole, undamaged record."""
    if place + _FRAME.size > len(data):
        return None
    crc, length, kind = _FRAME.unpack_from(data, place)
    finish = place + _FRAME.size + length
    if finish > len(data) or kind not in (CONTEXT, ANSWER, TALLY, SETTLED):
        return None
    return finish if zlib.crc32(data[place + _CRC.size : finish]) == crc else None


def _cut_short(data: bytes, place: int) -> bool:
    """Whether what begins at `place` is one unfinished record at the end, not damage before later records."""
    tail = data[place:].rstrip(b"\0")
    if len(tail) > LARGEST_RECORD:
        return False
    return all(_whole(tail, later) is None for later in range(1, len(tail)))


def _record(kind: int, data: bytes, start: int, finish: int, contexts: list[Context]) -> Record:
    if kind == ANSWER:
        index, at, status, units, rows, size, receipt, fingerprint = _ANSWER.unpack_from(data, start)
        request_id = data[start + _ANSWER.size : finish].decode()
        return Answer(contexts[index], at, status, units, rows, size, receipt.hex(), fingerprint, request_id)
    if kind == TALLY:
        index, at, status, calls, rows, size = _TALLY.unpack_from(data, start)
        reason = data[start + _TALLY.size : finish].decode()
        return Tally(contexts[index], at, status, calls, rows, size, reason)
    if kind == SETTLED:
        index, at, receipt, rows, size = _SETTLED.unpack_from(data, start)
        return Settled(contexts[index], at, receipt.hex(), rows, size)
    raise JournalUnreadable(f"unknown kind of record {kind}")
