"""Statements, payouts and the `settle` command."""

import csv
import io
import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from contracts import clock
from contracts.access import SYSTEM
from contracts.errors import Forbidden
from contracts.money import share, tax_included
from marketplace.billing import periods, refunds
from marketplace.billing.models import Period
from marketplace.payments.provider import Provider
from marketplace.settlement import service as settlement
from marketplace.settlement import tasks
from marketplace.settlement.document import as_csv, digest, read
from marketplace.settlement.errors import NothingToPayOut, PeriodNotClosed, StatementNotFound
from marketplace.settlement.models import Payout, Statement
from tests.factories.commerce import Market

NOON = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


def close(market: Market) -> Period:
    with market.database.transaction() as session:
        period = periods.close_period(session, market.actor("operator"), market.rules)
    market.work()
    return period


def statement_of(market: Market, period: Period) -> Statement:
    with market.database.reading() as session:
        (found,) = settlement.statements(session, period_id=period.id)
        return found


def pay_out(market: Market, statement: Statement, who: str = "operator") -> Payout:
    with market.database.transaction() as session:
        return settlement.pay_out(session, market.actor(who), market.rules, statement.id)


@pytest.fixture
def sold(market: Market) -> Statement:
    """The statement of a department that sold one month for 69.77."""
    with clock.frozen(NOON):
        market.subscribe(market.plan(market.offer(), fee=29900))
    with clock.frozen(NOON + timedelta(hours=1)):
        return statement_of(market, close(market))


class TestStatement:
    def test_it_carries_from_opening_to_closing_line_by_line(self, market: Market, sold: Statement) -> None:
        fee, tax = share(6977, 100_000), tax_included(6977, 60_000)
        assert (sold.opening, sold.paid, sold.fee, sold.tax) == (0, 6977, fee, tax)
        assert sold.closing == 6977 - fee - tax
        document = read(sold)
        (line,) = document.lines
        assert (line.quantity, line.per, line.unit_amount, line.income) == (7, 30, 29900, 6977)
        assert document.problems() == []
        assert digest(sold.canonical) == sold.hash

    def test_the_next_one_begins_where_it_ended_and_shows_the_refund(self, market: Market, sold: Statement) -> None:
        with clock.frozen(NOON + timedelta(hours=2)):
            with market.database.transaction() as session:
                paid = next(p for p in read(sold).postings if p.kind == "invoice.issued")
                asked = refunds.request_refund(session, market.actor("owner"), market.rules, paid.reference, "reason")
                refunds.decide_refund(session, market.actor("operator"), market.rules, asked.id, True, "ok")
            market.work()
        with clock.frozen(NOON + timedelta(hours=3)):
            second = statement_of(market, close(market))
        assert (second.opening, second.refunded, second.closing) == (sold.closing, 6977, 0)
        (line,) = read(second).lines
        assert (line.kind, line.income, line.fee, line.tax) == ("refund", -6977, -sold.fee, -sold.tax)
        assert line.document is not None
        assert line.document.startswith("CN-2026-11-")

    def test_it_cannot_be_edited_even_by_sql(self, market: Market, sold: Statement) -> None:
        with market.database.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
            connection.execute(sa.text("UPDATE settlement_statement SET closing = 0"))

    def test_issuing_again_gives_the_same_one(self, market: Market, sold: Statement) -> None:
        with market.database.transaction() as session:
            (again,) = settlement.issue_statements(session, SYSTEM, market.rules, sold.period_id)
        assert (again.id, again.hash) == (sold.id, sold.hash)

    def test_an_open_period_has_none(self, market: Market) -> None:
        with market.database.transaction() as session:
            opened = periods.open_period(session, market.rules)
            with pytest.raises(PeriodNotClosed):
                settlement.issue_statements(session, SYSTEM, market.rules, opened.id)

    def test_a_forged_document_is_found(self, market: Market, sold: Statement) -> None:
        forged = sold.model_copy(update={"canonical": sold.canonical.replace('"closing":', '"closing":1')})
        with market.database.reading() as session:
            assert settlement.verify_statement(session, sold) == []
            assert settlement.verify_statement(session, forged) != []

    def test_departments_read_their_own_only(self, market: Market, sold: Statement) -> None:
        with market.database.reading() as session:
            assert settlement.require_readable(session, market.actor("provider"), sold.number)
            for who in (market.actor("owner"), market.second_owner):
                with pytest.raises(StatementNotFound):
                    settlement.require_readable(session, who, sold.number)

    def test_as_csv_it_adds_up_and_runs_no_formula(self, market: Market, sold: Statement) -> None:
        document = read(sold).model_copy(update={"provider": {"en": "=cmd()"}})
        rows = list(csv.reader(io.StringIO(as_csv(document, "en").removeprefix("\ufeff"))))
        assert ["statement", "provider", "'=cmd()"] in rows
        net = sum(round(float(row[-1]) * 100) for row in rows if row[:1] == ["income"])
        assert net == sold.closing
        debits, credits = (
            sum(
                round(float(row[column]) * 100)
                for row in rows
                if row[:1] == ["posting"] and row[1] != "entry" and row[column]
            )
            for column in (7, 8)
        )
        assert debits == credits


