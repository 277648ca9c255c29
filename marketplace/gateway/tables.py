"""The tables of releases as the gateway reads them: copies, columns for aggregates, and files from the store."""

from typing import BinaryIO
from zoneinfo import ZoneInfo

import orjson

from catalog.distributions.files import SAMPLE
from catalog.releases import service as releases
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from marketplace.gateway.answers import Pieces, file_pieces
from marketplace.gateway.callers import Access
from marketplace.gateway.calls import MustBlock
from marketplace.gateway.columns import Shelved
from marketplace.gateway.copies import Copies, Copy, Source
from marketplace.gateway.directory import Shelf
from marketplace.gateway.errors import ReleasePreparing
from marketplace.gateway.fields import Fields
from marketplace.gateway.ranges import Part


class Tables:
    """See the module. Thread-safe; one a process."""

    def __init__(self, database: Database, settings: Settings, store: ObjectStore) -> None:
        self._database, self._store = database, store
        self._zone = ZoneInfo(settings.timezone)
        self._fields: dict[tuple[str, frozenset[str] | None], Fields] = {}
        self.copies = Copies(settings.home)
        self.columns = Shelved(self._zone)

    def forget(self, shelf: Shelf) -> None:
        """Keep no copy of a release: it was withdrawn."""
        self.copies.forget(shelf.manifest_hash)
        self.copies.forget(f"{shelf.manifest_hash}-sample")

    def copy(self, access: Access, shelf: Shelf, may_block: bool) -> Copy:
        """The copy that a call reads: of all rows, or of the approved sample."""
        name = f"{shelf.manifest_hash}-sample" if access.sample else shelf.manifest_hash
        ready = self.copies.ready(name)
        if ready is not None:
            return ready
        if not may_block:
            raise MustBlock
        file = shelf.table
        if file is None:
            raise ReleasePreparing(
                "This release has no table that can be asked. Download its files instead.", retry_after=3600
            )

        most = self._sample_rows(shelf) if access.sample else None

        def open_file() -> BinaryIO:
            with self._database.reading() as session:
                return releases.open_artifact(session, self._store, shelf.release_id, str(file["name"]))

        return self.copies.get(Source(name, str(file["sha256"]), shelf.contract, open_file, most))

    def _sample_rows(self, shelf: Shelf) -> int:
        """How many rows, from the first on, the sample has that was approved with the release."""
        with self._database.reading() as session:
            stream = releases.open_artifact(session, self._store, shelf.release_id, SAMPLE)
        with stream:
            return len(orjson.loads(stream.read())["rows"])

    def fields(self, copy: Copy, access: Access, shelf: Shelf) -> Fields:
        """The fields of a copy that may be asked for."""
        name = (shelf.release_id, access.fields)
        found = self._fields.get(name)
        if found is None or found.copy is not copy:
            found = Fields(copy, shelf.contract, access.fields, self._zone)
            self._fields[name] = found
        return found

    def open(self, shelf: Shelf, name: str, part: Part | None) -> Pieces:
        """A file of a release, or part of it, from the store. Blocks."""
        start, length = (part.start, part.length) if part else (0, None)
        with self._database.reading() as session:
            stream = releases.open_artifact(session, self._store, shelf.release_id, name, start=start, length=length)
        return file_pieces(stream)
