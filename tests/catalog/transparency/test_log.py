"""The public log: what it tells, what it keeps to itself, and that breaking the chain shows."""

import sqlalchemy as sa
from sqlmodel import Session

from catalog.releases import service as releases
from catalog.transparency import service as transparency
from catalog.transparency.service import ChainCheck, Line
from contracts import clock
from contracts.access import SYSTEM
from contracts.kit import audit
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from tests.factories.catalog import CatalogWorld


def lines(session: Session, **asked: object) -> list[Line]:
    return transparency.log(session, **asked)  # type: ignore[arg-type]  # as the caller says


def test_the_road_of_a_release_is_told_with_the_hash_of_its_bytes(
    database: Database, folder_store: FolderStore, settings: Settings
) -> None:
    world = CatalogWorld(database, folder_store, settings)
    dataset = world.dataset()
    upload = world.upload(dataset)
    sent_back = world.submit(upload)
    world.decide(sent_back, "officer", "send_back")
    release = world.publish(world.dataset(slug="second-one"))
    with database.transaction() as session:
        releases.withdraw(session, world.city.actor(session, "officer"), release.id, "发现一处错误，先撤回。")
    with database.reading() as session:
        told = lines(session)
    kinds = [line.kind for line in told]
    assert kinds[:2] == ["withdrawn", "published"]
    assert set(kinds[2:-1]) == {"approve"}
    assert kinds[-1] == "send_back"
    assert {line.hash for line in told[:-1]} == {release.manifest_hash}
    assert told[0].reason == "发现一处错误，先撤回。"
    assert all(line.reason == "参数合适，效用可用。" for line in told if line.kind in ("approve", "send_back"))
    assert told[-1].request_number == sent_back.number
    assert told[-1].dataset.slug == dataset.slug
    assert [line.number for line in told] == sorted((line.number for line in told), reverse=True)
    assert not any(line.served for line in told), "nothing of it is served any more, so nothing is linked"


def test_pages_and_kinds_leave_nothing_out(database: Database, folder_store: FolderStore, settings: Settings) -> None:
    world = CatalogWorld(database, folder_store, settings)
    world.publish()
    with database.reading() as session:
        everything = lines(session)
        first = lines(session, limit=1)
        rest = lines(session, before=first[0].number)
        assert first + rest == everything
        by_kind = lines(session, kinds=["published"]) + lines(session, kinds=["decided"])
        assert sorted(line.number for line in by_kind) == sorted(line.number for line in everything)
        assert lines(session, kinds=["withdrawn"]) == []


def test_events_of_other_kinds_are_not_public(database: Database) -> None:
    with database.transaction() as session:
        audit.record(session, SYSTEM, "person.created", "person", "somebody")
    with database.reading() as session:
        assert lines(session) == []


def test_the_chain_is_checked_again_after_a_minute(database: Database) -> None:
    check = ChainCheck()
    with database.transaction() as session:
        audit.record(session, SYSTEM, "person.created", "person", "somebody")
    start = clock.now()
    with database.reading() as session, clock.frozen(start):
        assert check.status(session).status.intact
    with database.transaction() as session:
        session.connection().execute(sa.text("UPDATE kit_audit_head SET sequence = 9"))
    with database.reading() as session, clock.frozen(start + transparency.RECHECK / 2):
        assert check.status(session).status.intact, "the last result still stands"
    with database.reading() as session, clock.frozen(start + transparency.RECHECK):
        found = check.status(session)
    assert not found.status.intact
    assert found.at == start + transparency.RECHECK
