"""The gateway over HTTP: a plain ASGI app, mounted at `/data/v1`.

The event loop answers what needs no waiting (keys and releases in memory, indexed reads, units on a lease); the rest
runs in threads of its own. No framework is on this path.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import structlog

from contracts.errors import ShuyiError
from contracts.ids import new_id
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from marketplace.gateway.answers import Answer, problem_answer
from marketplace.gateway.callers import Caller, FromAddress, WithKey
from marketplace.gateway.calls import Call, Operation
from marketplace.gateway.compression import LEAST_BYTES, compress, compressed
from marketplace.gateway.delivery import Delivery
from marketplace.gateway.errors import MethodRefused, RouteUnknown
from marketplace.gateway.headers import Headers, answer_headers
from marketplace.gateway.negotiation import COMPRESSIBLE, MEDIA_TYPES, Coding, coding_of
from marketplace.metering.errors import MeteringUnavailable
from marketplace.metering.meter import Meter

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

THREADS = 16
ASIDE_BYTES = 128 * 1024
"""Bodies longer than this are compressed by a thread, not on the event loop."""
LONGEST_KEPT = 512
"""Query strings up to this length are remembered with what they say."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_OPERATIONS: dict[str, Operation] = {
    "records": "records",
    "aggregate": "aggregate",
    "schema": "schema",
    "releases": "releases",
    "export": "export",
    "openapi.json": "openapi",
}
log = structlog.get_logger()


class Gateway:
    """One a process. `delivery` is for callers inside the process; use `running()` around the app's life."""

    def __init__(self, database: Database, settings: Settings, store: ObjectStore, meter: Meter | None = None) -> None:
        """`meter`: another than the usual one, to measure what metering costs."""
        self._settings = settings
        self.meter = meter or Meter(database, store, settings)
        self.delivery = Delivery(database, settings, store, self.meter)
        self.meter.also_each_tick.append(self.delivery.tick)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway")
        self._running = False

    def start(self) -> None:
        """Begin to meter. Blocks for a moment: finishes what dead workers of this machine left."""
        self.meter.start()
        self._running = True

    def stop(self) -> None:
        """Give leases back and seal the journal."""
        if self._running:
            self._running = False
            self._threads.shutdown()
            self.meter.stop()
            self.delivery.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Meter while the block runs."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.start)
        try:
            yield
        finally:
            await loop.run_in_executor(None, self.stop)

    def deliver(self, call: Call) -> Answer:
        """The answer to a call from inside the process: downloads, exports, CKAN's data actions, the console.
        Blocks. An answer in pieces must be closed."""
        if not self._running:
            raise MeteringUnavailable("The data service is not running in this process.", retry_after=5)
        return self.delivery.deliver(call)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        method = scope["method"]
        sent_headers = _wanted_headers(scope)
        given = sent_headers.get(b"x-request-id", "")
        chosen = given if REQUEST_ID.fullmatch(given) else ""
        if method == "OPTIONS":
            await _send_preflight(send)
            return
        try:
            if not self._running:
                raise MeteringUnavailable("The data service is starting.", retry_after=1)
            if method != "GET":  # HEAD too would have to be charged for nothing
                raise MethodRefused("Data is read with GET.")
            call = _read_call(scope, sent_headers, chosen)
        except ShuyiError as error:
            answer = problem_answer(error, scope["path"], self._settings.base_url)
            await self._send_answer(send, answer, "", chosen)
            return
        answer_now, progress = self.delivery.start(call)
        if answer_now is None:
            loop = asyncio.get_running_loop()
            answer_now = await loop.run_in_executor(self._threads, self.delivery.finish, call, progress)
        coding: Coding = ""
        if (accepted := sent_headers.get(b"accept-encoding")) and answer_now.media_type in COMPRESSIBLE:
            coding = coding_of(accepted)
        if answer_now.pieces is None:
            await self._send_answer(send, answer_now, coding, chosen)
        else:
            await self._send_pieces(send, answer_now, coding, chosen)

    async def _send_answer(self, send: Send, answer: Answer, coding: Coding, request_id: str) -> None:
        headers, body = _headers(answer, request_id), answer.body
        if answer.status != 304:
            if coding and len(body) >= LEAST_BYTES:
                if len(body) > ASIDE_BYTES:
                    loop = asyncio.get_running_loop()
                    body = await loop.run_in_executor(self._threads, compress, body, coding)
                else:
                    body = compress(body, coding)
                headers.append((b"content-encoding", coding.encode()))
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _send_pieces(self, send: Send, answer: Answer, coding: Coding, request_id: str) -> None:
        """A long answer, compressed as it goes, unless it is a file that parts may be asked of: these are sent as they
        were approved."""
        pieces = answer.pieces
        assert pieces is not None, "asked only for answers in pieces"
        loop = asyncio.get_running_loop()
        sent: Iterator[bytes] = pieces
        try:
            headers = _headers(answer, request_id)
            if coding and not answer.resumable and answer.length >= LEAST_BYTES:
                sent = compressed(pieces, coding)
                headers.append((b"content-encoding", coding.encode()))
            else:
                headers.append((b"content-length", b"%d" % answer.length))
            headers.append((b"content-disposition", b'attachment; filename="%s"' % answer.file_name.encode()))
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            while (piece := await loop.run_in_executor(self._threads, next, sent, None)) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await loop.run_in_executor(self._threads, pieces.close)


