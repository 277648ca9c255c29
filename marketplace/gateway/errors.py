"""Why a call is refused. Each reason has a stable code, says what happened and what to do, and costs nothing.

401  key-missing, key-malformed, key-mistyped, key-unknown, key-revoked, key-expired
402  payment-due, payment-overdue
403  key-from-elsewhere, subscription-ended, key-of-other-data, field-not-allowed, test-key-only-sample
404  dataset-not-found, no-release, release-not-found, record-not-found, route-not-found
405  data-method-not-allowed
410  release-withdrawn
416  range-outside
422  unknown-parameter, unknown-field, bad-filter, bad-limit, bad-cursor, bad-aggregate, request-id-reused,
     query-too-slow
429  rate-exceeded, organisation-rate-exceeded, quota-exhausted (metering)
500  unexpected
503  release-preparing, metering-unavailable (metering)
"""

from typing import Any

from contracts.errors import (
    Forbidden,
    Gone,
    InvalidInput,
    NotFound,
    NotSignedIn,
    PaymentRequired,
    RateLimited,
    ShuyiError,
    Unavailable,
)


class KeyMissing(NotSignedIn):
    code = "key-missing"
    title = "This data needs an API key"


class KeyMalformed(NotSignedIn):
    code = "key-malformed"
    title = "That is not an API key"


class KeyMistyped(NotSignedIn):
    code = "key-mistyped"
    title = "The API key has a typing error"


class KeyUnknown(NotSignedIn):
    code = "key-unknown"
    title = "The API key is not known"


class KeyRevoked(NotSignedIn):
    code = "key-revoked"
    title = "The API key was revoked"


class KeyExpired(NotSignedIn):
    code = "key-expired"
    title = "The API key has expired"


class KeyFromElsewhere(Forbidden):
    code = "key-from-elsewhere"
    title = "The key does not work from this address"


class PaymentDue(PaymentRequired):
    code = "payment-due"
    title = "The first payment is due"


class PaymentOverdue(PaymentRequired):
    code = "payment-overdue"
    title = "An invoice is overdue"


class SubscriptionEnded(Forbidden):
    code = "subscription-ended"
    title = "The subscription has ended"


class KeyOfOtherData(Forbidden):
    code = "key-of-other-data"
    title = "The key belongs to other data"


class FieldNotAllowed(Forbidden):
    code = "field-not-allowed"
    title = "The plan does not include this field"


class SampleOnly(Forbidden):
    code = "test-key-only-sample"
    title = "A test key reads the sample only"


class DatasetUnknown(NotFound):
    code = "dataset-not-found"
    title = "There is no such data"


class NothingReleased(NotFound):
    code = "no-release"
    title = "Nothing has been released yet"


class ReleaseUnknown(NotFound):
    code = "release-not-found"
    title = "There is no such release"


class RecordUnknown(NotFound):
    code = "record-not-found"
    title = "There is no such record"


class RouteUnknown(NotFound):
    code = "route-not-found"
    title = "There is nothing at this address"


class MethodRefused(ShuyiError):
    status = 405
    code = "data-method-not-allowed"
    title = "This address answers GET only"


class ReleaseGone(Gone):
    code = "release-withdrawn"
    title = "The release was withdrawn"


class RangeOutside(ShuyiError):
    """`size` is the file's, in bytes."""

    status = 416
    code = "range-outside"
    title = "The file has no such bytes"

    def __init__(self, detail: str, size: int) -> None:
        super().__init__(detail)
        self.size = size


class UnknownParameter(InvalidInput):
    code = "unknown-parameter"
    title = "There is no such parameter"


class UnknownField(InvalidInput):
    code = "unknown-field"
    title = "There is no such field"


class BadFilter(InvalidInput):
    code = "bad-filter"
    title = "The filter cannot be read"


class BadLimit(InvalidInput):
    code = "bad-limit"
    title = "The limit is out of range"


class BadCursor(InvalidInput):
    code = "bad-cursor"
    title = "The cursor does not fit"


class BadAggregate(InvalidInput):
    code = "bad-aggregate"
    title = "The aggregate cannot be read"


class RequestIdReused(InvalidInput):
    code = "request-id-reused"
    title = "The request id was used for another request"


class QueryTooSlow(InvalidInput):
    code = "query-too-slow"
    title = "The query takes too long"


class RateExceeded(RateLimited):
    code = "rate-exceeded"
    title = "Too many requests in a minute"


class OrganisationRateExceeded(RateLimited):
    code = "organisation-rate-exceeded"
    title = "Too many requests of the organisation in a minute"


class Unexpected(ShuyiError):
    code = "unexpected"
    title = "Something went wrong on our side"


class ReleasePreparing(Unavailable):
    code = "release-preparing"
    title = "The release is being made ready"


def at(kind: type[InvalidInput], parameter: str, detail: str, **extra: Any) -> InvalidInput:
    """An error of `kind` that names the query parameter it is about."""
    return kind(detail, errors=[{"parameter": parameter, "detail": detail}], **extra)
