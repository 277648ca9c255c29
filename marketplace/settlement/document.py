"""The document of a statement: built from the journal, hashed, read back for pages, CSV and checks."""

import csv
import hashlib
import io
import json
from collections import defaultdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from contracts.inert import inert
from marketplace.settlement.models import Statement


class StatementLine(BaseModel):
    """Income of one product and component at one price, or one refund. Amounts are fen; refunds are negative."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["income", "refund"]
    offering_id: str
    title: dict[str, str]
    plan_name: dict[str, str]
    component: str
    document: str | None
    quantity: int
    per: int
    unit_amount: int
    income: int
    fee: int
    tax: int

    @property
    def net(self) -> int:
        """What is left for the department."""
        return self.income - self.fee - self.tax


class StatementPosting(BaseModel):
    """A posting that concerns the department. `amount` is fen, debit positive; `invoice_line` is what it is about."""

    model_config = ConfigDict(frozen=True)

    entry_id: str
    number: int
    at: str
    kind: str
    reference: str
    account: str
    owner_id: str
    amount: int
    invoice_line: str


class StatementDocument(BaseModel):
    """Everything a statement says."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    number: str
    provider_id: str
    provider: dict[str, str]
    period: str
    start: str
    end: str
    timezone: str
    currency: str
    issued_at: str
    fee_ppm: int
    tax_ppm: int
    opening: int
    paid: int
    refunded: int
    fee: int
    tax: int
    settled: int
    closing: int
    lines: tuple[StatementLine, ...]
    postings: tuple[StatementPosting, ...]

    def canonical(self) -> str:
        """Sorted, compact JSON: the text that is hashed."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def problems(self) -> list[str]:
        """What does not add up inside the document; empty when all of it does."""
        found = []
        if self.opening + self.paid - self.refunded - self.fee - self.tax - self.settled != self.closing:
            found.append("the balance does not carry from opening to closing")
        for name, expected in (
            ("income", self.paid - self.refunded),
            ("fee", self.fee),
            ("tax", self.tax),
        ):
            if sum(getattr(line, name) for line in self.lines) != expected:
                found.append(f"the lines do not add up to the {name}")
        sums: dict[int, int] = defaultdict(int)
        for posting in self.postings:
            sums[posting.number] += posting.amount
        found += [f"JE-{number:06d} does not sum to zero" for number, total in sums.items() if total]
        return found


def digest(canonical: str) -> str:
    """SHA-256 (hex) of a canonical document."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def read(statement: Statement) -> StatementDocument:
    """The document that a statement holds."""
    return StatementDocument.model_validate_json(statement.canonical)


def as_csv(document: StatementDocument, language: str) -> str:
    """Balance, lines and postings as one CSV (with byte order mark, for spreadsheets); amounts in yuan."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    header: dict[str, Any] = document.model_dump(include={"number", "period", "start", "end", "currency"})
    for key, value in header.items():
        writer.writerow(["statement", key, inert(str(value))])
    writer.writerow(["statement", "provider", inert(_text(document.provider, language))])
    for key in ("opening", "paid", "refunded", "fee", "tax", "settled", "closing"):
        writer.writerow(["balance", key, _yuan(getattr(document, key))])
    writer.writerow([])
    writer.writerow(
        [
            "line",
            "product",
            "plan",
            "component",
            "document",
            "quantity",
            "per",
            "unit_price",
            "income",
            "fee",
            "tax",
            "net",
        ]
    )
    for line in document.lines:
        writer.writerow(
            [
                line.kind,
                inert(_text(line.title, language)),
                inert(_text(line.plan_name, language)),
                line.component,
                line.document or "",
                line.quantity,
                line.per,
                _yuan(line.unit_amount),
                _yuan(line.income),
                _yuan(line.fee),
                _yuan(line.tax),
                _yuan(line.net),
            ]
        )
    writer.writerow([])
    writer.writerow(["posting", "entry", "at", "kind", "reference", "account", "owner", "debit", "credit"])
    for posting in document.postings:
        debit, credit = (posting.amount, 0) if posting.amount > 0 else (0, -posting.amount)
        writer.writerow(
            [
                "posting",
                f"JE-{posting.number:06d}",
                posting.at,
                posting.kind,
                posting.reference,
                posting.account,
                posting.owner_id,
                _yuan(debit) if debit else "",
                _yuan(credit) if credit else "",
            ]
        )
    return out.getvalue()


def _text(text: dict[str, str], language: str) -> str:
    return text.get(language) or next(iter(text.values()), "")


def _yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