class TestPayout:
    def test_it_sends_what_the_statement_closes_with_once(self, market: Market, sold: Statement) -> None:
        first = pay_out(market, sold)
        assert pay_out(market, sold).id == first.id
        with market.database.reading() as session:
            on_its_way = settlement.position(session, "CNY")
        assert (on_its_way.settled, on_its_way.held) == (0, sold.closing)
        market.work()
        with market.database.reading() as session:
            (made,) = settlement.payouts_of(session, sold.id)
            after = settlement.position(session, "CNY")
        assert (made.state, made.amount) == ("paid", sold.closing)
        assert (after.settled, after.held) == (sold.closing, 0)

    def test_only_an_operator_pays_out(self, market: Market, sold: Statement) -> None:
        with pytest.raises(Forbidden):
            pay_out(market, sold, "provider")

    def test_a_crash_after_the_transfer_sends_nothing_twice(
        self, market: Market, sold: Statement, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payout = pay_out(market, sold)
        real = Provider.transfer

        def die(self: Provider, *args: object, **kwargs: object) -> None:
            real(self, *args, **kwargs)  # type: ignore[arg-type]  # passed through
            raise KeyboardInterrupt

        monkeypatch.setattr(Provider, "transfer", die)
        with pytest.raises(KeyboardInterrupt):
            tasks.send_payout(market.database, market.provider, payout.id)
        monkeypatch.setattr(
            Provider, "transfer", lambda *_, **__: pytest.fail("the transfer must be found, not repeated")
        )
        assert tasks.send_payout(market.database, market.provider, payout.id).state == "paid"

    def test_what_the_provider_refuses_is_held_again_and_can_be_sent_anew(
        self, market: Market, sold: Statement, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from marketplace.payments.errors import ProviderRefused

        def refuse(*_: object, **__: object) -> None:
            raise ProviderRefused("no", provider_code="balance_insufficient")

        with monkeypatch.context() as patch:
            patch.setattr(Provider, "transfer", refuse)
            payout = pay_out(market, sold)
            market.work()
        with market.database.reading() as session:
            (failed,) = settlement.payouts_of(session, sold.id)
            assert (failed.state, failed.failure_code) == ("failed", "balance_insufficient")
            assert settlement.position(session, "CNY").held == sold.closing
        assert pay_out(market, sold).id != payout.id
        market.work()
        with market.database.reading() as session:
            assert settlement.position(session, "CNY").held == 0

    def test_what_was_given_back_since_is_not_sent(self, market: Market, sold: Statement) -> None:
        with clock.frozen(NOON + timedelta(hours=2)), market.database.transaction() as session:
            paid = next(p for p in read(sold).postings if p.kind == "invoice.issued")
            asked = refunds.request_refund(session, market.actor("owner"), market.rules, paid.reference, "reason")
            refunds.decide_refund(session, market.actor("operator"), market.rules, asked.id, True, "ok")
        with pytest.raises(NothingToPayOut):
            pay_out(market, sold)


class TestCommand:
    @pytest.fixture
    def run(self, market: Market, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]  # a closure
        import typer

        from marketplace.settlement.cli import settle_command

        monkeypatch.setenv("SHUYI_HOME", str(market.settings.home))
        monkeypatch.setenv("SHUYI_DATABASE_URL", market.settings.database_url)
        monkeypatch.setenv("SHUYI_STRIPE_API_BASE", market.settings.stripe_api_base)
        app = typer.Typer()
        app.command()(settle_command)
        return lambda *arguments: CliRunner().invoke(app, list(arguments))

    def test_it_closes_settles_and_pays_and_repeating_it_changes_nothing(self, market: Market, run) -> None:  # type: ignore[no-untyped-def]
        with clock.frozen(NOON):
            market.subscribe(market.plan(market.offer(), fee=29900))
        refused = run("2026-11")
        assert refused.exit_code == 1
        assert "has not ended" in refused.output
        with clock.frozen(NOON + timedelta(hours=1)):
            first = run("2026-11.1", "--close", "--json")
        assert first.exit_code == 0, first.output
        (row,) = json.loads(first.output)["statements"]
        assert row["payout"]["state"] == "paid"
        assert row["payout"]["amount"] == row["closing"]
        again = run("2026-11.1", "--json")
        assert json.loads(again.output)["statements"] == [row]
        assert run("2026-11.1", "--verify", row["number"]).exit_code == 0
        assert run("2026-12", "--verify", row["number"]).exit_code == 1
