"""Where a department stands: seven figures, each a projection of postings, and the identity they must keep."""

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import datetime

from sqlmodel import Session

from marketplace.ledger import service as ledger
from marketplace.ledger.models import AccountKind, EntryKind


@dataclass(frozen=True, slots=True)
class Position:
    """Fen since the beginning, up to a moment: paid − refunded − fee − tax = settled + held.

    `invoiced`: what customers were billed, void invoices left out. `paid`: what came in. `refunded`: what was
    credited. `fee`, `tax`: kept of it, less what refunds gave back. `settled`: what reached the department. `held`:
    what is owed to it, on its way included.
    """

    invoiced: int = 0
    paid: int = 0
    refunded: int = 0
    fee: int = 0
    tax: int = 0
    settled: int = 0
    held: int = 0

    def __add__(self, other: "Position") -> "Position":
        return Position(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: "Position") -> "Position":
        return Position(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    @property
    def agrees(self) -> bool:
        """Whether the identity holds."""
        return self.paid - self.refunded - self.fee - self.tax == self.settled + self.held


def positions(session: Session, currency: str, *, before: datetime | None = None) -> dict[str, Position]:
    """Each department's position by its id, of entries earlier than `before` when given."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (provider, entry, account), amount in ledger.totals(session, currency=currency, before=before).items():
        for name, sign in _figures(entry, account):
            sums[provider][name] += sign * amount
    return {provider: Position(**found) for provider, found in sums.items()}


def _figures(entry: EntryKind, account: AccountKind) -> list[tuple[str, int]]:
    """Which figures a posting on `account` by an entry of kind `entry` adds to, with its sign (debits positive)."""
    match account, entry:
        case AccountKind.UNPAID_INCOME, EntryKind.INVOICE_ISSUED | EntryKind.INVOICE_VOIDED:
            return [("invoiced", -1)]
        case AccountKind.CASH, EntryKind.PAYMENT_RECEIVED:
            return [("paid", 1)]
        case AccountKind.CASH, EntryKind.PAYOUT_MADE:
            return [("settled", -1)]
        case AccountKind.REFUNDS_PAYABLE, EntryKind.CREDIT_GRANTED:
            return [("refunded", -1)]
        case AccountKind.FEE_INCOME, _:
            return [("fee", -1)]
        case AccountKind.TAX_PAYABLE, _:
            return [("tax", -1)]
        case AccountKind.PAYABLE | AccountKind.PAYOUT_IN_TRANSIT, _:
            return [("held", -1)]
    return []
