"""Sealed files: what goes in comes out, and nothing else does."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.vault import sealing
from catalog.vault.errors import SealBroken
from catalog.vault.sealing import HEADER, Sealer, SealingWriter, open_sealed, seal, sealed_size
from contracts.kit.store import FolderStore
from tests.quick import examples

KEY = bytes(range(32))
SMALL = 64
TAG = 16


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 64 bytes, so that short texts have many."""
    monkeypatch.setattr(sealing, "CHUNK", SMALL)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects")


def put(store: FolderStore, plain: bytes, context: str = "vault/a") -> bytes:
    sealed = seal(KEY, context, plain)
    store.put("vault/a", sealed)
    return sealed


def opened(store: FolderStore, context: str = "vault/a", key: bytes = KEY) -> bytes:
    with open_sealed(store, "vault/a", key, context) as stream:
        return stream.read()


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL, 1000])
def test_what_was_sealed_is_read_again(store: FolderStore, size: int) -> None:
    plain = os.urandom(size)
    sealed = put(store, plain)
    assert opened(store) == plain
    assert len(sealed) == sealed_size(size)
    assert size < 16 or plain not in sealed


@settings(max_examples=examples(60))
@given(st.lists(st.binary(max_size=200), max_size=8), st.integers(0, 900), st.integers(0, 300))
def test_any_pieces_pushed_in_and_any_part_read_out(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], start: int, length: int
) -> None:
    store = FolderStore(tmp_path_factory.mktemp("objects"))
    target = io.BytesIO()
    writer = SealingWriter(target, KEY, "vault/a")
    for part in parts:
        writer.write(part)
    writer.close()
    store.put("vault/a", target.getvalue())
    with open_sealed(store, "vault/a", KEY, "vault/a") as stream:
        stream.seek(start)
        assert stream.read(length) == b"".join(parts)[start : start + length]


def test_two_seals_of_the_same_bytes_differ() -> None:
    assert seal(KEY, "vault/a", b"same") != seal(KEY, "vault/a", b"same")


@pytest.mark.parametrize("where", range(0, HEADER + 2 * (SMALL + TAG), 7))
def test_a_flipped_bit_anywhere_is_found(store: FolderStore, where: int) -> None:
    sealed = bytearray(put(store, os.urandom(2 * SMALL)))
    sealed[where] ^= 1
    store.put("vault/a", bytes(sealed))
    with pytest.raises(SealBroken):
        opened(store)


@pytest.mark.parametrize("cut", [1, TAG, SMALL + TAG, 2 * (SMALL + TAG), 3 * (SMALL + TAG)])
def test_a_file_cut_short_does_not_even_open(store: FolderStore, cut: int) -> None:
    sealed = put(store, os.urandom(3 * SMALL))
    store.put("vault/a", sealed[:-cut])
    with pytest.raises(SealBroken):
        open_sealed(store, "vault/a", KEY, "vault/a")


def test_chunks_in_another_order_are_found(store: FolderStore) -> None:
    sealed = put(store, os.urandom(3 * SMALL))
    head, size = sealed[:HEADER], SMALL + TAG
    first, second, third = (sealed[HEADER + i * size : HEADER + (i + 1) * size] for i in range(3))
    store.put("vault/a", head + second + first + third)
    with pytest.raises(SealBroken):
        opened(store)


def test_a_file_in_the_place_of_another_is_found(store: FolderStore) -> None:
    put(store, b"visits", context="vault/b")
    with pytest.raises(SealBroken):
        opened(store)


def test_another_key_does_not_open_it(store: FolderStore) -> None:
    put(store, b"visits")
    with pytest.raises(SealBroken):
        opened(store, key=bytes(32))


def test_the_end_is_sealed_only_once(store: FolderStore) -> None:
    sealer = Sealer(KEY, "vault/a")
    store.put("vault/a", sealer.update(b"x" * SMALL) + sealer.finish())
    assert opened(store) == b"x" * SMALL
