"""What a key looks like: `sy_live_` or `sy_test_`, 22 characters of chance (131 bits), 6 characters of checksum.

The checksum lets us tell a mistyped or cut key from an unknown one without looking anywhere, and lets scanners of
source code recognise leaked keys.
"""

import hmac
import re
import secrets
import zlib
from enum import StrEnum
from typing import Literal

Mode = Literal["live", "test"]
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHANCE, CHECK = 22, 6
PATTERN = re.compile(rf"sy_(live|test)_[0-9A-Za-z]{{{CHANCE + CHECK}}}")


class Shape(StrEnum):
    """What can be said about a key from its text alone."""

    GOOD = "good"
    NO_KEY = "no-key"  # not written like a key at all
    MISTYPED = "mistyped"  # written like a key, but the checksum does not fit


def new_secret(mode: Mode) -> str:
    """A fresh key."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(CHANCE))
    return f"sy_{mode}_{body}{_checksum(f'sy_{mode}_{body}')}"


def shape(text: str) -> Shape:
    """Whether `text` can be a key."""
    if PATTERN.fullmatch(text):
        return Shape.GOOD if _checksum(text[:-CHECK]) == text[-CHECK:] else Shape.MISTYPED
    return Shape.MISTYPED if text.startswith(("sy_live_", "sy_test_")) else Shape.NO_KEY


def digest(text: str, key: bytes) -> str:
    """What is stored of a key: HMAC-SHA256 under a key of the installation, in hex."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def _checksum(text: str) -> str:
    number, letters = zlib.crc32(text.encode()), ""
    for _ in range(CHECK):
        number, place = divmod(number, len(ALPHABET))
        letters = ALPHABET[place] + letters
    return letters
