"""The object store, the same for a folder and for MinIO."""

import hashlib
import io
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import NotFound, Unavailable
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore, ObjectStore, check_key, from_settings
from contracts.kit.store.s3 import S3Store


class OneWay(io.RawIOBase):
    """A stream that cannot be rewound, such as an upload."""

    def __init__(self, data: bytes, fail_at: int | None = None) -> None:
        self._data, self._fail_at, self._at = data, fail_at, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._fail_at is not None and self._at >= self._fail_at:
            raise OSError("the sender went away")
        piece = self._data[self._at : self._at + size] if size >= 0 else self._data[self._at :]
        self._at += len(piece)
        return piece


def one_way(data: bytes, fail_at: int | None = None) -> BinaryIO:
    return cast(BinaryIO, OneWay(data, fail_at))


def read(store: ObjectStore, key: str, **window: int) -> bytes:
    with store.open(key, **window) as stream:
        return stream.read()


def test_what_was_put_is_read_back_with_its_hash_type_and_metadata(store: ObjectStore) -> None:
    info = store.put("a/b.csv", b"hello", content_type="text/csv", metadata={"title": "停车场", "rows": "1"})
    assert info.size == 5
    assert info.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert read(store, "a/b.csv") == b"hello"
    assert store.stat("a/b.csv") == info
    assert store.exists("a/b.csv")


@pytest.mark.parametrize("size", [0, 1, 3 * 1024 * 1024 + 7])
def test_a_stream_is_stored_whether_or_not_it_can_be_rewound(store: ObjectStore, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    assert store.put("one", one_way(data)) == store.put("one", io.BytesIO(data))
    assert store.stat("one").sha256 == hashlib.sha256(data).hexdigest()
    assert read(store, "one") == data


def test_a_large_stream_is_uploaded_in_parts(store: ObjectStore) -> None:
    data = b"0123456789abcdef" * (33 * 1024 * 1024 // 16)
    info = store.put("large", one_way(data), metadata={"k": "v"})
    assert info.size == len(data)
    assert read(store, "large", start=len(data) - 5) == b"bcdef"
    assert store.stat("large").metadata == {"k": "v"}


def test_a_window_of_an_object_is_read(store: ObjectStore) -> None:
    store.put("k", b"0123456789")
    assert read(store, "k", start=3) == b"3456789"
    assert read(store, "k", start=3, length=4) == b"3456"
    assert read(store, "k", start=8, length=40) == b"89"
    assert read(store, "k", start=10, length=4) == b""
    assert read(store, "k", start=3, length=0) == b""


def test_putting_again_replaces_and_the_same_content_twice_is_fine(store: ObjectStore) -> None:
    first = store.put("k", b"one")
    assert store.put("k", b"one") == first
    store.put("k", b"two")
    assert read(store, "k") == b"two"
    assert store.stat("k").sha256 == hashlib.sha256(b"two").hexdigest()


def test_a_stream_that_breaks_leaves_nothing_behind(store: ObjectStore) -> None:
    store.put("k", b"before")
    with pytest.raises(OSError, match="the sender went away"):
        store.put("k", one_way(b"x" * 40, fail_at=20))
    with pytest.raises(OSError, match="the sender went away"):
        store.put("new", one_way(b"x" * 40, fail_at=0))
    assert read(store, "k") == b"before"
    assert [info.key for info in store.list()] == ["k"]


def test_listing_gives_keys_by_prefix_and_in_order(store: ObjectStore) -> None:
    for key in ("b/2", "a/1", "b/10", "bc"):
        store.put(key, key.encode())
    assert [info.key for info in store.list()] == ["a/1", "b/10", "b/2", "bc"]
    assert [info.key for info in store.list("b")] == ["b/10", "b/2", "bc"]
    assert [info.key for info in store.list("b/")] == ["b/10", "b/2"]
    assert [info.size for info in store.list("b/1")] == [4]
    assert list(store.list("nothing/here")) == []


def test_what_is_not_there_is_not_found(store: ObjectStore) -> None:
    assert not store.exists("k")
    assert list(store.list()) == []
    for look in (store.open, store.stat):
        with pytest.raises(NotFound):
            look("k")
    store.delete("k")
    store.put("k", b"1")
    store.delete("k")
    assert not store.exists("k")


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".hidden", "a\\b", "a\0b", "名", "a" * 300]
)
def test_no_key_leads_out_of_the_store(store: ObjectStore, key: str) -> None:
    for use in (store.open, store.stat, store.exists, store.delete, store.local_path, lambda k: store.put(k, b"")):
        with pytest.raises(ValueError, match="not a key"):
            use(key)


@given(st.text(max_size=30))
def test_an_accepted_key_stays_below_its_folder(key: str) -> None:
    try:
        check_key(key)
    except ValueError:
        return
    assert not key.startswith(("/", "."))
    assert not any(part in ("", ".", "..") for part in key.split("/"))


def test_only_a_folder_has_local_paths(store: ObjectStore) -> None:
    store.put("k", b"1")
    path = store.local_path("k")
    if isinstance(store, FolderStore):
        assert path is not None
        assert path.read_bytes() == b"1"
        assert store.local_path("other") is None
    else:
        assert path is None


def test_a_store_in_reach_passes_its_check(store: ObjectStore) -> None:
    store.check()


def test_a_store_out_of_reach_is_unavailable() -> None:
    store = S3Store.from_url("s3://a:b@127.0.0.1:9/bucket?secure=false", attempts=0)
    for use in (store.check, lambda: store.open("k"), lambda: store.put("k", b""), lambda: list(store.list())):
        with pytest.raises(Unavailable):
            use()


def test_an_object_whose_info_was_lost_in_a_crash_is_described_from_its_bytes(folder_store: FolderStore) -> None:
    info = folder_store.put("a/k", b"one", content_type="text/plain")
    (folder_store.root / "info/a/k.json").unlink()
    assert folder_store.stat("a/k").sha256 == info.sha256
    path = folder_store.local_path("a/k")
    assert path is not None
    path.write_bytes(b"newer")
    assert folder_store.stat("a/k").sha256 == hashlib.sha256(b"newer").hexdigest()


def test_what_a_dead_process_was_writing_goes_when_the_folder_is_opened(folder_store: FolderStore) -> None:
    left = folder_store.root / "incoming" / "tmp-of-a-dead-process"
    left.write_bytes(b"half of an obj")

    class Reopening(io.BytesIO):
        """Meanwhile another process starts."""

        def read(self, size: int | None = -1) -> bytes:
            FolderStore(folder_store.root)
            return super().read(size)

    folder_store.put("a/b", Reopening(b"whole object"))
    assert not left.exists()
    assert folder_store.open("a/b").read() == b"whole object"
    assert not list((folder_store.root / "incoming").iterdir())


def test_settings_choose_the_store(settings: Settings) -> None:
    assert isinstance(from_settings(settings), FolderStore)
    chosen = settings.model_copy(update={"object_store": "s3://k:s%2F@127.0.0.1:9/bucket/part?secure=false"})
    assert isinstance(from_settings(chosen), S3Store)
    with pytest.raises(ValueError, match="s3://KEY:SECRET@host:port/bucket"):
        S3Store.from_url("s3://host-only")
