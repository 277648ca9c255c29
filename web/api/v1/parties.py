"""Management API: accounts, organisations, members, tokens."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, EmailStr
from sqlmodel import Session

from catalog.parties import service as parties
from catalog.parties import sign_in
from catalog.parties.models import OrganisationKind
from contracts.access import Actor, Role
from contracts.errors import NotFound, ShuyiError
from contracts.text import Text
from web.dependencies import CurrentActor, Read, ServicesOf, SignedIn, Tx

router = APIRouter(prefix="/api/v1", tags=["parties"])


class OrganisationOut(BaseModel):
    """An organisation."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    parent_id: str | None
    kind: str
    slug: str
    name: dict[str, str]


class OrganisationIn(BaseModel):
    """A new organisation."""

    kind: OrganisationKind
    slug: str
    name: Text
    parent_id: str | None = None
    contact_email: EmailStr | None = None


class PersonOut(BaseModel):
    """An account, as its owner and operators see it."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    email: str
    name: str
    language: str
    created_at: datetime


class PersonIn(BaseModel):
    """A new account made by an operator."""

    email: str
    name: str
    password: str | None = None


class SignUpIn(BaseModel):
    """A newcomer with a company of their own."""

    email: str
    name: str
    password: str
    company_name: str


class Credentials(BaseModel):
    """E-mail and password, and what to call the token."""

    email: str
    password: str
    token_name: str = "API sign-in"  # noqa: S105  # a label, not a secret


class AddressIn(BaseModel):
    """An e-mail address."""

    email: str


class LinkIn(BaseModel):
    """The token of a mailed link, and what to call the access token."""

    token: str
    token_name: str = "API sign-in"  # noqa: S105  # a label, not a secret


class NewPassword(BaseModel):
    """The token of a mailed link, and the new password."""

    token: str
    password: str


class TokenOut(BaseModel):
    """A personal access token; `token` is shown this once."""

    id: str
    token: str
    expires_at: datetime


class TokenInfo(BaseModel):
    """A token without its secret."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    name: str
    created_at: datetime
    expires_at: datetime


class NameIn(BaseModel):
    """A name."""

    name: str


class MemberOut(BaseModel):
    """A role a person holds."""

    membership_id: str
    person: PersonOut
    role: Role
    from_at: datetime


class MemberIn(BaseModel):
    """A role to give."""

    person_id: str
    role: Role


class InvitationIn(BaseModel):
    """Whom to invite as what."""

    email: str
    role: Role


class InvitationOut(BaseModel):
    """An open invitation."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    email: str
    role: str
    expires_at: datetime


class JoinIn(BaseModel):
    """Accepting an invitation with a new account, or with one's own when signed in."""

    token: str
    name: str | None = None
    password: str | None = None


