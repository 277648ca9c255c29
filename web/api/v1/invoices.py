"""Management API: invoices, payments, refunds and credit notes."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from contracts.access import Actor, Permission, Role
from contracts.errors import Forbidden
from marketplace.billing import refunds
from marketplace.billing import service as billing
from marketplace.billing.invoicing import lines_of
from marketplace.billing.models import Invoice, Refund, RefundState
from marketplace.billing.rules import Rules
from marketplace.payments import service as payments
from marketplace.payments.errors import PaymentNotFound
from marketplace.payments.models import FINISHED, Payment
from web.api.idempotency import IdempotencyKey, once
from web.context import Services
from web.dependencies import Read, ServicesOf, SignedIn
from web.pages.billing import collecting

router = APIRouter(prefix="/api/v1", tags=["billing"])


class InvoiceLineOut(BaseModel):
    """One charge: `quantity` of `per` units at `unit_amount` fen."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    subscription_id: str
    offering_id: str
    provider_id: str
    component: str
    title: dict[str, str]
    plan_name: dict[str, str]
    quantity: int
    per: int
    unit_amount: int
    amount: int
    tax: int
    covers_from: datetime
    covers_until: datetime
    rated_usage_id: str | None


class InvoiceOut(BaseModel):
    """An invoice. Amounts are fen, tax included."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    number: str
    kind: str
    organisation_id: str
    period_id: str | None
    subscription_id: str | None
    state: str
    currency: str
    total: int
    tax: int
    issued_at: datetime
    due_at: datetime
    paid_at: datetime | None


class InvoiceDetail(InvoiceOut):
    """An invoice with its lines, and how much of each can still be asked back."""

    lines: list[InvoiceLineOut]
    refundable: dict[str, int]


class PaymentIn(BaseModel):
    """How to pay: the id of a payment method of Stripe's, never a card number."""

    payment_method: str


class PaymentOut(BaseModel):
    """A payment. At `requires_action` the payer confirms at `action_url`; ask again afterwards."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    reference: str
    amount: int
    currency: str
    state: str
    failure_code: str | None
    action_url: str | None
    created_at: datetime
    finished_at: datetime | None


class RefundIn(BaseModel):
    """Why, and how much of which line (fen by invoice line id); null: everything that is left."""

    reason: str
    amounts: dict[str, int] | None = None


class DecisionIn(BaseModel):
    """The operator's decision."""

    approve: bool
    reason: str
    end_subscription: bool = Field(False, description="Also end at once what the refunded lines were for.")


class RefundOut(BaseModel):
    """A refund and what became of it."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    number: str
    invoice_id: str
    amount: int
    currency: str
    reason: str
    state: str
    requested_at: datetime
    decided_at: datetime | None
    decision_reason: str | None
    made_at: datetime | None


class CreditNoteOut(BaseModel):
    """The document of an approved refund."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    number: str
    refund_id: str
    invoice_id: str
    currency: str
    total: int
    tax: int
    issued_at: datetime


@router.get("/invoices", summary="An organisation's invoices")
def list_invoices(organisation_id: str, session: Read, actor: SignedIn) -> list[InvoiceOut]:
    if not (actor.may(Permission.INVOICE_READ, organisation_id) or actor.has_role(Role.OPERATOR)):
        raise Forbidden("Only members of the organisation see its invoices.")
    return [InvoiceOut.model_validate(one) for one in billing.invoices_for(session, organisation_id)]


@router.get("/invoices/{invoice_id}", summary="One invoice with its lines")
def get_invoice(invoice_id: str, session: Read, actor: SignedIn) -> InvoiceDetail:
    return _detail(session, billing.require_readable(session, actor, invoice_id))


def _detail(session: Session, invoice: Invoice) -> InvoiceDetail:
    lines = [InvoiceLineOut.model_validate(line) for line in lines_of(session, invoice.id)]
    left = refunds.refundable(session, invoice.id) if invoice.state == "paid" else {}
    return InvoiceDetail(**InvoiceOut.model_validate(invoice).model_dump(), lines=lines, refundable=left)


