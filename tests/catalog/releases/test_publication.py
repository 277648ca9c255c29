"""Publication: once, from exactly the approved bytes, through crashes, and withdrawn for good."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlmodel import select

from catalog.releases import building, publishing
from catalog.releases import service as releases
from catalog.releases.building import artifact_object
from catalog.releases.errors import ReleaseDamaged, ReleaseNotFound, ReleaseWithdrawn
from catalog.releases.models import Release
from contracts import clock
from contracts.errors import Forbidden, InvalidInput
from contracts.events import Event
from contracts.kit.outbox import OutboxRow
from contracts.kit.store import FolderStore
from tests.factories.catalog import CatalogWorld, stations_csv

PLAIN = {"title": {"zh-CN": "停车场", "en": "Car parks"}, "openness": "unconditional"}


def approved(world: CatalogWorld) -> str:
    """The id of a request that was approved and not yet published."""
    request = world.submit(world.upload(world.dataset(**PLAIN), stations_csv()))
    world.decide(request, "officer")
    return request.id


class Died(BaseException):
    """Stands for `kill -9`: nothing in the code catches it."""


class TestCrashes:
    @pytest.mark.parametrize("puts", range(8))
    def test_dying_after_any_file_publishes_once_all_the_same(
        self, world: CatalogWorld, monkeypatch: pytest.MonkeyPatch, puts: int
    ) -> None:
        request_id = approved(world)
        put, done = FolderStore.put, 0

        def dying(self: FolderStore, *args: object, **options: object) -> object:
            nonlocal done
            if done == puts:
                raise Died
            done += 1
            return put(self, *args, **options)  # type: ignore[arg-type]  # passed through

        monkeypatch.setattr(FolderStore, "put", dying)
        if puts < 7:
            with pytest.raises(Died):
                publishing.publish(world.database, world.store, world.settings, request_id)
            with world.database.reading() as session:
                assert session.exec(select(Release)).all() == []
        monkeypatch.setattr(FolderStore, "put", put)
        world.work()
        self.one_release(world, request_id)

    @pytest.mark.parametrize("name", ["move", "locked"])
    def test_dying_around_the_last_transaction_publishes_once(
        self, world: CatalogWorld, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        request_id = approved(world)
        real: Callable[..., object] = getattr(releases, name)
        calls = 0

        def dying(*args: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            result = real(*args, **options)
            if calls == 2:
                raise Died
            return result

        monkeypatch.setattr(releases, name, dying)
        with pytest.raises(Died):
            publishing.publish(world.database, world.store, world.settings, request_id)
        monkeypatch.setattr(releases, name, real)
        world.work()
        self.one_release(world, request_id)

    def test_dying_while_the_artifact_is_sealed_builds_it_again(
        self, world: CatalogWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = world.submit(world.upload(world.dataset(**PLAIN), stations_csv()), work=False)
        real = building._hand_over

        def dying(*_: object) -> None:
            raise Died

        monkeypatch.setattr(building, "_hand_over", dying)
        with pytest.raises(Died):
            building.anonymise(world.database, world.store, world.settings, request.id)
        monkeypatch.setattr(building, "_hand_over", real)
        world.work()
        assert world.request(request.id).state == "in_review"

    def test_running_it_again_changes_nothing(self, world: CatalogWorld) -> None:
        request_id = approved(world)
        for _ in range(3):
            publishing.publish(world.database, world.store, world.settings, request_id)
        building.anonymise(world.database, world.store, world.settings, request_id)
        self.one_release(world, request_id)

    def one_release(self, world: CatalogWorld, request_id: str) -> None:
        assert world.request(request_id).state == "published"
        with world.database.reading() as session:
            [release] = session.exec(select(Release)).all()
            events = session.exec(select(OutboxRow).where(OutboxRow.event == Event.RELEASE_PUBLISHED)).all()
            assert len(events) == 1
            for entry in release.files:
                with releases.open_artifact(session, world.store, release.id, entry["name"]) as stream:
                    assert len(stream.read()) == entry["size"]


class TestBytes:
    def test_a_sealed_file_that_was_swapped_is_not_published(self, world: CatalogWorld) -> None:
        request_id = approved(world)
        artifact = world.find(lambda session: releases.artifact_of(session, world.request(request_id)))
        assert artifact is not None
        name = artifact_object(artifact, "data.csv")
        sealed = bytearray(world.store.open(name).read())
        sealed[-1] ^= 1
        world.store.put(name, bytes(sealed))
        with pytest.raises(Exception, match="altered"):
            publishing.publish(world.database, world.store, world.settings, request_id)
        with world.database.reading() as session:
            assert session.exec(select(Release)).all() == []

    def test_a_released_file_that_was_changed_is_not_served(self, world: CatalogWorld) -> None:
        release = world.publish(world.dataset(**PLAIN), stations_csv())
        world.store.put(f"releases/{release.id}/data.csv", b"other")
        with world.database.reading() as session, pytest.raises(ReleaseDamaged):
            releases.open_artifact(session, world.store, release.id, "data.csv")

    def test_a_file_that_is_none_is_not_found(self, world: CatalogWorld) -> None:
        release = world.publish(world.dataset(**PLAIN), stations_csv())
        with world.database.reading() as session, pytest.raises(ReleaseNotFound):
            releases.open_artifact(session, world.store, release.id, "../officer_report.json")


class TestVersions:
    def test_versions_count_within_the_month_of_the_city(self, world: CatalogWorld) -> None:
        dataset = world.dataset(**PLAIN)
        versions = []
        with clock.frozen(clock.now().replace(year=2026, month=11, day=30, hour=15, minute=59)):
            versions += [world.publish(dataset, stations_csv(seed=i)).version for i in range(2)]
        with clock.frozen(clock.now().replace(year=2026, month=11, day=30, hour=16, minute=1)):
            versions.append(world.publish(dataset, stations_csv(seed=5)).version)
        assert versions == ["2026.11", "2026.11.2", "2026.12"]


class TestWithdraw:
    def test_a_withdrawn_release_is_gone_and_the_one_before_is_current_again(self, world: CatalogWorld) -> None:
        dataset = world.dataset(**PLAIN)
        first, second = (world.publish(dataset, stations_csv(seed=i)) for i in range(2))
        with world.database.transaction() as session:
            releases.withdraw(session, world.actor("provider"), second.id, "坐标有误，更正后重发")
        with world.database.reading() as session:
            with pytest.raises(ReleaseWithdrawn, match="坐标有误"):
                releases.open_artifact(session, world.store, second.id, "data.csv")
            current = releases.current_release(session, dataset.id)
            assert current is not None
            assert current.id == first.id
            assert [release.id for release in releases.releases_of(session, dataset.id)] == [second.id, first.id]
            events = session.exec(select(OutboxRow).where(OutboxRow.event == Event.RELEASE_WITHDRAWN)).all()
            assert events[0].payload == {"release_id": second.id, "dataset_id": dataset.id}
        with world.database.transaction() as session, pytest.raises(ReleaseWithdrawn):
            releases.withdraw(session, world.actor("provider"), second.id, "再撤一次试试")

    def test_it_takes_a_reason_and_the_right(self, world: CatalogWorld) -> None:
        release = world.publish(world.dataset(**PLAIN), stations_csv())
        with world.database.transaction() as session, pytest.raises(InvalidInput):
            releases.withdraw(session, world.actor("provider"), release.id, "")
        with world.database.transaction() as session, pytest.raises(Forbidden):
            releases.withdraw(session, world.actor("owner"), release.id, "我不喜欢它")


class TestHistoryStays:
    @pytest.mark.parametrize(
        "table",
        [
            "releases_release", "releases_decision", "releases_artifact", "releases_policy", "releases_transition",
            "releases_comment", "releases_withdrawal",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
    def test_no_row_of_history_is_changed_or_removed(self, world: CatalogWorld, table: str, verb: str) -> None:
        release = world.publish(world.dataset(**PLAIN), stations_csv())
        with world.database.transaction() as session:
            releases.comment(session, world.actor("provider"), release.request_id, "谢谢")
            releases.withdraw(session, world.actor("officer"), release.id, "演示撤回")
        statement = verb.format(table).replace(
            "SET id = id", "SET reason = reason" if table == "releases_withdrawal" else "SET id = id"
        )
        with world.database.transaction() as session:
            with pytest.raises(sa.exc.DBAPIError, match="append-only"):
                session.connection().exec_driver_sql(statement)
            session.rollback()
