"""The ledger: accounts with their balances, the journal, one account, one entry."""

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from catalog.parties import service as parties
from marketplace.ledger import service as ledger
from web.dependencies import Read, SignedIn
from web.pages.operator.frame import operator_context, require_operator
from web.rendering import render

router = APIRouter(prefix="/operator/ledger")

PAGE = 50


@router.get("")
def accounts_page(request: Request, session: Read, actor: SignedIn, before: int | None = None) -> Response:
    require_operator(actor)
    accounts = ledger.balances(session)
    shown = ledger.entries(session, before_number=before, limit=PAGE)
    return render(
        request,
        "operator/ledger.html",
        **operator_context(
            "ledger",
            accounts=accounts,
            owners=parties.organisations_by_id(session, {account.owner_id for account, _ in accounts}),
            entries=shown,
            amounts=_turnover(session, [entry.id for entry in shown]),
            older=shown[-1].number if len(shown) == PAGE and shown[-1].number > 1 else None,
            check=ledger.verify(session),
        ),
    )


def _turnover(session: Session, entry_ids: list[str]) -> dict[str, int]:
    """The debit side of each entry."""
    turnover: dict[str, int] = {}
    for posted in ledger.posted_lines(session, entry_ids=entry_ids):
        turnover[posted.entry_id] = turnover.get(posted.entry_id, 0) + max(0, posted.amount)
    return turnover


@router.get("/accounts/{account_id}")
def account_page(request: Request, session: Read, actor: SignedIn, account_id: str) -> Response:
    require_operator(actor)
    account = ledger.get_account(session, account_id)
    postings = ledger.posted_lines(session, account_id=account.id)
    owners = parties.organisations_by_id(session, {account.owner_id, *(posted.provider_id for posted in postings)})
    balances: list[int] = []
    for posted in postings:
        balances.append((balances[-1] if balances else 0) + posted.amount)
    rows = list(zip(postings, balances, strict=True))
    return render(
        request,
        "operator/account.html",
        **operator_context("ledger", account=account, rows=rows[::-1][:500], count=len(rows), owners=owners),
    )


@router.get("/entries/{entry_id}")
def entry_page(request: Request, session: Read, actor: SignedIn, entry_id: str) -> Response:
    require_operator(actor)
    entry = ledger.get_entry(session, entry_id)
    postings = ledger.posted_lines(session, entry_ids=[entry.id])
    owners = {posted.owner_id for posted in postings} | {posted.provider_id for posted in postings}
    return render(
        request,
        "operator/entry.html",
        **operator_context(
            "ledger", entry=entry, postings=postings, owners=parties.organisations_by_id(session, owners)
        ),
    )
