"""Rating: usage of a period becomes amounts, and amounts become one invoice for each organisation.

Quotas are of the calendar month, periods may be parts of one. So overage is worked out from the month's start to
the period's end, less what the month had cost by the period's start: the parts of a month add up to the month.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from fractions import Fraction

from sqlmodel import Session, select

from contracts.access import Actor
from contracts.clock import month_bounds, now
from contracts.money import round_half_up
from marketplace.billing.invoicing import Charge, describe, fee_charge, fee_covered_until, issue, usage_charge
from marketplace.billing.models import Invoice, InvoiceKind, Period, RatedUsage
from marketplace.billing.periods import is_month_end
from marketplace.billing.rules import DUE_DAYS, Rules, whole_month
from marketplace.metering import service as metering
from marketplace.products import service as products
from marketplace.products.schemas import PlanTerms
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.models import Subscription, SubscriptionState


def overage(plan: PlanTerms, calls: int, cap: int | None) -> tuple[int, int]:
    """Calls beyond the quota in a month of `calls`, and their price in fen, never above the subscriber's cap."""
    if plan.quota_per_month is None:
        return 0, 0
    beyond = max(0, calls - plan.quota_per_month)
    if plan.overage_per_1000 is None:
        return beyond, 0
    amount = round_half_up(Fraction(beyond * plan.overage_per_1000, 1000))
    return beyond, amount if cap is None else min(amount, cap)


def rate(session: Session, rules: Rules, period: Period, subscription: Subscription) -> RatedUsage:
    """The period's usage of one subscription with its price; the same row whenever it is asked for."""
    query = select(RatedUsage).where(RatedUsage.period_id == period.id, RatedUsage.subscription_id == subscription.id)
    if existing := session.exec(query).first():
        return existing
    month_start, _ = month_bounds(period.start_at, rules.timezone)
    before = 0
    if month_start < period.start_at:
        before = metering.usage_for(session, subscription.id, month_start, period.start_at).calls
    used = metering.usage_for(session, subscription.id, period.start_at, period.end_at)
    plan, _ = describe(session, subscription)
    calls_until_start, amount_until_start = overage(plan, before, subscription.overage_cap)
    calls_until_end, amount_until_end = overage(plan, before + used.calls, subscription.overage_cap)
    chargeable = products.may_charge(session, subscription.dataset_id)
    rated = RatedUsage(
        period_id=period.id,
        subscription_id=subscription.id,
        calls=used.calls,
        rows=used.rows,
        bytes=used.bytes,
        calls_before=before,
        included=plan.quota_per_month,
        overage_calls=calls_until_end - calls_until_start,
        unit_amount=plan.overage_per_1000 or 0,
        amount=amount_until_end - amount_until_start if chargeable else 0,
    )
    session.add(rated)
    session.flush()
    return rated


def rate_period(session: Session, rules: Rules, period: Period) -> int:
    """Rate every subscription that ran in the period; how many. Usage must be sealed through the period's end."""
    running = subscriptions.running_between(session, period.start_at, period.end_at)
    for subscription in running:
        rate(session, rules, period, subscription)
    return len(running)


def invoice_period(session: Session, actor: Actor, rules: Rules, period: Period) -> list[Invoice]:
    """One invoice for each organisation: overage of the period, and next month's fees where a month ends."""
    running = subscriptions.running_between(session, period.start_at, period.end_at)
    charges: dict[str, list[Charge]] = defaultdict(list)
    covered = fee_covered_until(session, [subscription.id for subscription in running])
    for subscription in running:
        plan, title = describe(session, subscription)
        rated = rate(session, rules, period, subscription)
        if rated.amount:
            charges[subscription.organisation_id].append(
                usage_charge(subscription, plan, title, rated, period.start_at, period.end_at)
            )
        if is_month_end(period, rules) and _goes_on(session, subscription, plan, period, covered):
            month = whole_month(period.end_at, rules.timezone)
            charges[subscription.organisation_id].append(fee_charge(subscription, plan, title, month))
    invoices = [
        issue(
            session,
            actor,
            rules,
            key=f"period:{period.id}:{organisation_id}",
            kind=InvoiceKind.PERIOD,
            organisation_id=organisation_id,
            charges=wanted,
            due_at=now() + timedelta(days=DUE_DAYS),
            period_id=period.id,
        )
        for organisation_id, wanted in sorted(charges.items())
    ]
    return [invoice for invoice in invoices if invoice is not None]


def _goes_on(
    session: Session, subscription: Subscription, plan: PlanTerms, period: Period, covered: dict[str, datetime]
) -> bool:
    """Whether the fee of the month after the period is due: active, not cancelled, and paid for until its start.

    The last condition leaves out those who began after the period ended and so have paid for that month already.
    """
    return (
        plan.monthly_fee > 0
        and subscription.state == SubscriptionState.ACTIVE
        and (subscription.ends_at is None or subscription.ends_at > period.end_at)
        and covered.get(subscription.id) == period.end_at
        and products.may_charge(session, subscription.dataset_id)
    )
