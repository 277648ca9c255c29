"""A market for tests: two departments with an offering each, two companies, and Stripe's stand-in.

Releases and metered usage have tests of their own; here a dataset counts as released and usage is what the test
says (`Market.use`), read through the same `usage_for` that rating calls.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from catalog.datasets import service as datasets
from catalog.parties import service as parties
from catalog.parties.models import Organisation
from contracts import clock
from contracts.access import SYSTEM, Actor, Role
from contracts.kit.database import Database
from contracts.kit.jobs import JobRunner, Registry, RunSummary
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from marketplace.billing import service as billing
from marketplace.billing import tasks as billing_tasks
from marketplace.billing.models import Invoice
from marketplace.billing.rules import Rules
from marketplace.metering.service import UsageTotals
from marketplace.payments.models import Payment
from marketplace.payments.provider import Provider
from marketplace.products import service as products
from marketplace.products.models import Offering, Plan
from marketplace.settlement import tasks as settlement_tasks
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.models import Subscription
from tests.factories.people import City, make_city
from web.demo import stripe_standin
from web.jobs import marketplace as market_jobs

PURPOSE = "充电需求预测与站点选址研究"
VISA = "pm_card_visa"


@dataclass
class UsageBook:
    """Metered usage as the test says it was."""

    answers: list[tuple[str, datetime, int]] = field(default_factory=list)
    sealed: list[datetime] = field(default_factory=list)

    def usage_for(
        self, _session: object, subscription_id: str, start: datetime, end: datetime, **_: object
    ) -> UsageTotals:
        """As `metering.service.usage_for`."""
        calls = sum(count for who, at, count in self.answers if who == subscription_id and start <= at < end)
        return UsageTotals(calls=calls, rows=calls * 10, bytes=calls * 1000)

    def seal_through(self, _database: object, _store: object, _settings: object, moment: datetime) -> None:
        """As `metering.service.seal_through`."""
        self.sealed.append(moment)


@dataclass
class Market:
    """Everything a test of the commercial side needs."""

    database: Database
    settings: Settings
    usage: UsageBook
    city: City = field(init=False)
    second_department: Organisation = field(init=False)
    second_company: Organisation = field(init=False)
    second_owner: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.store = FolderStore(self.settings.home / "objects")
        with self.database.transaction() as session:
            self.city = make_city(session)
            self.second_department = parties.create_organisation(
                session,
                SYSTEM,
                kind="department",
                slug="futian-water",
                name={"zh-CN": "福田区水务局", "en": "Futian Water"},
                parent_id=self.city.district.id,
            )
            self.second_company = parties.create_organisation(
                session, SYSTEM, kind="company", slug="river-lab", name={"zh-CN": "河图实验室", "en": "River Lab"}
            )
            person = parties.create_person(session, SYSTEM, email="second@example.com", name="Second", password=None)
            parties.grant(session, SYSTEM, person.id, self.second_company.id, Role.OWNER)
            session.flush()
            self.second_owner = parties.actor_for(session, person.id)
            self._actors = {who: self.city.actor(session, who) for who in self.city.people}

    @property
    def rules(self) -> Rules:
        """Rates and time zone of the settings."""
        return Rules.from_settings(self.settings)

    @property
    def provider(self) -> Provider:
        """The payment provider of the settings."""
        return Provider.from_settings(self.settings)

    @property
    def company(self) -> Organisation:
        """The company that `owner` owns."""
        return self.city.company

    def actor(self, who: str) -> Actor:
        """Somebody of the city: operator, provider, owner, developer, officer."""
        return self._actors[who]

    def offer(
        self,
        *,
        department: Organisation | None = None,
        slug: str = "charging-sessions",
        openness: str = "conditional",
        listed: bool = True,
    ) -> Offering:
        """A listed offering without plans."""
        with self.database.transaction() as session:
            dataset = datasets.create_dataset(
                session,
                SYSTEM,
                (department or self.city.department).id,
                slug=slug,
                title={"zh-CN": "公共充电会话", "en": "Charging sessions"},
                openness=openness,  # type: ignore[arg-type]  # as the caller says
            )
            offering = products.create_offering(session, SYSTEM, dataset.id)
            if listed:
                products.add_plan(
                    session, SYSTEM, offering.id, name={"en": "Trial"}, quota_per_month=10, rate_per_minute=10
                )
                products.list_offering(session, SYSTEM, offering.id)
        return offering

    def plan(
        self,
        offering: Offering,
        *,
        fee: int = 29900,
        quota: int | None = 1000,
        overage: int | None = 80,
        rate: int = 600,
    ) -> Plan:
        """A plan of an offering; paid unless fee and overage are nothing."""
        with self.database.transaction() as session:
            return products.add_plan(
                session,
                SYSTEM,
                offering.id,
                name={"zh-CN": "开发版", "en": "Developer"},
                quota_per_month=quota,
                rate_per_minute=rate,
                monthly_fee=fee,
                overage_per_1000=overage,
            )

    def order(
        self,
        plan: Plan,
        *,
        actor: Actor | None = None,
        organisation: Organisation | None = None,
        cap: int | None = None,
        request_key: str | None = None,
    ) -> billing.Order:
        """An organisation (the first company) orders a plan."""
        with self.database.transaction() as session:
            licence = subscriptions.licence_for_plan(session, plan.id)
            return billing.order(
                session,
                actor or self.actor("owner"),
                self.rules,
                (organisation or self.company).id,
                plan.id,
                PURPOSE,
                licence.hash(),
                overage_cap=cap,
                request_key=request_key,
            )

    def pay(self, invoice: Invoice | str, method: str = VISA, *, actor: Actor | None = None) -> Payment:
        """Ask for an invoice to be paid and collect it at once, as a page does."""
        invoice_id = invoice if isinstance(invoice, str) else invoice.id
        with self.database.transaction() as session:
            payment = billing.pay_invoice(session, actor or self.actor("owner"), invoice_id, method)
        return billing_tasks.collect(self.database, self.provider, payment.id, base_url=self.settings.base_url)

    def subscribe(self, plan: Plan, **how: object) -> Subscription:
        """Order and, where there is an invoice, pay."""
        order = self.order(plan, **how)  # type: ignore[arg-type]  # passed through
        if order.invoice is not None:
            self.pay(order.invoice, actor=how.get("actor"))  # type: ignore[arg-type]  # passed through
        return self.subscription(order.subscription.id)

    def subscription(self, subscription_id: str) -> Subscription:
        """A subscription as it is now."""
        with self.database.reading() as session:
            return subscriptions.get(session, subscription_id)

    def use(self, subscription: Subscription, calls: int) -> None:
        """Calls answered now."""
        self.usage.answers.append((subscription.id, clock.now(), calls))

    def pass_time(self) -> RunSummary:
        """What the worker does every minute, and all that follows from it."""
        billing_tasks.sweep(self.database, self.provider, self.settings)
        settlement_tasks.sweep(self.database)
        return self.work()

    def work(self) -> RunSummary:
        """Run the worker until nothing is left to do; a failed job fails the test."""
        registry = Registry()
        market_jobs.register(registry)
        summary = JobRunner(registry, database=self.database, store=self.store, settings=self.settings).run_until_idle()
        assert not summary.failed, summary.failed
        return summary


def install_usage(patch: pytest.MonkeyPatch, usage: UsageBook) -> None:
    """Let rating and sealing read `usage`, and let every dataset count as released."""
    from marketplace.billing import rating, tasks

    patch.setattr(rating.metering, "usage_for", usage.usage_for)
    patch.setattr(tasks.metering, "seal_through", usage.seal_through)
    patch.setattr(products.releases, "current_release", lambda _session, dataset_id: dataset_id)


@contextmanager
def standin(path: Path) -> Iterator[str]:
    """Stripe's stand-in; its address."""
    with stripe_standin.running(path) as url:
        yield url
