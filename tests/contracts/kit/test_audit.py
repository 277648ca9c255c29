"""The audit log: complete, in order, and telling when it was tampered with."""

import threading

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from contracts.access import SYSTEM, Actor
from contracts.ids import new_id
from contracts.kit import audit
from contracts.kit.audit import AuditEntry, AuditHead, ChainStatus, verify_chain
from contracts.kit.database import Database
from contracts.kit.logging import request_id
from tests.quick import examples

ALICE = Actor(person_id=new_id(), name="Alice")


def write(database: Database, count: int) -> None:
    for number in range(count):
        with database.transaction() as session:
            audit.record(session, ALICE, "release.approved", "release", f"r{number}", reason="符合规定", officers=2)


def check(database: Database) -> ChainStatus:
    with database.reading() as session:
        return verify_chain(session)


def without_guard(database: Database, statement: str) -> None:
    """What someone with the database's own powers can do: switch the triggers off and change rows."""
    with database.transaction() as session:
        if database.is_sqlite:
            for verb in ("update", "delete"):
                session.execute(sa.text(f"DROP TRIGGER kit_audit_no_{verb}"))
        else:
            session.execute(sa.text("ALTER TABLE kit_audit DISABLE TRIGGER ALL"))
        session.execute(sa.text(statement))


def test_an_entry_says_who_did_what_to_which_thing(database: Database) -> None:
    token = request_id.set("req-1")
    write(database, 1)
    request_id.reset(token)
    with database.reading() as session:
        (entry,) = audit.entries(session)
    assert (entry.actor_id, entry.actor_name, entry.action) == (ALICE.person_id, "Alice", "release.approved")
    assert (entry.subject_kind, entry.subject_id, entry.detail) == (
        "release",
        "r0",
        {"reason": "符合规定", "officers": 2},
    )
    assert (entry.sequence, entry.request_id) == (1, "req-1")


def test_an_untouched_chain_holds(database: Database) -> None:
    assert check(database) == ChainStatus(True, 0)
    write(database, 3)
    assert check(database) == ChainStatus(True, 3)


@pytest.mark.parametrize(
    ("tampering", "broken_at", "reason"),
    [
        ("UPDATE kit_audit SET actor_name = 'Bob' WHERE sequence = 2", 2, "the entry was changed"),
        ("DELETE FROM kit_audit WHERE sequence = 2", 2, "an entry is missing"),
        ("DELETE FROM kit_audit WHERE sequence = 4", 4, "the newest entries are missing"),
        ("DELETE FROM kit_audit", 1, "the newest entries are missing"),
        ("UPDATE kit_audit SET sequence = 5 - sequence + 100", 1, "an entry is missing"),
        ("UPDATE kit_audit_head SET sequence = 9", 5, "the newest entries are missing"),
    ],
)
def test_tampering_shows_at_its_place(database: Database, tampering: str, broken_at: int, reason: str) -> None:
    write(database, 4)
    without_guard(database, tampering)
    found = check(database)
    assert (found.intact, found.broken_at, found.reason) == (False, broken_at, reason)


def test_a_rewritten_entry_breaks_the_link_of_the_next(database: Database) -> None:
    write(database, 3)
    with database.reading() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.sequence == 2)).one()
    entry.actor_name = "Bob"
    without_guard(
        database, f"UPDATE kit_audit SET actor_name = 'Bob', hash = '{audit._hash(entry)}' WHERE sequence = 2"
    )
    assert check(database).reason == "the link to the entry before is broken"
    assert check(database).broken_at == 3


@pytest.mark.parametrize("statement", ["UPDATE kit_audit SET actor_name = 'Bob'", "DELETE FROM kit_audit"])
def test_the_table_itself_refuses_to_be_changed(database: Database, statement: str) -> None:
    write(database, 1)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(sa.text(statement))


def test_what_is_rolled_back_is_not_logged(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as session:
            audit.record(session, ALICE, "a.b", "thing", "1")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.transaction() as session:
        audit.record(session, ALICE, "a.kept", "thing", "1")
        savepoint = session.begin_nested()
        audit.record(session, ALICE, "a.undone", "thing", "1")
        inner = session.begin_nested()
        audit.record(session, ALICE, "a.undone", "thing", "1")
        inner.commit()
        savepoint.rollback()
        with session.begin_nested():
            audit.record(session, ALICE, "a.kept_too", "thing", "1")
    with database.reading() as session:
        assert [entry.action for entry in audit.entries(session)] == ["a.kept_too", "a.kept"]
    assert check(database) == ChainStatus(True, 2)


def test_concurrent_writers_make_one_chain(database: Database) -> None:
    barrier = threading.Barrier(4)
    errors: list[BaseException] = []

    def writer() -> None:
        try:
            barrier.wait(60)
            for number in range(8):
                with database.transaction() as session:
                    audit.record(session, ALICE, "a.b", "thing", str(number))
                    audit.record(session, SYSTEM, "a.c", "thing", str(number))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=writer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert check(database) == ChainStatus(True, 64)


def test_audited_transactions_that_lock_the_same_rows_do_not_deadlock(database: Database) -> None:
    """The log is locked last, so who logs first and locks a row later meets no one who did it the other way round."""
    write(database, 1)
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE thing (id integer PRIMARY KEY, n integer)"))
        session.execute(sa.text("INSERT INTO thing VALUES (1, 0)"))
    errors: list[BaseException] = []

    def bump(session: Session) -> None:
        session.execute(sa.text("UPDATE thing SET n = n + 1 WHERE id = 1"))

    def work(first_log: bool) -> None:
        try:
            for _ in range(15):
                with database.transaction() as session:
                    if first_log:
                        audit.record(session, ALICE, "a.b", "thing", "1")
                        bump(session)
                    else:
                        bump(session)
                        audit.record(session, ALICE, "a.b", "thing", "1")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in (True, False, True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert check(database) == ChainStatus(True, 61)


def test_entries_are_found_by_who_what_and_page_by_page(database: Database) -> None:
    write(database, 5)
    with database.transaction() as session:
        audit.record(session, SYSTEM, "key.revoked", "key", "k1")
    with database.reading() as session:
        assert [entry.subject_id for entry in audit.entries(session, limit=2)] == ["k1", "r4"]
        assert [entry.subject_id for entry in audit.entries(session, before=5, limit=2)] == ["r3", "r2"]
        assert len(audit.entries(session, actor_id=ALICE.person_id)) == 5
        assert [entry.action for entry in audit.entries(session, subject_id="k1")] == ["key.revoked"]
        assert [entry.subject_id for entry in audit.entries(session, action="key.revoked")] == ["k1"]


@pytest.mark.parametrize("value", [1.5, b"x", object(), {"a": [1, {2: "b"}]}])
def test_a_detail_is_plain(database: Database, value: object) -> None:
    with database.transaction() as session, pytest.raises(TypeError):
        audit.record(session, ALICE, "a.b", "thing", "1", value=value)


_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_plain, max_size=4))
def test_whatever_the_detail_the_chain_still_holds_when_read_back(database: Database, details: list[object]) -> None:
    for detail in details:
        with database.transaction() as session:
            audit.record(session, ALICE, "a.b", "thing", "1", value=detail)
    found = check(database)
    with database.reading() as session:
        head = session.get(AuditHead, 1)
    assert found == ChainStatus(True, head.sequence if head else 0)
