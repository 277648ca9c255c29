"""Organisations, people and roles: what can be done with them. Sign-in and tokens are in `sign_in`."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session, col, select

from catalog.parties import mails, secrets
from catalog.parties.errors import (
    EmailTaken,
    LastOperator,
    LinkExpired,
    OrganisationNotFound,
    PersonNotFound,
    SlugTaken,
)
from catalog.parties.models import Invitation, Membership, Notice, Organisation, OrganisationKind, Person
from contracts import clock
from contracts.access import GRANTS, SYSTEM, Actor, Grant, Permission, Role
from contracts.errors import Forbidden, InvalidInput
from contracts.ids import is_slug, new_id
from contracts.kit import audit, mail

INVITATION_DAYS = 7
PUBLIC_KINDS = ("city", "district", "department")
ROLES_OF_KIND: dict[str, tuple[Role, ...]] = {
    "city": (Role.OPERATOR, Role.DATA_OFFICER),
    "district": (Role.OPERATOR, Role.DATA_OFFICER),
    "department": (Role.PROVIDER, Role.DATA_OFFICER),
    "company": (Role.OWNER, Role.DEVELOPER, Role.PROVIDER),
    "person": (Role.OWNER, Role.DEVELOPER),
}


def clean_email(email: str) -> str:
    """The address in normal form, lower case; raises `InvalidInput` at `email`."""
    try:
        # Undeliverable domains are found out by sending; tests and closed networks have no DNS.
        return validate_email(email, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidInput.at("email", "Give an e-mail address such as name@example.cn.") from error


def create_organisation(
    session: Session,
    actor: Actor,
    *,
    kind: OrganisationKind,
    slug: str,
    name: dict[str, str],
    parent_id: str | None = None,
    contact_email: str | None = None,
) -> Organisation:
    """Add a node to the tree. Districts and departments hang below a public body; companies stand on their own."""
    actor.require(Permission.ORGANISATION_WRITE, parent_id)
    return _insert_organisation(session, actor, kind, slug, name, parent_id, contact_email)


def _insert_organisation(
    session: Session,
    actor: Actor,
    kind: OrganisationKind,
    slug: str,
    name: dict[str, str],
    parent_id: str | None,
    contact_email: str | None,
) -> Organisation:
    if not is_slug(slug):
        raise InvalidInput.at("slug", "Use 2 to 100 small letters, digits, - or _, beginning and ending with one.")
    if not any(text.strip() for text in name.values()):
        raise InvalidInput.at("name", "Give the organisation a name.")
    if session.exec(select(Organisation).where(Organisation.slug == slug)).first():
        raise SlugTaken(f"The short name {slug} is already in use; choose another.")
    if kind in ("district", "department"):
        if parent_id is None or get_organisation(session, parent_id).kind not in ("city", "district"):
            raise InvalidInput.at("parent_id", "Name the city or district it belongs to.")
    elif parent_id is not None:
        raise InvalidInput.at("parent_id", f"A {kind} stands at the top of the tree.")
    organisation = Organisation(
        kind=kind,
        slug=slug,
        name=name,
        parent_id=parent_id,
        contact_email=clean_email(contact_email) if contact_email else None,
    )
    session.add(organisation)
    session.flush()
    audit.record(session, actor, "organisation.created", "organisation", organisation.id, slug=slug, kind=kind)
    return organisation


def get_organisation(session: Session, id_or_slug: str) -> Organisation:
    """One organisation by id or short name."""
    organisation = session.get(Organisation, id_or_slug)
    if organisation is None:
        organisation = session.exec(select(Organisation).where(Organisation.slug == id_or_slug)).first()
    if organisation is None:
        raise OrganisationNotFound(f"There is no organisation {id_or_slug}.")
    return organisation


def list_organisations(
    session: Session, *, kinds: Sequence[str] | None = None, under: str | None = None
) -> list[Organisation]:
    """Organisations by name order of their slug; only `kinds`, only the subtree `under`, when given."""
    query = select(Organisation).order_by(col(Organisation.slug))
    if kinds is not None:
        query = query.where(col(Organisation.kind).in_(kinds))
    if under is not None:
        query = query.where(col(Organisation.id).in_(descendant_ids(session, under)))
    return list(session.exec(query))


def organisation_slugs(session: Session, kinds: Sequence[str]) -> set[str]:
    """The short names of all organisations of these kinds. Reads nothing else, so that an older schema will do, and a
    database that has no tables yet."""
    if not sa.inspect(session.connection()).has_table(str(Organisation.__tablename__)):
        return set()
    return set(session.exec(select(Organisation.slug).where(col(Organisation.kind).in_(kinds))))


def organisations_by_id(session: Session, ids: Sequence[str] | frozenset[str] | set[str]) -> dict[str, Organisation]:
    """Several organisations at once, by id."""
    rows = session.exec(select(Organisation).where(col(Organisation.id).in_(list(ids))))
    return {organisation.id: organisation for organisation in rows}


def ancestors(session: Session, organisation_id: str) -> list[Organisation]:
    """The organisation's parents, nearest first."""
    found: list[Organisation] = []
    parent_id = get_organisation(session, organisation_id).parent_id
    while parent_id is not None:
        found.append(get_organisation(session, parent_id))
        parent_id = found[-1].parent_id
    return found


