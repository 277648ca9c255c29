"""Objects in a bucket of any S3 (MinIO and the like), through the minio SDK.

The hash is kept as metadata of the object, so it has to be known when the object appears: what can be rewound is read
twice, another stream is first uploaded aside and then copied into place by the server. Both appear whole or not at
all, since an S3 upload is visible only once it is complete.
"""

import hashlib
import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, quote, unquote, urlsplit

import urllib3
from minio import Minio
from minio.commonconfig import ComposeSource
from minio.error import S3Error, ServerError

from contracts.errors import NotFound, Unavailable
from contracts.ids import new_id
from contracts.kit.store.port import CHUNK, ObjectInfo, check_key

_PART = 16 * 1024 * 1024
_TEMPORARY_CODES = {
    "InternalError",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "SlowDownRead",
    "SlowDownWrite",
}


class S3Store:
    """See `ObjectStore`. `prefix` keeps several stores apart in one bucket."""

    def __init__(self, client: Minio, bucket: str, prefix: str = "") -> None:
        self._client, self._bucket = client, bucket
        self._prefix = f"{check_key(prefix)}/" if prefix else ""
        self._bucket_lock, self._bucket_ready = threading.Lock(), False

    @classmethod
    def from_url(cls, url: str, *, attempts: int = 3) -> "S3Store":
        """The store at `s3://KEY:SECRET@host:port/bucket[/prefix]?secure=true|false&region=…`; key and secret
        percent-encoded where they hold special characters. `secure` is true unless said otherwise. A call that
        does not get through is repeated `attempts` times."""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        bucket, _, prefix = parts.path.strip("/").partition("/")
        if parts.hostname is None or not bucket:
            raise ValueError("SHUYI_OBJECT_STORE must be s3://KEY:SECRET@host:port/bucket")
        secure = query.get("secure", ["true"])[-1] != "false"
        client = Minio(
            parts.netloc.rpartition("@")[2],
            access_key=unquote(parts.username or "") or None,
            secret_key=unquote(parts.password or "") or None,
            secure=secure,
            region=query.get("region", [None])[-1],
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=5, read=timedelta(minutes=2).seconds),
                maxsize=32,
                retries=urllib3.Retry(total=attempts, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
            ),
        )
        return cls(client, bucket, prefix)

    def put(
        self,
        key: str,
        data: BinaryIO | bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        check_key(key)
        stream: BinaryIO = io.BytesIO(data) if isinstance(data, bytes) else data
        with _told(key):
            self._ensure_bucket()
            if _rewinds(stream):
                return self._put_rewinding(key, stream, content_type, dict(metadata or {}))
            return self._put_once(key, stream, content_type, dict(metadata or {}))

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        name = self._name(key)
        with _told(key):
            if length == 0:
                self._client.stat_object(self._bucket, name)
                return io.BytesIO()
            try:
                response = self._client.get_object(self._bucket, name, offset=start, length=length or 0)
            except S3Error as error:
                if error.code == "InvalidRange":  # from the end on there is nothing to read
                    return io.BytesIO()
                raise
        return cast(BinaryIO, io.BufferedReader(_Response(response, key), CHUNK))

    def exists(self, key: str) -> bool:
        try:
            self.stat(key)
        except NotFound:
            return False
        return True

    def stat(self, key: str) -> ObjectInfo:
        with _told(key):
            found = self._client.stat_object(self._bucket, self._name(key))
        headers = found.metadata or {}
        return ObjectInfo(
            key,
            found.size or 0,
            headers.get("x-amz-meta-sha256", ""),
            found.content_type or "application/octet-stream",
            json.loads(unquote(headers.get("x-amz-meta-shuyi", "{}"))),
        )

    def delete(self, key: str) -> None:
        name = self._name(key)
        try:
            with _told(key):
                self._client.remove_object(self._bucket, name)
        except NotFound:
            return  # not even the bucket is there

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for name in self._names(self._prefix + prefix):
            try:
                yield self.stat(name.removeprefix(self._prefix))
            except NotFound:
                continue  # deleted while we listed

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        return None

    def check(self) -> None:
        with _told(""):
            self._client.bucket_exists(self._bucket)

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _names(self, prefix: str) -> Iterator[str]:
        """Names of objects page by page; a bucket that was never written to holds none."""
        found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
        while True:
            try:
                with _told(prefix):
                    name = next(found).object_name or ""
            except (StopIteration, NotFound):
                return
            if not name.startswith(f"{self._prefix}.incoming/"):
                yield name

    def _put_rewinding(self, key: str, stream: BinaryIO, content_type: str, metadata: dict[str, str]) -> ObjectInfo:
        start = stream.tell()
        hashing = _Hashing(stream)
        while hashing.read(CHUNK):
            pass
        stream.seek(start)
        info = ObjectInfo(key, hashing.size, hashing.digest.hexdigest(), content_type, metadata)
        self._client.put_object(
            self._bucket,
            self._name(key),
            stream,
            info.size,
            content_type=content_type,
            metadata=_headers(info),
            num_parallel_uploads=2,
        )
        return info

    def _put_once(self, key: str, stream: BinaryIO, content_type: str, metadata: dict[str, str]) -> ObjectInfo:
        aside = f"{self._prefix}.incoming/{new_id()}"
        hashing = _Hashing(stream)
        try:
            self._client.put_object(
                self._bucket, aside, cast(BinaryIO, hashing), -1, part_size=_PART, num_parallel_uploads=2
            )
            info = ObjectInfo(key, hashing.size, hashing.digest.hexdigest(), content_type, metadata)
            self._client.compose_object(
                self._bucket,
                self._name(key),
                [ComposeSource(self._bucket, aside)],
                metadata=_headers(info) | {"Content-Type": content_type},
            )
        finally:
            self._client.remove_object(self._bucket, aside)
        return info

    def _ensure_bucket(self) -> None:
        with self._bucket_lock:
            if self._bucket_ready:
                return
            if not self._client.bucket_exists(self._bucket):
                try:
                    self._client.make_bucket(self._bucket)
                except S3Error as error:
                    if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                        raise
            self._bucket_ready = True


def _headers(info: ObjectInfo) -> dict[str, str | list[str] | tuple[str]]:
    """User metadata travels in headers, which hold ASCII only."""
    return {"sha256": info.sha256, "shuyi": quote(json.dumps(dict(info.metadata), sort_keys=True))}


def _rewinds(stream: BinaryIO) -> bool:
    return bool(getattr(stream, "seekable", lambda: False)())


class _Hashing:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.digest, self.size = stream, hashlib.sha256(), 0

    def read(self, amount: int = -1) -> bytes:
        data = self._stream.read(amount)
        self.digest.update(data)
        self.size += len(data)
        return data


class _Response(io.RawIOBase):
    """An answer of the store as a stream; closing it gives the connection back."""

    def __init__(self, response: Any, key: str) -> None:
        self._response, self._key = response, key

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _told(self._key):
            data = self._response.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._response.close()
            self._response.release_conn()
        super().close()


@contextmanager
def _told(key: str) -> Iterator[None]:
    """Errors of the SDK as ours."""
    try:
        yield
    except S3Error as error:
        if error.code in ("NoSuchKey", "NoSuchBucket", "NoSuchObject"):
            raise NotFound("There is no such object in the store.", key=key) from None
        if error.code in _TEMPORARY_CODES:
            raise Unavailable("The object store asks to try again later.", retry_after=5) from None
        raise
    except (urllib3.exceptions.HTTPError, ServerError):
        raise Unavailable("The object store cannot be reached.", retry_after=5) from None
