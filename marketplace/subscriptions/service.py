"""Subscriptions: signing, what they entitle to, and how they start, pause and end."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from catalog.datasets import service as datasets
from catalog.parties import service as parties
from contracts.access import Actor, Permission, Role
from contracts.clock import month_name, now
from contracts.errors import Conflict, InvalidInput
from contracts.events import Event
from contracts.ids import new_id
from contracts.kit import audit, outbox
from contracts.licence import LICENCES, LicenceTerms
from marketplace.ledger.numbering import next_number
from marketplace.products import service as products
from marketplace.products.errors import PriceRefused
from marketplace.products.models import OfferingStatus
from marketplace.products.schemas import PlanTerms
from marketplace.subscriptions.entitlement import Entitlement, Reason
from marketplace.subscriptions.errors import AlreadySubscribed, NotOnOffer, SubscriptionNotFound, TermsChanged
from marketplace.subscriptions.models import Agreement, Subscription, SubscriptionState
from marketplace.subscriptions.terms import agreement_document, digest, needs_purpose

PURPOSE_MINIMUM = 10  # characters; shorter is no purpose anyone could check
PURPOSE_MAXIMUM = 2000
_LIVE = (SubscriptionState.PENDING_PAYMENT, SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED)
_REASONS: dict[str, Reason | None] = {
    SubscriptionState.ACTIVE: None,
    SubscriptionState.PENDING_PAYMENT: "pending_payment",
    SubscriptionState.SUSPENDED: "suspended_unpaid",
    SubscriptionState.ENDED: "ended",
}


def licence_for_plan(session: Session, plan_id: str) -> LicenceTerms:
    """The licence to be read and accepted before subscribing to a plan."""
    plan = products.get_plan(session, plan_id)
    offering = products.get_offering(session, plan.offering_id)
    dataset = datasets.get_dataset(session, offering.dataset_id)
    return LICENCES[dataset.licence_id]


def subscribe(
    session: Session,
    actor: Actor,
    organisation_id: str,
    plan_id: str,
    purpose: str | None,
    accepted_terms_hash: str,
    *,
    overage_cap: int | None = None,
    request_key: str | None = None,
    timezone: str = "Asia/Shanghai",
) -> Subscription:
    """Sign the agreement for `organisation_id` and open the subscription.

    A plan with a monthly fee starts as `pending_payment`; `billing.service.order` makes its first invoice in the
    same transaction and payment activates it. Every other plan is active at once. A repeated `request_key` gives
    the subscription of the first time. Raises `TermsChanged` when `accepted_terms_hash` is not that of the licence
    in force, `NotOnOffer`, `AlreadySubscribed`, or `InvalidInput` at `purpose` or `overage_cap`.
    """
    actor.require(Permission.SUBSCRIPTION_WRITE, organisation_id)
    if request_key is not None and (earlier := by_request_key(session, request_key)):
        _require_same(earlier, organisation_id, plan_id)
        return earlier
    plan = products.get_plan(session, plan_id)
    offering = products.get_offering(session, plan.offering_id)
    if offering.status != OfferingStatus.LISTED or plan.retired_at is not None:
        raise NotOnOffer("This plan is not on offer any more. Choose another one.", plan_id=plan_id)
    dataset = datasets.get_dataset(session, offering.dataset_id)
    terms = products.plan_terms(session, plan)
    if terms.paid and not products.may_charge(session, dataset.id):
        raise PriceRefused.open_data()
    licence = LICENCES[dataset.licence_id]
    if accepted_terms_hash != licence.hash():
        raise TermsChanged("The terms changed after you read them. Read them again.", terms_hash=licence.hash())
    purpose = check_purpose(licence, purpose)
    cap = check_cap(terms, overage_cap)
    organisation = parties.get_organisation(session, organisation_id)
    provider = parties.get_organisation(session, offering.provider_id)
    moment = now()
    # The number's row stays locked until the commit, so two tabs cannot both find no subscription below.
    number = next_number(session, f"AG-{month_name(moment, timezone)[:4]}")
    _refuse_second(session, organisation.id, plan.id)
    document = agreement_document(
        number=number,
        licence=licence,
        plan=terms,
        offering_id=offering.id,
        dataset_id=dataset.id,
        provider={"id": provider.id, "name": provider.name},
        subscriber={"id": organisation.id, "name": organisation.name, "accepted_by": actor.person_id},
        purpose=purpose,
        accepted_at=moment,
    )
    agreement = Agreement(
        number=number,
        offering_id=offering.id,
        plan_id=plan.id,
        organisation_id=organisation.id,
        provider_id=provider.id,
        purpose=purpose,
        terms_hash=licence.hash(),
        plan=terms.model_dump(mode="json"),
        canonical=document,
        hash=digest(document),
        accepted_by=actor.person_id,
        accepted_at=moment,
    )
    session.add(agreement)
    session.flush()
    subscription = Subscription(
        request_key=request_key or new_id(),
        agreement_id=agreement.id,
        organisation_id=organisation.id,
        offering_id=offering.id,
        dataset_id=dataset.id,
        provider_id=provider.id,
        plan_id=plan.id,
        state=SubscriptionState.PENDING_PAYMENT,
        overage_cap=cap,
    )
    session.add(subscription)
    session.flush()
    audit.record(
        session, actor, "agreement.accepted", "subscription", subscription.id, agreement=number, hash=agreement.hash
    )
    if terms.monthly_fee == 0:
        activate(session, actor, subscription.id)
    return subscription


def activate(session: Session, actor: Actor, subscription_id: str) -> Subscription:
    """Start a subscription whose first invoice is paid, or lift a suspension. Nothing happens to an active one."""
    subscription = _locked(session, subscription_id)
    if subscription.state == SubscriptionState.ACTIVE:
        return subscription
    if subscription.state == SubscriptionState.ENDED:
        raise Conflict("This subscription has ended. Subscribe again.", subscription_id=subscription_id)
    subscription.state = SubscriptionState.ACTIVE
    subscription.started_at = subscription.started_at or now()
    session.add(subscription)
    audit.record(session, actor, "subscription.activated", "subscription", subscription.id)
    outbox.emit(session, Event.SUBSCRIPTION_ACTIVATED, subscription_id=subscription.id)
    return subscription


def suspend(session: Session, actor: Actor, subscription_id: str) -> Subscription:
    """Stop an active subscription until its overdue invoice is paid."""
    subscription = _locked(session, subscription_id)
    if subscription.state == SubscriptionState.ACTIVE:
        subscription.state = SubscriptionState.SUSPENDED
        session.add(subscription)
        audit.record(session, actor, "subscription.suspended", "subscription", subscription.id)
        outbox.emit(session, Event.SUBSCRIPTION_SUSPENDED, subscription_id=subscription.id)
    return subscription


def cancel(session: Session, actor: Actor, subscription_id: str, *, at: datetime | None = None) -> Subscription:
    """End a subscription at `at`, at once when None. `billing.service.cancel_subscription` chooses the month's end."""
    subscription = _locked(session, subscription_id)
    actor.require(Permission.SUBSCRIPTION_WRITE, subscription.organisation_id)
    return end(session, actor, subscription_id, at=at)


