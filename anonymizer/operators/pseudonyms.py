"""Keyed pseudonyms: the same value gets the same code, and nobody without the key can tell which."""

from __future__ import annotations

import base64
import hashlib
import hmac

import polars as pl

from anonymizer import keys
from contracts.errors import InvalidInput
from contracts.privacy import Pseudonymise

_PREFIX = "p"  # a letter first: no spreadsheet takes the code for a number or a formula


def pseudonymise(column: pl.Series, operator: Pseudonymise, secret: bytes, release_id: str) -> pl.Series:
    """Codes of ``length`` base-32 characters after a ``p``; missing stays missing.

    The key depends on the column's name, and on the release unless the scope is the dataset. Raises when two
    values get one code (the remedy is a greater length).
    """
    scope = (column.name,) if operator.scope == "dataset" else (column.name, release_id)
    key = keys.derive(secret, f"pseudonym/{operator.scope}", *scope)
    text = column.cast(pl.String)
    distinct = text.drop_nulls().unique()
    codes = [_code(key, value, operator.length) for value in distinct.to_list()]
    if len(set(codes)) != len(codes):
        raise InvalidInput.at(
            f"columns/{column.name}/operator/length",
            f"Column {column.name!r}: {operator.length} characters give two values one pseudonym; ask for more",
        )
    table = pl.DataFrame({"value": distinct, "code": pl.Series(codes, dtype=pl.String)})
    joined = pl.DataFrame({"value": text}).join(table, on="value", how="left", maintain_order="left")
    return joined.get_column("code").alias(column.name)


def _code(key: bytes, value: str, length: int) -> str:
    digest = hmac.digest(key, value.encode(), hashlib.sha256)
    return _PREFIX + base64.b32encode(digest).decode().lower()[:length]
