"""Corrections of findings: kept without a raw value, applied to what is built next, taken back, never edited."""

import json

import pytest
import sqlalchemy as sa
from sqlmodel import select

from catalog.releases import correcting, corrections, findings, policies
from catalog.releases import service as releases
from catalog.releases.models import Correction, Release, ReleaseRequest
from contracts.errors import Conflict, Forbidden, InvalidInput, NotFound
from contracts.kit import audit
from contracts.privacy import ColumnRole
from tests.factories.catalog import CatalogWorld, remarks_csv, visits_csv


def reviewed(world: CatalogWorld) -> ReleaseRequest:
    return world.submit(world.upload(world.dataset(), remarks_csv(), "tickets.csv"))


def published(world: CatalogWorld, release: Release) -> str:
    with world.database.reading() as session, releases.open_artifact(session, world.store, release.id, "data.csv") as f:
        return f.read().decode("utf-8-sig")


def texts_of(world: CatalogWorld, request: ReleaseRequest, rows: list[int]) -> list[findings.MarkedCell]:
    with world.database.transaction() as session:
        return findings.revealed_texts(
            session,
            world.actor("officer"),
            world.store,
            world.settings,
            request.id,
            column="备注",
            rows=rows,
            reason="核对备注里的识别结果",
        )


def correct(world: CatalogWorld, request: ReleaseRequest, who: str = "officer", **what: list[str]) -> list[Correction]:
    with world.database.transaction() as session:
        return correcting.correct_texts(session, world.actor(who), world.settings, request.id, "备注", **what)


class TestTexts:
    def test_masked_cells_show_where_and_never_what(self, world: CatalogWorld) -> None:
        request = reviewed(world)
        with world.database.reading() as session:
            cells = findings.masked_texts(
                session, world.actor("officer"), world.store, world.settings, request.id, "备注"
            )
        assert len(cells) == findings.MASKED_ROWS
        kinds = {part.type for cell in cells for part in cell.parts}
        assert {"PERSON", "CN_MOBILE", None} <= kinds
        assert set("".join(part.text for cell in cells for part in cell.parts)) <= set("某0，。")

    def test_corrections_hold_for_what_is_read_next_until_taken_back(self, world: CatalogWorld) -> None:
        request = reviewed(world)
        first = texts_of(world, request, [1])[0]
        phone = next(part for part in first.parts if part.type == "CN_MOBILE")
        assert phone.digest is not None
        kept = correct(world, request, not_personal=[phone.digest], names=["绿豆汤"])
        again = texts_of(world, request, [1, 2])
        assert phone.text not in [part.text for part in again[0].parts if part.type]
        assert all("绿豆汤" in [part.text for part in cell.parts if part.type == "PERSON"] for cell in again)
        assert [part.type for part in again[1].parts].count("CN_MOBILE") == 1
        with world.database.transaction() as session:
            for row in kept:
                correcting.undo(session, world.actor("officer"), row.id)
        assert [part.type for part in texts_of(world, request, [1])[0].parts] == [p.type for p in first.parts]
        with world.database.reading() as session:
            assert len(corrections.history(session, request.dataset_id)) == 4
            assert corrections.holding(session, request.dataset_id) == []

    def test_the_next_release_of_the_dataset_is_made_by_them(self, world: CatalogWorld) -> None:
        dataset = world.dataset()
        before = published(world, world.publish(dataset, remarks_csv(), "tickets.csv"))
        assert "绿豆汤" in before
        with world.database.reading() as session:
            request = session.exec(select(ReleaseRequest)).one()
        correct(world, request, names=["绿豆汤"])
        after = published(world, world.publish(dataset, remarks_csv(seed=12), "tickets.csv"))
        assert "绿豆汤" not in after
        assert "路灯不亮" in after

    def test_no_phrase_is_kept_anywhere(self, world: CatalogWorld) -> None:
        request = reviewed(world)
        correct(world, request, names=["绿豆汤"])
        with world.database.reading() as session:
            for table in sa.inspect(world.database.engine).get_table_names():
                rows = session.execute(sa.text(f'SELECT * FROM "{table}"')).mappings()
                assert all("绿豆" not in json.dumps(dict(row), default=str, ensure_ascii=False) for row in rows), table
            assert audit.verify_chain(session).intact

    def test_wrong_corrections_are_refused_with_a_place(self, world: CatalogWorld) -> None:
        request = reviewed(world)
        for what in ({"names": ["王"]}, {"names": ["长" * 61]}, {"not_personal": ["王小明"]}, {}):
            with pytest.raises(InvalidInput):
                correct(world, request, **what)  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(Forbidden):
            correct(world, request, "provider", names=["绿豆汤"])
        with pytest.raises(NotFound), world.database.transaction() as session:
            correcting.undo(session, world.actor("officer"), "nothing")

    def test_said_twice_is_kept_once_and_taken_back_once(self, world: CatalogWorld) -> None:
        request = reviewed(world)
        (row,) = correct(world, request, names=["绿豆汤"])
        assert correct(world, request, names=["绿豆汤"]) == []
        with world.database.transaction() as session:
            correcting.undo(session, world.actor("officer"), row.id)
        with pytest.raises(Conflict), world.database.transaction() as session:
            correcting.undo(session, world.actor("officer"), row.id)
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), world.database.transaction() as session:
            session.execute(sa.text("UPDATE releases_correction SET value = ''"))


