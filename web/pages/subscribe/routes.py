"""Subscribing: choose a plan, say who and what for, read the terms, check and pay, take the first key."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.parties import service as parties
from catalog.parties.models import Organisation
from contracts.access import Actor, Permission
from contracts.clock import now
from contracts.errors import InvalidInput, ShuyiError
from contracts.licence import LicenceTerms
from marketplace.billing import service as billing
from marketplace.billing.invoicing import lines_of
from marketplace.billing.models import Invoice, InvoiceState
from marketplace.billing.rules import Rules, rest_of_month
from marketplace.credentials import service as credentials
from marketplace.payments import service as payments
from marketplace.payments.models import PaymentState
from marketplace.products import service as products
from marketplace.products.models import Offering, OfferingStatus
from marketplace.products.schemas import PlanTerms
from marketplace.subscriptions import orders
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.errors import NotOnOffer, TermsChanged
from marketplace.subscriptions.models import Order
from marketplace.subscriptions.terms import needs_purpose
from web import formats, forms
from web.context import Services
from web.dependencies import CurrentActor, Read, ServicesOf, SignedIn, Tx
from web.i18n import gettext as _
from web.i18n import localized
from web.pages.billing import collecting, words
from web.pages.portal.words import licence_rows
from web.rendering import render

router = APIRouter(prefix="/subscribe", include_in_schema=False)
Text = Annotated[str, Form()]


@dataclass(frozen=True)
class Ordered:
    """What every step shows of an order."""

    order: Order
    offering: Offering
    dataset: Dataset
    provider: Organisation
    plan: PlanTerms
    licence: LicenceTerms

    @classmethod
    def load(cls, session: Session, actor: Actor, order_id: str) -> "Ordered":
        """The person's own order with what it is about."""
        order = orders.get(session, actor, order_id)
        offering = products.get_offering(session, order.offering_id)
        return cls(
            order=order,
            offering=offering,
            dataset=datasets.get_dataset(session, offering.dataset_id),
            provider=parties.get_organisation(session, offering.provider_id),
            plan=products.plan_terms(session, products.get_plan(session, order.plan_id)),
            licence=subscriptions.licence_for_plan(session, order.plan_id),
        )

    def context(self, step: int, **more: Any) -> dict[str, Any]:
        """The variables of a step's template."""
        return words.context(
            ordered=self,
            order=self.order,
            step=step,
            steps=[_("Plan"), _("Use"), _("Agreement"), _("Check and pay") if self.plan.paid else _("Check")],
            base=f"/subscribe/orders/{self.order.id}",
            limits=_limits(self.plan),
            **more,
        )

    @property
    def needs_purpose(self) -> bool:
        """Whether the licence asks what the data is for."""
        return needs_purpose(self.licence)


def _limits(plan: PlanTerms) -> list[str]:
    return words.plan_limits(plan.quota_per_month, plan.overage_per_1000, plan.rate_per_minute, plan.currency)


def _plan_row(plan: PlanTerms) -> dict[str, Any]:
    return {
        "value": plan.plan_id,
        "name": localized(plan.name),
        "price": formats.money(plan.monthly_fee, plan.currency),
        "per": _(" a month") if plan.monthly_fee else None,
        "limits": _limits(plan),
    }


def _choose(session: Session, offering_id: str, chosen: str | None) -> dict[str, Any]:
    offering = products.get_offering(session, offering_id)
    if offering.status != OfferingStatus.LISTED:
        raise NotOnOffer("This product is not on offer. Look at its page for what there is.", offering_id=offering_id)
    on_offer = products.plans(session, offering.id)
    terms = products.terms_of_plans(session, on_offer)
    rows = [_plan_row(terms[plan.id]) for plan in on_offer]
    if chosen not in terms:
        chosen = rows[0]["value"] if rows else None
    return {
        "offering": offering,
        "dataset": datasets.get_dataset(session, offering.dataset_id),
        "plans": rows,
        "chosen": chosen,
        "steps": [_("Plan"), _("Use"), _("Agreement"), _("Check and pay")],
    }


