"""The one service through which bytes of a release leave: entitlement, rate, quota, record, and only then the answer.

A call passes, in this order: who calls (401), which data and release (404, 410), what the subscription allows (402,
403), what is asked (422), how often (429), whether the asker has it already (304, free), whether this is a repeat
(free), what the answer is, a unit of the quota (429) and its record in the journal (503). Refusals cost nothing and
are counted.
"""

import hashlib
import threading
import time
import traceback

import structlog

from catalog.distributions.files import DOWNLOADS
from catalog.releases.errors import ReleaseDamaged
from contracts.errors import ShuyiError
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from marketplace.gateway import aggregates, metrics, query, ranges
from marketplace.gateway.answers import Answer, Pieces, not_modified, problem_answer
from marketplace.gateway.callers import Access, Admission, account_of
from marketplace.gateway.calls import Call, MustBlock, Progress
from marketplace.gateway.charging import Charging
from marketplace.gateway.copies import Copy
from marketplace.gateway.directory import Directory, KeyCard, NotInMemory, Product, Shelf
from marketplace.gateway.errors import (
    DatasetUnknown,
    NothingReleased,
    RangeOutside,
    RecordUnknown,
    ReleaseGone,
    ReleasePreparing,
    ReleaseUnknown,
    SampleOnly,
    Unexpected,
    UnknownField,
    UnknownParameter,
    at,
)
from marketplace.gateway.exports import ENDINGS, export_pieces
from marketplace.gateway.fields import Fields
from marketplace.gateway.negotiation import FILES, GROUPS, MEDIA_TYPES, RECORD, ROWS, form_of
from marketplace.gateway.openapi import describe_api
from marketplace.gateway.representations import (
    describe_releases,
    describe_schema,
    records_body,
)
from marketplace.gateway.tables import Tables
from marketplace.metering.errors import QuotaExhausted
from marketplace.metering.meter import Meter
from marketplace.metering.purses import Account

log = structlog.get_logger()

JSON = MEDIA_TYPES["json"]


