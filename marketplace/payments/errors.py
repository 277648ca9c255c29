"""Errors of payments."""

from contracts.errors import Conflict, InvalidInput, NotFound, ShuyiError, Unavailable


class PaymentNotFound(NotFound):
    """There is no such payment."""

    code = "payment-not-found"


class ProviderAway(Unavailable):
    """The payment provider did not answer; nothing is lost and the call is repeated under the same key."""

    code = "payment-provider-away"
    title = "The payment provider does not answer"


class ProviderRefused(ShuyiError):
    """The payment provider refused a call that should have worked; an operator has to look."""

    status = 502
    code = "payment-provider-refused"
    title = "The payment provider refused the call"


class PaymentInProgress(Conflict):
    """Another payment for the same thing has not ended yet."""

    code = "payment-in-progress"
    title = "A payment is under way"


class BadSignature(InvalidInput):
    """A webhook that the payment provider did not sign."""

    status = 400
    code = "bad-signature"
    title = "The webhook's signature does not hold"
