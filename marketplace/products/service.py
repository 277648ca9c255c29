"""Offerings and plans: what a provider offers, and the rule that open data costs nothing."""

from collections.abc import Collection, Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from catalog.datasets import service as datasets
from catalog.parties import service as parties
from catalog.releases import service as releases
from contracts.access import Actor, Permission
from contracts.clock import now
from contracts.errors import InvalidInput
from contracts.kit import audit
from contracts.money import CNY
from contracts.text import LANGUAGES
from marketplace.products.errors import NotForOffer, OfferingNotFound, PlanNotFound, PriceRefused
from marketplace.products.models import Component, Offering, OfferingStatus, Plan, PlanKind, PriceComponent
from marketplace.products.schemas import PlanTerms

MAX_AMOUNT = 100_000_000_00  # fen; larger prices are typing mistakes


def create_offering(session: Session, actor: Actor, dataset_id: str, title: dict[str, str] | None = None) -> Offering:
    """A draft offering of a dataset by its provider; the one there is when the dataset has one already.

    `title` defaults to the dataset's. Raises `NotForOffer` for data that is not open.
    """
    dataset = datasets.get_dataset(session, dataset_id)
    actor.require(Permission.OFFERING_WRITE, dataset.provider_id)
    if dataset.openness == "not_open":
        raise NotForOffer("This dataset is not open, so it cannot be offered.", dataset_id=dataset.id)
    if existing := offering_for_dataset(session, dataset.id):
        return existing
    offering = Offering(
        dataset_id=dataset.id, provider_id=dataset.provider_id, title=_checked_text("title", title or dataset.title)
    )
    try:
        with session.begin_nested():
            session.add(offering)
    except IntegrityError:  # somebody else offered it this instant
        return session.exec(select(Offering).where(Offering.dataset_id == dataset.id)).one()
    audit.record(session, actor, "offering.created", "offering", offering.id, dataset_id=dataset.id)
    return offering


def add_plan(
    session: Session,
    actor: Actor,
    offering_id: str,
    *,
    name: dict[str, str],
    quota_per_month: int | None,
    rate_per_minute: int,
    monthly_fee: int = 0,
    overage_per_1000: int | None = None,
    currency: str = CNY,
    replaces_id: str | None = None,
) -> Plan:
    """A plan of an offering. Prices are fen, tax included; a plan without any is free.

    `quota_per_month` calls are included in each calendar month (None: no limit). Beyond it calls cost
    `overage_per_1000` a thousand, or stop where that is None. Raises `PriceRefused` for a price on
    unconditionally open data.
    """
    offering = _offering_to_change(session, actor, offering_id)
    if offering.status == OfferingStatus.RETIRED:
        raise NotForOffer("This offering is retired; it takes no new plan.", offering_id=offering_id)
    _check_plan(monthly_fee, overage_per_1000, quota_per_month, rate_per_minute)
    paid = monthly_fee > 0 or overage_per_1000 is not None
    if paid and not may_charge(session, offering.dataset_id):
        raise PriceRefused.open_data()
    plan = Plan(
        offering_id=offering.id,
        name=_checked_text("name", name),
        kind=PlanKind.PAID if paid else PlanKind.FREE,
        currency=currency,
        quota_per_month=quota_per_month,
        rate_per_minute=rate_per_minute,
        version=1,
    )
    if replaces_id is not None:
        old = _plan_of(session, offering.id, replaces_id)
        old.retired_at = now()
        plan.replaces_id, plan.version = old.id, old.version + 1
        session.add(old)
    session.add(plan)
    session.flush()
    if monthly_fee > 0:
        session.add(PriceComponent(plan_id=plan.id, component=Component.MONTHLY_FEE, unit_amount=monthly_fee))
    if overage_per_1000 is not None:
        session.add(PriceComponent(plan_id=plan.id, component=Component.CALLS, unit_amount=overage_per_1000, per=1000))
    session.flush()
    audit.record(session, actor, "plan.added", "plan", plan.id, offering_id=offering.id, replaces=replaces_id)
    return plan


