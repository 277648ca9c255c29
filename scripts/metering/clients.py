"""Clients of the data API that remember what they got: connections kept open, several a process, each with one request
at a time.

A client that is told to come again in seconds (503, or 429 while units are in other hands) does so with the same
request. When a connection breaks under a request, a client that names its requests asks again under the same id; one
that does not cannot know what became of it: it counts the request as lost and goes on to the next.
"""

from __future__ import annotations

import heapq
import multiprocessing
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

SOON_SECONDS: Final = 60
"""A Retry-After of a 429 up to this means that units may come back; a month's end is further away."""
PATIENCE_SECONDS: Final = 300.0
_AGAIN_SECONDS: Final = 0.5


class Seen(IntEnum):
    """What is counted: answers with data; final refusals for want of units; 429 and 503 that said to come again;
    connections that broke under a request; requests of which nobody knows; answers that must not be."""

    ANSWERED = 0
    REFUSED = 1
    WAITED = 2
    UNAVAILABLE = 3
    BROKEN = 4
    LOST = 5
    FAULTS = 6


@dataclass(frozen=True, slots=True)
class Order:
    """What one process of clients does: requests numbered from `first` to before `last`, for the records 1 to `rows` of
    `slug` in turn. `named`: each how manieth client names its requests (0: none). `pause`: seconds of a client between
    an answer and its next request, until hurried. `file` takes a line `id receipt` for each answer (`-`: no id)."""

    port: int
    key: str
    slug: str
    rows: int
    first: int
    last: int
    connections: int
    file: Path
    named: int = 0
    pause: float = 0.0


class _Client:
    __slots__ = ("asked_at", "buffer", "named", "request", "request_id", "sock")

    def __init__(self, named: bool) -> None:
        self.named = named
        self.sock: socket.socket | None = None
        self.buffer = b""
        self.request = b""
        self.request_id = ""
        self.asked_at = 0.0


class _Crowd:
    """The clients of one process. They end when all numbers are used up, or with the first final refusal each where
    `stop_when_refused`."""

    def __init__(self, order: Order, counters: Any, place: int, stop_when_refused: bool) -> None:
        self._order, self._counters, self._place = order, counters, place * len(Seen)
        self._stop_when_refused = stop_when_refused
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, _Client]] = []
        self._clients = [_Client(bool(order.named) and i % order.named == 0) for i in range(order.connections)]
        self._left = set(self._clients)
        self._next, self._turn, self._pause = order.first, 0, order.pause

    def run(self, hurry: Any) -> None:
        """Until everything is asked. `hurry`: an event after which nobody pauses."""
        with self._order.file.open("wb", buffering=1 << 16) as self._out:
            for client in self._clients:
                self._take_next(client)
            looked = time.monotonic()
            while self._left:
                moment = time.monotonic()
                if moment - looked > 1.0:
                    looked = moment
                    self._pause = 0.0 if hurry.is_set() else self._order.pause
                    for client in self._left:
                        if client.sock is not None and client.asked_at and moment - client.asked_at > PATIENCE_SECONDS:
                            self._fault(f"no answer in {PATIENCE_SECONDS:.0f} s to {client.request!r}")
                            client.asked_at = 0.0
                wait = min(max(0.0, self._due[0][0] - moment), 0.5) if self._due else 0.5
                for key, _ in self._selector.select(wait):
                    self._read(key.data)
                moment = time.monotonic()
                while self._due and self._due[0][0] <= moment:
                    self._ask(heapq.heappop(self._due)[2])

    def _count(self, what: Seen) -> None:
        self._counters[self._place + what] += 1

    def _fault(self, text: str) -> None:
        self._count(Seen.FAULTS)
        with self._order.file.with_suffix(".faults").open("a") as file:
            file.write(text + "\n")

    def _take_next(self, client: _Client) -> None:
        number, order = self._next, self._order
        if number >= order.last:
            self._end(client)
            return
        self._next += 1
        client.request_id = f"soak-{number:09d}" if client.named else ""
        named = f"X-Request-Id: {client.request_id}\r\n" if client.named else ""
        client.request = (
            f"GET /data/v1/{order.slug}/records/{number % order.rows + 1} HTTP/1.1\r\nHost: 127.0.0.1:{order.port}\r\n"
            f"Authorization: Bearer {order.key}\r\n{named}\r\n"
        ).encode()
        if self._pause:
            self._later(client, self._pause)
        else:
            self._ask(client)

    def _later(self, client: _Client, seconds: float) -> None:
        client.asked_at = 0.0
        self._turn += 1
        heapq.heappush(self._due, (time.monotonic() + seconds, self._turn, client))

    def _end(self, client: _Client) -> None:
        self._let_go(client)
        self._left.discard(client)

    def _let_go(self, client: _Client) -> None:
        if client.sock is not None:
            self._selector.unregister(client.sock)
            client.sock.close()
            client.sock, client.buffer = None, b""

    def _ask(self, client: _Client) -> None:
        try:
            if client.sock is None:
                client.sock = socket.create_connection(("127.0.0.1", self._order.port), timeout=PATIENCE_SECONDS)
                client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.sock.setblocking(False)
                self._selector.register(client.sock, selectors.EVENT_READ, client)
            client.asked_at = time.monotonic()
            client.sock.send(client.request)  # a few hundred bytes: taken whole
        except OSError:
            self._let_go(client)
            self._later(client, _AGAIN_SECONDS)  # it was not sent: nothing can have come of it

    def _read(self, client: _Client) -> None:
        assert client.sock is not None, "only open ones are selected"
        try:
            data = client.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._broken(client)
            return
        client.buffer += data
        head, found, body = client.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
        if len(body) < int(headers[b"content-length"]):
            return
        client.buffer = b""
        self._answer(client, int(lines[0].split()[1]), headers, body)

    def _broken(self, client: _Client) -> None:
        under_way = client.asked_at
        self._let_go(client)
        if not under_way:  # between two requests
            return
        self._count(Seen.BROKEN)
        if client.named:
            self._later(client, 0.05)
        else:
            self._count(Seen.LOST)
            self._take_next(client)

    def _answer(self, client: _Client, status: int, headers: dict[bytes, bytes], body: bytes) -> None:
        client.asked_at = 0.0
        retry_after = int(headers.get(b"retry-after", b"0"))
        if status == 200 and b"x-receipt" in headers:
            self._out.write(b"%s %s\n" % (client.request_id.encode() or b"-", headers[b"x-receipt"]))
            self._count(Seen.ANSWERED)
            self._take_next(client)
        elif status == 429 and b"quota-exhausted" in body and retry_after > SOON_SECONDS:
            self._count(Seen.REFUSED)
            if self._stop_when_refused:
                self._end(client)
            else:
                self._take_next(client)
        elif status == 429 and retry_after:
            self._count(Seen.WAITED)
            self._later(client, _AGAIN_SECONDS)
        elif status == 503 and retry_after:
            self._count(Seen.UNAVAILABLE)
            self._later(client, _AGAIN_SECONDS)
        else:
            self._fault(f"{status} to {client.request!r}: {body[:300]!r}")
            self._take_next(client)