@router.get("/{offering_id}")
def plan_page(request: Request, session: Read, offering_id: str, plan: str = "", order: str = "") -> Response:
    return render(request, "subscribe/plan.html", errors={}, order_id=order, **_choose(session, offering_id, plan))


@router.post("/{offering_id}")
def plan_post(
    request: Request, session: Tx, actor: CurrentActor, offering_id: str, plan: Text = "", order: Text = ""
) -> Response:
    if actor.person_id is None:
        return RedirectResponse(f"/sign-in?next=/subscribe/{offering_id}%3Fplan%3D{plan}", 303)
    try:
        if not plan:
            raise InvalidInput.at("plan", "Choose a plan.")
        with session.begin_nested():
            found = orders.choose_plan(session, actor, order, plan) if order else orders.begin(session, actor, plan)
    except InvalidInput as error:
        context = _choose(session, offering_id, plan)
        return forms.again(request, "subscribe/plan.html", error, {}, order_id=order, **context)
    return RedirectResponse(f"/subscribe/orders/{found.id}/use", 303)


def _organisations(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Those the person may subscribe for."""
    held = parties.organisations_by_id(session, actor.organisations(Permission.SUBSCRIPTION_WRITE))
    return sorted((organisation.id, localized(organisation.name)) for organisation in held.values())


@router.get("/orders/{order_id}/use")
def use_page(request: Request, session: Read, actor: SignedIn, order_id: str) -> Response:
    ordered = Ordered.load(session, actor, order_id)
    if ordered.order.subscription_id:
        return RedirectResponse(f"/subscribe/orders/{order_id}/done", 303)
    cap = ordered.order.overage_cap
    values = {
        "organisation_id": ordered.order.organisation_id,
        "purpose": ordered.order.purpose or "",
        "overage_cap": "" if cap is None else formats.amount(cap).replace(",", ""),
    }
    context = ordered.context(2, organisations=_organisations(session, actor))
    return render(request, "subscribe/use.html", values=values, errors={}, **context)


@router.post("/orders/{order_id}/use")
def use_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    order_id: str,
    organisation_id: Text = "",
    purpose: Text = "",
    overage_cap: Text = "",
) -> Response:
    try:
        if not organisation_id:
            raise InvalidInput.at("organisation_id", "Choose the organisation that subscribes.")
        with session.begin_nested():
            orders.state_use(
                session,
                actor,
                order_id,
                organisation_id=organisation_id,
                purpose=purpose,
                overage_cap=words.fen(overage_cap, "overage_cap"),
            )
    except InvalidInput as error:
        ordered = Ordered.load(session, actor, order_id)
        values = {"organisation_id": organisation_id, "purpose": purpose, "overage_cap": overage_cap}
        context = ordered.context(2, organisations=_organisations(session, actor))
        return forms.again(request, "subscribe/use.html", error, values, **context)
    return RedirectResponse(f"/subscribe/orders/{order_id}/agreement", 303)


@router.get("/orders/{order_id}/agreement")
def agreement_page(request: Request, session: Read, actor: SignedIn, order_id: str) -> Response:
    ordered = Ordered.load(session, actor, order_id)
    if back := _first_open_step(ordered, before=3):
        return RedirectResponse(back, 303)
    return render(
        request, "subscribe/agreement.html", errors={}, **ordered.context(3, terms=licence_rows(ordered.licence))
    )


@router.post("/orders/{order_id}/agreement")
def agreement_post(
    request: Request, session: Tx, actor: SignedIn, order_id: str, agree: Text = "", terms_hash: Text = ""
) -> Response:
    try:
        if not agree:
            raise InvalidInput.at("agree", "Tick the box if you agree; without it you cannot go on.")
        with session.begin_nested():
            orders.accept(session, actor, order_id, terms_hash)
    except (InvalidInput, TermsChanged) as error:
        ordered = Ordered.load(session, actor, order_id)
        context = ordered.context(3, terms=licence_rows(ordered.licence))
        return forms.again(request, "subscribe/agreement.html", error, {}, **context)
    return RedirectResponse(f"/subscribe/orders/{order_id}/check", 303)


def _first_open_step(ordered: Ordered, *, before: int) -> str | None:
    """Where to go first: a step is reached only over the ones before it, and not at all once confirmed."""
    order, base = ordered.order, f"/subscribe/orders/{ordered.order.id}"
    if order.subscription_id:
        return f"{base}/done"
    if order.organisation_id is None or (ordered.needs_purpose and not order.purpose):
        return f"{base}/use"
    if before > 3 and order.accepted_terms_hash != ordered.licence.hash():
        return f"{base}/agreement"
    return None


def _check_context(session: Session, services: Services, ordered: Ordered) -> dict[str, Any]:
    rules = Rules.from_settings(services.settings)
    month = rest_of_month(now(), rules.timezone)
    today = month.amount(ordered.plan.monthly_fee)
    assert ordered.order.organisation_id is not None  # `_first_open_step` sends back before
    return ordered.context(
        4,
        organisation=parties.get_organisation(session, ordered.order.organisation_id),
        month=month,
        today=today,
        tax=rules.tax(today),
        tax_ppm=rules.tax_ppm,
        methods=words.payment_methods() if services.test_mode else None,
        terms=licence_rows(ordered.licence),
    )


@router.get("/orders/{order_id}/check")
def check_page(request: Request, session: Read, services: ServicesOf, actor: SignedIn, order_id: str) -> Response:
    ordered = Ordered.load(session, actor, order_id)
    if back := _first_open_step(ordered, before=4):
        return RedirectResponse(back, 303)
    context = _check_context(session, services, ordered)
    return render(request, "subscribe/check.html", values={"payment_method": "pm_card_visa"}, errors={}, **context)


@router.post("/orders/{order_id}/check")
def check_post(
    request: Request, services: ServicesOf, actor: SignedIn, order_id: str, payment_method: Text = ""
) -> Response:
    """Sign and subscribe in one transaction, then pay. Sent twice, it finds the subscription and goes on from there."""
    base = f"/subscribe/orders/{order_id}"
    try:
        invoice = _confirm(services, actor, order_id, payment_method)
        if invoice is not None:
            collecting.pay(services, actor, invoice.id, payment_method, return_path=f"{base}/pay")
    except ShuyiError as error:
        with services.database.reading() as session:
            ordered = Ordered.load(session, actor, order_id)
            if ordered.order.subscription_id:
                return RedirectResponse(f"{base}/pay", 303)
            context = _check_context(session, services, ordered)
        return forms.again(request, "subscribe/check.html", error, {"payment_method": payment_method}, **context)
    return RedirectResponse(f"{base}/pay" if invoice else f"{base}/done", 303)


def _confirm(services: Services, actor: Actor, order_id: str, payment_method: str) -> Invoice | None:
    """The order as a subscription; the invoice to be paid now, or None."""
    with services.database.transaction() as session:
        order = orders.lock(session, actor, order_id)
        ordered = Ordered.load(session, actor, order_id)
        if order.subscription_id is None:
            if ordered.plan.monthly_fee and not payment_method:
                raise InvalidInput.at("payment_method", "Choose how to pay.")
            made = billing.order(
                session,
                actor,
                Rules.from_settings(services.settings),
                order.organisation_id or "",
                order.plan_id,
                order.purpose,
                order.accepted_terms_hash or "",
                overage_cap=order.overage_cap,
                request_key=order.id,
            )
            orders.confirmed(session, order, made.subscription.id)
        invoice = billing.first_invoice(session, order.subscription_id or "")
        return invoice if invoice is not None and invoice.state == InvoiceState.OPEN else None


@router.get("/orders/{order_id}/pay")
def pay_page(request: Request, services: ServicesOf, actor: SignedIn, order_id: str) -> Response:
    """Where the payment stands: on to the key when it is paid, else what to do. The payer's bank leads back here."""
    with services.database.reading() as session:
        ordered = Ordered.load(session, actor, order_id)
        if ordered.order.subscription_id is None:
            return RedirectResponse(f"/subscribe/orders/{order_id}/check", 303)
        invoice = billing.first_invoice(session, ordered.order.subscription_id)
        under_way = payments.open_payment(session, invoice.id) if invoice else None
    if under_way is not None:
        under_way = collecting.follow(services, under_way)
    with services.database.reading() as session:
        if invoice is None or billing.get_invoice(session, invoice.id).state == InvoiceState.PAID:
            return RedirectResponse(f"/subscribe/orders/{order_id}/done", 303)
        return _pay_again(request, session, services, ordered, invoice, None)


@router.post("/orders/{order_id}/pay")
def pay_post(
    request: Request,
    services: ServicesOf,
    actor: SignedIn,
    order_id: str,
    payment_method: Text = "",
    give_up: Text = "",
) -> Response:
    with services.database.reading() as session:
        ordered = Ordered.load(session, actor, order_id)
        invoice = billing.first_invoice(session, ordered.order.subscription_id or "")
        under_way = payments.open_payment(session, invoice.id) if invoice else None
    if invoice is None:
        return RedirectResponse(f"/subscribe/orders/{order_id}/check", 303)
    try:
        if give_up and under_way is not None:
            collecting.give_up(services, under_way.id)
        else:
            collecting.pay(services, actor, invoice.id, payment_method, return_path=f"/subscribe/orders/{order_id}/pay")
    except ShuyiError as error:
        with services.database.reading() as session:
            return _pay_again(request, session, services, ordered, invoice, error)
    return RedirectResponse(f"/subscribe/orders/{order_id}/pay", 303)


def _pay_again(
    request: Request, session: Session, services: Services, ordered: Ordered, invoice: Invoice, error: ShuyiError | None
) -> Response:
    tried = payments.of_reference(session, invoice.id)
    context = ordered.context(
        4,
        invoice=billing.get_invoice(session, invoice.id),
        lines=lines_of(session, invoice.id),
        payment=tried[0] if tried else None,
        failure=words.failure(tried[0].failure_code) if tried and tried[0].state == PaymentState.FAILED else None,
        methods=words.payment_methods() if services.test_mode else None,
    )
    if error is not None:
        return forms.again(request, "subscribe/pay.html", error, {}, **context)
    return render(request, "subscribe/pay.html", values={}, errors={}, **context)


def _done_context(session: Session, services: Services, actor: Actor, ordered: Ordered) -> dict[str, Any]:
    subscription = subscriptions.get(session, ordered.order.subscription_id or "")
    invoice = billing.first_invoice(session, subscription.id)
    return ordered.context(
        5,
        subscription=subscription,
        agreement=subscriptions.agreement_of(session, subscription),
        invoice=invoice,
        may_make_keys=actor.may(Permission.CREDENTIAL_WRITE, subscription.organisation_id),
        address=f"{services.settings.base_url.rstrip('/')}/data/v1/{ordered.dataset.slug}/records?limit=2",
    )


@router.get("/orders/{order_id}/done")
def done_page(request: Request, session: Read, services: ServicesOf, actor: SignedIn, order_id: str) -> Response:
    ordered = Ordered.load(session, actor, order_id)
    if ordered.order.subscription_id is None:
        return RedirectResponse(f"/subscribe/orders/{order_id}/check", 303)
    context = _done_context(session, services, actor, ordered)
    if context["subscription"].state == "pending_payment":
        return RedirectResponse(f"/subscribe/orders/{order_id}/pay", 303)
    return render(request, "subscribe/done.html", secret=None, **context)


@router.post("/orders/{order_id}/done")
def first_key(request: Request, session: Tx, services: ServicesOf, actor: SignedIn, order_id: str) -> Response:
    """Make the first key and show it in this answer, once. Sent again, it shows that the key was made."""
    order = orders.lock(session, actor, order_id)
    if order.subscription_id is None or order.key_id is not None:
        return RedirectResponse(f"/subscribe/orders/{order_id}/done", 303)
    key, secret = credentials.create_key(session, actor, services.settings, order.subscription_id, _("First key"))
    orders.key_made(session, order, key.id)
    context = _done_context(session, services, actor, Ordered.load(session, actor, order_id))
    return render(request, "subscribe/done.html", headers={"Cache-Control": "no-store"}, secret=secret, **context)
