"""What a dataset is offered for: its plans and their prices, and whether it is on the market."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.datasets.models import Dataset
from catalog.releases import service as releases
from contracts.access import Actor, Permission
from contracts.errors import Conflict, Forbidden, InvalidInput
from marketplace.products import service as products
from marketplace.products.models import OfferingStatus
from web import formats, forms
from web.context import Services
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.i18n import N_, current_locale, localized, raw_gettext
from web.i18n import gettext as _
from web.pages.billing.words import fen, plan_limits
from web.pages.provider.frame import own_dataset
from web.rendering import render

router = APIRouter()
Text = Annotated[str, Form()]
STATES: dict[str, tuple[str, str]] = {
    OfferingStatus.DRAFT: (N_("not on the market yet"), ""),
    OfferingStatus.LISTED: (N_("on the market"), "good"),
    OfferingStatus.RETIRED: (N_("taken off the market"), "stop"),
}
START = {"quota_per_month": "1000", "rate_per_minute": "60"}


def _dataset_to_offer(session: Session, actor: Actor, dataset_id: str) -> Dataset:
    dataset = own_dataset(session, actor, dataset_id)
    actor.require(Permission.OFFERING_WRITE, dataset.provider_id)
    return dataset


def _context(session: Session, services: Services, dataset: Dataset) -> dict[str, Any]:
    offering = products.offering_for_dataset(session, dataset.id)
    terms = products.terms_of_plans(session, products.plans(session, offering.id)) if offering else {}
    released = releases.current_release(session, dataset.id) is not None
    missing = None if released else _("Publish a release first.")
    if released and not terms:
        missing = _("Add a plan first.")
    label, kind = STATES[offering.status if offering else OfferingStatus.DRAFT]
    return {
        "dataset": dataset,
        "offering": offering,
        "state": (raw_gettext(label), kind),
        "listed": offering is not None and offering.status == OfferingStatus.LISTED,
        "retired": offering is not None and offering.status == OfferingStatus.RETIRED,
        "plans": [
            {
                "id": plan.plan_id,
                "name": localized(plan.name),
                "price": formats.money(plan.monthly_fee, plan.currency),
                "limits": plan_limits(plan.quota_per_month, plan.overage_per_1000, plan.rate_per_minute, plan.currency),
            }
            for plan in terms.values()
        ],
        "missing": missing,
        "may_charge": products.may_charge(session, dataset.id),
        "currency": services.settings.currency,
    }


@router.get("/provider/datasets/{dataset_id}/offering")
def offering_page(request: Request, session: Read, services: ServicesOf, actor: SignedIn, dataset_id: str) -> Response:
    dataset = _dataset_to_offer(session, actor, dataset_id)
    context = _context(session, services, dataset)
    return render(request, "provider/offering.html", values=START, errors={}, **context)


@router.post("/provider/datasets/{dataset_id}/offering/plans")
def plan_post(
    request: Request,
    session: Tx,
    services: ServicesOf,
    actor: SignedIn,
    dataset_id: str,
    name: Text = "",
    name_other: Text = "",
    quota_per_month: Text = "",
    rate_per_minute: Text = "",
    monthly_fee: Text = "",
    overage_per_1000: Text = "",
    replaces_id: Text = "",
) -> Response:
    """Add a plan; the first one makes the offering."""
    dataset = _dataset_to_offer(session, actor, dataset_id)
    try:
        overage = fen(overage_per_1000, "overage_per_1000")
        if overage == 0:
            raise InvalidInput.at("overage_per_1000", "Give an amount above 0, or leave it empty.")
        with session.begin_nested():
            offering = products.create_offering(session, actor, dataset.id)
            products.add_plan(
                session,
                actor,
                offering.id,
                name=_by_language(name, name_other),
                quota_per_month=_count(quota_per_month, "quota_per_month"),
                rate_per_minute=_count(rate_per_minute, "rate_per_minute") or 0,
                monthly_fee=fen(monthly_fee, "monthly_fee") or 0,
                overage_per_1000=overage,
                currency=services.settings.currency,
                replaces_id=replaces_id or None,
            )
    except (InvalidInput, Conflict, Forbidden) as error:
        values = {
            "name": name, "name_other": name_other, "quota_per_month": quota_per_month,
            "rate_per_minute": rate_per_minute, "monthly_fee": monthly_fee, "overage_per_1000": overage_per_1000,
            "replaces_id": replaces_id,
        }  # fmt: skip
        context = _context(session, services, dataset)
        return forms.again(request, "provider/offering.html", error, values, **context)
    return RedirectResponse(f"/provider/datasets/{dataset.id}/offering", 303)


def _by_language(own: str, other: str) -> dict[str, str]:
    locale = current_locale()
    return {locale: own, "en" if locale == "zh-CN" else "zh-CN": other}


def _count(text: str, field: str) -> int | None:
    """A whole number as typed; None for nothing. Raises `InvalidInput` at `field`."""
    cleaned = text.strip().replace(",", "").replace("，", "")
    if not cleaned:
        return None
    if not (cleaned.isascii() and cleaned.isdigit()) or len(cleaned) > 13:
        raise InvalidInput.at(field, "Give a whole number such as 1000.")
    return int(cleaned)


@router.post("/provider/datasets/{dataset_id}/offering/list")
def list_post(request: Request, session: Tx, services: ServicesOf, actor: SignedIn, dataset_id: str) -> Response:
    """Put the dataset on the market."""
    dataset = _dataset_to_offer(session, actor, dataset_id)
    try:
        with session.begin_nested():
            products.list_offering(session, actor, products.create_offering(session, actor, dataset.id).id)
    except (InvalidInput, Conflict, Forbidden) as error:
        context = _context(session, services, dataset)
        return forms.again(request, "provider/offering.html", error, START, **context)
    return RedirectResponse(f"/provider/datasets/{dataset.id}/offering", 303)


@router.post("/provider/datasets/{dataset_id}/offering/retire")
def retire_post(session: Tx, actor: SignedIn, dataset_id: str) -> Response:
    """Take it off the market; present subscriptions run on."""
    dataset = _dataset_to_offer(session, actor, dataset_id)
    offering = products.offering_for_dataset(session, dataset.id)
    if offering is not None:
        products.retire_offering(session, actor, offering.id)
    return RedirectResponse(f"/provider/datasets/{dataset.id}/offering", 303)


@router.post("/provider/datasets/{dataset_id}/offering/plans/{plan_id}/retire")
def retire_plan_post(session: Tx, actor: SignedIn, dataset_id: str, plan_id: str) -> Response:
    """Take one plan off offer; who subscribed under it keeps it."""
    dataset = _dataset_to_offer(session, actor, dataset_id)
    products.retire_plan(session, actor, plan_id)
    return RedirectResponse(f"/provider/datasets/{dataset.id}/offering", 303)
