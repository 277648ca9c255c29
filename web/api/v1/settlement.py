"""Management API: where departments stand, statements and payouts."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session
from starlette.responses import Response

from contracts.access import Permission, Role
from contracts.errors import Forbidden
from marketplace.billing import periods
from marketplace.billing.rules import Rules
from marketplace.settlement import service as settlement
from marketplace.settlement.document import StatementDocument, as_csv, read
from marketplace.settlement.models import Payout, Statement
from marketplace.settlement.position import positions
from web.api.idempotency import IdempotencyKey, once
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.i18n import current_locale

router = APIRouter(prefix="/api/v1/settlement", tags=["settlement"])


class PositionOut(BaseModel):
    """Fen since the beginning: paid − refunded − fee − tax = settled + held."""

    provider_id: str
    invoiced: int
    paid: int
    refunded: int
    fee: int
    tax: int
    settled: int
    held: int


class StatementOut(BaseModel):
    """A statement's figures, in fen."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    number: str
    provider_id: str
    period_name: str
    currency: str
    opening: int
    paid: int
    refunded: int
    fee: int
    tax: int
    settled: int
    closing: int
    hash: str
    issued_at: datetime


class PayoutOut(BaseModel):
    """Money sent to a department."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    number: str
    statement_id: str
    amount: int
    currency: str
    state: str
    failure_code: str | None
    requested_at: datetime
    finished_at: datetime | None


class StatementDetail(BaseModel):
    """A statement with its document; `problems` is what checking it against the journal found."""

    statement: StatementOut
    document: StatementDocument
    payouts: list[PayoutOut]
    problems: list[str]


@router.get("/positions", summary="Where departments stand")
def list_positions(session: Read, services: ServicesOf, actor: SignedIn) -> list[PositionOut]:
    found = positions(session, services.settings.currency)
    return [
        PositionOut(provider_id=provider_id, **asdict(one))
        for provider_id, one in found.items()
        if actor.has_role(Role.OPERATOR) or actor.may(Permission.INCOME_READ, provider_id)
    ]


@router.get("/statements", summary="Statements, newest first")
def list_statements(session: Read, actor: SignedIn, period: str | None = None) -> list[StatementOut]:
    period_id = periods.get_period(session, period).id if period else None
    mine = None if actor.has_role(Role.OPERATOR) else actor.organisations(Permission.INCOME_READ)
    if mine is not None and not mine:
        raise Forbidden("Statements are shown to departments and operators.")
    return [_out(one) for one in settlement.statements(session, period_id=period_id, provider_ids=mine)]


@router.post("/periods/{period}/statements", summary="Issue the statements of a closed period")
def issue(period: str, session: Tx, services: ServicesOf, actor: SignedIn) -> list[StatementOut]:
    """The worker does it by itself when a period is invoiced; repeating it gives those that are there."""
    actor.require(Permission.SETTLEMENT_WRITE)
    period_id = periods.get_period(session, period).id
    rules = Rules.from_settings(services.settings)
    return [_out(one) for one in settlement.issue_statements(session, actor, rules, period_id)]


@router.get("/statements/{statement}", summary="One statement by id or number, checked")
def get_statement(statement: str, session: Read, actor: SignedIn) -> StatementDetail:
    found = settlement.require_readable(session, actor, statement)
    return StatementDetail(
        statement=_out(found),
        document=read(found),
        payouts=[_payout(one) for one in settlement.payouts_of(session, found.id)],
        problems=settlement.verify_statement(session, found),
    )


@router.get("/statements/{statement}/csv", summary="One statement as CSV")
def statement_csv(statement: str, session: Read, actor: SignedIn) -> Response:
    found = settlement.require_readable(session, actor, statement)
    name = {"Content-Disposition": f'attachment; filename="{found.number}.csv"'}
    return Response(as_csv(read(found), current_locale()).encode(), media_type="text/csv", headers=name)


@router.post("/statements/{statement}/payouts", status_code=201, summary="Pay a statement out")
def pay_out(
    statement: str, request: Request, services: ServicesOf, actor: SignedIn, key: IdempotencyKey = None
) -> PayoutOut:
    def work(session: Session) -> PayoutOut:
        found = settlement.require_readable(session, actor, statement)
        return _payout(settlement.pay_out(session, actor, Rules.from_settings(services.settings), found.id))

    return once(request, services, actor, key, None, work, PayoutOut)


def _out(found: Statement) -> StatementOut:
    return StatementOut.model_validate(found)


def _payout(found: Payout) -> PayoutOut:
    return PayoutOut.model_validate(found)
