"""Management API: periods."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from contracts.access import Permission, Role
from contracts.errors import Forbidden
from marketplace.billing import periods
from marketplace.billing.models import Period
from marketplace.billing.rules import Rules
from web.api.idempotency import IdempotencyKey, once
from web.dependencies import Read, ServicesOf, SignedIn

router = APIRouter(prefix="/api/v1", tags=["billing"])


class PeriodOut(BaseModel):
    """A period [start_at, end_at)."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    name: str
    start_at: datetime
    end_at: datetime
    state: str
    ended_at: datetime | None
    closed_at: datetime | None


@router.get("/periods", summary="All periods, newest first")
def list_periods(session: Read, actor: SignedIn) -> list[PeriodOut]:
    if not (actor.has_role(Role.OPERATOR) or actor.may(Permission.INCOME_READ)):
        raise Forbidden("Periods are shown to operators and providers.")
    return [_out(one) for one in periods.periods(session)]


@router.get("/periods/{period}", summary="One period by id or name")
def get_period(period: str, session: Read, actor: SignedIn) -> PeriodOut:
    if not (actor.has_role(Role.OPERATOR) or actor.may(Permission.INCOME_READ)):
        raise Forbidden("Periods are shown to operators and providers.")
    return _out(periods.get_period(session, period))


@router.post("/periods/{period}/close", summary="End the open period this instant")
def close_period(
    period: str, request: Request, services: ServicesOf, actor: SignedIn, key: IdempotencyKey = None
) -> PeriodOut:
    """What follows (sealing, rating, invoices, statements) is done by the worker; ask for the period's state."""

    def work(session: Session) -> PeriodOut:
        actor.require(Permission.PERIOD_CLOSE)
        rules = Rules.from_settings(services.settings)
        periods.open_period(session, rules)
        return _out(periods.close_period(session, actor, rules, periods.get_period(session, period).id))

    return once(request, services, actor, key, None, work, PeriodOut)


def _out(period: Period) -> PeriodOut:
    return PeriodOut.model_validate(period)
