"""Idempotency keys: one effect and one answer, however often and however quickly a request is sent again."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from contracts import clock
from contracts.errors import InvalidInput
from contracts.kit import idempotency
from contracts.kit.database import Database
from contracts.kit.idempotency import (
    Answer,
    IdempotencyKey,
    KeyReused,
    UnderWay,
    fingerprint,
    perform,
    prune,
)

PAY = fingerprint("POST", "/api/v1/invoices/1/pay", b"{}")


@pytest.fixture(autouse=True)
def _effects(database: Database) -> None:
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE paid (at text)"))


def pay(session: Session) -> Answer:
    session.execute(sa.text("INSERT INTO paid VALUES ('now')"))
    return Answer(201, "已付".encode(), {"Location": "/payments/1"})


def paid(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(sa.text("SELECT count(*) FROM paid")).scalar_one())


def send(
    database: Database, work: Callable[[Session], Answer] = pay, *, scope: str = "alice", request: str = PAY
) -> Answer:
    return perform(database, scope=scope, key="k1", request=request, work=work)


def test_the_same_request_again_gets_the_stored_answer(database: Database) -> None:
    first, second = send(database), send(database)
    assert not first.replayed
    assert second == Answer(201, "已付".encode(), {"Location": "/payments/1"}, replayed=True)
    assert paid(database) == 1


def test_another_request_under_the_key_is_refused(database: Database) -> None:
    send(database)
    with pytest.raises(KeyReused) as refused:
        send(database, request=fingerprint("POST", "/api/v1/invoices/2/pay", b"{}"))
    assert refused.value.status == 422
    assert paid(database) == 1


def test_keys_of_different_callers_have_nothing_to_do_with_each_other(database: Database) -> None:
    send(database)
    assert not send(database, scope="bob").replayed
    assert paid(database) == 2


def test_a_request_that_comes_while_the_first_is_under_way_is_refused(database: Database) -> None:
    entered, go_on = threading.Event(), threading.Event()
    answers: list[Answer] = []

    def slow(session: Session) -> Answer:
        entered.set()
        assert go_on.wait(60)
        return pay(session)

    if database.is_sqlite:  # one writer at a time there, so the second cannot even begin: have it come between
        with clock.frozen(clock.now()):
            assert idempotency._begin(database, "alice", "k1", PAY, "other-token") is None
            with pytest.raises(UnderWay) as refused:
                send(database)
    else:
        thread = threading.Thread(target=lambda: answers.append(send(database, slow)))
        thread.start()
        assert entered.wait(60)
        with pytest.raises(UnderWay) as refused:
            send(database)
        go_on.set()
        thread.join(60)
        assert [answer.status for answer in answers] == [201]
        assert paid(database) == 1
    assert refused.value.status == 409


def test_requests_at_the_same_instant_have_one_effect(database: Database) -> None:
    barrier = threading.Barrier(6)
    outcomes: list[object] = []

    def request() -> None:
        barrier.wait(60)
        try:
            outcomes.append(send(database).status)
        except UnderWay:
            outcomes.append(409)

    threads = [threading.Thread(target=request) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == 6
    assert set(outcomes) <= {201, 409}
    assert 201 in outcomes
    assert paid(database) == 1


def test_an_error_undoes_the_work_and_frees_the_key(database: Database) -> None:
    def declined(session: Session) -> Answer:
        pay(session)
        raise InvalidInput("The card was declined.")

    with pytest.raises(InvalidInput, match="declined"):
        send(database, declined)
    assert paid(database) == 0
    assert not send(database).replayed


def test_the_key_of_a_process_that_died_is_free_after_a_minute(database: Database) -> None:
    moment = clock.now()
    with clock.frozen(moment):
        idempotency._begin(database, "alice", "k1", PAY, "token-of-the-dead")
    with clock.frozen(moment + timedelta(seconds=59)), pytest.raises(UnderWay):
        send(database)
    with clock.frozen(moment + timedelta(seconds=60)):
        assert not send(database).replayed
    assert paid(database) == 1


def test_a_slow_request_whose_key_was_taken_over_commits_nothing(database: Database) -> None:
    def slow(session: Session) -> Answer:
        session.execute(sa.text("UPDATE kit_idempotency_key SET token = 'another'"))
        return pay(session)

    with pytest.raises(UnderWay):
        send(database, slow)
    assert paid(database) == 0


def test_keys_are_kept_for_a_day(database: Database) -> None:
    moment = clock.now()
    with clock.frozen(moment):
        send(database)
    with clock.frozen(moment + timedelta(hours=24)):
        assert not send(database).replayed
    with clock.frozen(moment + timedelta(hours=49)), database.transaction() as session:
        prune(session)
        assert session.exec(select(IdempotencyKey)).all() == []
