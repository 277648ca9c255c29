"""The folder of a release: what is written, in which form, all or nothing."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import polars as pl

from anonymizer.display import readable
from contracts.errors import InvalidInput
from contracts.inert import STARTS, inert
from contracts.privacy import FileEntry, Manifest, Policy, PublicReport
from contracts.schema import DataContract

if TYPE_CHECKING:
    from anonymizer.repeats import Repeats

PARQUET, CSV, REPORT, POLICY, CONTRACT, MANIFEST = (
    "data.parquet", "data.csv", "report.json", "policy.yaml", "contract.json", "manifest.json",
)  # fmt: skip
_PIECE = 250_000  # rows put into words at a time
_MEDIA = {
    PARQUET: "application/vnd.apache.parquet",
    CSV: "text/csv; charset=utf-8",
    REPORT: "application/json",
    POLICY: "application/yaml",
    CONTRACT: "application/json",
}


def write(
    folder: Path,
    table: pl.DataFrame,
    contract: DataContract,
    policy: Policy,
    report: PublicReport,
    manifest: Manifest,
    repeats: Repeats | None = None,
) -> Manifest:
    """Write a release into a folder that does not exist yet (or is empty); returns the manifest with its
    files.

    Everything is written beside it and renamed at the end, so a folder is complete or not there.
    """
    with _whole_folder(folder) as draft:
        table.write_parquet(draft / PARQUET, compression="zstd", statistics=True)
        write_csv(draft / CSV, table, contract, repeats)
        (draft / REPORT).write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (draft / POLICY).write_text(policy.to_yaml(), encoding="utf-8")
        (draft / CONTRACT).write_text(contract.model_dump_json(indent=2) + "\n", encoding="utf-8")
        complete = manifest.model_copy(update={"files": [entry(draft / name) for name in _MEDIA]})
        (draft / MANIFEST).write_bytes(complete.canonical_json())
    return complete


def write_csv(
    target: Path | IO[bytes], table: pl.DataFrame, contract: DataContract, repeats: Repeats | None = None
) -> None:
    """UTF-8 with a byte order mark; ranges also as one readable column; no cell that a spreadsheet would
    run. With ``repeats`` each kind of row is put into words once; the bytes are the same."""
    if isinstance(target, Path):
        with target.open("wb") as stream:
            write_csv(stream, table, contract, repeats)
        return
    if repeats is None:
        csv_table(table, contract).write_csv(target, include_bom=True)
        return
    kinds = io.BytesIO()
    csv_table(table[repeats.first], contract).write_csv(kinds, include_bom=True)
    lines = kinds.getvalue().split(b"\n")
    if len(lines) != len(repeats.first) + 2:  # some cell has a line break
        write_csv(target, table, contract)
        return
    target.write(lines[0] + b"\n")
    words = pl.Series(lines[1:-1], dtype=pl.Binary).cast(pl.String)
    for start in range(0, len(repeats.place), _PIECE):
        piece = words.gather(repeats.place[start : start + _PIECE]).to_frame()
        piece.write_csv(target, include_header=False, quote_style="never")


def csv_table(table: pl.DataFrame, contract: DataContract) -> pl.DataFrame:
    """The table as its CSV shows it.

    After OWASP's advice on CSV injection, text (and column names) that begin with ``= + - @``, tab or
    carriage return get an apostrophe before them. Numbers and dates are left alone.
    """
    columns: list[pl.Expr] = []
    taken = set(table.columns)
    done: set[str] = set()
    for field in contract.fields:
        source = field.range_of
        if field.bound == "low" and source is not None and source not in done and source not in taken:
            done.add(source)
            columns.append(_safe(readable(contract, source)).alias(inert(source)))
        column = pl.col(field.name)
        text = table.schema[field.name] == pl.String
        columns.append((_safe(column) if text else column).alias(inert(field.name)))
    return table.select(columns)


def _safe(text: pl.Expr) -> pl.Expr:
    runs = text.str.slice(0, 1).is_in(list(STARTS))
    return pl.when(runs).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)


def entry(path: Path) -> FileEntry:
    """Name, size and SHA-256 of a written file."""
    return FileEntry(name=path.name, media_type=_MEDIA[path.name], bytes=path.stat().st_size, sha256=file_hash(path))


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_free(folder: Path) -> None:
    """Refuse a folder that has something in it: releases are never written over."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(f"{folder.name!r} exists and is not empty: a release is never written over another")


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(6)}.part"
    draft.mkdir()
    try:
        yield draft
        os.replace(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
