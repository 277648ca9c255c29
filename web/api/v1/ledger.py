"""Management API: the books."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from contracts.access import Actor, Role
from contracts.errors import Forbidden
from marketplace.ledger import service as ledger
from marketplace.ledger.models import JournalEntry
from web.dependencies import Read, SignedIn

router = APIRouter(prefix="/api/v1/ledger", tags=["ledger"])

LIMIT = 200


class AccountOut(BaseModel):
    """An account with its balance in fen, debit positive."""

    id: str
    kind: str
    owner_id: str | None
    currency: str
    balance: int


class EntryOut(BaseModel):
    """A journal entry."""

    id: str
    number: int
    kind: str
    reference: str
    at: datetime
    hash: str
    previous_hash: str


class PostingOut(BaseModel):
    """One side of an entry; `subject` is the invoice line it is about."""

    account_kind: str
    owner_id: str
    amount: int
    currency: str
    provider_id: str
    subject: str


class EntryDetail(EntryOut):
    """A journal entry with its postings."""

    postings: list[PostingOut]


class CheckOut(BaseModel):
    """What re-adding and re-hashing the whole journal found."""

    ok: bool
    entries: int
    head: str
    problems: list[str]


def _require_operator(actor: Actor) -> None:
    if not actor.has_role(Role.OPERATOR):
        raise Forbidden("The books are shown to operators; departments read their statements.")


@router.get("/accounts", summary="Every account with its balance")
def accounts(session: Read, actor: SignedIn) -> list[AccountOut]:
    _require_operator(actor)
    return [
        AccountOut(id=one.id, kind=one.kind, owner_id=one.owner_id or None, currency=one.currency, balance=balance)
        for one, balance in ledger.balances(session)
    ]


@router.get("/entries", summary="The journal, newest first")
def entries(session: Read, actor: SignedIn, before: int | None = None, limit: int = 50) -> list[EntryOut]:
    """`before` is the number of the last entry of the page before."""
    _require_operator(actor)
    return [_entry(one) for one in ledger.entries(session, before_number=before, limit=min(max(limit, 1), LIMIT))]


@router.get("/entries/{entry_id}", summary="One entry with its postings")
def entry(entry_id: str, session: Read, actor: SignedIn) -> EntryDetail:
    _require_operator(actor)
    found = ledger.get_entry(session, entry_id)
    postings = [PostingOut.model_validate(asdict(one)) for one in ledger.posted_lines(session, entry_ids=[found.id])]
    return EntryDetail(**_entry(found).model_dump(), postings=postings)


@router.get("/check", summary="Check the whole journal")
def check(session: Read, actor: SignedIn) -> CheckOut:
    _require_operator(actor)
    found = ledger.verify(session)
    return CheckOut(ok=found.ok, entries=found.entries, head=found.head, problems=list(found.problems))


def _entry(found: JournalEntry) -> EntryOut:
    return EntryOut(**found.model_dump())
