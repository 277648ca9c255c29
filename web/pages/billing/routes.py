"""What an organisation owes, has paid and gets back; its agreements and its subscriptions."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.parties import service as parties
from catalog.parties.models import Organisation
from contracts.access import Actor, Permission
from contracts.clock import now
from contracts.errors import Forbidden, InvalidInput, ShuyiError
from contracts.ids import new_id
from contracts.licence import LicenceTerms
from marketplace.billing import refunds
from marketplace.billing import service as billing
from marketplace.billing.invoicing import lines_by_id, lines_of
from marketplace.billing.models import Invoice, InvoiceState
from marketplace.billing.rules import Rules
from marketplace.payments import service as payments
from marketplace.payments.models import PaymentState
from marketplace.products import service as products
from marketplace.subscriptions import service as subscriptions
from web import forms
from web.context import Services
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.i18n import localized
from web.pages.billing import collecting, words
from web.pages.portal.words import licence_rows
from web.rendering import render

router = APIRouter(prefix="/billing", include_in_schema=False)
Text = Annotated[str, Form()]


def _chosen(session: Session, actor: Actor, organisation_id: str) -> tuple[Organisation, list[Organisation]]:
    """The organisation whose bills are shown, and all whose bills the person may see."""
    held = parties.organisations_by_id(session, actor.organisations(Permission.INVOICE_READ))
    mine = sorted(
        (one for one in held.values() if one.kind in ("company", "person")), key=lambda one: localized(one.name)
    )
    if not mine:
        raise Forbidden("Bills are shown to members of an organisation that subscribes.")
    return next((one for one in mine if one.id == organisation_id), mine[0]), mine


@router.get("")
def overview(request: Request, session: Read, actor: SignedIn, organisation: str = "") -> Response:
    chosen, mine = _chosen(session, actor, organisation)
    invoices = billing.invoices_for(session, chosen.id)
    held = subscriptions.for_organisation(session, chosen.id, ended=True)
    agreements = subscriptions.agreements_of(session, held)
    offerings = products.offerings_by_id(session, {one.offering_id for one in held})
    return render(
        request,
        "billing/overview.html",
        **words.context(
            organisation=chosen,
            organisations=mine,
            invoices=invoices,
            due=[invoice for invoice in invoices if invoice.state == InvoiceState.OPEN],
            now=now(),
            held=held,
            agreements=agreements,
            offerings=offerings,
            plan_of=subscriptions.plan_of,
            notes=refunds.credit_notes_for(session, chosen.id),
            may_subscribe=actor.may(Permission.SUBSCRIPTION_WRITE, chosen.id),
        ),
    )


def _invoice_context(session: Session, services: Services, actor: Actor, invoice: Invoice) -> dict[str, Any]:
    lines = lines_of(session, invoice.id)
    tried = payments.of_reference(session, invoice.id)
    asked = refunds.refunds_of(session, invoice.id)
    rated = billing.rated_usage_by_id(session, [line.rated_usage_id for line in lines if line.rated_usage_id])
    latest = tried[0] if tried else None
    may_pay = actor.may(Permission.INVOICE_PAY, invoice.organisation_id)
    left = refunds.refundable(session, invoice.id)
    return words.context(
        invoice=invoice,
        lines=lines,
        rated=rated,
        organisation=parties.get_organisation(session, invoice.organisation_id),
        providers=parties.organisations_by_id(session, {line.provider_id for line in lines}),
        payment=latest,
        failure=words.failure(latest.failure_code) if latest and latest.state == PaymentState.FAILED else None,
        asked=asked,
        notes=refunds.credit_notes_by_refund(session, [refund.id for refund in asked]),
        left=left,
        payable=may_pay and invoice.state == InvoiceState.OPEN,
        refundable=may_pay
        and invoice.state == InvoiceState.PAID
        and any(left.values())
        and refunds.waiting_for(session, invoice.id) is None,
        methods=words.payment_methods() if services.test_mode else None,
        tax_ppm=services.settings.tax_ppm,
    )


@router.get("/invoices/{invoice_id}")
def invoice_page(request: Request, services: ServicesOf, actor: SignedIn, invoice_id: str) -> Response:
    """The invoice. A payment under way is asked about first: the payer's bank leads back here."""
    with services.database.reading() as session:
        invoice = billing.require_readable(session, actor, invoice_id)
        under_way = payments.open_payment(session, invoice.id)
    if under_way is not None:
        collecting.follow(services, under_way)
    with services.database.reading() as session:
        invoice = billing.require_readable(session, actor, invoice_id)
        context = _invoice_context(session, services, actor, invoice)
        return render(request, "billing/invoice.html", errors={}, values={}, **context)


@router.post("/invoices/{invoice_id}/pay")
def pay_post(
    request: Request,
    services: ServicesOf,
    actor: SignedIn,
    invoice_id: str,
    payment_method: Text = "",
    give_up: Text = "",
) -> Response:
    path = f"/billing/invoices/{invoice_id}"
    try:
        if give_up:
            with services.database.reading() as session:
                billing.require_readable(session, actor, invoice_id)
                under_way = payments.open_payment(session, invoice_id)
            if under_way is not None:
                collecting.give_up(services, under_way.id)
        elif not payment_method:
            raise InvalidInput.at("payment_method", "Choose how to pay.")
        else:
            collecting.pay(services, actor, invoice_id, payment_method, return_path=path)
    except ShuyiError as error:
        with services.database.reading() as session:
            invoice = billing.require_readable(session, actor, invoice_id)
            context = _invoice_context(session, services, actor, invoice)
        return forms.again(request, "billing/invoice.html", error, {"payment_method": payment_method}, **context)
    return RedirectResponse(path, 303)


