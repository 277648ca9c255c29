"""How people prove who they are: password, one-time links, browser sessions and personal API tokens."""

from datetime import timedelta
from typing import Literal

from sqlmodel import Session, col, select

from catalog.parties import mails, secrets, service
from catalog.parties.errors import LinkExpired, TooManyAttempts, WrongCredentials
from catalog.parties.models import AccessToken, BrowserSession, OneTimeToken, Person
from contracts import clock
from contracts.access import SYSTEM, Actor
from contracts.errors import InvalidInput, NotFound, NotSignedIn
from contracts.kit import audit, mail

SESSION_DAYS = 14
LINK_MINUTES = 30
TOKEN_DAYS = 365
TOKEN_PREFIX = "sy_pat_"  # noqa: S105  # a prefix that lets scanners recognise leaked tokens, not a secret
MAX_FAILURES = 10
MAX_LINKS = 5
"""Links to one person that are open at a time: nobody's mailbox is filled from here."""
WAIT = timedelta(minutes=15)
Purpose = Literal["sign_in", "reset_password"]


def check_password(session: Session, email: str, password: str) -> Person | WrongCredentials | TooManyAttempts:
    """The person whose password this is, or the error to tell. The error is returned, not raised, so that the caller's
    transaction commits the count of failures."""
    try:
        person = service.person_by_email(session, email)
    except InvalidInput:
        person = None
    if person is None:
        secrets.password_fits(None, password)
        return WrongCredentials("This address and password do not fit together.")
    moment = clock.now()
    if person.failed_at is not None and moment - person.failed_at > WAIT:
        person.failures = 0
    if person.failures >= MAX_FAILURES:
        return TooManyAttempts("Too many wrong passwords; try again in 15 minutes.", retry_after=900)
    if not secrets.password_fits(person.password_hash, password) or person.disabled_at is not None:
        person.failures += 1
        person.failed_at = moment
        session.add(person)
        return WrongCredentials("This address and password do not fit together.")
    person.failures = 0
    session.add(person)
    return person


def start_session(session: Session, person_id: str) -> str:
    """A new browser session; returns the secret for the cookie."""
    token = secrets.new_token()
    session.add(
        BrowserSession(
            person_id=person_id,
            token_digest=secrets.digest(token),
            expires_at=clock.now() + timedelta(days=SESSION_DAYS),
        )
    )
    session.flush()
    audit.record(session, service.actor_for(session, person_id), "person.signed_in", "person", person_id)
    return token


def end_session(session: Session, token: str) -> None:
    """Sign a browser out; unknown tokens change nothing."""
    found = session.exec(select(BrowserSession).where(BrowserSession.token_digest == secrets.digest(token))).first()
    if found is not None:
        found.ended_at = clock.now()
        session.add(found)


def person_of_session(session: Session, token: str) -> str | None:
    """The id of the person a cookie belongs to, or None when it is not valid any more."""
    found = session.exec(select(BrowserSession).where(BrowserSession.token_digest == secrets.digest(token))).first()
    if found is None or found.ended_at is not None or found.expires_at <= clock.now():
        return None
    return found.person_id


def one_time_link(session: Session, person_id: str, purpose: Purpose, *, valid: timedelta | None = None) -> str:
    """A token that works once, for half an hour unless `valid` says otherwise."""
    token = secrets.new_token()
    session.add(
        OneTimeToken(
            person_id=person_id,
            purpose=purpose,
            token_digest=secrets.digest(token),
            expires_at=clock.now() + (valid or timedelta(minutes=LINK_MINUTES)),
        )
    )
    session.flush()
    return token


def use_link(session: Session, token: str, purpose: Purpose) -> Person:
    """Spend a one-time token; `LinkExpired` when it was used before or is too old."""
    query = select(OneTimeToken).where(
        OneTimeToken.token_digest == secrets.digest(token), OneTimeToken.purpose == purpose
    )
    found = session.exec(query.with_for_update()).first()
    if found is None or found.used_at is not None or found.expires_at <= clock.now():
        raise LinkExpired("This link was used before or is too old; ask for a new one.")
    found.used_at = clock.now()
    session.add(found)
    return service.person(session, found.person_id)


def send_link(session: Session, email: str, purpose: Purpose, base_url: str) -> None:
    """Mail a one-time link to an address, if it has an account. The caller tells everybody the same."""
    try:
        person = service.person_by_email(session, email)
    except InvalidInput:
        return
    if person is None or person.disabled_at is not None:
        return
    still_open = select(OneTimeToken).where(
        OneTimeToken.person_id == person.id,
        col(OneTimeToken.used_at).is_(None),
        OneTimeToken.expires_at > clock.now(),
    )
    if len(session.exec(still_open.limit(MAX_LINKS)).all()) == MAX_LINKS:
        return
    token = one_time_link(session, person.id, purpose)
    path = "/account/reset" if purpose == "reset_password" else "/account/link"
    subject, body = mails.link(person, purpose, f"{base_url}{path}?token={token}", LINK_MINUTES)
    mail.send(session, person.email, subject, body)


def set_password(session: Session, person_id: str, password: str) -> None:
    """A new password; every browser of that person is signed out."""
    person = service.person(session, person_id)
    person.password_hash = secrets.hash_password(password)
    person.failures = 0
    session.add(person)
    for row in session.exec(select(BrowserSession).where(BrowserSession.person_id == person_id)):
        row.ended_at = row.ended_at or clock.now()
        session.add(row)
    audit.record(session, SYSTEM, "person.password_set", "person", person_id)


def create_access_token(session: Session, actor: Actor, name: str) -> tuple[AccessToken, str]:
    """A personal token for the management API; the secret is returned once."""
    if actor.person_id is None:
        raise NotSignedIn("Sign in to make a token.")
    if not name.strip():
        raise InvalidInput.at("name", "Give the token a name, so that you can tell it from others.")
    secret = TOKEN_PREFIX + secrets.new_token()
    token = AccessToken(
        person_id=actor.person_id,
        name=name.strip()[:100],
        token_digest=secrets.digest(secret),
        expires_at=clock.now() + timedelta(days=TOKEN_DAYS),
    )
    session.add(token)
    session.flush()
    audit.record(session, actor, "access_token.created", "person", actor.person_id)
    return token, secret


def access_tokens(session: Session, person_id: str) -> list[AccessToken]:
    """A person's tokens that still work."""
    query = select(AccessToken).where(
        AccessToken.person_id == person_id, col(AccessToken.revoked_at).is_(None), AccessToken.expires_at > clock.now()
    )
    return list(session.exec(query.order_by(col(AccessToken.id))))


def revoke_access_token(session: Session, actor: Actor, token_id: str) -> None:
    """Make one of one's own tokens worthless."""
    token = session.get(AccessToken, token_id)
    if token is None or token.person_id != actor.person_id:
        raise NotFound("There is no such token.")
    token.revoked_at = clock.now()
    session.add(token)
    audit.record(session, actor, "access_token.revoked", "person", token.person_id)


def person_of_access_token(session: Session, secret: str) -> str | None:
    """The id of the person a personal token belongs to, or None."""
    found = session.exec(select(AccessToken).where(AccessToken.token_digest == secrets.digest(secret))).first()
    if found is None or found.revoked_at is not None or found.expires_at <= clock.now():
        return None
    return found.person_id
