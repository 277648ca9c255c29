"""Signing in and up, one's own account, and the members of one's organisation."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.parties import service as parties
from catalog.parties import sign_in
from contracts.access import Actor, Permission, Role
from contracts.errors import Conflict, InvalidInput, ShuyiError
from web import forms
from web.dependencies import CurrentActor, Read, ServicesOf, SignedIn, Tx
from web.i18n import current_locale
from web.middleware import SESSION_COOKIE
from web.rendering import render

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]


def _safe_next(target: str) -> str:
    """A path on this site, never another host."""
    parts = urlsplit(target)
    same_site = not parts.scheme and not parts.netloc and target.startswith("/")
    return target if same_site and not target.startswith(("//", "/\\")) else "/account"


def _enter(request: Request, session: Session, person_id: str, target: str) -> Response:
    """Sign a browser in and go on."""
    response = RedirectResponse(_safe_next(target), 303)
    response.set_cookie(
        SESSION_COOKIE,
        sign_in.start_session(session, person_id),
        max_age=sign_in.SESSION_DAYS * 86400,
        httponly=True,
        samesite="lax",
        # A proxy may speak HTTPS for us without saying so; where people reach the site is what counts.
        secure="https" in (request.url.scheme, urlsplit(request.app.state.services.settings.base_url).scheme),
    )
    return response


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/account") -> Response:
    return render(request, "account/sign_in.html", values={"next": _safe_next(next)}, errors={})


@router.post("/sign-in")
def sign_in_post(
    request: Request, session: Tx, email: Text = "", password: Text = "", next: Text = "/account"
) -> Response:
    found = sign_in.check_password(session, email, password)
    if isinstance(found, ShuyiError):
        return forms.again(request, "account/sign_in.html", found, {"email": email, "next": _safe_next(next)})
    return _enter(request, session, found.id, next)


@router.post("/sign-in/link")
def mail_link(request: Request, session: Tx, services: ServicesOf, email: Text = "") -> Response:
    sign_in.send_link(session, email, "sign_in", services.settings.base_url)
    return render(request, "account/mailed.html", email=email)


@router.get("/account/link")
def link_page(request: Request, token: str = "", next: str = "/account") -> Response:
    # Mail scanners open links: only the button spends the token.
    return render(request, "account/link.html", token=token, next=_safe_next(next))


@router.post("/account/link")
def link_post(request: Request, session: Tx, token: Text = "", next: Text = "/account") -> Response:
    return _enter(request, session, sign_in.use_link(session, token, "sign_in").id, next)


@router.post("/sign-out")
def sign_out(request: Request, session: Tx) -> Response:
    if token := getattr(request.state, "session_token", None):
        sign_in.end_session(session, token)
    response = RedirectResponse("/", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.get("/sign-up")
def sign_up_page(request: Request, next: str = "/account") -> Response:
    return render(request, "account/sign_up.html", values={"next": _safe_next(next)}, errors={})


@router.post("/sign-up")
def sign_up_post(
    request: Request,
    session: Tx,
    email: Text = "",
    name: Text = "",
    company_name: Text = "",
    password: Text = "",
    next: Text = "/account",
) -> Response:
    values = {"email": email, "name": name, "company_name": company_name, "next": _safe_next(next)}
    try:
        with session.begin_nested():
            person, _ = parties.sign_up_company(
                session,
                email=email,
                name=name,
                password=password,
                company_name=company_name,
                language=current_locale(),
            )
    except (InvalidInput, Conflict) as error:
        return forms.again(request, "account/sign_up.html", error, values)
    return _enter(request, session, person.id, next)


@router.get("/account/forgot")
def forgot_page(request: Request) -> Response:
    return render(request, "account/forgot.html", values={}, errors={})


@router.post("/account/forgot")
def forgot_post(request: Request, session: Tx, services: ServicesOf, email: Text = "") -> Response:
    sign_in.send_link(session, email, "reset_password", services.settings.base_url)
    return render(request, "account/mailed.html", email=email)


@router.get("/account/reset")
def reset_page(request: Request, token: str = "") -> Response:
    return render(request, "account/reset.html", values={"token": token}, errors={})


@router.post("/account/reset")
def reset_post(request: Request, session: Tx, token: Text = "", password: Text = "") -> Response:
    try:
        with session.begin_nested():
            person = sign_in.use_link(session, token, "reset_password")
            sign_in.set_password(session, person.id, password)
    except (InvalidInput, Conflict) as error:
        return forms.again(request, "account/reset.html", error, {"token": token})
    return _enter(request, session, person.id, "/account")


@router.get("/account/join")
def join_page(request: Request, session: Read, actor: CurrentActor, token: str = "") -> Response:
    invitation = parties.find_invitation(session, token)
    organisation = parties.get_organisation(session, invitation.organisation_id)
    known = parties.person_by_email(session, invitation.email) is not None
    return render(
        request,
        "account/join.html",
        values={"token": token},
        errors={},
        organisation=organisation,
        invitation=invitation,
        known=known,
        joining=actor if actor.person_id else None,
    )


@router.post("/account/join")
def join_post(
    request: Request, session: Tx, actor: CurrentActor, token: Text = "", name: Text = "", password: Text = ""
) -> Response:
    invitation = parties.find_invitation(session, token)
    try:
        with session.begin_nested():
            person = parties.accept_invitation(session, token, name=name, password=password, person_id=actor.person_id)
    except (InvalidInput, Conflict) as error:
        return forms.again(
            request,
            "account/join.html",
            error,
            {"token": token, "name": name},
            organisation=parties.get_organisation(session, invitation.organisation_id),
            invitation=invitation,
            known=parties.person_by_email(session, invitation.email) is not None,
            joining=actor if actor.person_id else None,
        )
    if actor.person_id:
        return RedirectResponse("/account", 303)
    return _enter(request, session, person.id, "/account")


@router.get("/account")
def account(request: Request, session: Read, actor: SignedIn) -> Response:
    return _account(request, session, actor)


def _account(request: Request, session: Session, actor: Actor, secret: str | None = None) -> Response:
    person_id = actor.person_id or ""
    return render(
        request,
        "account/account.html",
        person=parties.person(session, person_id),
        memberships=parties.memberships_of(session, person_id),
        unread=parties.notices(session, person_id),
        tokens=sign_in.access_tokens(session, person_id),
        may_manage=actor.organisations(Permission.MEMBER_WRITE),
        secret=secret,
        values={},
        errors={},
    )


@router.post("/account/tokens")
def create_token(request: Request, session: Tx, actor: SignedIn, name: Text = "") -> Response:
    _, secret = sign_in.create_access_token(session, actor, name)
    return _account(request, session, actor, secret)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(session: Tx, actor: SignedIn, token_id: str) -> Response:
    sign_in.revoke_access_token(session, actor, token_id)
    return RedirectResponse("/account#tokens", 303)


@router.post("/account/notices/{notice_id}")
def open_notice(session: Tx, actor: SignedIn, notice_id: str) -> Response:
    notice = parties.read_notice(session, actor.person_id or "", notice_id)
    return RedirectResponse(notice.link if notice else "/account", 303)


@router.get("/account/members/{organisation_id}")
def members_page(request: Request, session: Read, actor: SignedIn, organisation_id: str) -> Response:
    return render(request, "account/members.html", **_members(session, actor, organisation_id), values={}, errors={})


def _members(session: Session, actor: Actor, organisation_id: str) -> dict[str, Any]:
    organisation = parties.get_organisation(session, organisation_id)
    return {
        "organisation": organisation,
        "members": parties.list_members(session, actor, organisation.id),
        "invitations": parties.invitations(session, organisation.id),
        "roles": parties.ROLES_OF_KIND[organisation.kind],
    }


@router.post("/account/members/{organisation_id}/invite")
def invite(
    request: Request,
    session: Tx,
    actor: SignedIn,
    services: ServicesOf,
    organisation_id: str,
    email: Text = "",
    role: Text = "",
) -> Response:
    try:
        if role not in set(Role):
            raise InvalidInput.at("role", "Choose a role.")
        with session.begin_nested():
            parties.invite(
                session,
                actor,
                organisation_id=organisation_id,
                email=email,
                role=Role(role),
                base_url=services.settings.base_url,
            )
    except InvalidInput as error:
        context = _members(session, actor, organisation_id)
        return forms.again(request, "account/members.html", error, {"email": email, "role": role}, **context)
    return RedirectResponse(f"/account/members/{organisation_id}", 303)


@router.post("/account/members/{organisation_id}/invitations/{invitation_id}/revoke")
def revoke_invitation(session: Tx, actor: SignedIn, organisation_id: str, invitation_id: str) -> Response:
    parties.revoke_invitation(session, actor, invitation_id)
    return RedirectResponse(f"/account/members/{organisation_id}", 303)


@router.post("/account/members/{organisation_id}/{membership_id}/revoke")
def revoke_membership(session: Tx, actor: SignedIn, organisation_id: str, membership_id: str) -> Response:
    parties.revoke(session, actor, membership_id)
    return RedirectResponse(f"/account/members/{organisation_id}", 303)