def end(session: Session, actor: Actor, subscription_id: str, *, at: datetime | None = None) -> Subscription:
    """As `cancel`, for those who decided it elsewhere: an operator's refund, an unpaid first invoice."""
    subscription = _locked(session, subscription_id)
    if subscription.state == SubscriptionState.ENDED:
        return subscription
    moment = now()
    if at is not None and at > moment:
        if subscription.ends_at != at:
            subscription.ends_at = at
            session.add(subscription)
            audit.record(
                session, actor, "subscription.cancelled", "subscription", subscription.id, ends_at=at.isoformat()
            )
        return subscription
    subscription.state = SubscriptionState.ENDED
    subscription.ends_at = min(subscription.ends_at or moment, moment)
    subscription.ended_at = moment
    session.add(subscription)
    audit.record(session, actor, "subscription.ended", "subscription", subscription.id)
    outbox.emit(session, Event.SUBSCRIPTION_ENDED, subscription_id=subscription.id)
    return subscription


def keep(session: Session, actor: Actor, subscription_id: str) -> Subscription:
    """Take back a cancellation that has not taken effect yet."""
    subscription = _locked(session, subscription_id)
    actor.require(Permission.SUBSCRIPTION_WRITE, subscription.organisation_id)
    if subscription.state == SubscriptionState.ENDED or (subscription.ends_at and subscription.ends_at <= now()):
        raise Conflict("This subscription has ended. Subscribe again.", subscription_id=subscription_id)
    if subscription.ends_at is not None:
        subscription.ends_at = None
        session.add(subscription)
        audit.record(session, actor, "subscription.kept", "subscription", subscription.id)
    return subscription


