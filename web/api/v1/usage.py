"""Management API: usage and quota of subscriptions."""

import csv
import io
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from contracts import clock
from contracts.access import Actor, Permission
from contracts.errors import InvalidInput
from marketplace.metering import service as metering
from marketplace.metering.leases import Terms
from marketplace.metering.service import DayUsage
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.errors import SubscriptionNotFound
from marketplace.subscriptions.models import Subscription
from web.dependencies import Read, ServicesOf, SignedIn

router = APIRouter(prefix="/api/v1/subscriptions", tags=["usage"])
Month = Annotated[str | None, Query(description="Such as 2026-11; the running one when left out.")]


class DayOut(BaseModel):
    """Usage of one day, in the city's time zone."""

    day: date
    calls: int
    rows: int
    bytes: int
    refused: int


class AnswersOut(BaseModel):
    """Answers of one status and reason; `billed` of the `calls` cost a unit."""

    status: int
    reason: str
    calls: int
    billed: int


class UsageOut(BaseModel):
    """Usage of one month, live to a few seconds."""

    subscription_id: str
    month: str
    calls: int
    rows: int
    bytes: int
    refused: int
    days: list[DayOut]
    answers: list[AnswersOut]


class QuotaOut(BaseModel):
    """The running month's quota. `limit`: where calls stop, null where they do not; `held`: calls that wait for a
    worker's journal that cannot be read."""

    subscription_id: str
    period_start: datetime
    period_end: datetime
    quota: int | None
    limit: int | None
    used: int
    left: int | None
    on_lease: int
    held: int


def readable(session: Read, actor: Actor, subscription_id: str) -> Subscription:
    """A subscription that the actor may see the usage of."""
    found = subscriptions.get(session, subscription_id)
    if not actor.may(Permission.USAGE_READ, found.organisation_id):
        raise SubscriptionNotFound("There is no such subscription.", subscription_id=subscription_id)
    return found


def month_named(month: str | None, timezone: str) -> tuple[datetime, datetime]:
    """The bounds of a month named `2026-11`; of the running one when no name is given."""
    if month is None:
        return clock.month_bounds(clock.now(), timezone)
    try:
        middle = datetime.strptime(f"{month}-15 +0000", "%Y-%m-%d %z")
    except ValueError:
        raise InvalidInput.at("month", "A month looks like 2026-11.") from None
    return clock.month_bounds(middle, timezone)


@router.get("/{id}/usage", summary="Usage of a month by day and by answer")
def usage(session: Read, services: ServicesOf, actor: SignedIn, id: str, month: Month = None) -> UsageOut:
    found = readable(session, actor, id)
    zone = services.settings.timezone
    start, end = month_named(month, zone)
    until = min(end, clock.day_bounds(clock.now(), zone)[1])
    days = metering.usage_by_day(session, found.id, start, until, zone) if until > start else []
    totals = metering.usage_for(session, found.id, start, end, live=True)
    answers = metering.answers_by_kind(session, found.id, start, end)
    return UsageOut(
        subscription_id=found.id,
        month=clock.month_name(start, zone),
        calls=totals.calls,
        rows=totals.rows,
        bytes=totals.bytes,
        refused=totals.refused,
        days=[_day(day) for day in days],
        answers=[
            AnswersOut(status=one.status, reason=one.reason, calls=one.calls, billed=one.billed) for one in answers
        ],
    )


@router.get("/{id}/usage.csv", summary="Usage of a month by day, as CSV", response_class=Response)
def usage_file(session: Read, services: ServicesOf, actor: SignedIn, id: str, month: Month = None) -> Response:
    found = readable(session, actor, id)
    zone = services.settings.timezone
    start, end = month_named(month, zone)
    until = min(end, clock.day_bounds(clock.now(), zone)[1])
    days = metering.usage_by_day(session, found.id, start, until, zone) if until > start else []
    return usage_csv(days, f"usage-{clock.month_name(start, zone)}.csv")


@router.get("/{id}/quota", summary="The running month's quota")
def quota(session: Read, services: ServicesOf, actor: SignedIn, id: str) -> QuotaOut:
    found = readable(session, actor, id)
    allowed = subscriptions.entitlement(session, found.id)
    terms = Terms(allowed.quota_per_month, allowed.calls_limit_per_month)
    state = metering.quota_state(session, found.id, terms, services.settings.timezone)
    return QuotaOut(
        subscription_id=found.id,
        period_start=state.period_start,
        period_end=state.period_end,
        quota=state.quota,
        limit=state.limit,
        used=state.used,
        left=state.left,
        on_lease=state.on_lease,
        held=state.held,
    )


def usage_csv(days: list[DayUsage], name: str) -> Response:
    """Days as CSV in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["day", "billed_calls", "rows", "bytes", "refused_calls"])
    for day in days:
        totals = day.totals
        writer.writerow([day.day.isoformat(), totals.calls, totals.rows, totals.bytes, totals.refused])
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8; header=present", headers=headers)


def _day(day: DayUsage) -> DayOut:
    totals = day.totals
    return DayOut(day=day.day, calls=totals.calls, rows=totals.rows, bytes=totals.bytes, refused=totals.refused)