class Delivery:
    """See the module. Thread-safe; one a process."""

    def __init__(self, database: Database, settings: Settings, store: ObjectStore, meter: Meter) -> None:
        self._settings = settings
        self.directory = Directory(database)
        self.tables = Tables(database, settings, store)
        self._admission = Admission(self.directory, settings)
        self._charging = Charging(database, settings, meter)
        self._tick_lock = threading.Lock()

    def close(self) -> None:
        """Give back what the process holds."""
        self._charging.close()

    def tick(self) -> None:
        """Background work: see what changed, drop copies of withdrawn releases."""
        with self._tick_lock:
            if self.directory.tick():
                self._drop_withdrawn()
            self.tables.columns.let_go()

    def _drop_withdrawn(self) -> None:
        for known in self.directory.products_in_mind():
            product = self.directory.product(known.slug)
            for shelf in product.shelves if product else ():
                if shelf.withdrawn is not None:
                    self.tables.forget(shelf)

    def deliver(self, call: Call) -> Answer:
        """The answer to a call. May block: not for an event loop."""
        return self._run(call, Progress(), may_block=True)

    def start(self, call: Call) -> tuple[Answer | None, Progress]:
        """The answer, when it can be had without blocking; else None and what `finish` needs."""
        progress = Progress()
        try:
            return self._run(call, progress, may_block=False), progress
        except MustBlock:
            return None, progress

    def finish(self, call: Call, progress: Progress) -> Answer:
        """The rest of a call that `start` could not answer. Blocks."""
        return self._run(call, progress, may_block=True)

    # ---------------------------------------------------------------- the order of things

    def _run(self, call: Call, progress: Progress, *, may_block: bool) -> Answer:
        try:
            answer = self._answer(call, progress, may_block)
        except NotInMemory:
            raise MustBlock from None
        except ReleaseDamaged as error:
            log.error("release_damaged", dataset=call.dataset)
            answer = self._refusal(call, progress, ReleasePreparing(error.detail, retry_after=300))
        except ShuyiError as error:
            answer = self._refusal(call, progress, error)
        except MustBlock:
            raise
        except Exception as error:
            # Where, not what: a library's message may quote a cell of somebody's table.
            frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
            log.error("delivery_failed", dataset=call.dataset, error=type(error).__name__, frames=frames)
            unexpected = Unexpected(
                "This is our fault and has been recorded. Nothing was charged unless a receipt came."
            )
            answer = self._refusal(call, progress, unexpected)
        answer.seconds = time.perf_counter() - progress.started
        metrics.COUNTERS.add(answer.status, answer.reason, answer.units, answer.rows, answer.size, answer.seconds)
        return answer

    def _answer(self, call: Call, progress: Progress, may_block: bool) -> Answer:
        if call.dry_run and not may_block:
            raise MustBlock
        product = self.directory.product(call.dataset) if may_block else self.directory.peek_product(call.dataset)
        progress.product = product
        progress.found = self._admission.identify(call.caller, may_block=may_block)
        if product is None:
            raise DatasetUnknown("There is no such data here. The catalogue lists what there is.")
        shelf = _choose(product, call)
        if call.operation == "openapi":
            access = self._admission.public(call.caller, progress.found, product, shelf.release_id)
            return self._describe(call, progress, access, product, shelf)
        if call.operation == "file" and call.name not in DOWNLOADS:
            return self._paper(call, progress, product, shelf, may_block)
        access = self._admission.access(call.caller, progress.found, product, shelf.release_id)
        if call.operation in ("schema", "releases"):
            return self._describe(call, progress, access, product, shelf)
        if call.operation == "file":
            return self._file(call, progress, access, shelf, may_block)
        copy = self.tables.copy(access, shelf, may_block)
        fields = self.tables.fields(copy, access, shelf)
        if call.operation == "record":
            return self._record(call, progress, access, shelf, copy, fields, may_block)
        if call.operation == "aggregate":
            return self._aggregate(call, progress, access, shelf, fields, may_block)
        asked = query.parse(call.parameters, fields, shelf.release_id)
        if call.operation == "export":
            return self._export(call, progress, access, shelf, copy, fields, asked, may_block)
        return self._records(call, progress, access, shelf, copy, fields, asked, may_block)

    # ---------------------------------------------------------------- what can be asked

    def _records(
        self,
        call: Call,
        progress: Progress,
        access: Access,
        shelf: Shelf,
        copy: Copy,
        fields: Fields,
        asked: query.Query,
        may_block: bool,
    ) -> Answer:
        if not asked.quick and not may_block:
            raise MustBlock
        form = form_of(call.parameters, call.accept, ROWS)
        etag = _tag(shelf, access, call, progress, form)
        free = self._charging.free(call, progress, access, etag)
        if isinstance(free, Answer):
            return free
        if form != "json":
            asked = asked.spelled_out(fields)
        sql, values = asked.sql()
        rows = copy.query(sql, values)
        more = len(rows) > asked.limit
        rows = rows[: asked.limit]
        total = copy.query(*asked.counting_sql())[0][0] if asked.count else None
        following = None
        if more:
            place = rows[-1][0] if asked.order == "_id" else asked.offset + asked.limit
            following = query.write_cursor(shelf.release_id, asked.fingerprint, place)
        before, after = records_body(shelf, access.sample, rows, asked, following, total, form)
        answer = Answer(200, MEDIA_TYPES[form], etag=etag, next_cursor=following)
        return self._told(call, progress, access, answer, len(rows), before, after, free, may_block)

    def _record(
        self,
        call: Call,
        progress: Progress,
        access: Access,
        shelf: Shelf,
        copy: Copy,
        fields: Fields,
        may_block: bool,
    ) -> Answer:
        select = None
        for name, value in call.parameters:
            if name == "select":
                select = value
            elif name not in ("release", "format"):
                raise at(UnknownParameter, name, "One record takes no filters; `select` and `release` are allowed.")
        point = query.point(fields, select)
        value = point.value(call.name)
        etag = _tag(shelf, access, call, progress, form_of(call.parameters, "", RECORD))
        free = self._charging.free(call, progress, access, etag)
        if isinstance(free, Answer):
            return free
        rows = copy.query(point.sql, [value])
        if not rows:
            raise RecordUnknown(f"Release {shelf.version} has no record with {point.key.name} {call.name!r}.")
        before, after = records_body(shelf, access.sample, rows, point.asked, None, None, "json")
        answer = Answer(200, JSON, etag=etag)
        return self._told(call, progress, access, answer, 1, before, after, free, may_block)

    def _aggregate(
        self, call: Call, progress: Progress, access: Access, shelf: Shelf, fields: Fields, may_block: bool
    ) -> Answer:
        asked = aggregates.parse(call.parameters, fields)
        columns = self.tables.columns.of(fields.copy)
        if not may_block and not asked.quick(columns):
            raise MustBlock
        form = form_of(call.parameters, call.accept, GROUPS)
        etag = _tag(shelf, access, call, progress, form)
        free = self._charging.free(call, progress, access, etag)
        if isinstance(free, Answer):
            return free
        groups, total = aggregates.compute(asked, columns)
        if form == "csv":
            before, after = aggregates.csv_body(asked, groups), b""
        else:
            before, after = aggregates.body(asked, groups, total, shelf.version, access.sample)
        answer = Answer(200, MEDIA_TYPES[form], etag=etag)
        return self._told(call, progress, access, answer, len(groups), before, after, free, may_block)

    def _told(
        self,
        call: Call,
        progress: Progress,
        access: Access,
        answer: Answer,
        rows: int,
        before: bytes,
        after: bytes,
        free: str | None,
        may_block: bool,
    ) -> Answer:
        """An answer of rows once it is paid for; in JSON the receipt stands between `before` and `after`."""
        self._charging.pay(call, progress, access, answer, rows, len(before) + len(after) + 34, free, may_block)
        answer.body = before + _receipt(answer) + after if answer.media_type == JSON else before
        return answer

    def _describe(self, call: Call, progress: Progress, access: Access, product: Product, shelf: Shelf) -> Answer:
        """Schema, list of releases, description of the API: no rows, no cost."""
        if call.dry_run:
            return self._charging.cost(progress, access, 0, "description")
        standing = self._charging.limited(progress, access)
        match call.operation:
            case "schema":
                body = describe_schema(product, shelf)
            case "openapi":
                body = describe_api(product, shelf, self._settings.base_url)
            case _:
                body = describe_releases(product)
        answer = Answer(200, JSON)
        answer.etag = f'W/"{hashlib.blake2b(body, digest_size=9).hexdigest()}"'
        answer.standing, answer.release = standing, shelf.version
        if call.has_already(answer.etag):
            return not_modified(answer)
        answer.body = body
        self._charging.count(access.account, 200, "description", 0, len(body))
        return answer

    def _export(
        self,
        call: Call,
        progress: Progress,
        access: Access,
        shelf: Shelf,
        copy: Copy,
        fields: Fields,
        asked: query.Query,
        may_block: bool,
    ) -> Answer:
        if not may_block:
            raise MustBlock
        for name, _ in call.parameters:
            if name in ("limit", "offset", "cursor", "count"):
                raise at(UnknownParameter, name, "An export has all rows that fit; narrow it by filters.")
        if asked.columns == ():
            raise at(UnknownField, "select", "An export has at least one field besides `_id`.")
        form = form_of(call.parameters, call.accept, FILES)
        etag = _tag(shelf, access, call, progress, form)
        free = self._charging.free(call, progress, access, etag)
        if isinstance(free, Answer):
            return free
        rows, size, pieces = export_pieces(copy, asked.spelled_out(fields), form)
        answer = Answer(200, MEDIA_TYPES[form], etag=etag)
        answer.file_name = f"{call.dataset}-{shelf.version}.{ENDINGS[form]}"
        return self._stream(call, progress, access, answer, rows, size, pieces, free)

    def _file(self, call: Call, progress: Progress, access: Access, shelf: Shelf, may_block: bool) -> Answer:
        if not may_block:
            raise MustBlock
        file = shelf.file(call.name)
        if file is None:
            raise _no_file(shelf, call)
        if access.sample:
            raise SampleOnly("A test key reads the approved sample only. Use a live key for whole files.")
        answer = Answer(200, str(file["media_type"]), etag=f'"{file["sha256"]}"', resumable=True)
        _tag(shelf, access, call, progress, "")
        free = self._charging.free(call, progress, access, answer.etag)
        if isinstance(free, Answer):
            return free
        size = int(str(file["size"]))
        part = ranges.wanted(call.range, call.if_range, answer.etag, size)
        answer.take(part)
        answer.file_name = f"{call.dataset}-{shelf.version}-{call.name}"
        pieces = self.tables.open(shelf, call.name, part)
        rows, size = (shelf.rows, size) if part is None else (-(-shelf.rows * part.length // size), part.length)
        return self._stream(call, progress, access, answer, rows, size, pieces, free)

    def _paper(self, call: Call, progress: Progress, product: Product, shelf: Shelf, may_block: bool) -> Answer:
        """A paper of the release (manifest, contract, report, policy, approved sample): public, free."""
        if not may_block:
            raise MustBlock
        file = shelf.file(call.name)
        if file is None:
            raise _no_file(shelf, call)
        access = self._admission.public(call.caller, progress.found, product, shelf.release_id)
        if call.dry_run:
            return self._charging.cost(progress, access, 0, "description")
        answer = Answer(200, str(file["media_type"]))
        answer.etag, answer.standing = f'"{file["sha256"]}"', self._charging.limited(progress, access)
        if call.has_already(answer.etag):
            return not_modified(answer)
        size = int(str(file["size"]))
        part = ranges.wanted(call.range, call.if_range, answer.etag, size)
        answer.take(part)
        answer.resumable = True
        answer.pieces, answer.length = self.tables.open(shelf, call.name, part), part.length if part else size
        answer.file_name = f"{product.slug}-{shelf.version}-{call.name}"
        self._charging.count(access.account, answer.status, "description", 0, answer.length)
        return answer

    def _stream(
        self,
        call: Call,
        progress: Progress,
        access: Access,
        answer: Answer,
        rows: int,
        size: int,
        pieces: Pieces,
        free: str | None,
    ) -> Answer:
        """An answer in pieces: all of it is recorded before the first byte, what was not sent is taken back."""
        answer.length = size
        try:
            self._charging.pay(call, progress, access, answer, rows, size, free, may_block=True)
        except BaseException:
            pieces.close()
            raise
        charged = access.terms is not None and free is None

        def settle(sent: int) -> None:
            if charged and sent < size:
                missing_rows = rows - rows * sent // size if size else 0
                self._charging.sent_less(access.account, answer.receipt, missing_rows, size - sent)

        answer.pieces = pieces.then(settle)
        return answer

    def _refusal(self, call: Call, progress: Progress, error: ShuyiError) -> Answer:
        account = account_of(progress.found, progress.product)
        if account is not None:
            self._charging.count(account, error.status, error.code, 0, 0)
        elif progress.product is not None:
            self._charging.count(
                Account("", "", "", progress.product.dataset_id, "", "open"), error.status, error.code, 0, 0
            )
        answer = problem_answer(error, call.instance, self._settings.base_url)
        answer.standing = progress.standing
        if isinstance(error, QuotaExhausted):
            answer.quota_reset = error.retry_after
            known = progress.found.entitlement if isinstance(progress.found, KeyCard) else progress.found
            answer.quota = known.calls_limit_per_month if known else None
        if isinstance(error, RangeOutside):
            answer.content_range = f"bytes */{error.size}"
        return answer


def _choose(product: Product, call: Call) -> Shelf:
    """The release a call is about: the one it names or its cursor stays with, else the newest."""
    wanted = cursor = None
    for name, value in call.parameters:
        if name == "release" and wanted is None:
            wanted = value
        elif name == "cursor" and cursor is None:
            cursor = value
    if wanted is None and cursor:
        wanted = query.release_of_cursor(cursor)
    if wanted is None:
        if product.current is not None:
            return product.current
        if product.shelves:
            raise ReleaseGone(f"All releases were withdrawn. The last: {product.shelves[0].withdrawn}")
        raise NothingReleased("Nothing of this dataset has been released yet.")
    shelf = product.shelf(wanted)
    if shelf is None:
        raise ReleaseUnknown("There is no such release of this data; `/releases` lists them.")
    if shelf.withdrawn is not None:
        raise ReleaseGone(f"Release {shelf.version} was withdrawn: {shelf.withdrawn}")
    return shelf


def _no_file(shelf: Shelf, call: Call) -> RecordUnknown:
    names = ", ".join(str(entry["name"]) for entry in shelf.files)
    return RecordUnknown(f"Release {shelf.version} has no file {call.name!r}. Its files are: {names}.")


def _tag(shelf: Shelf, access: Access, call: Call, progress: Progress, form: str) -> str:
    """The tag of the answer to a call. Weak: the receipt in the body differs from answer to answer, the data do not."""
    digest = call.digest(form)
    progress.fingerprint = int.from_bytes(digest[:8], "little") >> 1
    return f'W/"{shelf.manifest_hash[:16]}.{access.variant}{digest.hex()}"'


def _receipt(answer: Answer) -> bytes:
    return b'"%s"' % answer.receipt.encode() if answer.receipt else b"null"
