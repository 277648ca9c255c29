"""Keys derived from the dataset's secret, one for each purpose, so that no two uses share a key."""

from __future__ import annotations

import hashlib
import hmac

from contracts.errors import InvalidInput

_SHORTEST = 16


def check(secret: bytes) -> None:
    """Refuse a secret that could be guessed."""
    if len(secret) < _SHORTEST:
        raise InvalidInput.at("secret", f"The secret has {len(secret)} bytes; it needs at least {_SHORTEST}")


def derive(secret: bytes, purpose: str, *scope: str) -> bytes:
    """HMAC-SHA-256 of the purpose and its scope, each with its length before it (32 bytes)."""
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in ("shuyi", purpose, *scope))
    return hmac.digest(secret, message, hashlib.sha256)


def search_coin(secret: bytes, release_id: str) -> bytes:
    """What decides where a release's search finds two choices equally good."""
    return derive(secret, "search", release_id)
