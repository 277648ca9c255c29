"""Orders: a subscription being filled in, step by step, by one person. Nothing is agreed before it is confirmed."""

from sqlmodel import Session

from contracts.access import Actor, Permission
from contracts.errors import Conflict, NotSignedIn
from marketplace.products import service as products
from marketplace.products.models import OfferingStatus
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.errors import NotOnOffer, OrderNotFound, TermsChanged
from marketplace.subscriptions.models import Order


class OrderConfirmed(Conflict):
    """What was ordered cannot be changed any more."""

    code = "order-confirmed"
    title = "This order is confirmed"


def begin(session: Session, actor: Actor, plan_id: str) -> Order:
    """A new order of a plan on offer."""
    if actor.person_id is None:
        raise NotSignedIn("Sign in to subscribe.")
    offering_id = _on_offer(session, plan_id)
    order = Order(offering_id=offering_id, plan_id=plan_id, person_id=actor.person_id)
    session.add(order)
    session.flush()
    return order


def get(session: Session, actor: Actor, order_id: str) -> Order:
    """The person's own order."""
    order = session.get(Order, order_id)
    if order is None or order.person_id != actor.person_id:
        raise OrderNotFound("There is no such order among yours.", order_id=order_id)
    return order


def choose_plan(session: Session, actor: Actor, order_id: str, plan_id: str) -> Order:
    """Another plan of the same offering."""
    order = _open(session, actor, order_id)
    if _on_offer(session, plan_id) != order.offering_id:
        raise NotOnOffer("This plan belongs to another product.", plan_id=plan_id)
    order.plan_id = plan_id
    session.add(order)
    return order


def state_use(
    session: Session, actor: Actor, order_id: str, *, organisation_id: str, purpose: str | None, overage_cap: int | None
) -> Order:
    """Who subscribes, what for, and how much further calls may cost."""
    order = _open(session, actor, order_id)
    actor.require(Permission.SUBSCRIPTION_WRITE, organisation_id)
    terms = products.plan_terms(session, products.get_plan(session, order.plan_id))
    licence = subscriptions.licence_for_plan(session, order.plan_id)
    order.organisation_id = organisation_id
    order.purpose = subscriptions.check_purpose(licence, purpose)
    order.overage_cap = subscriptions.check_cap(terms, overage_cap)
    session.add(order)
    return order


def accept(session: Session, actor: Actor, order_id: str, terms_hash: str) -> Order:
    """The terms have been read and are agreed to."""
    order = _open(session, actor, order_id)
    licence = subscriptions.licence_for_plan(session, order.plan_id)
    if terms_hash != licence.hash():
        raise TermsChanged("The terms changed after you read them. Read them again.", terms_hash=licence.hash())
    order.accepted_terms_hash = terms_hash
    session.add(order)
    return order


def confirmed(session: Session, order: Order, subscription_id: str) -> None:
    """The order has become a subscription."""
    order.subscription_id = subscription_id
    session.add(order)
    session.flush()


def key_made(session: Session, order: Order, key_id: str) -> None:
    """The first key was made; it is shown once."""
    order.key_id = key_id
    session.add(order)
    session.flush()


def lock(session: Session, actor: Actor, order_id: str) -> Order:
    """The person's own order as it is now, held until the transaction ends."""
    session.flush()
    get(session, actor, order_id)
    return session.get_one(Order, order_id, with_for_update=True, populate_existing=True)


def _open(session: Session, actor: Actor, order_id: str) -> Order:
    order = lock(session, actor, order_id)
    if order.subscription_id is not None:
        raise OrderConfirmed("This order is confirmed; what it says cannot be changed.", order_id=order_id)
    return order


def _on_offer(session: Session, plan_id: str) -> str:
    plan = products.get_plan(session, plan_id)
    offering = products.get_offering(session, plan.offering_id)
    if offering.status != OfferingStatus.LISTED or plan.retired_at is not None:
        raise NotOnOffer("This plan is not on offer any more. Choose another one.", plan_id=plan_id)
    return offering.id