def descendant_ids(session: Session, organisation_id: str) -> frozenset[str]:
    """Ids of the organisation and of all below it."""
    table = Organisation.metadata.tables["parties_organisation"]
    tree = sa.select(table.c.id).where(table.c.id == organisation_id).cte("tree", recursive=True)
    tree = tree.union_all(sa.select(table.c.id).where(table.c.parent_id == tree.c.id))
    return frozenset(session.scalars(sa.select(tree.c.id)))


def rename_organisation(session: Session, actor: Actor, organisation_id: str, name: dict[str, str]) -> Organisation:
    """Change the published name."""
    actor.require(Permission.MEMBER_WRITE, organisation_id)
    organisation = get_organisation(session, organisation_id)
    if not any(text.strip() for text in name.values()):
        raise InvalidInput.at("name", "Give the organisation a name.")
    organisation.name = name
    session.add(organisation)
    audit.record(session, actor, "organisation.renamed", "organisation", organisation.id)
    return organisation


def create_person(
    session: Session, actor: Actor, *, email: str, name: str, password: str | None = None, language: str = "zh-CN"
) -> Person:
    """Add an account. Whoever signs up does so as the system; an operator may add people."""
    actor.require(Permission.ORGANISATION_WRITE)
    email = clean_email(email)
    if not name.strip():
        raise InvalidInput.at("name", "Give a name.")
    if session.exec(select(Person).where(Person.email == email)).first():
        raise EmailTaken("This address already has an account; sign in, or ask for a new password.")
    digest = secrets.hash_password(password) if password is not None else None
    person = Person(email=email, name=name.strip()[:100], password_hash=digest, language=language)
    session.add(person)
    session.flush()
    audit.record(session, actor, "person.created", "person", person.id)
    return person


def person(session: Session, person_id: str) -> Person:
    """One person by id."""
    found = session.get(Person, person_id)
    if found is None:
        raise PersonNotFound(f"There is no person {person_id}.")
    return found


def person_by_email(session: Session, email: str) -> Person | None:
    """The account of an address, or None."""
    return session.exec(select(Person).where(Person.email == clean_email(email))).first()


def people_by_id(session: Session, ids: Sequence[str] | set[str]) -> dict[str, Person]:
    """Several people at once, by id."""
    return {found.id: found for found in session.exec(select(Person).where(col(Person.id).in_(list(ids))))}


def list_people(session: Session, actor: Actor) -> list[Person]:
    """Everyone with an account; for operators."""
    actor.require(Permission.ORGANISATION_WRITE)
    return list(session.exec(select(Person).order_by(col(Person.email))))


def sign_up_company(
    session: Session, *, email: str, name: str, password: str, company_name: str, language: str = "zh-CN"
) -> tuple[Person, Organisation]:
    """A newcomer's account together with their organisation, which they own."""
    if not company_name.strip():
        raise InvalidInput.at("company_name", "Give the name of your company, or your own.")
    owner = create_person(session, SYSTEM, email=email, name=name, password=password, language=language)
    ascii_name = re.sub(r"[^a-z0-9]+", "-", company_name.lower()).strip("-")[:60]
    taken = session.exec(select(Organisation).where(Organisation.slug == ascii_name)).first()
    slug = ascii_name if is_slug(ascii_name) and not taken else f"org-{new_id()[-12:]}"
    company = _insert_organisation(
        session, SYSTEM, "company", slug, {language: company_name.strip()}, None, owner.email
    )
    grant(session, SYSTEM, owner.id, company.id, Role.OWNER)
    return owner, company


