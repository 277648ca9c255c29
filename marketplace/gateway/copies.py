"""Read-optimised copies of releases: one SQLite file a release and machine, under `<home>/cache/releases`.

A copy is built from the release's Parquet file, checked against the hash that the officers approved, and put in
place in one step; of several processes one builds and the others wait. It holds every row twice: in typed columns
for filters, sorting and selection, and as the JSON text that answers are made of. Copies are disposable.
"""

import contextlib
import fcntl
import hashlib
import itertools
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from contracts.schema import DataContract
from marketplace.gateway.errors import QueryTooSlow, ReleasePreparing
from marketplace.gateway.geometry import metres_to_cell

log = structlog.get_logger()

FORMAT = 4
"""Part of every file name: raise it when the layout or the choice of rows changes."""
METRES_TO_CELL = "metres_to_cell"
"""What statements call `geometry.metres_to_cell`."""
MOST_INDEXES = 24
LONGEST_INDEXED = 80
SLOWEST_QUERY_SECONDS = 10.0
BATCH_ROWS = 20_000
_PRAGMAS = ("page_size=8192", "journal_mode=OFF", "synchronous=OFF", "cache_size=-131072", "temp_store=MEMORY")


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a release as the copy stores it. `kind` is what filters compare: text, integer, number, boolean,
    date (ISO text) or timestamp (microseconds since 1970); `zoned` timestamps know their time zone."""

    name: str
    kind: str
    place: int
    indexed: bool = False
    zoned: bool = False

    @property
    def sql(self) -> str:
        """The column's name in the copy; never made from anything a client sent."""
        return f"c{self.place}"


def kind_of(data_type: pa.DataType) -> str:
    """How the copy stores an Arrow type."""
    if pa.types.is_boolean(data_type):
        return "boolean"
    if pa.types.is_integer(data_type):
        return "integer"
    if pa.types.is_floating(data_type) or pa.types.is_decimal(data_type):
        return "number"
    if pa.types.is_date(data_type):
        return "date"
    if pa.types.is_timestamp(data_type):
        return "timestamp"
    return "text"


