"""A call for data, wherever it comes from."""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Literal

import orjson

from marketplace.gateway.callers import Caller
from marketplace.gateway.directory import KeyCard, Product
from marketplace.gateway.limiter import Standing
from marketplace.subscriptions.entitlement import Entitlement

Operation = Literal["records", "record", "aggregate", "schema", "releases", "export", "file", "openapi"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call, wherever it comes from. `name`: the record's key, or the file's name. `request_id`: only one that
    the client chose itself, since it makes repeats free. `dry_run`: only what it would cost is asked."""

    dataset: str
    operation: Operation
    caller: Caller
    parameters: tuple[tuple[str, str], ...] = ()
    name: str = ""
    accept: str = ""
    if_none_match: str = ""
    range: str = ""
    if_range: str = ""
    request_id: str = ""
    instance: str = ""
    dry_run: bool = False

    def digest(self, form: str) -> bytes:
        """Tells one request from another, answered in this form; 16 bytes."""
        asked = [self.dataset, self.operation, self.name, self.parameters, form, self.range]
        return hashlib.blake2b(orjson.dumps(asked), digest_size=16).digest()

    def has_already(self, etag: str) -> bool:
        """Whether the asker holds the answer of this tag, weak or strong."""
        if not self.if_none_match:
            return False
        plain = etag.removeprefix("W/")
        return any(tag.strip().removeprefix("W/") in (plain, "*") for tag in self.if_none_match.split(","))


class MustBlock(Exception):
    """The call has to ask the database, build a copy or scan: run it again where blocking is allowed."""


@dataclass(slots=True)
class Progress:
    """What is known of a call so far; kept when it is run again, so that nothing is counted twice. `fingerprint` tells
    one request from another under the same request id; 63 bits."""

    started: float = field(default_factory=time.perf_counter)
    product: Product | None = None
    found: KeyCard | Entitlement | None = None
    standing: Standing | None = None
    fingerprint: int = 0
