"""The books through any sequence of subscribing, using, closing, paying, refunding and settling.

After every step: each department's paid − refunded − fee − tax = settled + held, the whole journal verifies, cash is
what the payment provider has, and no one owes less than nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import Session

from contracts import clock
from contracts.kit.database import Database, metadata
from contracts.kit.settings import Settings
from marketplace.billing import invoicing, periods, refunds
from marketplace.billing import service as billing
from marketplace.billing.errors import InvoiceNotPayable, NotRefundable
from marketplace.billing.models import CreditNoteLine, PeriodState, Refund, RefundState
from marketplace.ledger import service as ledger
from marketplace.ledger.models import AccountKind
from marketplace.payments.config import TEST_KEY
from marketplace.settlement import service as settlement
from marketplace.settlement.errors import NothingToPayOut
from marketplace.settlement.position import Position, positions
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.errors import AlreadySubscribed
from tests.factories.commerce import Market, UsageBook, install_usage, standin
from tests.quick import examples

START = datetime(2026, 11, 1, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
CARDS = st.sampled_from(["pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined"])


class Books(RuleBasedStateMachine):
    """Two companies, two departments, four plans with awkward prices."""

    @initialize()
    def open_market(self) -> None:
        self.resources = self._resources()
        self.market = next(self.resources)
        self.now = START
        with self.at_once():
            plans = []
            for department, slug in (
                (self.market.city.department, "parking"),
                (self.market.second_department, "water"),
            ):
                offering = self.market.offer(department=department, slug=slug)
                plans.append(self.market.plan(offering, fee=33333, quota=100, overage=77))
                plans.append(self.market.plan(offering, fee=0, quota=3, overage=1001))
            self.plans = plans
        # Random steps alone seldom get as far as a statement with income, so every run starts with customers.
        for plan, second in ((0, False), (3, False), (2, True)):
            self.subscribe(plan, second, None)
        self.pay_all("pm_card_visa")
        self.use(1234)

    def _resources(self) -> Iterator[Market]:
        with (
            TemporaryDirectory() as folder,
            pytest.MonkeyPatch.context() as patch,
            standin(Path(folder) / "s.db") as url,
        ):
            home = Path(folder)
            config = Settings(home=home, database_url=f"sqlite:///{home / 'shuyi.db'}", stripe_api_base=url)
            database = Database(config.database)
            metadata.create_all(database.engine)
            usage = UsageBook()
            install_usage(patch, usage)
            self.base = url
            yield Market(database, config, usage)
            database.close()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        self.now += timedelta(seconds=1)
        with clock.frozen(self.now):
            yield

    def teardown(self) -> None:
        if hasattr(self, "resources"):
            next(self.resources, None)

    @rule(hours=st.integers(1, 24 * 20))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        with self.at_once():
            self.market.pass_time()

    @rule(plan=st.integers(0, 3), second=st.booleans(), cap=st.none() | st.integers(0, 5000))
    def subscribe(self, plan: int, second: bool, cap: int | None) -> None:
        who = (
            {"actor": self.market.second_owner, "organisation": self.market.second_company}
            if second
            else {"actor": self.market.actor("owner"), "organisation": self.market.company}
        )
        with self.at_once():
            try:
                self.market.order(self.plans[plan], cap=cap, **who)  # type: ignore[arg-type]  # as named above
            except AlreadySubscribed:
                return

    @rule(calls=st.integers(0, 3000))
    def use(self, calls: int) -> None:
        with self.at_once():
            with self.market.database.reading() as session:
                running = [
                    subscription
                    for organisation in (self.market.company, self.market.second_company)
                    for subscription in subscriptions.for_organisation(session, organisation.id)
                    if subscription.state == "active"
                ]
            for subscription in running[:2]:
                self.market.use(subscription, calls)

    @rule()
    def close(self) -> None:
        with self.at_once():
            with self.market.database.transaction() as session:
                periods.close_period(session, self.market.actor("operator"), self.market.rules)
            self.market.work()

    @rule(card=CARDS)
    def pay_all(self, card: str) -> None:
        with self.at_once():
            for organisation, owner in self._owners():
                with self.market.database.reading() as session:
                    due = billing.unpaid(session, organisation)
                for invoice in due:
                    try:
                        self.market.pay(invoice, card, actor=owner)
                    except InvoiceNotPayable:
                        continue

    @rule(share=st.floats(0.01, 1), approve=st.booleans(), pick=st.integers(0, 50))
    def refund(self, share: float, approve: bool, pick: int) -> None:
        with self.at_once():
            with self.market.database.reading() as session:
                paid = [invoice for invoice in billing.invoices(session) if invoice.state == "paid"]
            if not paid:
                return
            invoice = paid[pick % len(paid)]
            owner = dict(self._owners())[invoice.organisation_id]
            with self.market.database.transaction() as session:
                left = refunds.refundable(session, invoice.id)
                amounts = {line: max(1, int(amount * share)) for line, amount in left.items() if amount}
                try:
                    asked = refunds.request_refund(session, owner, self.market.rules, invoice.id, "reason", amounts)
                except NotRefundable:
                    return
            with self.market.database.transaction() as session:
                refunds.decide_refund(
                    session, self.market.actor("operator"), self.market.rules, asked.id, approve, "decided"
                )

    @rule()
    def let_the_worker_run(self) -> None:
        with self.at_once():
            self.market.work()

    @rule(pick=st.integers(0, 50))
    def settle(self, pick: int) -> None:
        with self.at_once():
            with self.market.database.reading() as session:
                issued = settlement.statements(session)
            if not issued:
                return
            with self.market.database.transaction() as session:
                try:
                    settlement.pay_out(
                        session, self.market.actor("operator"), self.market.rules, issued[pick % len(issued)].id
                    )
                except NothingToPayOut:
                    return

    def _owners(self) -> list[tuple[str, object]]:
        return [
            (self.market.company.id, self.market.actor("owner")),
            (self.market.second_company.id, self.market.second_owner),
        ]

    @invariant()
    def the_identity_holds(self) -> None:
        if not hasattr(self, "market"):
            return
        with self.market.database.reading() as session:
            found = positions(session, "CNY")
            check = ledger.verify(session)
        assert check.ok, check.problems
        for department, position in found.items():
            assert position.agrees, (department, position)
        assert sum(found.values(), Position()).agrees

    @invariant()
    def documents_tie_to_entries(self) -> None:
        if not hasattr(self, "market"):
            return
        with self.market.database.reading() as session:
            total = sum(positions(session, "CNY").values(), Position())
            invoices = billing.invoices(session, limit=10_000)
            given = [
                r for r in refunds.refunds(session, limit=10_000) if r.state in (RefundState.APPROVED, RefundState.MADE)
            ]
            assert total.invoiced == sum(i.total for i in invoices if i.state != "void")
            assert total.paid == sum(i.total for i in invoices if i.state == "paid")
            assert total.refunded == sum(r.amount for r in given)
            for organisation, _ in self._owners():
                owed = ledger.balance(session, AccountKind.RECEIVABLE, organisation)
                assert owed == sum(i.total for i in billing.unpaid(session, organisation))
            lines = [line for i in invoices for line in invoicing.lines_of(session, i.id)]
            assert all(0 <= line.fee + line.tax <= line.amount for line in lines)
            for line in lines:
                parts = [part for part in self._credited(session, given) if part.invoice_line_id == line.id]
                back = [sum(getattr(part, name) for part in parts) for name in ("amount", "fee", "tax")]
                assert back[0] <= line.amount
                assert back[1] <= line.fee
                assert back[2] <= line.tax
                assert back[0] < line.amount or back == [line.amount, line.fee, line.tax]

    def _credited(self, session: Session, given: list[Refund]) -> list[CreditNoteLine]:
        notes = refunds.credit_notes_by_refund(session, [refund.id for refund in given])
        return [part for note in notes.values() for part in refunds.credit_note_lines(session, note.id)]

    @invariant()
    def statements_carry_on_from_one_another(self) -> None:
        if not hasattr(self, "market"):
            return
        with self.market.database.reading() as session:
            closed = {p.id: p for p in periods.periods(session) if p.state == PeriodState.CLOSED}
            for department in (self.market.city.department.id, self.market.second_department.id):
                held = 0
                for statement in reversed(settlement.statements(session, provider_ids=[department])):
                    assert statement.period_id in closed
                    assert statement.opening == held
                    assert settlement.verify_statement(session, statement) == []
                    held = statement.closing

    @precondition(lambda self: hasattr(self, "market"))
    @rule()
    def cash_is_what_the_provider_has(self) -> None:
        with self.at_once():
            self.market.work()
        answer = httpx.get(f"{self.base}/v1/balance", headers={"Authorization": f"Bearer {TEST_KEY}"})
        with self.market.database.reading() as session:
            assert answer.json()["available"][0]["amount"] == ledger.balance(session, AccountKind.CASH)


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=examples(12),
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)
