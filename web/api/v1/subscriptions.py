"""Management API: terms, subscribing, agreements."""

import json
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from contracts.access import Permission
from contracts.errors import Forbidden
from marketplace.billing import service as billing
from marketplace.billing.rules import Rules
from marketplace.products import service as products
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.models import Subscription
from web.api.idempotency import IdempotencyKey, once
from web.dependencies import Read, ServicesOf, SignedIn, Tx

router = APIRouter(prefix="/api/v1", tags=["subscriptions"])


class TermsOut(BaseModel):
    """The licence to be accepted before subscribing to a plan; send `hash` back to accept it."""

    hash: str
    licence: dict[str, Any]
    odrl: dict[str, Any]


class SubscriptionIn(BaseModel):
    """Whose subscription to which plan, and what for."""

    organisation_id: str
    plan_id: str
    accepted_terms_hash: str = Field(description="The `hash` of the terms that were read.")
    purpose: str | None = None
    overage_cap: int | None = Field(None, description="Most to be charged for further calls in a month, in fen.")


class SubscriptionOut(BaseModel):
    """A subscription."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    organisation_id: str
    offering_id: str
    dataset_id: str
    plan_id: str
    state: str
    overage_cap: int | None
    created_at: datetime
    started_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None


class OrderOut(BaseModel):
    """What subscribing made. With an `invoice_id` the subscription starts when that is paid."""

    subscription: SubscriptionOut
    invoice_id: str | None


class AgreementOut(BaseModel):
    """What was signed; `hash` is the SHA-256 of `canonical`."""

    number: str
    hash: str
    terms_hash: str
    accepted_at: datetime
    canonical: str
    document: dict[str, Any]


@router.get("/plans/{plan_id}/terms", summary="The terms to be accepted")
def terms(plan_id: str, session: Read) -> TermsOut:
    licence = subscriptions.licence_for_plan(session, plan_id)
    offering = products.get_offering(session, products.get_plan(session, plan_id).offering_id)
    return TermsOut(
        hash=licence.hash(),
        licence=licence.model_dump(mode="json"),
        odrl=licence.odrl(target=f"urn:uuid:{offering.dataset_id}", assigner=f"urn:uuid:{offering.provider_id}"),
    )


@router.post("/subscriptions", status_code=201, summary="Subscribe to a plan")
def subscribe(
    body: SubscriptionIn, request: Request, services: ServicesOf, actor: SignedIn, key: IdempotencyKey = None
) -> OrderOut:
    def work(session: Session) -> OrderOut:
        made = billing.order(
            session,
            actor,
            Rules.from_settings(services.settings),
            body.organisation_id,
            body.plan_id,
            body.purpose,
            body.accepted_terms_hash,
            overage_cap=body.overage_cap,
        )
        invoice_id = made.invoice.id if made.invoice else None
        return OrderOut(subscription=_out(made.subscription), invoice_id=invoice_id)

    return once(request, services, actor, key, body, work, OrderOut)


@router.get("/subscriptions", summary="An organisation's subscriptions")
def list_subscriptions(
    organisation_id: str, session: Read, actor: SignedIn, ended: bool = False
) -> list[SubscriptionOut]:
    if not actor.may(Permission.INVOICE_READ, organisation_id):
        raise Forbidden("Only members of the organisation see its subscriptions.")
    return [_out(one) for one in subscriptions.for_organisation(session, organisation_id, ended=ended)]


@router.get("/subscriptions/{subscription_id}", summary="One subscription")
def get_subscription(subscription_id: str, session: Read, actor: SignedIn) -> SubscriptionOut:
    return _out(subscriptions.require_readable(session, actor, subscription_id))


@router.get("/subscriptions/{subscription_id}/agreement", summary="What was signed")
def agreement(subscription_id: str, session: Read, actor: SignedIn) -> AgreementOut:
    subscription = subscriptions.require_readable(session, actor, subscription_id)
    signed = subscriptions.agreement_of(session, subscription)
    return AgreementOut(
        number=signed.number,
        hash=signed.hash,
        terms_hash=signed.terms_hash,
        accepted_at=signed.accepted_at,
        canonical=signed.canonical,
        document=json.loads(signed.canonical),
    )


@router.post("/subscriptions/{subscription_id}/cancel", summary="Cancel at the end of the month")
def cancel(subscription_id: str, session: Tx, services: ServicesOf, actor: SignedIn) -> SubscriptionOut:
    rules = Rules.from_settings(services.settings)
    return _out(billing.cancel_subscription(session, actor, rules, subscription_id))


@router.post("/subscriptions/{subscription_id}/keep", summary="Take a cancellation back")
def keep(subscription_id: str, session: Tx, actor: SignedIn) -> SubscriptionOut:
    subscriptions.require_readable(session, actor, subscription_id)
    return _out(subscriptions.keep(session, actor, subscription_id))


def _out(subscription: Subscription) -> SubscriptionOut:
    return SubscriptionOut.model_validate(subscription)
