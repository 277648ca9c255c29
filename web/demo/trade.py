"""The market's half of the road: subscribe, pay, call over HTTP, close the period, refund, settle, pay out."""

import http.client
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlmodel import Session

from marketplace.billing import invoicing, periods, refunds
from marketplace.billing import service as billing
from marketplace.billing.models import Invoice, InvoiceKind, InvoiceState, Period, PeriodState, RefundState
from marketplace.credentials import service as credentials
from marketplace.products import service as products
from marketplace.products.models import Plan
from marketplace.settlement import service as settlement
from marketplace.settlement.models import PayoutState
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.models import Subscription, SubscriptionState
from web.context import Services
from web.demo import STARTUP_SLUG, cast
from web.demo.city import CityPlan
from web.demo.walk import PublishingWalk, Station, Step, WalkFailed, wait_for, wait_until_served

PURPOSE = "演示：为市民出行与生活服务应用提供数据支持。"
TEST_CARD = "pm_card_visa"
STARTER, TRIAL = "starter", "trial"
OVER = 10
"""Calls beyond what a plan includes: paid for under the starter plan, refused under the trial."""
OPEN_CALLS = 40
REFUNDED_DEPARTMENT = "futian-housing"
CONCURRENT = 8
TRADED_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Access:
    """A subscription with a fresh key, and how many calls are to be made with it. No key for open data."""

    slug: str
    key: str | None
    calls: int