def end_due(session: Session, actor: Actor) -> list[str]:
    """Record the end of every subscription whose last moment has passed; ids of those ended."""
    due = session.exec(
        select(Subscription.id).where(
            col(Subscription.state).in_(_LIVE),
            col(Subscription.ends_at).is_not(None),
            col(Subscription.ends_at) <= now(),
        )
    ).all()
    for subscription_id in due:
        end(session, actor, subscription_id)
    return list(due)


def entitlement(session: Session, subscription_id: str) -> Entitlement:
    """What the subscription allows now. Raises `SubscriptionNotFound`."""
    subscription = get(session, subscription_id)
    agreement = session.get_one(Agreement, subscription.agreement_id)
    plan = PlanTerms.model_validate(agreement.plan)
    state = subscription.state
    if subscription.ends_at is not None and subscription.ends_at <= now():
        state = SubscriptionState.ENDED
    return Entitlement(
        subscription_id=subscription.id,
        organisation_id=subscription.organisation_id,
        dataset_id=subscription.dataset_id,
        offering_id=subscription.offering_id,
        plan_id=subscription.plan_id,
        state=state,
        reason=_REASONS[state],
        quota_per_month=plan.quota_per_month,
        calls_limit_per_month=calls_limit(plan, subscription.overage_cap),
        overage_allowed=plan.overage_per_1000 is not None,
        rate_per_minute=plan.rate_per_minute,
    )


def calls_limit(plan: PlanTerms, overage_cap: int | None) -> int | None:
    """Calls after which a month's calls stop: what the quota holds plus what the subscriber's cap (fen) buys."""
    if plan.quota_per_month is None:
        return None
    if plan.overage_per_1000 is None:
        return plan.quota_per_month
    if overage_cap is None:
        return None
    return plan.quota_per_month + overage_cap * 1000 // plan.overage_per_1000


def get(session: Session, subscription_id: str) -> Subscription:
    """The subscription with this id. Whether the asker may see it is `require_readable`'s to say."""
    subscription = session.get(Subscription, subscription_id)
    if subscription is None:
        raise SubscriptionNotFound("There is no such subscription.", subscription_id=subscription_id)
    return subscription


def require_readable(session: Session, actor: Actor, subscription_id: str) -> Subscription:
    """The subscription, for a member of its organisation or an operator; others do not learn that it exists."""
    subscription = get(session, subscription_id)
    if not (actor.may(Permission.INVOICE_READ, subscription.organisation_id) or actor.has_role(Role.OPERATOR)):
        raise SubscriptionNotFound("There is no such subscription.", subscription_id=subscription_id)
    return subscription


def by_request_key(session: Session, request_key: str) -> Subscription | None:
    """The subscription that an idempotency key made."""
    return session.exec(select(Subscription).where(Subscription.request_key == request_key)).first()


def for_organisation(session: Session, organisation_id: str, *, ended: bool = False) -> list[Subscription]:
    """An organisation's subscriptions, newest first; ended ones only when asked for."""
    query = select(Subscription).where(Subscription.organisation_id == organisation_id)
    if not ended:
        query = query.where(col(Subscription.state).in_(_LIVE))
    return list(session.exec(query.order_by(col(Subscription.id).desc())))


