"""Lines that people see on their pages when money that concerns them was billed, paid back or settled.

A handler may run twice: a notice is shown once for its reference.
"""

from collections.abc import Sequence

from sqlmodel import Session

from catalog.parties import service as parties
from catalog.parties.models import Person
from contracts.access import Permission
from contracts.events import Event
from contracts.kit.jobs import JobContext, Registry
from contracts.text import LANGUAGES
from marketplace.billing import refunds
from marketplace.billing import service as billing
from marketplace.settlement import service as settlement


def register(registry: Registry) -> None:
    """Tell people."""
    registry.on(Event.INVOICE_ISSUED, "notices.invoice")(_invoice)
    registry.on(Event.REFUND_MADE, "notices.refund")(_refund)
    registry.on(Event.STATEMENT_ISSUED, "notices.statement")(_statement)


def _tell(session: Session, people: Sequence[Person], reference: str, link: str, zh: str, en: str) -> None:
    parties.notify(session, people, reference=reference, text=dict(zip(LANGUAGES, (zh, en), strict=True)), link=link)


def _invoice(context: JobContext, payload: dict[str, str]) -> None:
    with context.database.transaction() as session:
        invoice = billing.get_invoice(session, payload["invoice_id"])
        owners = parties.people_who_may(session, Permission.INVOICE_PAY, invoice.organisation_id)
        _tell(
            session,
            owners,
            f"invoice:{invoice.id}",
            f"/billing/invoices/{invoice.id}",
            f"新账单{invoice.number}。",
            f"A new invoice, {invoice.number}.",
        )


def _refund(context: JobContext, payload: dict[str, str]) -> None:
    with context.database.transaction() as session:
        refund = refunds.get_refund(session, payload["refund_id"])
        invoice = billing.get_invoice(session, refund.invoice_id)
        owners = parties.people_who_may(session, Permission.INVOICE_PAY, invoice.organisation_id)
        _tell(
            session,
            owners,
            f"refund:{refund.id}",
            f"/billing/invoices/{invoice.id}",
            f"{refund.number}的退款已退回。",
            f"The refund {refund.number} has been paid back.",
        )


def _statement(context: JobContext, payload: dict[str, str]) -> None:
    with context.database.transaction() as session:
        statement = settlement.get_statement(session, payload["statement_id"])
        providers = parties.people_who_may(session, Permission.INCOME_READ, statement.provider_id)
        _tell(
            session,
            providers,
            f"statement:{statement.id}",
            f"/settlement/statements/{statement.number}",
            f"结算单{statement.number}已出具。",
            f"The statement {statement.number} has been issued.",
        )
