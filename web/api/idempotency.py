"""`Idempotency-Key` on routes that move money: the work is done once for each key of each caller."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Header, Request
from pydantic import BaseModel
from sqlmodel import Session

from contracts.access import Actor
from contracts.ids import new_id
from contracts.kit import idempotency
from web.context import Services

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="1 to 255 characters of your choice. The same request under the same key is done once, and "
        "answered the same for 24 hours; without a key each request counts as a new one.",
    ),
]
Result = TypeVar("Result", bound=BaseModel)


def once(
    request: Request,
    services: Services,
    actor: Actor,
    key: str | None,
    body: BaseModel | None,
    work: Callable[[Session], Result],
    model: type[Result],
) -> Result:
    """What `work` gives, in a transaction of its own, or what it gave the first time under this key."""

    def answer(session: Session) -> idempotency.Answer:
        return idempotency.Answer(200, work(session).model_dump_json().encode(), {})

    given = idempotency.perform(
        services.database,
        scope=actor.person_id or "system",
        key=idempotency.parse_key(key) if key else new_id(),
        request=idempotency.fingerprint(
            request.method, request.url.path, body.model_dump_json().encode() if body else b""
        ),
        work=answer,
    )
    return model.model_validate_json(given.body)
