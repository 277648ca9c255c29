"""What routes ask for: a session that commits once, the actor, the services."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from contracts.access import Actor
from contracts.errors import NotSignedIn
from web.context import Services


def services(request: Request) -> Services:
    """The process's services."""
    found: Services = request.app.state.services
    return found


def transaction(request: Request) -> Iterator[Session]:
    """A session that is committed when the route has returned and rolled back when it raised."""
    with services(request).database.transaction() as session:
        yield session


def reading(request: Request) -> Iterator[Session]:
    """A session for reading."""
    with services(request).database.reading() as session:
        yield session


def current_actor(request: Request) -> Actor:
    """Who sends the request; `ANONYMOUS` when nobody signed in."""
    actor: Actor = request.state.actor
    return actor


def signed_in(request: Request) -> Actor:
    """Who sends the request; `NotSignedIn` when nobody signed in."""
    actor = current_actor(request)
    if actor.person_id is None:
        raise NotSignedIn("Sign in to see this.")
    return actor


ServicesOf = Annotated[Services, Depends(services)]
# The scope "function" commits before the answer leaves: nobody is told of what is not stored.
Tx = Annotated[Session, Depends(transaction, scope="function")]
Read = Annotated[Session, Depends(reading, scope="function")]
CurrentActor = Annotated[Actor, Depends(current_actor)]
SignedIn = Annotated[Actor, Depends(signed_in)]
