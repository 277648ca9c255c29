"""Periods, refunds to decide, statements and payouts; and the income of a department."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.parties import service as parties
from contracts.access import Permission, Role
from contracts.clock import now
from contracts.errors import Forbidden, ShuyiError
from marketplace.billing import periods, refunds
from marketplace.billing import service as billing
from marketplace.billing.invoicing import lines_by_id
from marketplace.billing.models import RefundState
from marketplace.billing.rules import Rules
from marketplace.settlement import service as settlement
from marketplace.settlement.document import as_csv, read
from marketplace.settlement.models import PayoutState
from marketplace.settlement.position import Position, positions
from web import forms
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.i18n import current_locale
from web.pages.billing import words
from web.pages.operator.frame import operator_context, require_operator
from web.rendering import render

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/operator/periods")
def periods_page(request: Request, session: Read, actor: SignedIn) -> Response:
    require_operator(actor)
    every = periods.periods(session)
    return render(
        request,
        "operator/periods.html",
        **operator_context(
            "periods",
            periods=every,
            current=next((period for period in every if period.state == "open"), None),
            now=now(),
            invoiced={period.id: billing.invoices(session, period_id=period.id, limit=10_000) for period in every[:24]},
            issued={period.id: settlement.statements(session, period_id=period.id) for period in every[:24]},
            may_close=actor.may(Permission.PERIOD_CLOSE),
        ),
    )


@router.get("/operator/periods/{period_id}/close")
def close_page(request: Request, session: Read, actor: SignedIn, period_id: str) -> Response:
    """The question for those without script; with script a dialog asks it."""
    require_operator(actor)
    period = periods.get_period(session, period_id)
    return render(request, "operator/close.html", **operator_context("periods", period=period, now=now()))


@router.post("/operator/periods/{period_id}/close")
def close_post(session: Tx, services: ServicesOf, actor: SignedIn, period_id: str) -> Response:
    require_operator(actor)
    periods.close_period(session, actor, Rules.from_settings(services.settings), period_id)
    return RedirectResponse("/operator/periods", 303)


def _refund_context(session: Session, **values: Any) -> dict[str, Any]:
    waiting = refunds.refunds(session, state=RefundState.REQUESTED)
    every = refunds.refunds(session)
    organisations = parties.organisations_by_id(session, {refund.organisation_id for refund in every})
    asked = {refund.id: refunds.refund_lines(session, refund.id) for refund in waiting}
    ids = [line.invoice_line_id for lines in asked.values() for line in lines]
    return operator_context(
        "refunds",
        waiting=waiting,
        decided=[refund for refund in every if refund.state != RefundState.REQUESTED],
        organisations=organisations,
        asked=asked,
        lines=lines_by_id(session, ids),
        invoices={refund.id: billing.get_invoice(session, refund.invoice_id) for refund in every},
        **values,
    )


@router.get("/operator/refunds")
def refunds_page(request: Request, session: Read, actor: SignedIn) -> Response:
    require_operator(actor)
    return render(request, "operator/refunds.html", errors={}, values={}, **_refund_context(session))


@router.post("/operator/refunds/{refund_id}")
def decide(
    request: Request,
    session: Tx,
    services: ServicesOf,
    actor: SignedIn,
    refund_id: str,
    decision: Text = "",
    reason: Text = "",
    end_subscription: Text = "",
) -> Response:
    require_operator(actor)
    rules = Rules.from_settings(services.settings)
    try:
        if decision not in ("approve", "reject"):
            raise Forbidden("Choose to approve or to reject.")
        with session.begin_nested():
            refunds.decide_refund(
                session,
                actor,
                rules,
                refund_id,
                decision == "approve",
                reason,
                end_subscription=bool(end_subscription),
            )
    except ShuyiError as error:
        context = _refund_context(session, failed_id=refund_id)
        return forms.again(request, "operator/refunds.html", error, {"reason": reason}, **context)
    return RedirectResponse("/operator/refunds", 303)


@router.get("/operator/statements")
def statements_page(
    request: Request, session: Read, services: ServicesOf, actor: SignedIn, period: str = ""
) -> Response:
    require_operator(actor)
    every = periods.periods(session)
    chosen = next((one for one in every if one.name == period), None)
    shown = settlement.statements(session, period_id=chosen.id if chosen else None)
    currency = services.settings.currency
    standing = positions(session, currency)
    return render(
        request,
        "operator/statements.html",
        **operator_context(
            "statements",
            statements=shown,
            documents={statement.id: read(statement) for statement in shown},
            payouts=settlement.payouts_by_statement(session, [statement.id for statement in shown]),
            periods=[one for one in every if one.state == "closed"],
            chosen=chosen,
            standing=standing,
            total=sum(standing.values(), Position()),
            departments=parties.organisations_by_id(session, set(standing)),
        ),
    )


@router.get("/settlement/statements/{statement_id}")
def statement_page(request: Request, session: Read, actor: SignedIn, statement_id: str) -> Response:
    """The statement, for its department and the operators."""
    statement = settlement.require_readable(session, actor, statement_id)
    document = read(statement)
    owners = {posting.owner_id for posting in document.postings if posting.owner_id}
    made = settlement.payouts_of(session, statement.id)
    return render(
        request,
        "operator/statement.html",
        **words.context(
            statement=statement,
            document=document,
            as_time=datetime.fromisoformat,
            problems=settlement.verify_statement(session, statement),
            organisations=parties.organisations_by_id(session, owners),
            payouts=made,
            payable=actor.may(Permission.SETTLEMENT_WRITE)
            and statement.closing > 0
            and not any(payout.state != PayoutState.FAILED for payout in made),
            is_operator=actor.has_role(Role.OPERATOR),
            issuer=parties.people_by_id(session, {statement.issued_by} if statement.issued_by else set()),
        ),
    )


@router.get("/settlement/statements/{statement_id}/csv")
def statement_csv(session: Read, actor: SignedIn, statement_id: str) -> Response:
    statement = settlement.require_readable(session, actor, statement_id)
    name = {"Content-Disposition": f'attachment; filename="{statement.number}.csv"'}
    return Response(as_csv(read(statement), current_locale()).encode(), media_type="text/csv", headers=name)


@router.get("/settlement/statements/{statement_id}/canonical")
def statement_document(session: Read, actor: SignedIn, statement_id: str) -> Response:
    """The document whose SHA-256 is the statement's hash, byte for byte."""
    statement = settlement.require_readable(session, actor, statement_id)
    name = {"Content-Disposition": f'attachment; filename="{statement.number}.json"'}
    return Response(statement.canonical.encode(), media_type="application/json", headers=name)


