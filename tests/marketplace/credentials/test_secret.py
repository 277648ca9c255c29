"""Keys: what they look like, what typing errors do, and what is stored of them."""

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from contracts.errors import Forbidden, InvalidInput
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from marketplace.credentials import service as credentials
from marketplace.credentials.secret import ALPHABET, Shape, digest, new_secret, shape
from tests.factories.dataplane import DataPlane


@given(place=st.integers(8, 35), letter=st.sampled_from(ALPHABET))
@tried(deadline=None)
def test_a_wrong_character_anywhere_is_noticed(place: int, letter: str) -> None:
    secret = new_secret("live")
    changed = secret[:place] + letter + secret[place + 1 :]
    assert shape(changed) is (Shape.GOOD if changed == secret else Shape.MISTYPED)


def test_shapes() -> None:
    assert shape(new_secret("test")) is Shape.GOOD
    assert shape(new_secret("live")[:-3]) is Shape.MISTYPED
    assert shape("sy_pat_0123456789") is Shape.NO_KEY
    assert shape("") is Shape.NO_KEY
    assert len({new_secret("live") for _ in range(1000)}) == 1000


def test_the_stored_hash_depends_on_the_installation() -> None:
    secret = new_secret("live")
    assert digest(secret, b"a" * 32) != digest(secret, b"b" * 32)
    assert secret not in digest(secret, b"a" * 32)


def test_only_those_who_may_make_keys(database: Database, folder_store: FolderStore, settings: Settings) -> None:
    plane = DataPlane(database, folder_store, settings)
    dataset = plane.dataset()
    plane.release(dataset)
    subscription = plane.subscribe(dataset)
    with database.transaction() as session:
        with pytest.raises(Forbidden):
            credentials.create_key(session, plane.city.actor(session, "provider"), settings, subscription.id, "x")
        developer = plane.city.actor(session, "developer")
        with pytest.raises(InvalidInput):
            credentials.create_key(session, developer, settings, subscription.id, "  ")
        key, secret = credentials.create_key(session, developer, settings, subscription.id, "程序")
        assert secret not in str(key.model_dump())
        assert key.masked == f"{secret[:12]}••••••••{secret[-4:]}"
        found = credentials.lookup(session, settings, secret)
        assert found is not None
        assert found.id == key.id
