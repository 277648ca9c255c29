"""Management API: API keys of subscriptions."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from contracts import clock
from contracts.access import Permission
from marketplace.credentials import service as credentials
from marketplace.credentials.models import Key
from web.api.v1.usage import readable
from web.dependencies import CurrentActor, Read, ServicesOf, SignedIn, Tx

router = APIRouter(prefix="/api/v1", tags=["keys"])
KeyId = Annotated[str, Path(description="The key's id, not the key itself.")]


class KeyOut(BaseModel):
    """A key as its owner may see it again."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    subscription_id: str
    name: str
    masked: str
    mode: str
    scopes: list[str]
    networks: list[str] = Field(description="Networks that it works from, in CIDR form; empty: from anywhere.")
    state: str = Field(description="active, expiring, expired or revoked.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None
    last_used_at: datetime | None


class NewKeyOut(KeyOut):
    """A new key; `secret` is shown this once."""

    secret: str


class KeyIn(BaseModel):
    """A key to be made."""

    name: str
    mode: Literal["live", "test"] = "live"
    expires_at: datetime | None = Field(None, description="When it stops by itself; never when left out.")
    networks: list[str] = Field([], description="Addresses or networks (CIDR) that it works from; empty: anywhere.")


class KeyChange(BaseModel):
    """What may change on a key; what is left out stays."""

    name: str | None = None
    networks: list[str] | None = Field(None, description="Addresses or networks (CIDR); empty: anywhere.")


class LeakedIn(BaseModel):
    """A key that was found where it should not be."""

    secret: str


def _out(key: Key) -> dict[str, object]:
    return {
        **key.model_dump(include=set(KeyOut.model_fields)),
        "masked": key.masked,
        "state": key.state(clock.now()),
    }


@router.get("/subscriptions/{id}/keys", summary="Keys of a subscription, newest first")
def list_keys(session: Read, actor: SignedIn, id: str) -> list[KeyOut]:
    found = readable(session, actor, id)
    actor.require(Permission.CREDENTIAL_WRITE, found.organisation_id)
    return [KeyOut.model_validate(_out(key)) for key in credentials.keys_of(session, id)]


@router.post("/subscriptions/{id}/keys", status_code=201, summary="Make a key; its secret is in the answer, once")
def create_key(
    session: Tx, services: ServicesOf, actor: SignedIn, response: Response, id: str, wanted: KeyIn
) -> NewKeyOut:
    readable(session, actor, id)
    key, secret = credentials.create_key(
        session,
        actor,
        services.settings,
        id,
        wanted.name,
        wanted.mode,
        expires_at=wanted.expires_at,
        networks=wanted.networks,
    )
    response.headers["Cache-Control"] = "no-store"
    return NewKeyOut.model_validate(_out(key) | {"secret": secret})


@router.get("/keys/{id}", summary="One key")
def get_key(session: Read, actor: SignedIn, id: KeyId) -> KeyOut:
    return KeyOut.model_validate(_out(credentials.get(session, actor, id)))


@router.patch("/keys/{id}", summary="Rename a key, or say from which networks it works")
def change_key(session: Tx, actor: SignedIn, id: KeyId, change: KeyChange) -> KeyOut:
    if change.name is not None:
        credentials.rename(session, actor, id, change.name)
    if change.networks is not None:
        credentials.restrict(session, actor, id, change.networks)
    return KeyOut.model_validate(_out(credentials.get(session, actor, id)))


@router.post("/keys/{id}/rotate", status_code=201, summary="Replace a key; the old one works for 24 more hours")
def rotate_key(session: Tx, services: ServicesOf, actor: SignedIn, response: Response, id: KeyId) -> NewKeyOut:
    key, secret = credentials.rotate(session, actor, services.settings, id)
    response.headers["Cache-Control"] = "no-store"
    return NewKeyOut.model_validate(_out(key) | {"secret": secret})


@router.delete("/keys/{id}", summary="Revoke a key")
def revoke_key(session: Tx, actor: SignedIn, id: KeyId) -> KeyOut:
    return KeyOut.model_validate(_out(credentials.revoke(session, actor, id)))


@router.post("/keys/leaked", summary="Revoke a leaked key; whoever holds it may")
def revoke_leaked(session: Tx, services: ServicesOf, actor: CurrentActor, leaked: LeakedIn) -> dict[str, str]:
    key = credentials.revoke_leaked(session, services.settings, actor, leaked.secret)
    return {"id": key.id, "state": "revoked"}
