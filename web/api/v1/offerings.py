"""Management API: offerings and their plans."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from contracts.access import Actor, Permission
from contracts.text import Text
from marketplace.products import service as products
from marketplace.products.errors import OfferingNotFound
from marketplace.products.models import Offering, OfferingStatus
from marketplace.products.schemas import PlanTerms
from web.dependencies import CurrentActor, Read, ServicesOf, SignedIn, Tx

router = APIRouter(prefix="/api/v1", tags=["offerings"])


class OfferingIn(BaseModel):
    """A dataset to be offered; the title defaults to the dataset's."""

    dataset_id: str
    title: Text | None = None


class PlanIn(BaseModel):
    """A plan. Prices are fen, tax included; without any the plan is free."""

    name: Text
    quota_per_month: int | None = Field(description="Calls included in a calendar month; null: no limit.")
    rate_per_minute: int
    monthly_fee: int = 0
    overage_per_1000: int | None = Field(None, description="Fen for 1,000 further calls; null: calls stop.")
    replaces_id: str | None = Field(None, description="The plan that this one takes the place of.")


class OfferingOut(BaseModel):
    """An offering with the plans on offer."""

    id: str
    dataset_id: str
    provider_id: str
    title: dict[str, str]
    status: str
    created_at: datetime
    listed_at: datetime | None
    plans: list[PlanTerms]


def _out(session: Session, offering: Offering) -> OfferingOut:
    on_offer = products.plans(session, offering.id)
    terms = products.terms_of_plans(session, on_offer)
    return OfferingOut(**offering.model_dump(exclude={"retired_at"}), plans=[terms[plan.id] for plan in on_offer])


def _visible(session: Session, actor: Actor, offering_id: str) -> Offering:
    offering = products.get_offering(session, offering_id)
    if offering.status == OfferingStatus.DRAFT and not actor.may(Permission.OFFERING_WRITE, offering.provider_id):
        raise OfferingNotFound("There is no such offering.", offering_id=offering_id)
    return offering


@router.get("/offerings", summary="Offerings on the market, or one provider's own")
def list_offerings(
    session: Read,
    actor: CurrentActor,
    provider_id: Annotated[str | None, Query()] = None,
    status: OfferingStatus = OfferingStatus.LISTED,
) -> list[OfferingOut]:
    found = products.offerings(session, provider_id=provider_id, status=status)
    return [
        _out(session, one)
        for one in found
        if status != OfferingStatus.DRAFT or actor.may(Permission.OFFERING_WRITE, one.provider_id)
    ]


@router.post("/offerings", status_code=201, summary="Offer a dataset")
def create_offering(body: OfferingIn, session: Tx, actor: SignedIn) -> OfferingOut:
    return _out(session, products.create_offering(session, actor, body.dataset_id, body.title))


@router.get("/offerings/{offering_id}", summary="One offering")
def get_offering(offering_id: str, session: Read, actor: CurrentActor) -> OfferingOut:
    return _out(session, _visible(session, actor, offering_id))


@router.post("/offerings/{offering_id}/plans", status_code=201, summary="Add a plan, or replace one")
def add_plan(offering_id: str, body: PlanIn, session: Tx, services: ServicesOf, actor: SignedIn) -> PlanTerms:
    plan = products.add_plan(
        session, actor, offering_id, currency=services.settings.currency, **body.model_dump(exclude_none=False)
    )
    return products.plan_terms(session, plan)


@router.post("/offerings/{offering_id}/list", summary="Put an offering on the market")
def put_on_market(offering_id: str, session: Tx, actor: SignedIn) -> OfferingOut:
    return _out(session, products.list_offering(session, actor, offering_id))


@router.post("/offerings/{offering_id}/retire", summary="Take an offering off the market")
def retire(offering_id: str, session: Tx, actor: SignedIn) -> OfferingOut:
    return _out(session, products.retire_offering(session, actor, offering_id))


@router.post("/plans/{plan_id}/retire", summary="Take a plan off offer")
def retire_plan(plan_id: str, session: Tx, actor: SignedIn) -> PlanTerms:
    return products.plan_terms(session, products.retire_plan(session, actor, plan_id))
