"""Tables of the books: accounts, journal entries, postings, the head of the journal and document numbers."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Field, SQLModel

from contracts.clock import now
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime, append_only


class AccountKind(StrEnum):
    """What an account stands for, and who its owner is. Debits are positive, credits negative."""

    RECEIVABLE = "receivable"  # asset; a consumer organisation owes it
    CASH = "cash"  # asset; at the payment provider, no owner
    UNPAID_INCOME = "unpaid_income"  # invoiced for a department and not yet paid
    PAYABLE = "payable"  # liability; owed to a department
    PAYOUT_IN_TRANSIT = "payout_in_transit"  # liability; on its way to a department
    FEE_INCOME = "fee_income"  # the platform's fee, no owner
    TAX_PAYABLE = "tax_payable"  # VAT owed to the tax office, no owner
    REFUNDS_PAYABLE = "refunds_payable"  # liability; to be paid back to a consumer organisation


class EntryKind(StrEnum):
    """What happened; the postings that each makes are drawn in README.md."""

    INVOICE_ISSUED = "invoice.issued"
    INVOICE_VOIDED = "invoice.voided"
    PAYMENT_RECEIVED = "payment.received"
    CREDIT_GRANTED = "credit.granted"
    REFUND_MADE = "refund.made"
    PAYOUT_STARTED = "payout.started"
    PAYOUT_MADE = "payout.made"
    PAYOUT_FAILED = "payout.failed"


class Account(SQLModel, table=True):
    """One account; made when first posted to, never deleted. `owner_id` is '' where nobody owns it."""

    __tablename__ = "ledger_account"
    __table_args__ = (sa.UniqueConstraint("kind", "owner_id", "currency"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    kind: str = Field(max_length=24)
    owner_id: str = Field(default="", max_length=36, index=True)
    currency: str = Field(max_length=3)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


@append_only
class JournalEntry(SQLModel, table=True):
    """Something that moved money. `at` never runs backwards from one entry to the next (see README.md).

    `hash` is the SHA-256 over the previous entry's hash and this entry with its postings.
    """

    __tablename__ = "ledger_journal_entry"
    __table_args__ = (sa.UniqueConstraint("kind", "reference"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    number: int = Field(unique=True)
    kind: str = Field(max_length=24)
    reference: str = Field(max_length=64, index=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    previous_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


@append_only
class Posting(SQLModel, table=True):
    """One side of an entry: `amount` fen on `account_id`, debit positive.

    `provider_id` is the department it concerns and `subject` the invoice line, so that income, fee and tax are
    known for each department and product; both are '' where that has no meaning.
    """

    __tablename__ = "ledger_posting"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    entry_id: str = Field(foreign_key="ledger_journal_entry.id", index=True, max_length=36)
    position: int = Field()
    account_id: str = Field(foreign_key="ledger_account.id", index=True, max_length=36)
    amount: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(max_length=3)
    provider_id: str = Field(default="", max_length=36, index=True)
    subject: str = Field(default="", max_length=36)


class Head(SQLModel, table=True):
    """The end of the journal: one row, locked by whoever appends, so that numbers and times have no gap."""

    __tablename__ = "ledger_head"

    id: int = Field(default=1, primary_key=True)
    number: int = Field(default=0)
    at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    hash: str = Field(default="", max_length=64)


class Sequence(SQLModel, table=True):
    """The last number given to a kind of document, such as `IN-2026-11`."""

    __tablename__ = "ledger_sequence"

    name: str = Field(primary_key=True, max_length=32)
    last: int = Field(default=0)


BALANCE_TRIGGER = (
    """CREATE FUNCTION ledger_posting_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.entry_id
                 GROUP BY currency, provider_id HAVING SUM(amount) <> 0)
      THEN RAISE EXCEPTION 'a journal entry does not sum to zero' USING DETAIL = NEW.entry_id;
      END IF;
      RETURN NULL;
    END $$""",
    """CREATE CONSTRAINT TRIGGER ledger_posting_balance AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_posting_balance()""",
)
"""On PostgreSQL the database itself refuses, at commit, an entry that does not sum to zero."""


def _add_balance_trigger(target: sa.Table, connection: sa.Connection, **_: Any) -> None:
    if connection.dialect.name == "postgresql":
        for statement in BALANCE_TRIGGER:
            connection.exec_driver_sql(statement)


event.listen(Posting.__table__, "after_create", _add_balance_trigger)  # type: ignore[attr-defined]  # SQLModel adds it
