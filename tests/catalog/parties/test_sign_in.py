"""Passwords, links, sessions and tokens."""

from datetime import timedelta

import pytest

from catalog.parties import service as parties
from catalog.parties import sign_in
from catalog.parties.errors import LinkExpired, TooManyAttempts, WrongCredentials
from catalog.parties.models import Person
from contracts import clock
from contracts.access import SYSTEM
from contracts.errors import InvalidInput, NotFound
from contracts.kit.database import Database

PASSWORD = "correct horse battery"


@pytest.fixture
def person(database: Database) -> Person:
    with database.transaction() as session:
        return parties.create_person(session, SYSTEM, email="a@example.com", name="甲", password=PASSWORD)


def test_the_right_password_signs_in(database: Database, person: Person) -> None:
    with database.transaction() as session:
        found = sign_in.check_password(session, " A@example.com ".strip(), PASSWORD)
        assert isinstance(found, Person)
        token = sign_in.start_session(session, found.id)
        assert sign_in.person_of_session(session, token) == person.id
        sign_in.end_session(session, token)
        session.flush()
        assert sign_in.person_of_session(session, token) is None


@pytest.mark.parametrize(("email", "password"), [("a@example.com", "wrong"), ("b@example.com", PASSWORD), ("?", "?")])
def test_a_wrong_pair_is_told_without_saying_which_half(
    database: Database, person: Person, email: str, password: str
) -> None:
    with database.transaction() as session:
        found = sign_in.check_password(session, email, password)
        assert isinstance(found, WrongCredentials)
        assert found.detail == "This address and password do not fit together."


def test_ten_wrong_passwords_make_the_account_wait(database: Database, person: Person) -> None:
    for _ in range(10):
        with database.transaction() as session:
            sign_in.check_password(session, person.email, "wrong")
    with database.transaction() as session:
        assert isinstance(sign_in.check_password(session, person.email, PASSWORD), TooManyAttempts)
        with clock.frozen(clock.now() + timedelta(minutes=16)):
            assert isinstance(sign_in.check_password(session, person.email, PASSWORD), Person)


def test_a_short_password_is_refused(database: Database) -> None:
    with database.transaction() as session, pytest.raises(InvalidInput, match="at least 10"):
        parties.create_person(session, SYSTEM, email="b@example.com", name="乙", password="short")


def test_a_link_works_once_and_not_for_another_purpose(database: Database, person: Person) -> None:
    with database.transaction() as session:
        token = sign_in.one_time_link(session, person.id, "sign_in")
        with pytest.raises(LinkExpired):
            sign_in.use_link(session, token, "reset_password")
        assert sign_in.use_link(session, token, "sign_in").id == person.id
        session.flush()
        with pytest.raises(LinkExpired):
            sign_in.use_link(session, token, "sign_in")


def test_a_link_is_too_old_after_half_an_hour(database: Database, person: Person) -> None:
    with database.transaction() as session:
        token = sign_in.one_time_link(session, person.id, "sign_in")
        with clock.frozen(clock.now() + timedelta(minutes=31)), pytest.raises(LinkExpired):
            sign_in.use_link(session, token, "sign_in")


def test_asking_for_a_link_tells_nothing_about_accounts(
    database: Database, person: Person, sent_mail: "list[tuple[str, str, str]]"
) -> None:
    with database.transaction() as session:
        sign_in.send_link(session, "nobody@example.com", "reset_password", "http://x")
        sign_in.send_link(session, "not an address", "reset_password", "http://x")
        sign_in.send_link(session, person.email, "reset_password", "http://x")
    assert [recipient for recipient, _, _ in sent_mail] == [person.email]


def test_a_new_password_ends_every_session(database: Database, person: Person) -> None:
    with database.transaction() as session:
        token = sign_in.start_session(session, person.id)
        sign_in.set_password(session, person.id, "another long one")
        session.flush()
        assert sign_in.person_of_session(session, token) is None
        assert isinstance(sign_in.check_password(session, person.email, "another long one"), Person)


def test_an_access_token_is_its_owners_alone(database: Database, person: Person) -> None:
    with database.transaction() as session:
        other = parties.create_person(session, SYSTEM, email="b@example.com", name="乙")
        actor = parties.actor_for(session, person.id)
        token, secret = sign_in.create_access_token(session, actor, "script")
        assert sign_in.person_of_access_token(session, secret) == person.id
        assert secret not in {token.token_digest, token.name}
        with pytest.raises(NotFound):
            sign_in.revoke_access_token(session, parties.actor_for(session, other.id), token.id)
        sign_in.revoke_access_token(session, actor, token.id)
        session.flush()
        assert sign_in.person_of_access_token(session, secret) is None
