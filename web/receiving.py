"""Uploads as they come over the network: straight into the vault's seal, never into a temporary file.

The usual form parser spools files to disk in the clear, so files are taken off the request piece by piece here.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from catalog.vault import service as vault
from catalog.vault.models import Upload
from contracts.access import Actor
from contracts.errors import InvalidInput
from web.context import Services

FIELD_BYTES = 64 * 1024
_OVERHEAD = 1024 * 1024
_PIECE = 1024 * 1024

Begin = Callable[[str], vault.Deposit]


@dataclass
class _Parts:
    """What the parser tells of a multipart body: text fields whole, the first file as it comes."""

    file_name: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    ready: list[bytes] = field(default_factory=list)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _header: bytes = b""
    _value: bytes = b""
    _name: str = ""
    _text: bytearray = field(default_factory=bytearray)
    _in_file: bool = False

    def on_part_begin(self) -> None:
        self._headers, self._text, self._in_file = {}, bytearray(), False

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        given = options.get(b"filename")
        if given is not None and self.file_name is None:
            self.file_name = given.decode("utf-8", "replace")
            self._in_file = True

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.ready.append(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > FIELD_BYTES:
            raise InvalidInput.at(self._name or "form", "A field of the form is too long.")

    def on_part_end(self) -> None:
        if not self._in_file:
            self.fields[self._name] = self._text.decode("utf-8", "replace")
        self._in_file = False

    def taken(self) -> bytes:
        """File bytes since the last time."""
        data = b"".join(self.ready)
        self.ready.clear()
        return data


async def receive_form(request: Request, services: Services, actor: Actor, dataset_id: str) -> Upload:
    """The one file of a multipart form (`multipart/form-data`, field `file`)."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidInput.at("file", "Send the file as a form (multipart/form-data).")
    parts = _Parts()
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": parts.on_part_begin,
            "on_part_data": parts.on_part_data,
            "on_part_end": parts.on_part_end,
            "on_header_field": parts.on_header_field,
            "on_header_value": parts.on_header_value,
            "on_header_end": parts.on_header_end,
            "on_headers_finished": parts.on_headers_finished,
        },
    )

    async def pieces() -> AsyncIterator[tuple[str | None, bytes]]:
        try:
            async for chunk in request.stream():
                parser.write(chunk)
                yield parts.file_name, parts.taken()
            parser.finalize()
        except FormParserError as error:
            raise InvalidInput.at("file", "The form was cut short or is broken; send it again.") from error
        yield parts.file_name, parts.taken()

    return await _receive(request, services, actor, dataset_id, pieces())


async def receive_body(request: Request, services: Services, actor: Actor, dataset_id: str, file_name: str) -> Upload:
    """The request's whole body as a file."""

    async def pieces() -> AsyncIterator[tuple[str | None, bytes]]:
        async for chunk in request.stream():
            yield file_name, chunk

    return await _receive(request, services, actor, dataset_id, pieces())


async def _receive(
    request: Request,
    services: Services,
    actor: Actor,
    dataset_id: str,
    pieces: AsyncIterator[tuple[str | None, bytes]],
) -> Upload:
    declared = _declared(request)

    def begin(file_name: str) -> vault.Deposit:
        with services.database.reading() as session:
            return vault.begin_upload(
                session, actor, services.store, services.settings, dataset_id, file_name, declared
            )

    def record(deposit: vault.Deposit) -> Upload:
        with services.database.transaction() as session:
            return vault.record_upload(session, actor, services.settings, deposit)

    # The right to upload and the declared size are judged before a byte is read.
    deposit = await run_in_threadpool(begin, "upload")
    try:
        waiting = bytearray()
        named = False
        async for file_name, data in pieces:
            if file_name is not None and not named:
                deposit.file_name, named = vault.clean_file_name(file_name), True
            waiting += data
            if len(waiting) >= _PIECE:
                await run_in_threadpool(deposit.write, bytes(waiting))
                waiting.clear()
        if not named:
            raise InvalidInput.at("file", "Choose a file.")
        await run_in_threadpool(deposit.write, bytes(waiting))
        await run_in_threadpool(deposit.finish)
        return await run_in_threadpool(record, deposit)
    except ClientDisconnect:
        raise InvalidInput.at("file", "The connection broke before the file was complete.") from None
    finally:
        deposit.close()


def _declared(request: Request) -> int | None:
    """The size that the sender declares, less what a form adds at most."""
    length = request.headers.get("content-length", "")
    return max(0, int(length) - _OVERHEAD) if length.isdigit() else None