@router.get("/settlement/statements/{statement_id}/pay-out")
def pay_out_page(request: Request, session: Read, actor: SignedIn, statement_id: str) -> Response:
    require_operator(actor)
    statement = settlement.require_readable(session, actor, statement_id)
    context = operator_context("statements", statement=statement, document=read(statement))
    return render(request, "operator/pay_out.html", **context)


@router.post("/settlement/statements/{statement_id}/pay-out")
def pay_out_post(session: Tx, services: ServicesOf, actor: SignedIn, statement_id: str) -> Response:
    statement = settlement.require_readable(session, actor, statement_id)
    settlement.pay_out(session, actor, Rules.from_settings(services.settings), statement.id)
    return RedirectResponse(f"/settlement/statements/{statement.number}", 303)


@router.get("/provider/income")
def income_page(request: Request, session: Read, services: ServicesOf, actor: SignedIn) -> Response:
    """Statements and standing of the departments whose income the person may see."""
    mine = actor.organisations(Permission.INCOME_READ)
    if not mine:
        raise Forbidden("Income is shown to the departments that offer data.")
    standing = {one: found for one, found in positions(session, services.settings.currency).items() if one in mine}
    shown = settlement.statements(session, provider_ids=mine)
    return render(
        request,
        "operator/income.html",
        **words.context(
            standing=standing,
            departments=parties.organisations_by_id(session, set(standing)),
            statements=shown,
            documents={statement.id: read(statement) for statement in shown},
            payouts=settlement.payouts_by_statement(session, [statement.id for statement in shown]),
            currency=services.settings.currency,
        ),
    )
