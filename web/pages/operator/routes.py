"""The operator's pages. Money is in `money`, the books in `books`, what runs and who did what in `running`."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.parties import service as parties
from contracts.access import Actor, Permission
from contracts.errors import ShuyiError
from contracts.kit import jobs
from marketplace.billing import periods, refunds
from marketplace.billing.models import RefundState
from marketplace.settlement import service as settlement
from web import forms
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.pages.operator import books, money, running
from web.pages.operator.frame import operator_context, require_operator
from web.rendering import render

router = APIRouter(include_in_schema=False)
router.include_router(money.router)
router.include_router(books.router)
router.include_router(running.router)
Text = Annotated[str, Form()]

KINDS = ("city", "district", "department")


@router.get("/operator")
def overview(request: Request, session: Read, services: ServicesOf, actor: SignedIn) -> Response:
    require_operator(actor)
    currency = services.settings.currency
    return render(
        request,
        "operator/overview.html",
        **operator_context(
            "overview",
            position=settlement.position(session, currency),
            currency=currency,
            period=periods.current(session),
            waiting=len(refunds.refunds(session, state=RefundState.REQUESTED)),
            failed=len(jobs.failures(session)),
            backlog=jobs.backlog(session),
            organisations=len(parties.list_organisations(session)),
        ),
    )


@router.get("/operator/parties")
def parties_page(request: Request, session: Read, actor: SignedIn) -> Response:
    require_operator(actor)
    return render(request, "operator/parties.html", errors={}, values={}, **_parties(session, actor))


def _parties(session: Session, actor: Actor) -> dict[str, Any]:
    everybody = parties.list_organisations(session)
    people = parties.list_people(session, actor)
    return operator_context(
        "parties",
        organisations=everybody,
        names={organisation.id: organisation.name for organisation in everybody},
        people=people,
        roles={person.id: parties.memberships_of(session, person.id) for person in people},
        may_change=actor.organisations(Permission.MEMBER_WRITE),
        kinds=KINDS,
    )


@router.post("/operator/parties")
def add_organisation(
    request: Request,
    session: Tx,
    actor: SignedIn,
    kind: Text = "department",
    slug: Text = "",
    name_zh: Text = "",
    name_en: Text = "",
    parent_id: Text = "",
    contact_email: Text = "",
) -> Response:
    values = {
        "kind": kind,
        "slug": slug,
        "name_zh": name_zh,
        "name_en": name_en,
        "parent_id": parent_id,
        "contact_email": contact_email,
    }
    names = {"zh-CN": name_zh.strip(), "en": name_en.strip()}
    try:
        with session.begin_nested():
            parties.create_organisation(
                session,
                actor,
                kind=kind,  # type: ignore[arg-type]  # the service refuses what is no kind
                slug=slug.strip(),
                name={language: text for language, text in names.items() if text},
                parent_id=parent_id or None,
                contact_email=contact_email.strip() or None,
            )
    except ShuyiError as error:
        return forms.again(request, "operator/parties.html", error, values, **_parties(session, actor))
    return RedirectResponse("/operator/parties", 303)