def grant(session: Session, actor: Actor, person_id: str, organisation_id: str, role: Role) -> Membership:
    """Give a person a role at an organisation from now on; giving it twice changes nothing."""
    actor.require(Permission.MEMBER_WRITE, organisation_id)
    organisation = get_organisation(session, organisation_id)
    person(session, person_id)
    if role not in ROLES_OF_KIND[organisation.kind]:
        raise InvalidInput.at("role", f"A {organisation.kind} has no {role}.")
    _require_rank(actor, role, organisation_id)
    for membership in _current(session, person_id=person_id, organisation_id=organisation_id):
        if membership.role == role:
            return membership
    membership = Membership(person_id=person_id, organisation_id=organisation_id, role=role, granted_by=actor.person_id)
    session.add(membership)
    session.flush()
    audit.record(session, actor, "membership.granted", "organisation", organisation_id, person=person_id, role=role)
    return membership


def _require_rank(actor: Actor, role: Role, organisation_id: str) -> None:
    """Roles of the public side are given by operators only: nobody lifts themselves into an officer."""
    public = role in (Role.OPERATOR, Role.DATA_OFFICER, Role.PROVIDER)
    if public and not actor.is_system and not actor.may(Permission.ORGANISATION_WRITE, organisation_id):
        raise Forbidden(f"Only an operator can give the role {role}.")


def revoke(session: Session, actor: Actor, membership_id: str) -> Membership:
    """End a membership now. The last operator stays."""
    membership = session.get(Membership, membership_id)
    if membership is None or membership.until_at is not None:
        raise PersonNotFound("There is no such membership.")
    actor.require(Permission.MEMBER_WRITE, membership.organisation_id)
    _require_rank(actor, Role(membership.role), membership.organisation_id)
    if membership.role == Role.OPERATOR:
        others = [m for m in _current(session) if m.role == Role.OPERATOR and m.id != membership.id]
        if not others:
            raise LastOperator("This is the last operator; name another one first.")
    membership.until_at = clock.now()
    session.add(membership)
    audit.record(
        session,
        actor,
        "membership.revoked",
        "organisation",
        membership.organisation_id,
        person=membership.person_id,
        role=membership.role,
    )
    return membership


def _current(
    session: Session, *, person_id: str | None = None, organisation_id: str | None = None, at: datetime | None = None
) -> list[Membership]:
    moment = at or clock.now()
    query = select(Membership).where(
        Membership.from_at <= moment, sa.or_(col(Membership.until_at).is_(None), col(Membership.until_at) > moment)
    )
    if person_id is not None:
        query = query.where(Membership.person_id == person_id)
    if organisation_id is not None:
        query = query.where(Membership.organisation_id == organisation_id)
    return list(session.exec(query.order_by(col(Membership.id))))


def list_members(session: Session, actor: Actor, organisation_id: str) -> list[tuple[Membership, Person]]:
    """Who holds which role at an organisation now; for those who may change it."""
    actor.require(Permission.MEMBER_WRITE, organisation_id)
    memberships = _current(session, organisation_id=organisation_id)
    people = people_by_id(session, {m.person_id for m in memberships})
    return [(m, people[m.person_id]) for m in memberships]


def memberships_of(session: Session, person_id: str) -> list[tuple[Membership, Organisation]]:
    """Which roles a person holds now, and where."""
    memberships = _current(session, person_id=person_id)
    organisations = organisations_by_id(session, {m.organisation_id for m in memberships})
    return [(m, organisations[m.organisation_id]) for m in memberships]


def people_who_may(session: Session, permission: Permission, organisation_id: str) -> list[Person]:
    """Everyone whose role, there or above, allows `permission` at the organisation; for notices and mail."""
    above = [organisation_id, *(o.id for o in ancestors(session, organisation_id))]
    ids = {
        m.person_id for at in above for m in _current(session, organisation_id=at) if permission in GRANTS[Role(m.role)]
    }
    return [p for p in people_by_id(session, ids).values() if p.disabled_at is None]


def actor_for(session: Session, person_id: str) -> Actor:
    """The person as an actor with every role held now."""
    found = person(session, person_id)
    grants = tuple(
        Grant(Role(m.role), m.organisation_id, descendant_ids(session, m.organisation_id))
        for m in _current(session, person_id=person_id)
    )
    return Actor(person_id=found.id, name=found.name, grants=() if found.disabled_at else grants)