@router.post("/invoices/{invoice_id}/payments", status_code=201, summary="Pay an invoice")
def pay(
    invoice_id: str,
    body: PaymentIn,
    request: Request,
    services: ServicesOf,
    actor: SignedIn,
    key: IdempotencyKey = None,
) -> PaymentOut:
    """Collects at once. A declined card is a payment of state `failed`, not an error; pay again with a new key."""

    def work(session: Session) -> PaymentOut:
        return PaymentOut.model_validate(billing.pay_invoice(session, actor, invoice_id, body.payment_method))

    asked = once(request, services, actor, key, body, work, PaymentOut)
    with services.database.reading() as session:
        payment = payments.get(session, asked.id)
    return PaymentOut.model_validate(_followed(services, payment))


@router.get("/payments/{payment_id}", summary="How a payment stands")
def get_payment(payment_id: str, services: ServicesOf, actor: SignedIn) -> PaymentOut:
    with services.database.reading() as session:
        payment = _readable(session, actor, payment_id)
    return PaymentOut.model_validate(_followed(services, payment))


@router.post("/payments/{payment_id}/cancel", summary="Give up a payment that waits for its payer")
def cancel_payment(payment_id: str, services: ServicesOf, actor: SignedIn) -> PaymentOut:
    with services.database.reading() as session:
        payment = _readable(session, actor, payment_id)
    actor.require(Permission.INVOICE_PAY, payment.organisation_id)
    return PaymentOut.model_validate(collecting.give_up(services, payment.id))


@router.post("/invoices/{invoice_id}/refunds", status_code=201, summary="Ask for money back")
def request_refund(
    invoice_id: str,
    body: RefundIn,
    request: Request,
    services: ServicesOf,
    actor: SignedIn,
    key: IdempotencyKey = None,
) -> RefundOut:
    def work(session: Session) -> RefundOut:
        rules = Rules.from_settings(services.settings)
        return _refund(refunds.request_refund(session, actor, rules, invoice_id, body.reason, body.amounts))

    return once(request, services, actor, key, body, work, RefundOut)


@router.get("/refunds", summary="Refunds, for operators")
def list_refunds(session: Read, actor: SignedIn, state: RefundState | None = None) -> list[RefundOut]:
    actor.require(Permission.REFUND_DECIDE)
    return [_refund(one) for one in refunds.refunds(session, state=state)]


@router.get("/refunds/{refund_id}", summary="One refund")
def get_refund(refund_id: str, session: Read, actor: SignedIn) -> RefundOut:
    return _refund(refunds.require_readable(session, actor, refund_id))


@router.post("/refunds/{refund_id}/decision", summary="Approve or reject a refund")
def decide(
    refund_id: str,
    body: DecisionIn,
    request: Request,
    services: ServicesOf,
    actor: SignedIn,
    key: IdempotencyKey = None,
) -> RefundOut:
    def work(session: Session) -> RefundOut:
        return _refund(
            refunds.decide_refund(
                session,
                actor,
                Rules.from_settings(services.settings),
                refund_id,
                body.approve,
                body.reason,
                end_subscription=body.end_subscription,
            )
        )

    return once(request, services, actor, key, body, work, RefundOut)


@router.get("/credit-notes", summary="An organisation's credit notes")
def list_credit_notes(organisation_id: str, session: Read, actor: SignedIn) -> list[CreditNoteOut]:
    if not (actor.may(Permission.INVOICE_READ, organisation_id) or actor.has_role(Role.OPERATOR)):
        raise Forbidden("Only members of the organisation see its credit notes.")
    return [CreditNoteOut.model_validate(one) for one in refunds.credit_notes_for(session, organisation_id)]


def _readable(session: Session, actor: Actor, payment_id: str) -> Payment:
    payment = payments.get(session, payment_id)
    if not (actor.may(Permission.INVOICE_READ, payment.organisation_id) or actor.has_role(Role.OPERATOR)):
        raise PaymentNotFound("There is no such payment.", payment_id=payment_id)
    return payment


def _followed(services: Services, payment: Payment) -> Payment:
    return payment if payment.state in FINISHED else collecting.follow(services, payment)


def _refund(refund: Refund) -> RefundOut:
    return RefundOut.model_validate(refund)
