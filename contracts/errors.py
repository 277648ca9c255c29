"""The tree of errors, and how they are told (RFC 9457 problem details over HTTP, one plain line on the command line).

    ShuyiError
    ├── InvalidInput           422  something given is wrong; `errors` name the places
    │   └── FileRejected       422  an uploaded file cannot be read; names line and column where it can
    ├── NotSignedIn            401
    ├── PaymentRequired        402
    ├── Forbidden              403
    ├── NotFound               404
    ├── Conflict               409  the thing is not in a state that allows this
    │   └── Duplicate          409
    ├── Gone                   410  it was withdrawn or deleted
    ├── TooLarge               413
    ├── RateLimited            429  carries `retry_after`
    └── Unavailable            503  carries `retry_after`

A domain derives its own leaves; each states a stable `code` (the last part of the problem's `type`), says
what happened, to what, and what to do. Nothing personal may go into an error.
"""

from typing import Any, ClassVar

PROBLEM_BASE = "/problems/"


class ShuyiError(Exception):
    """An error that a person or a program is told about. `detail` is one or two plain sentences."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    def problem(self, instance: str | None = None) -> dict[str, Any]:
        """This error as RFC 9457 problem details."""
        body: dict[str, Any] = {
            "type": PROBLEM_BASE + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if instance:
            body["instance"] = instance
        return body | self.extra


class InvalidInput(ShuyiError):
    """Something given is wrong. `errors` is a list of `{"pointer": "#/field", "detail": "..."}`."""

    status = 422
    code = "invalid-input"
    title = "The request is not valid"

    def __init__(self, detail: str, *, errors: list[dict[str, str]] | None = None, **extra: Any) -> None:
        super().__init__(detail, **({"errors": errors} if errors else {}), **extra)
        self.errors = errors or []

    @classmethod
    def at(cls, field: str, detail: str) -> "InvalidInput":
        """One field is wrong."""
        return cls(detail, errors=[{"pointer": f"#/{field}", "detail": detail}])


class FileRejected(InvalidInput):
    """A file cannot be taken in; `place` says where (line, column, sheet, cell)."""

    code = "file-rejected"
    title = "The file cannot be read"

    def __init__(self, detail: str, *, place: str | None = None) -> None:
        super().__init__(detail)
        if place:
            self.extra["place"] = place


class NotSignedIn(ShuyiError):
    """No valid sign-in or key came with the request."""

    status = 401
    code = "not-signed-in"
    title = "Please sign in"


class PaymentRequired(ShuyiError):
    """An invoice or a first payment is due before this works."""

    status = 402
    code = "payment-required"
    title = "Payment is due"


class Forbidden(ShuyiError):
    """The person or key is known but may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(ShuyiError):
    """There is no such thing, or the asker may not know of it."""

    status = 404
    code = "not-found"
    title = "Not found"


class Conflict(ShuyiError):
    """The thing is not in a state that allows this."""

    status = 409
    code = "conflict"
    title = "Not possible in this state"


class Duplicate(Conflict):
    """Such a thing is already there."""

    code = "duplicate"
    title = "Already there"


class Gone(ShuyiError):
    """It was there and has been withdrawn."""

    status = 410
    code = "gone"
    title = "Withdrawn"


class TooLarge(ShuyiError):
    """More was sent than is accepted."""

    status = 413
    code = "too-large"
    title = "Too large"


class RateLimited(ShuyiError):
    """Too many requests, or the quota is used up. `retry_after` in seconds."""

    status = 429
    code = "rate-limited"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after = retry_after


class Unavailable(ShuyiError):
    """Not possible right now. `retry_after` in seconds."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str, *, retry_after: int, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after = retry_after