class NoticeOut(BaseModel):
    """Something that happened and concerns the reader."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    text: dict[str, str]
    link: str
    created_at: datetime


@router.post("/sign-up", status_code=201, summary="Create an account and the organisation it owns")
def sign_up(body: SignUpIn, session: Tx) -> OrganisationOut:
    _, company = parties.sign_up_company(
        session, email=body.email, name=body.name, password=body.password, company_name=body.company_name
    )
    return OrganisationOut.model_validate(company)


@router.post("/tokens", status_code=201, summary="Get an access token for e-mail and password")
def exchange_password(body: Credentials, services: ServicesOf) -> TokenOut:
    with services.database.transaction() as session:
        found = sign_in.check_password(session, body.email, body.password)
        if not isinstance(found, ShuyiError):
            return _new_token(session, parties.actor_for(session, found.id), body.token_name)
    raise found  # after the commit that counted the failure


@router.post("/sign-in-links", status_code=202, summary="Mail a link that signs in once")
def mail_sign_in_link(body: AddressIn, session: Tx, services: ServicesOf) -> None:
    """The answer is the same whether the address has an account or not."""
    sign_in.send_link(session, body.email, "sign_in", services.settings.base_url)


@router.post("/sign-in-links/use", status_code=201, summary="Get an access token for the token of a mailed link")
def exchange_link(body: LinkIn, session: Tx) -> TokenOut:
    person = sign_in.use_link(session, body.token, "sign_in")
    return _new_token(session, parties.actor_for(session, person.id), body.token_name)


@router.post("/password-resets", status_code=202, summary="Mail a link to set a new password")
def mail_password_link(body: AddressIn, session: Tx, services: ServicesOf) -> None:
    """The answer is the same whether the address has an account or not."""
    sign_in.send_link(session, body.email, "reset_password", services.settings.base_url)


@router.post("/password-resets/use", status_code=204, summary="Set a new password with the token of a mailed link")
def reset_password(body: NewPassword, session: Tx) -> None:
    """Every browser of that person is signed out."""
    person = sign_in.use_link(session, body.token, "reset_password")
    sign_in.set_password(session, person.id, body.password)


@router.get("/me", summary="Who the token belongs to")
def me(session: Read, actor: SignedIn) -> PersonOut:
    return PersonOut.model_validate(parties.person(session, actor.person_id or ""))


@router.get("/me/organisations", summary="Organisations in which I hold a role")
def my_organisations(session: Read, actor: SignedIn) -> list[OrganisationOut]:
    found = {
        organisation.id: organisation for _, organisation in parties.memberships_of(session, actor.person_id or "")
    }
    return [OrganisationOut.model_validate(organisation) for organisation in found.values()]


@router.get("/me/tokens", summary="My access tokens")
def my_tokens(session: Read, actor: SignedIn) -> list[TokenInfo]:
    return [TokenInfo.model_validate(token) for token in sign_in.access_tokens(session, actor.person_id or "")]


@router.post("/me/tokens", status_code=201, summary="Make an access token; it is in the answer, once")
def make_token(body: NameIn, session: Tx, actor: SignedIn) -> TokenOut:
    return _new_token(session, actor, body.name)


def _new_token(session: Session, actor: Actor, name: str) -> TokenOut:
    token, secret = sign_in.create_access_token(session, actor, name)
    return TokenOut(id=token.id, token=secret, expires_at=token.expires_at)


@router.delete("/me/tokens/{token_id}", status_code=204, summary="Revoke one of my access tokens")
def revoke_token(token_id: str, session: Tx, actor: SignedIn) -> None:
    sign_in.revoke_access_token(session, actor, token_id)


@router.get("/me/notices", summary="My unread notices, newest first")
def my_notices(session: Read, actor: SignedIn) -> list[NoticeOut]:
    return [NoticeOut.model_validate(notice) for notice in parties.notices(session, actor.person_id or "")]


@router.post("/me/notices/{notice_id}/read", status_code=204, summary="Mark a notice as read")
def read_notice(notice_id: str, session: Tx, actor: SignedIn) -> None:
    if parties.read_notice(session, actor.person_id or "", notice_id) is None:
        raise NotFound("There is no such notice.")


@router.get("/organisations", summary="The city, its districts and departments")
def organisations(
    session: Read, kind: Annotated[list[OrganisationKind] | None, Query()] = None
) -> list[OrganisationOut]:
    """Companies are seen by their members only."""
    kinds = [name for name in kind or parties.PUBLIC_KINDS if name in parties.PUBLIC_KINDS]
    return [OrganisationOut.model_validate(found) for found in parties.list_organisations(session, kinds=kinds)]


@router.post("/organisations", status_code=201, summary="Add an organisation, for operators")
def create_organisation(body: OrganisationIn, session: Tx, actor: SignedIn) -> OrganisationOut:
    created = parties.create_organisation(
        session,
        actor,
        kind=body.kind,
        slug=body.slug,
        name=body.name,
        parent_id=body.parent_id,
        contact_email=body.contact_email,
    )
    return OrganisationOut.model_validate(created)


@router.patch("/organisations/{organisation_id}", summary="Rename an organisation")
def rename(organisation_id: str, body: dict[str, Text], session: Tx, actor: SignedIn) -> OrganisationOut:
    """The body is the published name: `{"name": {"zh-CN": "…"}}`."""
    return OrganisationOut.model_validate(
        parties.rename_organisation(session, actor, organisation_id, body.get("name", {}))
    )


@router.post("/people", status_code=201, summary="Add an account, for operators")
def create_person(body: PersonIn, session: Tx, actor: SignedIn) -> PersonOut:
    return PersonOut.model_validate(
        parties.create_person(session, actor, email=body.email, name=body.name, password=body.password)
    )


@router.get("/people", summary="All accounts, for operators")
def people(session: Read, actor: SignedIn) -> list[PersonOut]:
    return [PersonOut.model_validate(found) for found in parties.list_people(session, actor)]


@router.get("/organisations/{organisation_id}/members", summary="Members of an organisation and their roles")
def members(organisation_id: str, session: Read, actor: SignedIn) -> list[MemberOut]:
    return [
        MemberOut(
            membership_id=membership.id,
            person=PersonOut.model_validate(person),
            role=Role(membership.role),
            from_at=membership.from_at,
        )
        for membership, person in parties.list_members(session, actor, organisation_id)
    ]


@router.post("/organisations/{organisation_id}/members", status_code=201, summary="Give a person a role")
def grant(organisation_id: str, body: MemberIn, session: Tx, actor: SignedIn) -> dict[str, str]:
    return {"membership_id": parties.grant(session, actor, body.person_id, organisation_id, body.role).id}


@router.delete("/memberships/{membership_id}", status_code=204, summary="End a role now")
def revoke(membership_id: str, session: Tx, actor: SignedIn) -> None:
    parties.revoke(session, actor, membership_id)


@router.get("/organisations/{organisation_id}/invitations", summary="Open invitations of an organisation")
def invitations(organisation_id: str, session: Read, actor: SignedIn) -> list[InvitationOut]:
    parties.list_members(session, actor, organisation_id)
    return [InvitationOut.model_validate(found) for found in parties.invitations(session, organisation_id)]


@router.post("/organisations/{organisation_id}/invitations", status_code=201, summary="Invite an address to a role")
def invite(
    organisation_id: str, body: InvitationIn, session: Tx, actor: SignedIn, services: ServicesOf
) -> InvitationOut:
    """The mail carries the link."""
    return InvitationOut.model_validate(
        parties.invite(
            session,
            actor,
            organisation_id=organisation_id,
            email=body.email,
            role=body.role,
            base_url=services.settings.base_url,
        )
    )


@router.delete("/invitations/{invitation_id}", status_code=204, summary="Withdraw an invitation")
def revoke_invitation(invitation_id: str, session: Tx, actor: SignedIn) -> None:
    parties.revoke_invitation(session, actor, invitation_id)


@router.post("/invitations/accept", status_code=201, summary="Accept an invitation")
def accept(body: JoinIn, session: Tx, actor: CurrentActor) -> PersonOut:
    """With one's own account when its access token is sent, else with a new account."""
    joined = parties.accept_invitation(
        session, body.token, name=body.name, password=body.password, person_id=actor.person_id
    )
    return PersonOut.model_validate(joined)
