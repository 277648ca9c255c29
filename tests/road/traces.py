"""Looking for what must not be anywhere: every form of a text, in answers, files, tables and files without a name."""

import base64
import bz2
import gzip
import html
import io
import json
import os
import sqlite3
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import polars as pl

SQLITE = b"SQLite format 3\0"
PIECE = 64 * 1024 * 1024


def forms(text: str) -> set[bytes]:
    """How a text may stand in bytes: raw in four encodings, base64 at any offset, percent, hexadecimal, escaped."""
    raw = text.encode()
    found = {raw, text.encode("gb18030"), text.encode("utf-16-le"), text.encode("utf-16-be"), raw.hex().encode()}
    found |= {quote(text).encode(), quote(text).lower().encode(), json.dumps(text)[1:-1].encode()}
    if not text.isascii():
        found.add(json.dumps(text)[1:-1].upper().replace("\\U", "\\u").encode())
        found.add("".join(f"&#{ord(character)};" for character in text).encode())
        found.add(html.escape(text).encode())
    for offset in range(3):
        # Characters that depend on the neighbours alone are left out.
        coded = base64.b64encode(b"\0" * offset + raw)
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        found |= {coded[first:last], coded[first:last].replace(b"+", b"-").replace(b"/", b"_")}
    return found


class Traces:
    """What was found of some texts, and where."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._forms = {text: forms(text) for text in texts}
        self.found: list[str] = []
        self.looked_at = 0

    def of(self, data: bytes) -> list[str]:
        """Texts that stand in `data` in any form, packed ones unpacked first."""
        seen: list[str] = []
        for content in _unpacked(data):
            seen += [
                text for text, known in self._forms.items() if text not in seen and any(one in content for one in known)
            ]
        return seen

    def look(self, where: str, data: bytes) -> None:
        """Remember what is found of the texts in `data`."""
        self.looked_at += 1
        self.found += [f"{where}: {text}" for text in self.of(data)]

    def look_into_folder(self, folder: Path) -> None:
        """Every file below a folder by its name and bytes, and every table of every SQLite database among them."""
        for path in sorted(folder.rglob("*")):
            self.look(f"the name {path.name}", str(path.relative_to(folder)).encode())
            if not path.is_file():
                continue
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            self.look(str(path.relative_to(folder)), data)
            if data.startswith(SQLITE):
                self.look_into_tables(path)

    def look_into_tables(self, path: Path) -> int:
        """Every column of every row of every table of an SQLite database; how many rows."""
        rows = 0
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                content = bytearray()
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    rows += 1
                    for value in row:
                        if isinstance(value, bytes):
                            self.look(f"{path.name}, table {table}", value)
                        elif value is not None:
                            content += str(value).encode() + b"\0"
                self.look(f"{path.name}, table {table}", bytes(content))
        finally:
            connection.close()
        return rows


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    packers: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
        (b"\x1f\x8b", gzip.decompress),
        (b"BZh", bz2.decompress),
        (b"\x78", zlib.decompress),
    )
    for magic, unpack in packers:
        if data.startswith(magic):
            try:
                yield unpack(data)
            except (OSError, EOFError, zlib.error):
                continue
    if data.startswith(b"PAR1"):
        yield pl.read_parquet(io.BytesIO(data)).write_csv().encode()
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield packed.read(name)


class Watcher(threading.Thread):
    """Looks all the time into a folder for temporary files and into what processes hold open, named or not."""

    def __init__(self, traces: Traces, folder: Path, processes: Callable[[], Iterable[int]]) -> None:
        super().__init__(daemon=True)
        self._traces = traces
        self._folder = folder
        self._processes = processes
        self._over = threading.Event()
        self.seen: set[str] = set()
        self.unnamed = 0

    def run(self) -> None:
        while not self._over.wait(0.02):
            for path in self._folder.rglob("*"):
                self._look(path)
            for process in self._processes():
                self._look_into(process)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()

    def _look_into(self, process: int) -> None:
        folder = Path(f"/proc/{process}/fd")
        try:
            handles = list(folder.iterdir())
        except OSError:
            return
        for handle in handles:
            try:
                target = os.readlink(handle)
            except OSError:
                continue
            if target.startswith(str(self._folder)) or "memfd:" in target:
                self.unnamed += target.endswith("(deleted)")
                self._look(handle)

    def _look(self, path: Path) -> None:
        try:
            if not path.is_file():
                return
            with path.open("rb") as file:
                data = file.read(PIECE)
        except OSError:
            return
        if data:
            self.seen.add(str(path))
            self._traces.look(f"temporary file {path}", data)