class Copy:
    """An open copy. Each thread reads through a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        connection = self.connection()
        facts = orjson.loads(connection.execute("SELECT facts FROM facts").fetchone()[0])
        self.rows: int = facts["rows"]
        self.columns: tuple[Column, ...] = tuple(Column(**column) for column in facts["columns"])
        self.primary_key: str | None = facts["primary_key"]
        self.by_name = {column.name: column for column in self.columns}

    def connection(self) -> sqlite3.Connection:
        """This thread's connection; read-only, the file never changes. Raises `ReleasePreparing` when it is gone."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            try:
                found = sqlite3.connect(
                    f"file:{self.path}?mode=ro&immutable=1", uri=True, isolation_level=None, cached_statements=512
                )
            except sqlite3.OperationalError:
                if self.path.exists():
                    raise
                # Its release was withdrawn, and this process is about to hear of it.
                raise ReleasePreparing("This release is just being taken back. Ask again.", retry_after=1) from None
            found.execute("PRAGMA case_sensitive_like=ON")
            found.execute("PRAGMA mmap_size=1073741824")
            found.execute("PRAGMA query_only=ON")
            found.create_function(METRES_TO_CELL, 6, metres_to_cell, deterministic=True)
            self._local.connection = found
            local = self._local
            local.deadline = 0.0
            found.set_progress_handler(lambda: time.monotonic() > local.deadline > 0, 20_000)
        return found

    def query(self, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """All rows of a query, within `SLOWEST_QUERY_SECONDS`; else `QueryTooSlow`."""
        connection = self.connection()
        self._local.deadline = time.monotonic() + SLOWEST_QUERY_SECONDS
        try:
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            raise QueryTooSlow(
                "The query took longer than 10 seconds and was stopped. Filter on one more field, or take an export."
            ) from error
        finally:
            self._local.deadline = 0.0

    def stream(self, sql: str, parameters: list[Any], size: int = 1000) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query in pieces; read it to the end in one thread."""
        cursor = self.connection().execute(sql, parameters)
        while piece := cursor.fetchmany(size):
            yield piece


@dataclass(frozen=True, slots=True)
class Source:
    """Where a copy comes from: a stream over a Parquet file, its SHA-256, and the contract. With `most_rows` the copy
    holds the first rows only."""

    name: str
    sha256: str
    contract: DataContract
    open: Callable[[], BinaryIO]
    most_rows: int | None = None


class Copies:
    """The copies of this machine."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "cache" / "releases"
        self._open: dict[str, Copy] = {}
        self._lock = threading.Lock()

    def ready(self, name: str) -> Copy | None:
        """The copy called `name`, when it is open already."""
        return self._open.get(name)

    def get(self, source: Source) -> Copy:
        """The copy of a source, built now where it is not there. Blocks while it is built, here or elsewhere."""
        found = self._open.get(source.name)
        if found is not None:
            return found
        path = self.folder / f"{source.name}.v{FORMAT}.sqlite"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._alone(source.name):
                if not path.exists():
                    self._build(source, path)
        with self._lock:
            return self._open.setdefault(source.name, Copy(path))

    def forget(self, name: str) -> None:
        """Stop serving a copy and remove it: its release was withdrawn."""
        with self._lock:
            self._open.pop(name, None)
        (self.folder / f"{name}.v{FORMAT}.sqlite").unlink(missing_ok=True)
        self._building(name).unlink(missing_ok=True)

    def _building(self, name: str) -> Path:
        return self.folder / f"{name}.building"

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        descriptor = os.open(self.folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _build(self, source: Source, path: Path) -> None:
        started = time.monotonic()
        building = self._building(source.name)
        building.unlink(missing_ok=True)  # a process that died in here left it
        try:
            with tempfile.TemporaryFile(dir=self.folder) as parquet:
                _fetch(source, parquet)
                rows = _write(parquet, building, source)
            building.chmod(0o600)
            with building.open("rb") as file:
                os.fsync(file.fileno())
            building.replace(path)
        except BaseException:
            building.unlink(missing_ok=True)
            raise
        log.info("release_copied", copy=source.name, rows=rows, seconds=round(time.monotonic() - started, 2))


def _fetch(source: Source, target: IO[bytes]) -> None:
    digest = hashlib.sha256()
    with source.open() as stream:
        while chunk := stream.read(1024 * 1024):
            digest.update(chunk)
            target.write(chunk)
    if digest.hexdigest() != source.sha256:
        log.error("release_bytes_differ", copy=source.name, approved=source.sha256, found=digest.hexdigest())
        raise ReleasePreparing(
            "The stored file is not the one that was approved, so it is not served. The operator has been told.",
            retry_after=300,
        )


def _write(parquet: IO[bytes], target: Path, source: Source) -> int:
    contract = source.contract
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        with pq.ParquetFile(parquet) as file:
            schema = file.schema_arrow
            columns = [
                Column(field.name, kind_of(field.type), i, zoned=getattr(field.type, "tz", None) is not None)
                for i, field in enumerate(schema)
            ]
            declared = "".join(f", {column.sql}" for column in columns)
            connection.execute(f"CREATE TABLE rows (_id INTEGER PRIMARY KEY, _json BLOB{declared})")
            places = ", ".join("?" * (len(columns) + 2))
            statement = f"INSERT INTO rows VALUES ({places})"  # noqa: S608 - a number of question marks
            connection.execute("BEGIN")
            rows = 0
            longest = [0] * len(columns)
            for whole in file.iter_batches(BATCH_ROWS):
                batch = whole if source.most_rows is None else whole.slice(0, source.most_rows - rows)
                if batch.num_rows == 0:
                    break
                connection.executemany(statement, _rows(batch, columns, rows, longest))
                rows += batch.num_rows
        indexed = _choose_indexes(columns, contract, longest)
        for number, names in enumerate(indexed):
            connection.execute(f"CREATE INDEX i{number} ON rows ({', '.join(names)})")
        firsts = {names[0] for names in indexed}
        facts = {
            "rows": rows,
            "primary_key": contract.primary_key if contract.primary_key in {c.name for c in columns} else None,
            "columns": [
                {"name": c.name, "kind": c.kind, "place": c.place, "indexed": c.sql in firsts, "zoned": c.zoned}
                for c in columns
            ],
        }
        connection.execute("CREATE TABLE facts (facts BLOB)")
        connection.execute("INSERT INTO facts VALUES (?)", (orjson.dumps(facts),))
        connection.execute("COMMIT")
        connection.execute("PRAGMA analysis_limit=1000")
        connection.execute("ANALYZE")
    return rows


def _rows(batch: pa.RecordBatch, columns: list[Column], before: int, longest: list[int]) -> Iterator[tuple[Any, ...]]:
    """Rows to insert: number, JSON text, values. Columns are made whole and written by Polars: going cell by cell
    through Python took most of the time that a copy takes."""
    stored: list[pl.Series] = []
    shown: list[pl.Series] = []
    for column, array in zip(columns, batch.columns, strict=True):
        values, texts = _values(column, array)
        stored.append(values.alias(column.sql))
        shown.append(texts.alias(column.name))
        if column.kind == "text":
            lengths = values.str.len_chars()
            longest[column.place] = max(longest[column.place], cast("int | None", lengths.max()) or 0)
    lines = pl.DataFrame(shown).write_ndjson().encode().split(b"\n")  # in a text, JSON escapes the end of a line
    for number, line, raw in zip(itertools.count(before + 1), lines, pl.DataFrame(stored).iter_rows(), strict=False):
        yield (number, line, *raw)


def _values(column: Column, array: pa.Array) -> tuple[pl.Series, pl.Series]:
    """What the column stores and what JSON shows of it."""
    if column.kind == "timestamp":
        micros = array.cast(pa.timestamp("us", tz="UTC" if column.zoned else None), safe=False)
        moments = _series(micros.cast(pa.timestamp("us")))
        return moments.to_physical(), _show_timestamps(moments, "Z" if column.zoned else "")
    if column.kind == "number":
        values = _series(array.cast(pa.float64())).fill_nan(None)
        return values, values
    if column.kind == "date":
        texts = _series(array.cast(pa.date32())).cast(pl.String)
        return texts, texts
    values = _series(array.cast(pa.string()) if column.kind == "text" else array)
    return values, values


def _series(array: pa.Array) -> pl.Series:
    made = pl.from_arrow(array)
    assert isinstance(made, pl.Series), "an array is one column"
    return made


def _show_timestamps(moments: pl.Series, zone: str) -> pl.Series:
    """As `show_timestamp`: microseconds only where there are any."""
    whole = moments.dt.strftime(f"%Y-%m-%dT%H:%M:%S{zone}")
    if not (moments.dt.microsecond() != 0).any():
        return whole
    return moments.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.6f{zone}").zip_with(moments.dt.microsecond() != 0, whole)


def show_timestamp(value: Any) -> str | None:
    """A timestamp as in every JSON answer: ISO 8601, `Z` for UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def _choose_indexes(columns: list[Column], contract: DataContract, longest: list[int]) -> list[list[str]]:
    """Columns to index: the primary key, latitudes with their longitudes, both ends of each range together, then every
    short column, up to a cap."""
    by_name = {column.name: column for column in columns}
    chosen: list[list[str]] = []
    if contract.primary_key in by_name:
        chosen.append([by_name[contract.primary_key].sql])
    chosen += [
        [by_name[pair.latitude].sql, by_name[pair.longitude].sql]
        for pair in contract.coordinates
        if pair.latitude in by_name and pair.longitude in by_name
    ]
    bounds: dict[str, list[str]] = {}
    for field in contract.fields:
        if field.range_of and field.bound in ("low", "high") and field.name in by_name:
            bounds.setdefault(field.range_of, []).append(by_name[field.name].sql)
    chosen += bounds.values()
    taken = {name for names in chosen for name in names[:1]}
    for column in columns:
        if column.sql not in taken and longest[column.place] <= LONGEST_INDEXED:
            chosen.append([column.sql])
    return chosen[:MOST_INDEXES]
