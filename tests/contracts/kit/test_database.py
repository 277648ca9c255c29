"""Database sessions, column types and settings."""

import base64
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import select

from contracts.events import Event
from contracts.kit.database import Database, DatabaseAway
from contracts.kit.outbox import OutboxRow, emit
from contracts.kit.settings import Settings


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return [row.event for row in session.exec(select(OutboxRow))]


class TestSessions:
    def test_a_transaction_commits_at_its_end(self, database: Database) -> None:
        with database.transaction() as session:
            emit(session, Event.DATASET_CHANGED, dataset_id="d")
        assert names(database) == ["dataset.changed"]

    def test_an_error_undoes_all_of_it(self, database: Database) -> None:
        def fail() -> None:
            with database.transaction() as session:
                emit(session, Event.DATASET_CHANGED, dataset_id="d")
                session.flush()
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert names(database) == []

    def test_a_fault_of_a_statement_is_not_a_database_that_is_away(self, database: Database) -> None:
        with pytest.raises(sa.exc.DBAPIError), database.reading() as session:
            session.execute(sa.text("SELECT 1 FROM nowhere"))

    def test_a_database_locked_for_too_long_is_away(self, tmp_path: Path) -> None:
        first, second = (Database(f"sqlite:///{tmp_path / 'locked.db'}") for _ in range(2))
        with second.reading() as session:
            session.execute(sa.text("PRAGMA busy_timeout = 1"))
        with first.transaction() as session:
            session.execute(sa.text("CREATE TABLE taken (id integer)"))
            with pytest.raises(DatabaseAway), second.transaction() as other:
                other.execute(sa.text("SELECT 1"))
        with second.transaction() as other:
            other.execute(sa.text("SELECT * FROM taken"))

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_a_connection_that_the_server_ended_is_away_once(self, database: Database, database_url: str) -> None:
        def lose_the_connection() -> None:
            with database.transaction() as session:
                own = session.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
                with psycopg.connect(database_url, autocommit=True) as connection:
                    connection.execute("SELECT pg_terminate_backend(%s, 10000)", (own,))
                emit(session, Event.DATASET_CHANGED, dataset_id="d")

        with pytest.raises(DatabaseAway) as told:
            lose_the_connection()
        assert told.value.retry_after > 0
        assert names(database) == []

    def test_a_server_that_does_not_run_is_away(self) -> None:
        nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing")  # no server listens on port 1
        with pytest.raises(DatabaseAway), nowhere.reading() as session:
            session.execute(sa.text("SELECT 1"))

    def test_what_is_written_while_reading_is_not_kept(self, database: Database) -> None:
        with database.reading() as session:
            emit(session, Event.DATASET_CHANGED, dataset_id="d")
            session.flush()
        assert names(database) == []

    def test_rows_stay_readable_after_their_session(self, database: Database) -> None:
        with database.transaction() as session:
            emit(session, Event.DATASET_CHANGED, dataset_id="d")
        with database.reading() as session:
            row = session.exec(select(OutboxRow)).one()
        assert row.payload == {"dataset_id": "d"}

    def test_concurrent_writers_do_not_lose_an_update(self, database: Database) -> None:
        with database.transaction() as session:
            session.execute(sa.text("CREATE TABLE counter (n integer)"))
            session.execute(sa.text("INSERT INTO counter VALUES (0)"))
        lock = "" if database.is_sqlite else " FOR UPDATE"

        def add() -> None:
            for _ in range(10):
                with database.transaction() as session:
                    n = session.execute(sa.text(f"SELECT n FROM counter{lock}")).scalar_one()
                    session.execute(sa.text("UPDATE counter SET n = :n"), {"n": n + 1})

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with database.reading() as session:
            assert session.execute(sa.text("SELECT n FROM counter")).scalar_one() == 40


class TestTimes:
    def test_a_time_is_stored_as_the_instant_it_is(self, database: Database) -> None:
        noon = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
        with database.transaction() as session:
            session.add(OutboxRow(event="x.y", payload={}, created_at=noon))
        with database.reading() as session:
            found = session.exec(select(OutboxRow).where(OutboxRow.created_at == noon.astimezone(UTC))).one()
        assert found.created_at == noon
        assert found.created_at.tzinfo is UTC

    def test_a_time_without_zone_is_refused(self, database: Database) -> None:
        with pytest.raises(sa.exc.StatementError, match="time zone"), database.transaction() as session:
            session.add(OutboxRow(event="x.y", payload={}, created_at=datetime(2026, 11, 1)))  # noqa: DTZ001  # that is the point


class TestSettings:
    def test_the_database_is_a_file_at_home_unless_said_otherwise(self, tmp_path: Path) -> None:
        assert Settings(home=tmp_path).database == f"sqlite:///{tmp_path}/shuyi.db"
        assert Settings(home=tmp_path, database_url="postgresql://h/d").database == "postgresql://h/d"

    def test_the_master_key_is_made_once_and_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        home = tmp_path / "new"
        first = Settings(home=home).master_key_bytes
        assert len(first) == 32
        assert Settings(home=home).master_key_bytes == first
        assert (home / "master.key").stat().st_mode & 0o777 == 0o600

    def test_processes_that_start_at_once_agree_on_the_master_key(self, tmp_path: Path) -> None:
        for number in range(20):
            home = tmp_path / str(number)
            with ThreadPoolExecutor(8) as starting:
                keys = starting.map(lambda home: Settings(home=home).master_key_bytes, [home] * 8)
                assert len(set(keys)) == 1
            assert [path.name for path in home.iterdir()] == ["master.key"]

    def test_a_master_key_that_was_cut_short_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "master.key").touch()
        with pytest.raises(ValueError, match=r"master\.key must be 32 bytes"):
            _ = Settings(home=tmp_path).derived_key("vault")

    def test_a_given_master_key_is_used_and_a_wrong_one_refused(self, tmp_path: Path) -> None:
        key = os.urandom(32)
        given = Settings(home=tmp_path, master_key=base64.b64encode(key).decode())
        assert given.master_key_bytes == key
        assert not (tmp_path / "master.key").exists()
        with pytest.raises(ValueError, match="32 bytes"):
            _ = Settings(home=tmp_path, master_key=base64.b64encode(b"short").decode()).master_key_bytes

    def test_keys_for_different_purposes_differ(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path)
        assert settings.derived_key("vault") == settings.derived_key("vault")
        assert settings.derived_key("vault") != settings.derived_key("sign-in")

    def test_secrets_do_not_show(self, tmp_path: Path) -> None:
        shown = repr(Settings(home=tmp_path, stripe_api_key="sk_live_hush", master_key="hush"))
        assert "hush" not in shown

    def test_the_environment_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHUYI_HOME", str(tmp_path))
        monkeypatch.setenv("SHUYI_PORT", "9000")
        assert (Settings().home, Settings().port) == (tmp_path, 9000)
        monkeypatch.setenv("SHUYI_PORT", "90000")
        with pytest.raises(ValidationError):
            Settings()