def retire_plan(session: Session, actor: Actor, plan_id: str) -> Plan:
    """Take a plan off offer. Who subscribed under it keeps it."""
    plan = get_plan(session, plan_id)
    _offering_to_change(session, actor, plan.offering_id)
    if plan.retired_at is None:
        plan.retired_at = now()
        session.add(plan)
        audit.record(session, actor, "plan.retired", "plan", plan.id)
    return plan


def list_offering(session: Session, actor: Actor, offering_id: str) -> Offering:
    """Put an offering on the market: it needs a release and a plan, and no plan may break the price rule."""
    offering = _offering_to_change(session, actor, offering_id)
    if offering.status == OfferingStatus.LISTED:
        return offering
    if releases.current_release(session, offering.dataset_id) is None:
        raise NotForOffer("Publish a release first; there is nothing to subscribe to yet.", offering_id=offering_id)
    on_offer = plans(session, offering.id)
    if not on_offer:
        raise NotForOffer("Add a plan first; an offering without one cannot be subscribed to.", offering_id=offering_id)
    if any(plan.kind == PlanKind.PAID for plan in on_offer) and not may_charge(session, offering.dataset_id):
        raise PriceRefused.open_data()
    offering.status, offering.listed_at, offering.retired_at = OfferingStatus.LISTED, now(), None
    session.add(offering)
    audit.record(session, actor, "offering.listed", "offering", offering.id)
    return offering


def retire_offering(session: Session, actor: Actor, offering_id: str) -> Offering:
    """Take an offering off the market. Present subscriptions run on."""
    offering = _offering_to_change(session, actor, offering_id)
    if offering.status != OfferingStatus.RETIRED:
        offering.status, offering.retired_at = OfferingStatus.RETIRED, now()
        session.add(offering)
        audit.record(session, actor, "offering.retired", "offering", offering.id)
    return offering


def may_charge(session: Session, dataset_id: str) -> bool:
    """Whether the price rule (深圳经济特区数据条例第四十七条) allows a price on this dataset as it is classed now."""
    return bool(datasets.get_dataset(session, dataset_id).openness != "unconditional")


def get_offering(session: Session, offering_id: str) -> Offering:
    """The offering with this id."""
    offering = session.get(Offering, offering_id)
    if offering is None:
        raise OfferingNotFound("There is no such offering.", offering_id=offering_id)
    return offering


def offering_for_dataset(session: Session, dataset_id: str) -> Offering | None:
    """The offering of a dataset, whatever its status."""
    return session.exec(select(Offering).where(Offering.dataset_id == dataset_id)).first()


def offerings_by_id(session: Session, ids: Sequence[str] | frozenset[str] | set[str]) -> dict[str, Offering]:
    """Offerings by id; unknown ids are left out."""
    rows = session.exec(select(Offering).where(col(Offering.id).in_(list(ids)))).all() if ids else []
    return {row.id: row for row in rows}


def offerings_of_datasets(session: Session, dataset_ids: Sequence[str]) -> dict[str, Offering]:
    """Listed offerings by dataset id."""
    if not dataset_ids:
        return {}
    found = session.exec(
        select(Offering).where(
            col(Offering.dataset_id).in_(list(dataset_ids)), Offering.status == OfferingStatus.LISTED
        )
    )
    return {offering.dataset_id: offering for offering in found}


def offerings(
    session: Session, *, provider_id: str | None = None, status: OfferingStatus | None = OfferingStatus.LISTED
) -> list[Offering]:
    """Offerings, newest first: listed ones unless another status (None: any) is asked for."""
    query = select(Offering).order_by(col(Offering.id).desc())
    if provider_id is not None:
        query = query.where(Offering.provider_id == provider_id)
    if status is not None:
        query = query.where(Offering.status == status)
    return list(session.exec(query))


def plans(session: Session, offering_id: str, *, retired: bool = False) -> list[Plan]:
    """The plans of an offering, oldest first; retired ones only when asked for."""
    query = select(Plan).where(Plan.offering_id == offering_id).order_by(col(Plan.id))
    if not retired:
        query = query.where(col(Plan.retired_at).is_(None))
    return list(session.exec(query))


