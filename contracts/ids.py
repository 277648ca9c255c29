"""Identifiers: UUIDv7 (RFC 9562) as 36-character text, so that ids sort by the time they were made."""

import re

import uuid_utils

ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
SLUG_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,98}[a-z0-9]$"


def new_id() -> str:
    """A fresh UUIDv7; ids made later sort after ids made earlier in the same process."""
    return str(uuid_utils.uuid7())


def new_receipt() -> bytes:
    """A fresh UUIDv7 as 16 bytes, for what is made too often to be written with dashes."""
    return uuid_utils.uuid7().bytes


def is_id(text: str) -> bool:
    """Whether `text` has the shape of an id."""
    return re.fullmatch(ID_PATTERN, text) is not None


def is_slug(text: str) -> bool:
    """Whether `text` may name a dataset or an organisation (CKAN's rule: 2 to 100 of a-z 0-9 _ -)."""
    return re.fullmatch(SLUG_PATTERN, text) is not None
