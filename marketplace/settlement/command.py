"""What `shuyi settle` does."""

import json

import typer
from rich.console import Console
from rich.table import Table

from contracts.access import SYSTEM
from contracts.errors import ShuyiError
from contracts.kit import store
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.text import pick
from marketplace.billing import periods
from marketplace.billing.rules import Rules
from marketplace.settlement import service as settlement
from marketplace.settlement.document import read
from marketplace.settlement.tasks import Settled, settle


def run(period: str, *, close: bool, pay: bool, verify: str | None, as_json: bool) -> None:
    """Carry the command out; exits with 1, saying why in one line, when it is refused."""
    settings = Settings()
    database = Database(settings.database)
    try:
        if verify is not None:
            _verify(database, period, verify, as_json)
            return
        if close:
            _close(database, settings, period)
        done = settle(database, store.from_settings(settings), settings, SYSTEM, period, pay=pay)
        if as_json:
            typer.echo(json.dumps({"period": period, "statements": [_row(item) for item in done]}, ensure_ascii=False))
        else:
            _print(period, done)
    except ShuyiError as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(1) from error
    finally:
        database.close()


def _close(database: Database, settings: Settings, name: str) -> None:
    """End the period called `name`. While open, the first part of a month still bears the month's own name."""
    with database.transaction() as session:
        current = periods.open_period(session, Rules.from_settings(settings))
        if name in (current.name, f"{current.month}.{current.ordinal}"):
            periods.close_period(session, SYSTEM, Rules.from_settings(settings), current.id)


def _verify(database: Database, period: str, number: str, as_json: bool) -> None:
    with database.reading() as session:
        statement = settlement.get_statement(session, number)
        problems = settlement.verify_statement(session, statement)
    if statement.period_name != period:
        problems.append(f"it is a statement of {statement.period_name}, not of {period}")
    if as_json:
        typer.echo(json.dumps({"statement": statement.number, "hash": statement.hash, "problems": problems}))
    elif not problems:
        typer.echo(f"{statement.number} holds: {statement.hash}")
    for problem in [] if as_json else problems:
        typer.echo(f"{statement.number}: {problem}", err=True)
    if problems:
        raise typer.Exit(1)


def _row(item: Settled) -> dict[str, object]:
    statement, payout = item.statement, item.payout
    return {
        "number": statement.number,
        "department": read(statement).provider,
        **{name: getattr(statement, name) for name in _FIGURES},
        "hash": statement.hash,
        "payout": {"number": payout.number, "amount": payout.amount, "state": payout.state} if payout else None,
    }


_FIGURES = ("opening", "paid", "refunded", "fee", "tax", "settled", "closing")


def _print(period: str, done: list[Settled]) -> None:
    if not done:
        typer.echo(f"No department has postings or a balance in {period}.")
        return
    table = Table(title=period)
    for head in ("statement", "department"):
        table.add_column(head)
    for head in (*_FIGURES, "payout"):
        table.add_column(head, justify="right")
    for item in done:
        statement, payout = item.statement, item.payout
        table.add_row(
            statement.number,
            pick(read(statement).provider, "zh-CN"),
            *(f"{getattr(statement, name) / 100:,.2f}" for name in _FIGURES),
            f"{payout.amount / 100:,.2f} {payout.state}" if payout else "—",
        )
    Console().print(table)
