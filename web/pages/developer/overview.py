"""What the pages of one subscription show: quota with forecast, usage by day, answers by status."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from contracts import clock
from contracts.access import Actor, Permission
from contracts.kit.settings import Settings
from marketplace.metering import service as metering
from marketplace.metering.leases import Terms
from marketplace.metering.service import AnswerCount, DayUsage, QuotaState
from marketplace.products.schemas import PlanTerms
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.errors import SubscriptionNotFound
from marketplace.subscriptions.models import Subscription
from web import formats
from web.charts import Bar, Bars, Limit
from web.i18n import N_, raw_gettext
from web.i18n import gettext as _

STATES = {
    "pending_payment": (N_("Waiting for payment"), "care"),
    "active": (N_("Active"), "good"),
    "suspended": (N_("Paused: an invoice is overdue"), "stop"),
    "ended": (N_("Ended"), ""),
}
FORECAST_AFTER = timedelta(hours=6)
"""Before so much of a period has passed, a forecast would say nothing."""


@dataclass(frozen=True, slots=True)
class Held:
    """A subscription with what it is of and under which plan."""

    subscription: Subscription
    dataset: Dataset
    plan: PlanTerms
    agreement: str

    @property
    def id(self) -> str:
        """The subscription's id."""
        return self.subscription.id

    @property
    def state(self) -> tuple[str, str]:
        """Its state in words, and the kind of tag that fits."""
        label, kind = STATES[self.subscription.state]
        return raw_gettext(label), kind


@dataclass(frozen=True, slots=True)
class Quota:
    """The running month of a subscription; `elapsed` is the share of the month gone, `forecast` calls at its end."""

    state: QuotaState
    elapsed: float
    forecast: int | None


def held(session: Session, actor: Actor, subscription_id: str) -> Held:
    """A subscription that the actor may see the usage of; others do not learn that it exists."""
    subscription = subscriptions.get(session, subscription_id)
    if not actor.may(Permission.USAGE_READ, subscription.organisation_id):
        raise SubscriptionNotFound("There is no such subscription.", subscription_id=subscription_id)
    return _held(session, subscription)


def all_held(session: Session, actor: Actor, *, ended: bool) -> list[Held]:
    """The subscriptions of the actor's organisations, newest first."""
    found: list[Held] = []
    for organisation_id in sorted(actor.organisations(Permission.CREDENTIAL_WRITE)):
        found += [_held(session, one) for one in subscriptions.for_organisation(session, organisation_id, ended=ended)]
    return sorted(found, key=lambda one: one.id, reverse=True)


def _held(session: Session, subscription: Subscription) -> Held:
    agreement = subscriptions.agreement_of(session, subscription)
    dataset = datasets.get_dataset(session, subscription.dataset_id)
    return Held(subscription, dataset, subscriptions.plan_of(agreement), agreement.number)


def quota(session: Session, settings: Settings, one: Held) -> Quota:
    """How much of the month's calls is used, and where that leads."""
    limit = subscriptions.calls_limit(one.plan, one.subscription.overage_cap)
    state = metering.quota_state(session, one.id, Terms(one.plan.quota_per_month, limit), settings.timezone)
    moment = clock.now()
    begun = max(state.period_start, one.subscription.started_at or moment)
    seen = moment - begun
    forecast = None
    if seen >= FORECAST_AFTER:
        forecast = state.used + round(state.used * ((state.period_end - moment) / seen))
    elapsed = (moment - state.period_start) / (state.period_end - state.period_start)
    return Quota(state, elapsed, forecast)


def daily(session: Session, settings: Settings, one: Held, start: datetime, end: datetime) -> list[DayUsage]:
    """Usage of each day of the month so far."""
    until = min(end, clock.day_bounds(clock.now(), settings.timezone)[1])
    return metering.usage_by_day(session, one.id, start, until, settings.timezone) if until > start else []


def daily_chart(days: list[DayUsage], one: Held, settings: Settings) -> Bars:
    """Billed calls by day, with the quota's share of a day."""
    today = clock.now().astimezone(ZoneInfo(settings.timezone)).date()
    most = max(days, key=lambda day: day.totals.calls, default=None)
    limit = None
    slots = monthrange(days[0].day.year, days[0].day.month)[1] if days else 30
    if one.plan.quota_per_month is not None:
        share = one.plan.quota_per_month / slots
        limit = Limit(share, _("the quota's share of a day: %(calls)s", calls=formats.number(round(share))))
    note = ""
    if most is not None and most.totals.calls:
        note = _(
            "Most on %(day)s: %(calls)s calls", day=formats.date(most.day), calls=formats.number(most.totals.calls)
        )
    return Bars(
        title=_("Billed calls"),
        note=note,
        bars=[Bar(formats.date(day.day), day.totals.calls, str(day.day.day), partial=day.day == today) for day in days],
        name_head=_("Day"),
        value_head=_("Calls"),
        limit=limit,
        partial_label=_("today, not a whole day yet"),
        slots=slots,
    )


def statuses(session: Session, one: Held, start: datetime, end: datetime) -> list[AnswerCount]:
    """How calls were answered in the month."""
    return metering.answers_by_kind(session, one.id, start, end)