def _drive(order: Order, counters: Any, place: int, stop_when_refused: bool, hurry: Any) -> None:
    _Crowd(order, counters, place, stop_when_refused).run(hurry)


class Clients:
    """Processes of clients at work."""

    def __init__(self, orders: Sequence[Order], *, stop_when_refused: bool) -> None:
        context = multiprocessing.get_context("fork")  # a fresh process would import for seconds what it never uses
        self._orders = orders
        self._counters = context.Array("q", len(orders) * len(Seen), lock=False)  # each process has places of its own
        self._hurry = context.Event()
        self._processes: list[BaseProcess] = [
            context.Process(target=_drive, args=(order, self._counters, place, stop_when_refused, self._hurry))
            for place, order in enumerate(orders)
        ]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """They ask while the block runs, and are ended with it."""
        for process in self._processes:
            process.start()
        try:
            yield
        finally:
            for process in self._processes:
                process.kill()
                process.join()

    def seen(self) -> dict[Seen, int]:
        """The counts so far."""
        return {what: sum(self._counters[what :: len(Seen)]) for what in Seen}

    def hurry(self) -> None:
        """No pauses from now on."""
        self._hurry.set()

    def busy(self) -> bool:
        """Whether any are still asking. Raises `ChildProcessError` where one failed."""
        for process in self._processes:
            if process.exitcode:
                raise ChildProcessError(f"a process of clients ended with {process.exitcode}")
        return any(process.is_alive() for process in self._processes)

    def faults(self) -> list[str]:
        """Answers that must not be."""
        files = [order.file.with_suffix(".faults") for order in self._orders]
        return [line for file in files if file.exists() for line in file.read_text().splitlines()]

    def receipts(self) -> Iterator[tuple[str, str]]:
        """Request id (empty: none) and receipt of every answer received."""
        for order in self._orders:
            with order.file.open() as file:
                for line in file:
                    request_id, receipt = line.split()
                    yield "" if request_id == "-" else request_id, receipt


def share_out(
    folder: Path,
    requests: int,
    connections: int,
    processes: int,
    *,
    port: int,
    key: str,
    slug: str,
    rows: int,
    named: int = 0,
    pause: float = 0.0,
) -> list[Order]:
    """Requests and connections divided among processes."""
    cuts = [requests * i // processes for i in range(processes + 1)]
    sizes = [connections * (i + 1) // processes - connections * i // processes for i in range(processes)]
    return [
        Order(port, key, slug, rows, first, last, size, folder / f"clients-{place}", named, pause)
        for place, (first, last, size) in enumerate(zip(cuts[:-1], cuts[1:], sizes, strict=True))
    ]
