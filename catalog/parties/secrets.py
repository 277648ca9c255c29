"""Passwords (Argon2id, RFC 9106) and random tokens (256 bits, stored as SHA-256 digests)."""

import hashlib
import secrets as random

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from contracts.errors import InvalidInput

MINIMUM_PASSWORD = 10
_hasher = PasswordHasher()
# Verified when an address has no account, so that the answer takes equally long.
_DECOY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$ZGVjb3lkZWNveWRlY295ZGVjb3lkZWNveWRlY295"


def hash_password(password: str) -> str:
    """Argon2id hash of a password that is long enough (length is what NIST SP 800-63B asks for)."""
    if len(password) < MINIMUM_PASSWORD:
        raise InvalidInput.at("password", f"Use at least {MINIMUM_PASSWORD} characters.")
    if len(password) > 200:
        raise InvalidInput.at("password", "Use at most 200 characters.")
    return _hasher.hash(password)


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether the password is the hashed one; takes as long when there is no hash."""
    try:
        return _hasher.verify(password_hash or _DECOY, password) and password_hash is not None
    except (Argon2Error, InvalidHashError):
        return False


def new_token() -> str:
    """256 random bits as URL-safe text."""
    return random.token_urlsafe(32)


def digest(token: str) -> str:
    """What is stored of a token. A fast hash suffices: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()