def gateway_app(database: Database, settings: Settings, store: ObjectStore) -> Gateway:
    """The gateway of this process, to be mounted at `/data/v1`."""
    return Gateway(database, settings, store)


_WANTED = frozenset(
    (
        b"accept",
        b"accept-encoding",
        b"authorization",
        b"if-none-match",
        b"if-range",
        b"range",
        b"shuyi-dry-run",
        b"x-request-id",
    )
)
_NOT_DRY = ("", "0", "?0", "false")
"""Whoever sends anything else asks for the cost: better an answer withheld than one charged by mistake."""


def _wanted_headers(scope: Scope) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"] if name in _WANTED}


def _read_call(scope: Scope, headers: dict[bytes, str], request_id: str) -> Call:
    path: str = scope["path"]
    inner = path[len(scope.get("root_path", "")) :] if path.startswith(scope.get("root_path", "")) else path
    parts = inner.strip("/").split("/")
    name = ""
    operation: Operation | None = _OPERATIONS.get(parts[1]) if len(parts) > 1 else None
    if len(parts) == 3 and parts[1] == "records":
        operation, name = "record", parts[2]
    elif len(parts) == 3 and parts[1] == "files":
        operation, name = "file", parts[2]
    elif len(parts) != 2:
        operation = None
    if operation is None:
        raise RouteUnknown(
            "Addresses here are /data/v1/{dataset}/records, /records/{key}, /aggregate, /schema, /releases, /export, "
            "/files/{name} and /openapi.json."
        )
    query_string: bytes = scope["query_string"]
    read = _remembered_parameters if len(query_string) <= LONGEST_KEPT else _parameters
    return Call(
        dataset=parts[0],
        operation=operation,
        caller=_caller(scope, headers.get(b"authorization")),
        parameters=read(query_string) if query_string else (),
        name=name,
        accept=headers.get(b"accept", ""),
        if_none_match=headers.get(b"if-none-match", ""),
        range=headers.get(b"range", ""),
        if_range=headers.get(b"if-range", ""),
        request_id=request_id,
        instance=path,
        dry_run=headers.get(b"shuyi-dry-run", "").lower() not in _NOT_DRY,
    )


def _parameters(query_string: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))


_remembered_parameters = lru_cache(1024)(_parameters)


def _caller(scope: Scope, authorization: str | None) -> Caller:
    client = scope.get("client")
    address = client[0] if client else ""
    if authorization is None:
        return FromAddress(address)
    scheme, _, secret = authorization.partition(" ")
    return WithKey(secret.strip() if scheme.lower() == "bearer" else "", address)


_COMMON: Headers = [
    (b"cache-control", b"private, no-cache"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"authorization, accept, accept-encoding, shuyi-dry-run"),
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"content-range, etag, ratelimit, ratelimit-policy, retry-after, x-next-cursor, x-receipt, x-request-id",
    ),
]


def _headers(answer: Answer, request_id: str) -> Headers:
    headers = [
        (b"content-type", answer.media_type.encode()),
        (b"x-request-id", (request_id or new_id()).encode()),
        *_COMMON,
    ]
    headers += answer_headers(answer)
    if answer.status == 405:
        headers.append((b"allow", b"GET, OPTIONS"))
    if answer.next_cursor and answer.media_type != MEDIA_TYPES["json"]:
        headers.append((b"x-next-cursor", answer.next_cursor.encode()))
    return headers


async def _send_preflight(send: Send) -> None:
    headers: Headers = [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"GET, OPTIONS"),
        (
            b"access-control-allow-headers",
            b"authorization, if-none-match, if-range, range, shuyi-dry-run, x-request-id",
        ),
        (b"access-control-max-age", b"86400"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