def plans_of_offerings(session: Session, offering_ids: Collection[str]) -> dict[str, list[Plan]]:
    """The plans on offer of several offerings, oldest first, in one query; offerings without any are left out."""
    query = select(Plan).where(col(Plan.offering_id).in_(list(offering_ids)), col(Plan.retired_at).is_(None))
    found: dict[str, list[Plan]] = {}
    for plan in session.exec(query.order_by(col(Plan.id))):
        found.setdefault(plan.offering_id, []).append(plan)
    return found


def get_plan(session: Session, plan_id: str) -> Plan:
    """The plan with this id."""
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise PlanNotFound("There is no such plan.", plan_id=plan_id)
    return plan


def plan_terms(session: Session, plan: Plan) -> PlanTerms:
    """A plan with its prices, as shown, signed and rated."""
    return terms_of_plans(session, [plan])[plan.id]


def terms_of_plans(session: Session, wanted: Sequence[Plan]) -> dict[str, PlanTerms]:
    """Plans with their prices by plan id, in one query."""
    ids = [plan.id for plan in wanted]
    components = session.exec(select(PriceComponent).where(col(PriceComponent.plan_id).in_(ids))).all() if ids else []
    amounts = {(c.plan_id, c.component): c.unit_amount for c in components}
    return {
        plan.id: PlanTerms(
            plan_id=plan.id,
            name=plan.name,
            kind=plan.kind,
            currency=plan.currency,
            quota_per_month=plan.quota_per_month,
            rate_per_minute=plan.rate_per_minute,
            monthly_fee=amounts.get((plan.id, Component.MONTHLY_FEE), 0),
            overage_per_1000=amounts.get((plan.id, Component.CALLS)),
        )
        for plan in wanted
    }


def provider_name(session: Session, offering: Offering) -> dict[str, str]:
    """The name of the department that offers."""
    return parties.get_organisation(session, offering.provider_id).name


def _offering_to_change(session: Session, actor: Actor, offering_id: str) -> Offering:
    offering = session.exec(select(Offering).where(Offering.id == offering_id).with_for_update()).first()
    if offering is None:
        raise OfferingNotFound("There is no such offering.", offering_id=offering_id)
    actor.require(Permission.OFFERING_WRITE, offering.provider_id)
    return offering


def _plan_of(session: Session, offering_id: str, plan_id: str) -> Plan:
    plan = get_plan(session, plan_id)
    if plan.offering_id != offering_id:
        raise PlanNotFound("This offering has no such plan.", plan_id=plan_id)
    return plan


def _check_plan(monthly_fee: int, overage: int | None, quota: int | None, rate: int) -> None:
    if not 0 <= monthly_fee <= MAX_AMOUNT:
        raise InvalidInput.at("monthly_fee", "Give the monthly fee in fen, from 0 to 10,000,000,000.")
    if overage is not None and not 0 < overage <= MAX_AMOUNT:
        raise InvalidInput.at("overage_per_1000", "Give the price of 1,000 further calls in fen, above 0.")
    if overage is not None and quota is None:
        raise InvalidInput.at("quota_per_month", "A price for further calls needs a quota; 0 charges every call.")
    if quota is not None and not 0 <= quota <= 10**12:
        raise InvalidInput.at("quota_per_month", "Give the calls included in a month, 0 or more.")
    if quota == 0 and overage is None:
        raise InvalidInput.at("quota_per_month", "Without included calls and without a price for more nothing is left.")
    if not 1 <= rate <= 1_000_000:
        raise InvalidInput.at("rate_per_minute", "Give the calls allowed in a minute, from 1 to 1,000,000.")


def _checked_text(field: str, text: dict[str, str]) -> dict[str, str]:
    cleaned = {language: value.strip() for language, value in text.items() if value and value.strip()}
    if not cleaned or set(cleaned) - set(LANGUAGES):
        raise InvalidInput.at(field, "Give the text in Chinese (zh-CN) or English (en).")
    if any(len(value) > 200 for value in cleaned.values()):
        raise InvalidInput.at(field, "Use at most 200 characters.")
    return cleaned