@router.get("/invoices/{invoice_id}/refund")
def refund_page(request: Request, session: Read, services: ServicesOf, actor: SignedIn, invoice_id: str) -> Response:
    invoice = billing.require_readable(session, actor, invoice_id)
    context = _invoice_context(session, services, actor, invoice)
    values = {"request_key": new_id()}
    return render(request, "billing/refund_request.html", errors={}, values=values, **context)


@router.post("/invoices/{invoice_id}/refund")
async def refund_post(request: Request, services: ServicesOf, actor: SignedIn, invoice_id: str) -> Response:
    values = forms.values_of(await request.form())
    return _request_refund(request, services, actor, invoice_id, values)


def _request_refund(
    request: Request, services: Services, actor: Actor, invoice_id: str, values: dict[str, str]
) -> Response:
    try:
        with services.database.transaction() as session:
            billing.require_readable(session, actor, invoice_id)
            amounts = {
                line.id: words.fen(values.get(f"amount-{line.id}", ""), f"amount-{line.id}") or 0
                for line in lines_of(session, invoice_id)
            }
            refunds.request_refund(
                session,
                actor,
                Rules.from_settings(services.settings),
                invoice_id,
                values.get("reason", ""),
                amounts,
                request_key=values.get("request_key") or None,
            )
    except ShuyiError as error:
        with services.database.reading() as session:
            invoice = billing.require_readable(session, actor, invoice_id)
            context = _invoice_context(session, services, actor, invoice)
        return forms.again(request, "billing/refund_request.html", error, values, **context)
    return RedirectResponse(f"/billing/invoices/{invoice_id}#refunds", 303)


@router.get("/credit-notes/{refund_id}")
def credit_note_page(request: Request, session: Read, actor: SignedIn, refund_id: str) -> Response:
    refund = refunds.require_readable(session, actor, refund_id)
    note = refunds.credit_note_of(session, refund.id)
    if note is None:
        return RedirectResponse(f"/billing/invoices/{refund.invoice_id}", 303)
    parts = refunds.credit_note_lines(session, note.id)
    return render(
        request,
        "billing/credit_note.html",
        **words.context(
            note=note,
            refund=refund,
            parts=parts,
            lines=lines_by_id(session, [part.invoice_line_id for part in parts]),
            invoice=billing.get_invoice(session, note.invoice_id),
            organisation=parties.get_organisation(session, note.organisation_id),
        ),
    )


@router.get("/agreements/{subscription_id}")
def agreement_page(request: Request, session: Read, actor: SignedIn, subscription_id: str) -> Response:
    subscription = subscriptions.require_readable(session, actor, subscription_id)
    agreement = subscriptions.agreement_of(session, subscription)
    document = json.loads(agreement.canonical)
    licence = LicenceTerms.model_validate(document["licence"])
    plan = subscriptions.plan_of(agreement)
    return render(
        request,
        "billing/agreement.html",
        **words.context(
            subscription=subscription,
            agreement=agreement,
            document=document,
            licence=licence,
            plan=plan,
            limits=words.plan_limits(plan.quota_per_month, plan.overage_per_1000, plan.rate_per_minute, plan.currency),
            terms=licence_rows(licence),
            offering=products.get_offering(session, subscription.offering_id),
            signer=parties.people_by_id(session, {agreement.accepted_by} if agreement.accepted_by else set()),
        ),
    )


@router.get("/agreements/{subscription_id}/canonical")
def agreement_document(session: Read, actor: SignedIn, subscription_id: str) -> Response:
    """The document whose SHA-256 is the agreement's hash, byte for byte."""
    subscription = subscriptions.require_readable(session, actor, subscription_id)
    agreement = subscriptions.agreement_of(session, subscription)
    name = {"Content-Disposition": f'attachment; filename="{agreement.number}.json"'}
    return Response(agreement.canonical.encode(), media_type="application/json", headers=name)


@router.get("/subscriptions/{subscription_id}/cancel")
def cancel_page(request: Request, session: Read, actor: SignedIn, subscription_id: str) -> Response:
    subscription = subscriptions.require_readable(session, actor, subscription_id)
    return render(
        request,
        "billing/cancel.html",
        **words.context(
            subscription=subscription,
            plan=subscriptions.plan_of(subscriptions.agreement_of(session, subscription)),
            offering=products.get_offering(session, subscription.offering_id),
        ),
    )


@router.post("/subscriptions/{subscription_id}/cancel")
def cancel_post(session: Tx, services: ServicesOf, actor: SignedIn, subscription_id: str) -> Response:
    rules = Rules.from_settings(services.settings)
    billing.cancel_subscription(session, actor, rules, subscription_id)
    return RedirectResponse("/billing#subscriptions", 303)


@router.post("/subscriptions/{subscription_id}/keep")
def keep_post(session: Tx, actor: SignedIn, subscription_id: str) -> Response:
    subscriptions.require_readable(session, actor, subscription_id)
    subscriptions.keep(session, actor, subscription_id)
    return RedirectResponse("/billing#subscriptions", 303)
