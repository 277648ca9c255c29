"""Objects as files in a folder: `<root>/data/<key>`, with hash and type beside it in `<root>/info/<key>.json`.

A write goes to `<root>/incoming`, is synced to disk, and is renamed into place; the info follows the same way. A
crash between the two leaves an object whose info is missing or describes other bytes: `stat` sees that by size and
modification time and recomputes it from the bytes, so no half-written object is ever visible. Whoever writes in
`incoming` keeps the file locked; one that nobody has locked was left by a process that died, and goes when the next
one opens the store.
"""

import fcntl
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from contracts.errors import NotFound, Unavailable
from contracts.kit.store.port import CHUNK, ObjectInfo, check_key


class FolderStore:
    """See `ObjectStore`. Several processes may share one folder."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).expanduser().resolve()
        self._data, self._info, self._incoming = (self.root / name for name in ("data", "info", "incoming"))
        for folder in (self._data, self._info, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        self._clear_incoming()

    def put(
        self,
        key: str,
        data: BinaryIO | bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        path = self._data / check_key(key)
        stream = io.BytesIO(data) if isinstance(data, bytes) else data
        digest, size = hashlib.sha256(), 0
        with self._arriving(path) as file:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            modified = os.fstat(file.fileno()).st_mtime_ns
        info = ObjectInfo(key, size, digest.hexdigest(), content_type, dict(metadata or {}))
        self._write_info(info, modified)
        return info

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        try:
            file = (self._data / check_key(key)).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise _missing(key) from None
        file.seek(start)
        return file if length is None else cast(BinaryIO, io.BufferedReader(_Window(file, length)))

    def exists(self, key: str) -> bool:
        return (self._data / check_key(key)).is_file()

    def stat(self, key: str) -> ObjectInfo:
        path = self._data / check_key(key)
        try:
            status = path.stat()
            if not path.is_file():
                raise _missing(key)
        except (FileNotFoundError, NotADirectoryError):
            raise _missing(key) from None
        try:
            stored = json.loads((self._info / f"{key}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            stored = {}
        if (stored.get("size"), stored.get("modified")) == (status.st_size, status.st_mtime_ns):
            return ObjectInfo(key, status.st_size, stored["sha256"], stored["content_type"], stored["metadata"])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        info = ObjectInfo(key, status.st_size, digest)
        self._write_info(info, status.st_mtime_ns)
        return info

    def delete(self, key: str) -> None:
        for path in (self._data / check_key(key), self._info / f"{key}.json"):
            path.unlink(missing_ok=True)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        folder = self._data / prefix.rpartition("/")[0]
        keys = sorted(
            path.relative_to(self._data).as_posix()
            for path in (folder.rglob("*") if folder.is_dir() and ".." not in prefix else ())
            if path.is_file()
        )
        for key in keys:
            if key.startswith(prefix):
                try:
                    yield self.stat(key)
                except NotFound:
                    continue  # deleted while we listed

    def local_path(self, key: str) -> Path | None:
        path = self._data / check_key(key)
        return path if path.is_file() else None

    def check(self) -> None:
        if not os.access(self._incoming, os.W_OK):
            raise Unavailable("The object store cannot be written to.", retry_after=5)

    def _write_info(self, info: ObjectInfo, modified: int) -> None:
        body = {
            "size": info.size,
            "modified": modified,
            "sha256": info.sha256,
            "content_type": info.content_type,
            "metadata": dict(info.metadata),
        }
        with self._arriving(self._info / f"{info.key}.json") as file:
            file.write(json.dumps(body).encode())

    @contextmanager
    def _arriving(self, target: Path) -> Iterator[BinaryIO]:
        """A file to write into; it is at `target`, whole and synced, when the block ends well, and else nowhere."""
        descriptor, name = self._new_file()
        with os.fdopen(descriptor, "wb") as file:
            try:
                yield cast(BinaryIO, file)
                file.flush()
                os.fsync(descriptor)
                _place(Path(name), target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def _new_file(self) -> tuple[int, str]:
        while True:
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.path.exists(name):  # else another process opened the store just before we had the lock
                return descriptor, name
            os.close(descriptor)

    def _clear_incoming(self) -> None:
        for path in self._incoming.iterdir():
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
            except (FileNotFoundError, BlockingIOError):
                continue  # in its place meanwhile, or being written


def _place(source: Path, target: Path) -> None:
    """Rename into place and sync the folder, so that the name survives a loss of power too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _missing(key: str) -> NotFound:
    return NotFound("There is no such object in the store.", key=key)


class _Window(io.RawIOBase):
    """`length` bytes of a file from where it stands."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self._left = file, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)[: self._left]  # type: ignore[arg-type]  # io passes any writable buffer
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
