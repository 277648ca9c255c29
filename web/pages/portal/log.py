"""The transparency log: what was decided, published and withdrawn, and whether the chain behind it is whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from catalog.transparency import service as transparency
from catalog.transparency.service import Line
from web.dependencies import Read
from web.i18n import N_, localized, raw_gettext
from web.i18n import gettext as _
from web.rendering import render

router = APIRouter(include_in_schema=False)
PAGE = 30
KINDS = {
    "published": N_("Published"),
    "decided": N_("Decisions"),
    "withdrawn": N_("Withdrawn"),
}
TAGS = {"published": "good", "approve": "good", "send_back": "care", "reject": "stop", "withdrawn": "stop"}


@dataclass(frozen=True, slots=True)
class Told:
    """A line with its sentence."""

    line: Line
    text: str
    name: str
    tag: str
    tag_kind: str
    href: str | None


def told(lines: Sequence[Line]) -> list[Told]:
    """Each line in words."""
    return [
        Told(
            line,
            _sentence(line),
            f"{localized(line.dataset.title)} {f'v{line.version}' if line.version else line.request_number}",
            _tag(line),
            TAGS[line.kind],
            f"/dataset/{line.dataset.slug}" if line.served else None,
        )
        for line in lines
    ]


def _sentence(line: Line) -> str:
    name = localized(line.dataset.title)
    match line.kind:
        case "published":
            return _("Published: %(dataset)s v%(version)s", dataset=name, version=line.version)
        case "withdrawn":
            return _("Withdrawn: %(dataset)s v%(version)s", dataset=name, version=line.version)
        case "approve":
            return _("Approved: %(dataset)s, request %(number)s", dataset=name, number=line.request_number)
        case "send_back":
            return _("Sent back: %(dataset)s, request %(number)s", dataset=name, number=line.request_number)
        case "reject":
            return _("Rejected: %(dataset)s, request %(number)s", dataset=name, number=line.request_number)


def _tag(line: Line) -> str:
    words = {
        "published": _("Published"),
        "withdrawn": _("Withdrawn"),
        "approve": _("Approved"),
        "send_back": _("Sent back"),
        "reject": _("Rejected"),
    }
    return words[line.kind]


def chain_of(request: Request) -> transparency.ChainCheck:
    """The process's check of the chain, made when first needed."""
    state = request.app.state
    if getattr(state, "chain_check", None) is None:
        state.chain_check = transparency.ChainCheck()
    check: transparency.ChainCheck = state.chain_check
    return check


@router.get("/transparency")
def log_page(
    request: Request,
    session: Read,
    kind: Annotated[list[str], Query(default_factory=list)],
    before: int | None = None,
) -> Response:
    kinds = [one for one in kind if one in KINDS]
    lines = transparency.log(session, before=before, limit=PAGE + 1, kinds=kinds)
    more = len(lines) > PAGE
    lines = lines[:PAGE]
    return render(
        request,
        "portal/transparency.html",
        lines=told(lines),
        next_before=lines[-1].number if more else None,
        first_page=before is None,
        checked=chain_of(request).status(session),
        filters=_filters(kinds),
    )


def _filters(kinds: Sequence[str]) -> list[dict[str, Any]]:
    everything = {"label": _("All"), "href": "/transparency", "current": not kinds}
    return [
        everything,
        *(
            {"label": raw_gettext(label), "href": f"/transparency?kind={key}", "current": list(kinds) == [key]}
            for key, label in KINDS.items()
        ),
    ]