class TradingWalk(PublishingWalk):
    """From offerings to payouts. Calls cross HTTP with issued keys; periods end by the operator's early close."""

    def __init__(self, services: Services, city: CityPlan, on_step: Step) -> None:
        super().__init__(services, city, on_step)
        self._done: Counter[str] = Counter()

    def subscribe(self, station: Station, plans: dict[str, Plan]) -> list[Subscription]:
        """The startup's subscriptions of a department's data, paid and active."""
        wanted = [plans[code] for code in (STARTER, TRIAL) if code in plans]
        found: list[Subscription] = []
        for plan in wanted:
            with self.services.database.transaction() as session:
                owner = cast.actor(session, cast.STARTUP)
                startup = self._startup(session)
                known = [
                    one
                    for one in subscriptions.for_organisation(session, startup, ended=True)
                    if one.plan_id == plan.id
                ]
                if known:
                    subscription = known[0]
                    invoice = billing.first_invoice(session, subscription.id)
                else:
                    terms = subscriptions.licence_for_plan(session, plan.id)
                    order = billing.order(session, owner, self.rules, startup, plan.id, PURPOSE, terms.hash())
                    subscription, invoice = order.subscription, order.invoice
                if invoice is not None and invoice.state == InvoiceState.OPEN:
                    billing.pay_invoice(session, owner, invoice.id, TEST_CARD)
            found.append(self._active(subscription.id))
        return found

    def _startup(self, session: Session) -> str:
        found = cast.organisation(session, STARTUP_SLUG)
        if found is None:
            raise WalkFailed("The startup has not been cast.")
        return found.id

    def _active(self, subscription_id: str) -> Subscription:
        def look() -> Subscription | None:
            with self.services.database.reading() as session:
                found = subscriptions.get(session, subscription_id)
                return None if found.state == SubscriptionState.PENDING_PAYMENT else found

        return wait_for("the first payment of a subscription", look)

    def access(self, station: Station, taken: list[Subscription]) -> list[Access]:
        """Keys for what has not been called yet; open data is called without one."""
        slug = station.plan.dataset.slug
        if not taken:
            return [Access(slug, None, OPEN_CALLS)]
        found: list[Access] = []
        for subscription in taken:
            with self.services.database.transaction() as session:
                if credentials.keys_of(session, subscription.id):
                    continue
                developer = cast.actor(session, cast.DEVELOPER)
                _, secret = credentials.create_key(
                    session, developer, self.services.settings, subscription.id, "演示密钥"
                )
                plan = products.get_plan(session, subscription.plan_id)
            found.append(Access(slug, secret, (plan.quota_per_month or 0) + OVER))
        return found

    def call(self, accesses: list[Access]) -> None:
        """Make every call over HTTP; refusals are part of the road and are counted by the gateway."""
        local = threading.local()
        address = urlsplit(self.services.settings.base_url)

        def one(access: Access, number: int) -> None:
            if not hasattr(local, "connection"):
                secure = address.scheme == "https"
                kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
                local.connection = kind(address.hostname or "", address.port, timeout=30)
            headers = {"Authorization": f"Bearer {access.key}"} if access.key else {}
            path = f"/data/v1/{access.slug}/records?limit={number % 20 + 1}"
            local.connection.request("GET", path, headers=headers)
            answer = local.connection.getresponse()
            body = answer.read()
            if answer.status not in (200, 429):
                raise WalkFailed(f"A call of {access.slug} was answered {answer.status}: {body[:200]!r}")

        with ThreadPoolExecutor(CONCURRENT) as pool:
            for access in accesses:
                for _ in pool.map(one, [access] * access.calls, range(access.calls)):
                    pass

    def close_period(self, ordinal: int) -> Period:
        """The operator closes a first, then a second period early, each once; wait until it is invoiced."""
        with self.services.database.transaction() as session:
            operator = cast.actor(session, cast.OPERATOR)
            current = periods.open_period(session, self.rules)
            known = sorted(
                (period for period in periods.periods(session) if period.state != PeriodState.OPEN),
                key=lambda period: period.start_at,
            )
            if len(known) >= ordinal:
                closed = known[ordinal - 1]
            else:
                closed = periods.close_period(session, operator, self.rules, current.id)

        def look() -> Period | None:
            with self.services.database.reading() as session:
                found = periods.get_period(session, closed.id)
                issued = settlement.statements(session, period_id=found.id)
                return found if found.state == PeriodState.CLOSED and issued else None

        return wait_for(f"the invoices and statements of {closed.name}", look)

    def pay(self) -> None:
        """The startup pays what the closed period brought."""
        with self.services.database.transaction() as session:
            owner = cast.actor(session, cast.STARTUP)
            due = [one for one in self._invoices(session) if one.state == InvoiceState.OPEN]
            for invoice in due:
                billing.pay_invoice(session, owner, invoice.id, TEST_CARD)

        def look() -> bool | None:
            with self.services.database.reading() as session:
                return None if any(one.state == InvoiceState.OPEN for one in self._invoices(session)) else True

        wait_for("the payment of invoices", look)

    def _invoices(self, session: Session) -> list[Invoice]:
        return billing.invoices_for(session, self._startup(session))

    def refund(self, stations: list[Station]) -> None:
        """One first fee is asked back and granted."""
        (station,) = [one for one in stations if one.plan.code == REFUNDED_DEPARTMENT]
        with self.services.database.transaction() as session:
            first = next(
                invoice
                for invoice in self._invoices(session)
                if invoice.kind == InvoiceKind.FIRST
                and any(line.provider_id == station.organisation.id for line in invoicing.lines_of(session, invoice.id))
            )
            known = refunds.refunds_of(session, first.id)
            refund = (
                known[0]
                if known
                else refunds.request_refund(
                    session,
                    cast.actor(session, cast.STARTUP),
                    self.rules,
                    first.id,
                    "试用后发现字段与业务不符，申请退回首月费用。",
                )
            )
            if refund.state == RefundState.REQUESTED:
                refunds.decide_refund(
                    session, cast.actor(session, cast.OPERATOR), self.rules, refund.id, True, "首月内申请，同意退款。"
                )

        def look() -> bool | None:
            with self.services.database.reading() as session:
                states = {one.state for one in refunds.refunds_of(session, first.id)}
                return True if states == {RefundState.MADE} else None

        wait_for("the refund", look)

    def pay_out(self, period: Period) -> None:
        """Send every department what its statement closes with."""
        with self.services.database.transaction() as session:
            operator = cast.actor(session, cast.OPERATOR)
            statements = [one for one in settlement.statements(session, period_id=period.id) if one.closing > 0]
            for statement in statements:
                settlement.pay_out(session, operator, self.rules, statement.id)

        def look() -> bool | None:
            with self.services.database.reading() as session:
                made = settlement.payouts_by_statement(session, [one.id for one in statements])
                return True if all(one.state == PayoutState.PAID for one in made.values()) else None

        wait_for("the payouts", look)

    def trade(self, station: Station) -> None:
        """A published department's data is offered, subscribed to and called."""
        accesses = self.access(station, self.subscribe(station, self.offer(station)))
        self._stepped("subscribe")
        self.call(accesses)
        self._stepped("call")

    def _stepped(self, name: str) -> None:
        self._done[name] += 1
        self.on_step(name, self._done[name], len(self.city.departments))

    def settle(self, stations: list[Station]) -> None:
        """Two periods are closed, invoiced and paid; a fee goes back; the departments get their shares."""
        steps = 5
        self.on_step("settle", 0, steps)
        self.close_period(1)
        self.on_step("settle", 1, steps)
        self.pay()
        self.on_step("settle", 2, steps)
        self.refund(stations)
        self.on_step("settle", 3, steps)
        period = self.close_period(2)
        self.on_step("settle", 4, steps)
        self.pay_out(period)
        self.on_step("settle", 5, steps)

    def walk(self, stations: list[Station]) -> None:
        """From uploads to payouts. What is published is traded while other tables are still treated."""
        with ThreadPoolExecutor(TRADED_AT_ONCE) as market:
            trades: list[Future[None]] = []

            def on_published(station: Station) -> None:
                for trade in trades:
                    if trade.done():
                        trade.result()
                trades.append(market.submit(self.trade, station))

            try:
                wait_until_served(self.services.settings)
                self.publish(stations, on_published)
                for trade in trades:
                    trade.result()
            except BaseException:
                market.shutdown(wait=False, cancel_futures=True)
                raise
        self.settle(stations)