class TestColumns:
    def test_the_last_word_on_a_column_decides_the_next_proposal(self, world: CatalogWorld) -> None:
        dataset = world.dataset()
        request = world.submit(world.upload(dataset))
        with world.database.transaction() as session:
            officer = world.actor("officer")
            correcting.retype_column(session, officer, request.id, "费用", "INCOME")
            correcting.retype_column(session, officer, request.id, "年龄", "NOT_PERSONAL")
            correcting.retype_column(session, officer, request.id, "费用", "CN_BANK_CARD")
        with world.database.reading() as session:
            shown = findings.columns(session, world.actor("officer"), request.id)
            assert corrections.column_types(session, dataset.id) == {"费用": "CN_BANK_CARD", "年龄": "NOT_PERSONAL"}
        assert {c.name: c.role for c in shown.columns}["费用"] is ColumnRole.DIRECT_IDENTIFIER
        earlier = world.find(lambda session: policies.versions(session, dataset.id))[0]
        following = world.policy(world.upload(dataset, visits_csv(seed=8)))
        assert following.columns["费用"].role is ColumnRole.DIRECT_IDENTIFIER
        assert following.columns["年龄"].role is ColumnRole.PLAIN
        assert following.columns["区"] == policies.policy_of(earlier).columns["区"]

    def test_what_people_changed_in_a_policy_later_stays(self, world: CatalogWorld) -> None:
        dataset = world.dataset()
        upload = world.upload(dataset)
        request = world.submit(upload)
        with world.database.transaction() as session:
            row = correcting.retype_column(session, world.actor("officer"), request.id, "费用", "CN_BANK_CARD")
        second = world.upload(dataset, visits_csv(seed=8))
        assert world.policy(second).columns["费用"].role is ColumnRole.DIRECT_IDENTIFIER
        with world.database.transaction() as session:
            correcting.undo(session, world.actor("officer"), row.id)
        third = world.upload(dataset, visits_csv(seed=9))
        assert world.policy(third).columns["费用"].role is not ColumnRole.DIRECT_IDENTIFIER

    def test_columns_and_types_that_are_none_are_refused(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset()))
        for column, kind in (("没有", "PERSON"), ("费用", "SOMETHING")):
            with pytest.raises(InvalidInput), world.database.transaction() as session:
                correcting.retype_column(session, world.actor("officer"), request.id, column, kind)
