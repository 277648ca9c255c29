"""The journal: balanced, once, in order, never changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from contracts import clock
from contracts.ids import new_id
from contracts.kit.database import Database
from marketplace.ledger import service as ledger
from marketplace.ledger.errors import ReferenceReused, Unbalanced
from marketplace.ledger.models import AccountKind, EntryKind, JournalEntry, Posting
from marketplace.ledger.numbering import next_number
from marketplace.ledger.service import Line
from tests.quick import examples

ISSUED = EntryKind.INVOICE_ISSUED


def two_sides(amount: int, provider: str = "p") -> list[Line]:
    return [
        Line(AccountKind.RECEIVABLE, amount, "CNY", "customer", provider),
        Line(AccountKind.UNPAID_INCOME, -amount, "CNY", provider, provider),
    ]


@pytest.fixture
def session(database: Database) -> Session:
    with database.transaction() as session:
        yield session  # type: ignore[misc]  # a generator fixture


LINES = st.lists(
    st.builds(
        Line,
        st.sampled_from(list(AccountKind)),
        st.integers(-(10**9), 10**9),
        st.sampled_from(["CNY", "HKD"]),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(["", "p", "q"]),
    ),
    max_size=8,
)


@given(lines=LINES, balanced=st.booleans())
@settings(suppress_health_check=list(HealthCheck), max_examples=examples(60))
def test_an_entry_is_taken_if_and_only_if_each_currency_and_department_sums_to_zero(
    database: Database, lines: list[Line], balanced: bool
) -> None:
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        key = (line.currency, line.provider_id)
        sums[key] = sums.get(key, 0) + line.amount
    if balanced:
        lines = lines + [Line(AccountKind.CASH, -rest, c, "", p) for (c, p), rest in sums.items() if rest]
        sums = {}
    reference = new_id()
    with database.transaction() as session:
        if any(sums.values()) or not any(line.amount for line in lines):
            with pytest.raises(Unbalanced):
                ledger.post(session, ISSUED, reference, lines)
            assert ledger.entries_for(session, [reference]) == []
        else:
            entry = ledger.post(session, ISSUED, reference, lines)
            assert sum(line.amount for line in ledger.posted_lines(session, entry_ids=[entry.id])) == 0


class TestPost:
    def test_the_same_reference_again_is_the_same_entry(self, session: Session) -> None:
        first = ledger.post(session, ISSUED, "i-1", two_sides(100))
        assert ledger.post(session, ISSUED, "i-1", two_sides(100)).id == first.id
        assert ledger.balance(session, AccountKind.RECEIVABLE, "customer") == 100

    def test_the_same_reference_with_another_amount_is_refused(self, session: Session) -> None:
        ledger.post(session, ISSUED, "i-1", two_sides(100))
        with pytest.raises(ReferenceReused):
            ledger.post(session, ISSUED, "i-1", two_sides(101))

    def test_time_never_runs_backwards(self, session: Session) -> None:
        noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
        with clock.frozen(noon):
            first = ledger.post(session, ISSUED, "i-1", two_sides(1))
        with clock.frozen(noon - timedelta(minutes=5)):
            second = ledger.post(session, ISSUED, "i-2", two_sides(2))
        assert first.at == second.at == noon

    def test_nothing_can_be_posted_before_a_boundary(self, session: Session) -> None:
        boundary = datetime(2026, 12, 1, tzinfo=UTC)
        with clock.frozen(boundary):
            ledger.close_time(session, boundary)
        with clock.frozen(boundary - timedelta(seconds=3)):
            assert ledger.post(session, ISSUED, "i-1", two_sides(1)).at == boundary

    def test_numbers_have_no_gap_when_many_post_at_once(self, database: Database) -> None:
        def one(number: int) -> None:
            with database.transaction() as session:
                ledger.post(session, ISSUED, f"i-{number}", two_sides(number + 1))

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(one, range(18)))
        with database.reading() as session:
            assert sorted(entry.number for entry in ledger.entries(session)) == list(range(1, 19))
            assert ledger.verify(session).ok
            assert ledger.balance(session, AccountKind.RECEIVABLE, "customer") == sum(range(1, 19))


class TestHistory:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_posting SET amount = 1",
            "DELETE FROM ledger_posting",
            "UPDATE ledger_journal_entry SET reference = 'x'",
            "DELETE FROM ledger_journal_entry",
        ],
    )
    def test_it_cannot_be_changed_even_by_sql(self, database: Database, statement: str) -> None:
        with database.transaction() as session:
            ledger.post(session, ISSUED, "i-1", two_sides(100))
        with database.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
            connection.execute(sa.text(statement))

    def test_a_row_slipped_in_is_found(self, database: Database) -> None:
        if not database.is_sqlite:
            pytest.skip("PostgreSQL refuses it at commit, see below")
        with database.transaction() as session:
            entry = ledger.post(session, ISSUED, "i-1", two_sides(100))
            session.add(_stray(session, entry))
        with database.reading() as session:
            check = ledger.verify(session)
        assert not check.ok
        assert any("sum" in problem for problem in check.problems)
        assert any("hash" in problem for problem in check.problems)

    def test_postgresql_itself_refuses_an_unbalanced_entry(self, database: Database) -> None:
        if database.is_sqlite:
            pytest.skip("SQLite has no deferred constraint triggers")

        def post_and_slip_in() -> None:
            with database.transaction() as session:
                entry = ledger.post(session, ISSUED, "i-1", two_sides(100))
                session.add(_stray(session, entry))

        with pytest.raises(sa.exc.DBAPIError, match="sum to zero"):
            post_and_slip_in()


def _stray(session: Session, entry: JournalEntry) -> Posting:
    account = ledger.account(session, AccountKind.CASH, "", "CNY")
    return Posting(entry_id=entry.id, position=9, account_id=account.id, amount=5, currency="CNY", provider_id="p")


def test_document_numbers_have_no_gap_after_a_rollback(database: Database) -> None:
    with database.transaction() as session:
        assert next_number(session, "IN-2026-11") == "IN-2026-11-0001"
    with database.transaction() as session:
        next_number(session, "IN-2026-11")
        session.rollback()
    with database.transaction() as session:
        assert next_number(session, "IN-2026-11") == "IN-2026-11-0002"
        assert next_number(session, "IN-2026-12") == "IN-2026-12-0001"