def invite(
    session: Session, actor: Actor, *, organisation_id: str, email: str, role: Role, base_url: str
) -> Invitation:
    """Invite an address to a role by mail; only the mail carries the token."""
    actor.require(Permission.MEMBER_WRITE, organisation_id)
    organisation = get_organisation(session, organisation_id)
    if role not in ROLES_OF_KIND[organisation.kind]:
        raise InvalidInput.at("role", f"A {organisation.kind} has no {role}.")
    _require_rank(actor, role, organisation_id)
    token = secrets.new_token()
    invitation = Invitation(
        organisation_id=organisation_id,
        email=clean_email(email),
        role=role,
        token_digest=secrets.digest(token),
        invited_by=actor.person_id or "",
        expires_at=clock.now() + timedelta(days=INVITATION_DAYS),
    )
    session.add(invitation)
    session.flush()
    audit.record(session, actor, "member.invited", "organisation", organisation_id, role=role)
    subject, body = mails.invitation(organisation, f"{base_url}/account/join?token={token}", INVITATION_DAYS)
    mail.send(session, invitation.email, subject, body)
    return invitation


def invitations(session: Session, organisation_id: str) -> list[Invitation]:
    """Invitations still open."""
    query = select(Invitation).where(
        Invitation.organisation_id == organisation_id,
        col(Invitation.accepted_at).is_(None),
        col(Invitation.revoked_at).is_(None),
        Invitation.expires_at > clock.now(),
    )
    return list(session.exec(query.order_by(col(Invitation.id))))


def revoke_invitation(session: Session, actor: Actor, invitation_id: str) -> None:
    """Make an open invitation worthless."""
    invitation = session.get(Invitation, invitation_id)
    if invitation is None:
        raise LinkExpired("There is no such invitation.")
    actor.require(Permission.MEMBER_WRITE, invitation.organisation_id)
    invitation.revoked_at = clock.now()
    session.add(invitation)
    audit.record(session, actor, "invitation.revoked", "organisation", invitation.organisation_id)


def find_invitation(session: Session, token: str) -> Invitation:
    """The open invitation of a token; `LinkExpired` when it was used, revoked or is too old."""
    invitation = session.exec(
        select(Invitation).where(Invitation.token_digest == secrets.digest(token)).with_for_update()
    ).first()
    if (
        invitation is None
        or invitation.accepted_at is not None
        or invitation.revoked_at is not None
        or invitation.expires_at <= clock.now()
    ):
        raise LinkExpired("This invitation was used, withdrawn or is older than a week; ask for a new one.")
    return invitation


def accept_invitation(
    session: Session, token: str, *, name: str | None = None, password: str | None = None, person_id: str | None = None
) -> Person:
    """Join: as the person signed in, or with a new account for the invited address."""
    invitation = find_invitation(session, token)
    if person_id is not None:
        joining = person(session, person_id)
    elif person_by_email(session, invitation.email):
        raise EmailTaken("This address already has an account; sign in first, then open the invitation again.")
    else:
        joining = create_person(session, SYSTEM, email=invitation.email, name=name or "", password=password or "")
    grant(session, SYSTEM, joining.id, invitation.organisation_id, Role(invitation.role))
    invitation.accepted_at = clock.now()
    session.add(invitation)
    return joining


def notify(session: Session, people: Sequence[Person], *, reference: str, text: dict[str, str], link: str) -> None:
    """Show a line to people until they have read it; the same reference is shown once."""
    for recipient in people:
        known = select(Notice).where(Notice.person_id == recipient.id, Notice.reference == reference)
        if session.exec(known).first() is None:
            session.add(Notice(person_id=recipient.id, reference=reference, text=text, link=link))
    session.flush()


def notices(session: Session, person_id: str, *, limit: int = 20) -> list[Notice]:
    """Unread notices, newest first."""
    query = select(Notice).where(Notice.person_id == person_id, col(Notice.read_at).is_(None))
    return list(session.exec(query.order_by(col(Notice.id).desc()).limit(limit)))


def read_notice(session: Session, person_id: str, notice_id: str) -> Notice | None:
    """Mark one's own notice as read; None when it is not one's own."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.person_id != person_id:
        return None
    notice.read_at = notice.read_at or clock.now()
    session.add(notice)
    return notice
