"""Where the `type` of an error leads: each kind of problem, what it means and what to do (RFC 9457, section 3.1.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.errors import PROBLEM_BASE, NotFound, ShuyiError
from web import messages
from web.i18n import gettext as _
from web.rendering import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: `code` is the last part of its `type`."""

    code: str
    status: int
    title: str

    @property
    def address(self) -> str:
        """The `type`."""
        return PROBLEM_BASE + self.code


def kinds() -> dict[str, Kind]:
    """Every kind by its code, in order of status and code."""
    found = sorted(errors(), key=lambda error: (error.status, error.code))
    return {error.code: Kind(error.code, error.status, messages.tell(error.title)) for error in found}


def errors(base: type[ShuyiError] = ShuyiError) -> Iterator[type[ShuyiError]]:
    """Every error below `base` that the program has loaded. Several of one code say the same in title and status."""
    for error in base.__subclasses__():
        yield error
        yield from errors(error)


def meaning(status: int) -> tuple[str, str]:
    """What an answer with this status means, and what to do."""
    texts = {
        400: (
            _("What came was not sent by whom it says."),
            _("Check the secret with which the sender signs."),
        ),
        401: (
            _("No valid sign-in, token or key came with the request."),
            _("Sign in, or send a token or key in the header Authorization: Bearer."),
        ),
        402: (
            _("A payment is due before this works."),
            _("Pay the invoice; access opens as soon as the payment is in."),
        ),
        403: (
            _("The account or key is known and may not do this."),
            _("Use an account with that role, or a key of a plan that includes it."),
        ),
        404: (
            _("There is no such thing, or it is not there for whoever asks."),
            _("Check the address and the short names in it."),
        ),
        405: (
            _("The address exists and does not answer this method."),
            _("See the API documentation for the methods of an address."),
        ),
        409: (
            _("The thing is in a state that does not allow this; somebody may have changed it meanwhile."),
            _("Read it again and decide from its present state. Nothing was changed."),
        ),
        410: (
            _("It was there and was withdrawn or destroyed."),
            _("Look for a later version; the transparency log says when and why a release was withdrawn."),
        ),
        413: (
            _("More was sent than is accepted."),
            _("Send it in smaller parts; the detail names the limit."),
        ),
        416: (
            _("The file has fewer bytes than were asked for."),
            _("Ask for a range within its size, or for the whole file."),
        ),
        422: (
            _("Something that was sent is not valid; the member errors points at each place."),
            _("Correct what is named and send it again. Nothing was changed."),
        ),
        429: (
            _("Too many requests came, or the quota is used up. A refusal costs nothing."),
            _("Come back after the seconds in Retry-After, or choose a larger plan."),
        ),
        502: (
            _("A service that we need refused what should have worked."),
            _("Nothing is lost. An operator has to look; quote the request number."),
        ),
        503: (
            _("Not possible right now; nothing is lost and nothing half done."),
            _("Send the same request again after the seconds in Retry-After."),
        ),
    }
    fault = (
        _("A fault of ours. It has been recorded under the request number."),
        _("Try again; quote the request number."),
    )
    return texts.get(status, fault)


@router.get("/problems")
def problems_page(request: Request) -> Response:
    groups: dict[int, list[Kind]] = {}
    for kind in kinds().values():
        groups.setdefault(kind.status, []).append(kind)
    sections = [(status, *meaning(status), found) for status, found in groups.items()]
    return render(request, "portal/problems.html", sections=sections)


@router.get("/problems/{code}")
def problem_page(request: Request, code: str) -> Response:
    kind = kinds().get(code)
    if kind is None:
        raise NotFound("There is nothing at this address.")
    what, remedy = meaning(kind.status)
    return render(request, "portal/problem.html", kind=kind, what=what, remedy=remedy)
