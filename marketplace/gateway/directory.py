"""Who may read what, in memory: keys, entitlements and releases, looked up in the database once and then remembered.

What is remembered is asked again as soon as the access version in the database moves (seen within a quarter of a
second), in the background every `FRESH_SECONDS`, and is not used at all once it is `LAPSED_SECONDS` old. So a
revoked key or a withdrawn release stops being answered within a second as a rule, and within the time of a lease
even when the database is out of reach.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.distributions.files import DATA_PARQUET
from catalog.releases import service as releases
from catalog.releases.models import Release
from contracts import clock
from contracts.errors import NotFound
from contracts.kit.database import Database, DatabaseAway
from contracts.schema import DataContract
from marketplace.credentials import service as credentials
from marketplace.credentials.networks import Network, parsed
from marketplace.metering.allocation import LEASE_SECONDS
from marketplace.metering.errors import MeteringUnavailable
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.entitlement import Entitlement

FRESH_SECONDS = 10.0
LAPSED_SECONDS = float(LEASE_SECONDS)
UNKNOWN_SECONDS = 2.0
MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Shelf:
    """One release as the gateway needs it. `withdrawn` tells when and why, for those who ask for it by name."""

    release_id: str
    dataset_id: str
    version: str
    manifest_hash: str
    rows: int
    published_at: datetime
    contract: DataContract
    files: tuple[dict[str, object], ...]
    withdrawn: str | None = None

    def file(self, name: str) -> dict[str, object] | None:
        """One of its files by name."""
        return next((file for file in self.files if file["name"] == name), None)

    @property
    def table(self) -> dict[str, object] | None:
        """The Parquet file that holds all rows."""
        return self.file(DATA_PARQUET)


@dataclass(frozen=True, slots=True)
class Product:
    """A dataset with its releases, newest first; `current` is the newest that is served."""

    dataset_id: str
    slug: str
    openness: str
    shelves: tuple[Shelf, ...]
    current: Shelf | None

    def shelf(self, name: str) -> Shelf | None:
        """A release by its version or id, withdrawn or not."""
        return next((shelf for shelf in self.shelves if name in (shelf.version, shelf.release_id)), None)


@dataclass(frozen=True, slots=True)
class KeyCard:
    """A key with what its subscription allows."""

    key_id: str
    mode: str
    revoked: bool
    expires_at: datetime | None
    networks: tuple[Network, ...]
    entitlement: Entitlement


class NotInMemory(Exception):
    """The database must be asked."""


T = TypeVar("T")


@dataclass(slots=True)
class _Known(Generic[T]):
    value: T | None
    checked: float
    generation: int


@dataclass(slots=True)
class _Shelfful(Generic[T]):
    """What is remembered of one kind, and how it is looked up."""

    find: Callable[[Session, str], T | None]
    known: "OrderedDict[str, _Known[T]]" = field(default_factory=OrderedDict)
    stale: set[str] = field(default_factory=set)


class Directory:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._generation = 0
        self._version: int | None = None
        self._keys: _Shelfful[KeyCard] = _Shelfful(_find_key)
        self._products: _Shelfful[Product] = _Shelfful(_find_product)
        self._entitlements: _Shelfful[Entitlement] = _Shelfful(_find_entitlement)

    # `peek_…` answer from memory, or raise `NotInMemory` where the database must be asked (`key`, `product`).

    def peek_key(self, hash: str) -> KeyCard | None:
        """The key with this hash; None: there is none."""
        return self._peek(self._keys, hash)

    def peek_product(self, slug: str) -> Product | None:
        """The dataset of this short name or id; None: there is none."""
        return self._peek(self._products, slug)

    def key(self, hash: str) -> KeyCard | None:
        """As `peek_key`, asking the database where needed. Raises `MeteringUnavailable` when it is away."""
        return self._get(self._keys, hash)

    def product(self, slug: str) -> Product | None:
        """As `peek_product`, asking the database where needed."""
        return self._get(self._products, slug)

    def entitlement(self, subscription_id: str) -> Entitlement | None:
        """What a subscription allows, asking the database where needed."""
        return self._get(self._entitlements, subscription_id)

    def products_in_mind(self) -> list[Product]:
        """The products that are remembered."""
        with self._lock:
            return [known.value for known in self._products.known.values() if known.value is not None]

    def tick(self) -> bool:
        """Look whether anything changed, and refresh what is in use and getting old; whether something changed."""
        with self._database.reading() as session:
            version = credentials.access_version(session)
        changed = version != self._version
        if changed:
            self._version = version
            self._generation += 1
        self._refresh(self._keys)
        self._refresh(self._products)
        self._refresh(self._entitlements)
        return changed

    def _refresh(self, kind: _Shelfful[T]) -> None:
        with self._lock:
            stale, kind.stale = kind.stale, set()
        if stale:
            with self._database.reading() as session:
                for name in stale:
                    self._remember(kind, name, kind.find(session, name), self._generation)

    def _peek(self, kind: _Shelfful[T], name: str) -> T | None:
        found = kind.known.get(name)
        if found is None or found.generation != self._generation:
            raise NotInMemory(name)
        age = time.monotonic() - found.checked
        if found.value is None:
            if age > UNKNOWN_SECONDS:
                raise NotInMemory(name)
        elif age > FRESH_SECONDS:
            if age > LAPSED_SECONDS:
                raise NotInMemory(name)
            kind.stale.add(name)
        return found.value

    def _get(self, kind: _Shelfful[T], name: str) -> T | None:
        try:
            return self._peek(kind, name)
        except NotInMemory:
            pass
        generation = self._generation  # before reading: a change while we read makes the answer old, not wrong
        try:
            with self._database.reading() as session:
                value = kind.find(session, name)
        except (SQLAlchemyError, DatabaseAway) as error:
            known = kind.known.get(name)
            if known and known.value is not None and time.monotonic() - known.checked < LAPSED_SECONDS:
                return known.value
            raise MeteringUnavailable(
                "Keys and subscriptions cannot be looked up right now. Nothing was charged.", retry_after=5
            ) from error
        self._remember(kind, name, value, generation)
        return value

    def _remember(self, kind: _Shelfful[T], name: str, value: T | None, generation: int) -> None:
        with self._lock:
            kind.known[name] = _Known(value, time.monotonic(), generation)
            kind.known.move_to_end(name)
            while len(kind.known) > MOST_REMEMBERED:
                kind.known.popitem(last=False)


def _find_key(session: Session, hash: str) -> KeyCard | None:
    key = credentials.find_by_hash(session, hash)
    if key is None:
        return None
    entitlement = subscriptions.entitlement(session, key.subscription_id)
    return KeyCard(key.id, key.mode, key.revoked_at is not None, key.expires_at, parsed(key.networks), entitlement)


def _find_entitlement(session: Session, subscription_id: str) -> Entitlement | None:
    try:
        return subscriptions.entitlement(session, subscription_id)
    except NotFound:
        return None


def _find_product(session: Session, slug: str) -> Product | None:
    try:
        dataset = datasets.get_dataset(session, slug)
    except NotFound:
        return None
    found = releases.releases_of(session, dataset.id)
    withdrawn = releases.withdrawals(session, found)
    shelves = tuple(
        _shelf(release, f"{withdrawn[release.id].reason}" if release.id in withdrawn else None) for release in found
    )
    current = next((shelf for shelf in shelves if shelf.withdrawn is None), None)
    return Product(dataset.id, dataset.slug, dataset.openness, shelves, current)


def _shelf(release: Release, withdrawn: str | None) -> Shelf:
    return Shelf(
        release_id=release.id,
        dataset_id=release.dataset_id,
        version=release.version,
        manifest_hash=release.manifest_hash,
        rows=release.rows,
        published_at=release.published_at,
        contract=DataContract.model_validate(release.contract),
        files=tuple(release.files),
        withdrawn=withdrawn,
    )


def expired(card: KeyCard) -> bool:
    """Whether the key has stopped by itself."""
    return card.expires_at is not None and card.expires_at <= clock.now()