def for_offering(session: Session, offering_id: str) -> list[Subscription]:
    """Live subscriptions to an offering, oldest first."""
    query = select(Subscription).where(Subscription.offering_id == offering_id, col(Subscription.state).in_(_LIVE))
    return list(session.exec(query.order_by(col(Subscription.id))))


def running_between(session: Session, start: datetime, end_at: datetime) -> list[Subscription]:
    """Subscriptions that were started before `end_at` and not ended before `start`, oldest first."""
    query = select(Subscription).where(
        col(Subscription.started_at) < end_at,
        col(Subscription.ended_at).is_(None) | (col(Subscription.ended_at) > start),
    )
    return list(session.exec(query.order_by(col(Subscription.id))))


def pending_since_before(session: Session, moment: datetime) -> list[Subscription]:
    """Subscriptions still waiting for a first payment that were asked for before `moment`."""
    query = select(Subscription).where(
        Subscription.state == SubscriptionState.PENDING_PAYMENT, col(Subscription.created_at) < moment
    )
    return list(session.exec(query.order_by(col(Subscription.id))))


def subscriptions_by_id(session: Session, ids: Sequence[str] | set[str]) -> dict[str, Subscription]:
    """Subscriptions by id; unknown ids are left out."""
    rows = session.exec(select(Subscription).where(col(Subscription.id).in_(list(ids)))).all() if ids else []
    return {row.id: row for row in rows}


def agreement_of(session: Session, subscription: Subscription) -> Agreement:
    """The agreement that a subscription was signed under."""
    return session.get_one(Agreement, subscription.agreement_id)


def agreements_of(session: Session, subscriptions: Sequence[Subscription]) -> dict[str, Agreement]:
    """Agreements by subscription id, in one query."""
    wanted = {subscription.agreement_id: subscription.id for subscription in subscriptions}
    rows = session.exec(select(Agreement).where(col(Agreement.id).in_(list(wanted)))).all() if wanted else []
    return {wanted[row.id]: row for row in rows}


def plan_of(agreement: Agreement) -> PlanTerms:
    """The plan as it was when the agreement was signed."""
    return PlanTerms.model_validate(agreement.plan)


def check_purpose(licence: LicenceTerms, purpose: str | None) -> str | None:
    """The purpose in clean form; raises `InvalidInput` at `purpose` where the licence asks for one."""
    cleaned = " ".join((purpose or "").split())
    if len(cleaned) > PURPOSE_MAXIMUM:
        raise InvalidInput.at("purpose", f"Use at most {PURPOSE_MAXIMUM} characters.")
    if needs_purpose(licence) and len(cleaned) < PURPOSE_MINIMUM:
        raise InvalidInput.at("purpose", f"Say in at least {PURPOSE_MINIMUM} characters what the data is for.")
    return cleaned or None


def check_cap(terms: PlanTerms, overage_cap: int | None) -> int | None:
    """The cap on charges for further calls (fen a month), None where the plan has no such charges."""
    if terms.overage_per_1000 is None or overage_cap is None:
        return None
    if overage_cap < 0:
        raise InvalidInput.at("overage_cap", "Give the cap in fen, 0 or more.")
    return overage_cap


def _refuse_second(session: Session, organisation_id: str, plan_id: str) -> None:
    there = session.exec(
        select(Subscription).where(
            Subscription.organisation_id == organisation_id,
            Subscription.plan_id == plan_id,
            col(Subscription.state).in_(_LIVE),
        )
    ).first()
    if there is not None:
        raise AlreadySubscribed(
            "Your organisation has this plan already; its keys work.", subscription_id=there.id, state=there.state
        )


def _require_same(earlier: Subscription, organisation_id: str, plan_id: str) -> None:
    if (earlier.organisation_id, earlier.plan_id) != (organisation_id, plan_id):
        raise InvalidInput("This idempotency key was used for another subscription. Take a new key.")


def _locked(session: Session, subscription_id: str) -> Subscription:
    session.flush()
    found = session.get(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise SubscriptionNotFound("There is no such subscription.", subscription_id=subscription_id)
    return found
