"""Making, rotating, revoking and finding API keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from contracts import clock
from contracts.access import Actor, Permission
from contracts.errors import InvalidInput
from contracts.events import Event
from contracts.kit import audit
from contracts.kit.outbox import emit
from contracts.kit.settings import Settings
from marketplace.credentials.errors import KeyNotActive, KeyNotFound, TooManyKeys
from marketplace.credentials.models import AccessVersion, Key
from marketplace.credentials.networks import checked_networks
from marketplace.credentials.secret import Mode, Shape, digest, new_secret, shape
from marketplace.subscriptions import service as subscriptions

OVERLAP = timedelta(hours=24)
MOST_KEYS = 50
LONGEST_NAME = 80


def create_key(
    session: Session,
    actor: Actor,
    settings: Settings,
    subscription_id: str,
    name: str,
    mode: Mode = "live",
    *,
    expires_at: datetime | None = None,
    networks: Sequence[str] = (),
) -> tuple[Key, str]:
    """A new key and its secret, which is shown now and never again. A test key reads the approved sample only.
    `networks`: addresses or networks (CIDR) that it works from; none: from anywhere."""
    subscription = subscriptions.get(session, subscription_id)
    actor.require(Permission.CREDENTIAL_WRITE, subscription.organisation_id)
    name = name.strip()
    if not name:
        raise InvalidInput.at("name", "Give the key a name, for example the program that will use it.")
    if len(name) > LONGEST_NAME:
        raise InvalidInput.at("name", f"A name has at most {LONGEST_NAME} characters.")
    if mode not in ("live", "test"):
        raise InvalidInput.at("mode", "A key is either live or test.")
    if expires_at is not None and expires_at <= clock.now():
        raise InvalidInput.at("expires_at", "The key would already have expired.")
    allowed = checked_networks(networks)
    active = [key for key in keys_of(session, subscription_id) if key.state(clock.now()) in ("active", "expiring")]
    if len(active) >= MOST_KEYS:
        raise TooManyKeys(f"This subscription has {MOST_KEYS} active keys. Revoke one that is not used.")
    organisation_id = subscription.organisation_id
    return _add(session, actor, settings, subscription_id, organisation_id, name, mode, allowed, expires_at)


def rotate(session: Session, actor: Actor, settings: Settings, key_id: str) -> tuple[Key, str]:
    """A new key in the place of an old one, which goes on working for 24 hours; the new key and its secret."""
    old = get(session, actor, key_id, for_change=True)
    if old.state(clock.now()) not in ("active", "expiring") or old.replaced_by is not None:
        raise KeyNotActive("This key was revoked, has expired or was rotated before.")
    key, secret = _add(
        session,
        actor,
        settings,
        old.subscription_id,
        old.organisation_id,
        old.name,
        "live" if old.mode == "live" else "test",
        old.networks,
        None,
    )
    end = clock.now() + OVERLAP
    old.expires_at = min(old.expires_at, end) if old.expires_at else end
    old.replaced_by = key.id
    session.add(old)
    audit.record(session, actor, "key.rotated", "key", old.id, replaced_by=key.id)
    changed(session, old.id)
    return key, secret


def revoke(session: Session, actor: Actor, key_id: str) -> Key:
    """Stop a key: no worker answers it once the change has reached it, within a second as a rule, 30 at most."""
    key = get(session, actor, key_id, for_change=True)
    return _revoke(session, actor, key, "owner")


def revoke_leaked(session: Session, settings: Settings, actor: Actor, secret: str) -> Key:
    """Stop a key that was found where it should not be. Whoever holds a key may do that. Raises `KeyNotFound`."""
    key = lookup(session, settings, secret)
    if key is None:
        raise KeyNotFound("This is no key of ours.")
    return _revoke(session, actor, _locked(session, key.id), "leaked")


def rename(session: Session, actor: Actor, key_id: str, name: str) -> Key:
    """Give a key another name."""
    key = get(session, actor, key_id, for_change=True)
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise InvalidInput.at("name", f"A name has 1 to {LONGEST_NAME} characters.")
    key.name = name.strip()
    session.add(key)
    return key


def restrict(session: Session, actor: Actor, key_id: str, networks: Sequence[str]) -> Key:
    """Say from which addresses or networks (CIDR) a key works from now on; none: from anywhere."""
    key = get(session, actor, key_id, for_change=True)
    allowed = checked_networks(networks)
    if allowed != key.networks:
        key.networks = allowed
        session.add(key)
        audit.record(session, actor, "key.restricted", "key", key.id, networks=allowed)
        changed(session, key.id)
    return key


def get(session: Session, actor: Actor, key_id: str, *, for_change: bool = False) -> Key:
    """One key of an organisation that the actor may manage keys of. Raises `KeyNotFound` for any other."""
    key = _locked(session, key_id) if for_change else session.get(Key, key_id)
    if key is None or not actor.may(Permission.CREDENTIAL_WRITE, key.organisation_id):
        raise KeyNotFound("There is no such key among yours.")
    return key


def keys_of(session: Session, subscription_id: str) -> list[Key]:
    """All keys of a subscription, newest first, those that no longer work included."""
    query = select(Key).where(Key.subscription_id == subscription_id).order_by(col(Key.id).desc())
    return list(session.exec(query))


def lookup(session: Session, settings: Settings, secret: str) -> Key | None:
    """The key with this secret, whatever its state; None for what is no key of ours."""
    if shape(secret) is not Shape.GOOD:
        return None
    return find_by_hash(session, digest(secret, settings.derived_key("credentials")))


def find_by_hash(session: Session, hash: str) -> Key | None:
    """The key with this stored hash."""
    return session.exec(select(Key).where(Key.hash == hash)).one_or_none()


def used(session: Session, moments: Mapping[str, datetime]) -> None:
    """Note when keys (by id) were last used; never moves the note back."""
    for key_id, moment in sorted(moments.items()):
        unset = sa.or_(col(Key.last_used_at).is_(None), col(Key.last_used_at) < moment)
        session.connection().execute(sa.update(Key).where(col(Key.id) == key_id, unset).values(last_used_at=moment))


def access_version(session: Session) -> int:
    """A number that changes whenever who may read what has changed."""
    return session.exec(select(AccessVersion.version).where(AccessVersion.id == 1)).one_or_none() or 0


def access_changed(session: Session) -> None:
    """Have every gateway look again at what it remembers of keys, entitlements and releases."""
    session.connection().execute(
        sa.text(
            "INSERT INTO credentials_access_version (id, version) VALUES (1, 1) "
            "ON CONFLICT (id) DO UPDATE SET version = credentials_access_version.version + 1"
        )
    )


def changed(session: Session, key_id: str) -> None:
    """Tell gateways and whoever listens that a key changed."""
    access_changed(session)
    emit(session, Event.CREDENTIAL_CHANGED, credential_id=key_id)


def _add(
    session: Session,
    actor: Actor,
    settings: Settings,
    subscription_id: str,
    organisation_id: str,
    name: str,
    mode: Mode,
    networks: list[str],
    expires_at: datetime | None,
) -> tuple[Key, str]:
    secret = new_secret(mode)
    key = Key(
        subscription_id=subscription_id,
        organisation_id=organisation_id,
        name=name,
        prefix=secret[:12],
        last4=secret[-4:],
        hash=digest(secret, settings.derived_key("credentials")),
        mode=mode,
        networks=networks,
        created_by=actor.person_id,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    audit.record(session, actor, "key.created", "key", key.id, subscription_id=subscription_id, mode=mode)
    changed(session, key.id)
    return key, secret


def _revoke(session: Session, actor: Actor, key: Key, why: str) -> Key:
    if key.revoked_at is not None:
        return key
    key.revoked_at, key.revoked_why = clock.now(), why
    session.add(key)
    audit.record(session, actor, "key.revoked", "key", key.id, why=why)
    changed(session, key.id)
    return key


def _locked(session: Session, key_id: str) -> Key:
    query = select(Key).where(Key.id == key_id).with_for_update().execution_options(populate_existing=True)
    key = session.exec(query).one_or_none()
    if key is None:
        raise KeyNotFound("There is no such key among yours.")
    return key
