"""Uploads: taken in, profiled, corrected, revealed, destroyed; and dark all the while."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.datasets.errors import DatasetNotFound
from catalog.vault import retention, revealing
from catalog.vault import service as vault
from catalog.vault.errors import SealBroken, UploadDestroyed, UploadNotFound, UploadNotReady, UploadTooLarge
from catalog.vault.models import Safe, Upload, UploadStatus
from catalog.vault.service import clean_file_name
from contracts import clock
from contracts.errors import Forbidden, InvalidInput, NotSignedIn
from contracts.kit import audit
from contracts.kit.settings import Settings
from tests.factories.catalog import CatalogWorld, visits_csv

SECRETS = ("欧阳测试人", "13912345678", "440305199001011234")
PLANTED = "姓名,电话,证件号,区,年龄\n" + "".join(
    f"{SECRETS[0]},{SECRETS[1]},{SECRETS[2]},福田区,{30 + i % 7}\n" for i in range(60)
)


class TestReceive:
    def test_a_file_is_sealed_profiled_and_counted(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        assert upload.status == UploadStatus.PROFILED
        assert (upload.rows, upload.rows_set_aside) == (400, 0)
        assert upload.profile is not None
        assert [c["name"] for c in upload.profile["columns"]] == ["姓名", "手机号码", "年龄", "区", "诊断", "费用"]
        found = vault.format_of(upload)
        assert found is not None
        assert (found.encoding, found.delimiter) == ("gb18030", ",")

    def test_a_file_that_cannot_be_read_is_rejected_with_its_place(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset(), b"a,b\n")
        assert upload.status == UploadStatus.REJECTED
        assert upload.error == {
            "reason": "header_only",
            "values": {},
            "detail": "The file has a header but no rows.",
            "place": None,
        }

    def test_nothing_readable_touches_disk_or_database(self, world: CatalogWorld, home: Path) -> None:
        upload = world.upload(world.dataset(), PLANTED.encode("gb18030"))
        assert upload.status == UploadStatus.PROFILED
        forms = [form for text in SECRETS for form in (text.encode(), text.encode("gb18030"), text.encode("utf-16-le"))]
        for path in home.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not any(form in content for form in forms), path
        with world.database.reading() as session:
            for table in Upload.metadata.sorted_tables:
                for row in session.connection().execute(sa.select(table)):
                    assert not any(text in str(row) for text in SECRETS), table.name

    def test_a_file_over_the_limit_is_refused_while_it_arrives_and_leaves_nothing(self, world: CatalogWorld) -> None:
        small = world.settings.model_copy(update={"max_upload_bytes": 1000})
        dataset = world.dataset()
        with world.database.transaction() as session, pytest.raises(UploadTooLarge):
            vault.receive(
                session, world.actor("provider"), world.store, small, dataset.id, "a.csv", io.BytesIO(b"x" * 2000)
            )
        assert list(world.store.list("vault/")) == []

    def test_a_declared_size_over_the_limit_is_refused_before_a_byte_is_read(self, world: CatalogWorld) -> None:
        dataset = world.dataset()
        with world.database.reading() as session, pytest.raises(UploadTooLarge, match="2,147,483,648"):
            vault.begin_upload(
                session, world.actor("provider"), world.store, world.settings, dataset.id, "a.csv", 2 * 1024**3 + 1
            )

    def test_an_empty_file_is_refused(self, world: CatalogWorld) -> None:
        dataset = world.dataset()
        with world.database.transaction() as session, pytest.raises(InvalidInput, match="empty"):
            vault.receive(
                session, world.actor("provider"), world.store, world.settings, dataset.id, "a.csv", io.BytesIO()
            )

    @pytest.mark.parametrize("who", ["officer", "owner", "operator"])
    def test_only_the_provider_uploads(self, world: CatalogWorld, who: str) -> None:
        dataset = world.dataset()
        with world.database.transaction() as session, pytest.raises(Forbidden):
            vault.receive(
                session, world.actor(who), world.store, world.settings, dataset.id, "a.csv", io.BytesIO(b"a\n1")
            )

    def test_an_unknown_dataset_is_not_found(self, world: CatalogWorld) -> None:
        with world.database.reading() as session, pytest.raises(DatasetNotFound):
            vault.begin_upload(session, world.actor("provider"), world.store, world.settings, "none", "a.csv")

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\li\\门诊.xlsx", "门诊.xlsx"),
            ("a\0b\n.csv", "ab.csv"),
            ("门诊\u202egpj.exe", "门诊gpj.exe"),
            ("vi\u200bsits\u2028.csv", "visits.csv"),
            ("e\u0301.csv", "é.csv"),
            ("...", "upload"),
            ("", "upload"),
            ("x" * 300 + ".csv", "x" * 196 + ".csv"),
            ("接诊13975310001-2026-11.csv", "接诊00000000000-2026-11.csv"),
            ("440305197902020010.xlsx", "000000000000000000.xlsx"),
            ("export_20261101123456.csv", "export_20261101123456.csv"),
        ],
    )
    def test_a_path_in_a_file_name_leads_nowhere(self, given: str, kept: str) -> None:
        assert clean_file_name(given) == kept

    def test_running_the_job_again_changes_nothing(self, world: CatalogWorld) -> None:
        from catalog.vault.profiling import profile_upload

        upload = world.upload(world.dataset())
        assert profile_upload(world.database, world.store, world.settings, upload.id) == {"rows": 400}
        assert world.find(lambda session: session.get_one(Upload, upload.id)).profiled_at == upload.profiled_at

    def test_a_job_that_died_half_way_is_done_again(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset(), work=False)
        with world.database.transaction() as session:
            session.get_one(Upload, upload.id).status = UploadStatus.PROFILING
        world.work()
        assert world.find(lambda session: session.get_one(Upload, upload.id)).status == UploadStatus.PROFILED


class TestKeys:
    def test_every_upload_has_its_own_key_and_none_is_stored_bare(self, world: CatalogWorld) -> None:
        dataset = world.dataset()
        first, second = (world.upload(dataset, work=False) for _ in range(2))
        with world.database.reading() as session:
            one = vault.open_safe(session, world.store, world.settings, first.safe_id).key
            two = vault.open_safe(session, world.store, world.settings, second.safe_id).key
            wrapped = session.get_one(Safe, first.safe_id).wrapped_key
        assert one != two
        assert wrapped is not None
        assert one not in wrapped

    def test_another_master_key_opens_nothing(self, world: CatalogWorld, tmp_path: Path) -> None:
        upload = world.upload(world.dataset(), work=False)
        (tmp_path / "other").mkdir()
        other = Settings(home=tmp_path / "other", database_url=world.settings.database)
        with world.database.reading() as session, pytest.raises(SealBroken, match="SHUYI_MASTER_KEY"):
            vault.open_safe(session, world.store, other, upload.safe_id)


class TestCorrect:
    def test_a_wrong_guess_is_corrected_and_the_file_read_anew(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset(), "编号,金额\n1,12\n2,待定\n3,8\n".encode())
        assert upload.rows == 3
        corrected = world.correct(upload, types={"金额": {"type": "integer"}}, names={"金额": "费用"})
        assert (corrected.revision, corrected.rows, corrected.rows_set_aside) == (2, 2, 1)
        rows = world.find(
            lambda session: revealing.set_aside_rows(
                session, world.actor("provider"), world.store, world.settings, upload.id
            )
        )
        assert [(row.line, row.column, row.reason, row.shape) for row in rows] == [(3, 2, "type", "0\t某某")]

    def test_a_rejected_file_can_be_rescued(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset(), b"a,b\n1,2\n")
        assert world.correct(upload, encoding="klingon").status == UploadStatus.REJECTED
        assert world.correct(upload, encoding="utf-8").status == UploadStatus.PROFILED

    def test_a_file_being_read_is_not_corrected(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset(), work=False)
        with pytest.raises(UploadNotReady, match="received"):
            world.correct(upload, encoding="utf-8")


class TestReveal:
    def reveal(self, world: CatalogWorld, upload: Upload, who: str = "officer", **changes: object) -> object:
        wanted: dict[str, object] = {"rows": [2], "columns": ["姓名"], "reason": "核对脱敏后的姓名是否一致"}
        with world.database.transaction() as session:
            return revealing.reveal(
                session,
                world.actor(who),
                world.store,
                world.settings,
                upload.id,
                **(wanted | changes),  # type: ignore[arg-type]  # as given
            )

    def test_raw_cells_are_shown_and_the_audit_log_says_so_without_them(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset(), PLANTED.encode())
        [shown] = self.reveal(world, upload)  # type: ignore[misc]  # a list
        assert shown.cells == {"姓名": SECRETS[0]}
        assert SECRETS[0] not in repr(shown)
        with world.database.reading() as session:
            [entry] = audit.entries(session, action="raw_cells.revealed")
        assert entry.detail == {"rows": [2], "columns": ["姓名"], "reason": "核对脱敏后的姓名是否一致"}

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"reason": "看看"}, "why"),
            ({"rows": []}, "rows"),
            ({"rows": list(range(1, 30))}, "rows"),
            ({"rows": [61]}, "between 1 and 60"),
            ({"rows": [0]}, "rows"),
            ({"columns": ["none"]}, "no column none"),
            ({"columns": []}, "column"),
        ],
    )
    def test_without_a_reason_or_beyond_the_table_nothing_is_shown(
        self, world: CatalogWorld, changes: dict[str, object], told: str
    ) -> None:
        upload = world.upload(world.dataset(), PLANTED.encode())
        with pytest.raises(InvalidInput, match=told):
            self.reveal(world, upload, **changes)

    @pytest.mark.parametrize("who", ["owner", "developer", "operator"])
    def test_others_do_not_even_learn_that_there_is_an_upload(self, world: CatalogWorld, who: str) -> None:
        upload = world.upload(world.dataset())
        with pytest.raises((UploadNotFound, NotSignedIn)):
            self.reveal(world, upload, who)


class TestDestruction:
    def test_on_the_retention_date_keys_and_objects_are_gone(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        assert len(list(world.store.list("vault/"))) == 3
        with clock.frozen(upload.destroy_at + timedelta(seconds=1)):
            assert retention.destroy_expired(world.database, world.store) == 1
            assert retention.destroy_expired(world.database, world.store) == 0
        assert list(world.store.list("vault/")) == []
        with world.database.reading() as session:
            assert session.get_one(Safe, upload.safe_id).wrapped_key is None
            with pytest.raises(UploadDestroyed):
                vault.open_table(session, world.store, world.settings, upload.id)

    def test_before_the_date_nothing_is_destroyed(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        with clock.frozen(upload.destroy_at - timedelta(seconds=1)):
            assert retention.destroy_expired(world.database, world.store) == 0

    def test_what_was_never_recorded_is_cleared_away_after_a_day(self, world: CatalogWorld) -> None:
        dataset = world.dataset()
        with world.database.reading() as session:
            actor = world.actor("provider")
            with vault.begin_upload(session, actor, world.store, world.settings, dataset.id, "a.csv") as deposit:
                deposit.write(visits_csv())
                deposit.finish()
        assert retention.delete_noise(world.database, world.store) == 0
        with clock.frozen(clock.now() + timedelta(days=2)):
            assert retention.delete_noise(world.database, world.store) == 1

    def test_a_provider_may_destroy_an_upload_at_once(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        with world.database.transaction() as session:
            destroyed = retention.destroy(session, world.actor("provider"), upload.id)
        assert destroyed.status == UploadStatus.DESTROYED
