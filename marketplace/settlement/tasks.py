"""What the worker does for settlement, and `settle`, which does all of it for one period at once.

As in billing: the provider is called outside transactions, under our id, and asked before it is told again.
"""

from dataclasses import dataclass
from datetime import timedelta

from catalog.parties import service as parties
from contracts.access import SYSTEM, Actor
from contracts.clock import now
from contracts.events import Event
from contracts.kit import outbox
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.text import pick
from marketplace.billing import periods
from marketplace.billing import tasks as billing_tasks
from marketplace.billing.models import PeriodState
from marketplace.billing.rules import Rules
from marketplace.payments import service as payments
from marketplace.payments.errors import ProviderRefused
from marketplace.payments.provider import Provider
from marketplace.settlement import service as settlement
from marketplace.settlement.errors import NothingToPayOut, PeriodNotClosed
from marketplace.settlement.models import Payout, PayoutState, Statement

ASK_AGAIN_AFTER = timedelta(minutes=2)
PAYEE_COUNTRY = "CN"


@dataclass(frozen=True, slots=True)
class Settled:
    """One department's statement of a period, with its payout if one was made."""

    statement: Statement
    payout: Payout | None


def send_payout(database: Database, provider: Provider, payout_id: str) -> Payout:
    """Send a payout, or find out how it stands. One that the provider refuses is held for the department again."""
    with database.transaction() as session:
        payout = settlement.begin_payout(session, payout_id)
        if payout.state != PayoutState.REQUESTED:
            return payout
        account = payments.account_of(session, payout.provider_id)
        department = parties.get_organisation(session, payout.provider_id)
        name, email = pick(department.name, "zh-CN"), department.contact_email
    movement = provider.find_transfer(payout.id) if payout.attempts > 1 else None
    if movement is None:
        try:
            if account is None:
                account = provider.create_account(department.id, name, email, PAYEE_COUNTRY)
                with database.transaction() as session:
                    payments.record_account(session, department.id, account)
            movement = provider.transfer(
                payout.id,
                account=account,
                amount=payout.amount,
                currency=payout.currency,
                description=payout.number,
            )
        except ProviderRefused as error:
            with database.transaction() as session:
                return settlement.fail_payout(session, payout.id, str(error.extra.get("provider_code", "refused")))
    with database.transaction() as session:
        return settlement.record_payout(session, payout_id, movement)


def issue(database: Database, settings: Settings, period_id: str) -> int:
    """The statements of a period that has been invoiced; how many there are."""
    with database.transaction() as session:
        return len(settlement.issue_statements(session, SYSTEM, Rules.from_settings(settings), period_id))


def sweep(database: Database) -> None:
    """Queue payouts whose outcome is unknown once more."""
    with database.transaction() as session:
        for payout in settlement.unfinished_payouts(session, now() - ASK_AGAIN_AFTER):
            outbox.emit(session, Event.PAYOUT_REQUESTED, payout_id=payout.id)


def settle(
    database: Database,
    store: ObjectStore,
    settings: Settings,
    actor: Actor,
    period_name: str,
    *,
    pay: bool = True,
) -> list[Settled]:
    """Invoice a period that has ended, issue its statements and pay them out. Repeating it changes nothing.

    Raises `PeriodNotClosed` for the open period: end it first.
    """
    rules, provider = Rules.from_settings(settings), Provider.from_settings(settings)
    with database.reading() as session:
        period = periods.get_period(session, period_name)
    if period.state == PeriodState.OPEN:
        raise PeriodNotClosed(f"{period.name} has not ended. Close it first.", state=period.state)
    billing_tasks.finish_period(database, store, settings, period.id)
    with database.transaction() as session:
        issued = settlement.issue_statements(session, actor, rules, period.id)
    return [
        Settled(statement, _paid(database, provider, rules, actor, statement) if pay else None) for statement in issued
    ]


def _paid(database: Database, provider: Provider, rules: Rules, actor: Actor, statement: Statement) -> Payout | None:
    try:
        with database.transaction() as session:
            payout = settlement.pay_out(session, actor, rules, statement.id)
    except NothingToPayOut:
        return None
    return send_payout(database, provider, payout.id)
