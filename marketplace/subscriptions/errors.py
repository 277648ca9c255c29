"""Errors of orders and subscriptions."""

from contracts.errors import Conflict, NotFound


class SubscriptionNotFound(NotFound):
    """There is no such subscription, or the asker may not know of it."""

    code = "subscription-not-found"


class OrderNotFound(NotFound):
    """There is no such order, or it is somebody else's."""

    code = "order-not-found"


class TermsChanged(Conflict):
    """The terms that were accepted are not the terms in force."""

    code = "terms-changed"
    title = "The terms have changed"


class NotOnOffer(Conflict):
    """The plan or its offering cannot be subscribed to now."""

    code = "not-on-offer"
    title = "Not on offer"


class AlreadySubscribed(Conflict):
    """The organisation has this plan already."""

    code = "already-subscribed"
    title = "Already subscribed"
