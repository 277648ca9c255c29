"""Posting to the journal and reading balances. Nothing else writes these tables, and nothing edits them."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from contracts.clock import now
from marketplace.ledger.errors import EntryNotFound, ReferenceReused, Unbalanced
from marketplace.ledger.models import Account, AccountKind, EntryKind, Head, JournalEntry, Posting

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry to be posted: `amount` fen, debit positive."""

    kind: AccountKind
    amount: int
    currency: str
    owner_id: str = ""
    provider_id: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class PostedLine:
    """A posting with the account it is on, as reports read it."""

    entry_id: str
    number: int
    entry_kind: str
    reference: str
    at: datetime
    account_kind: str
    owner_id: str
    amount: int
    currency: str
    provider_id: str
    subject: str


def post(session: Session, kind: EntryKind, reference: str, lines: Sequence[Line]) -> JournalEntry:
    """Append an entry; the one already there when `kind` and `reference` were posted before with the same lines.

    Lines of zero are left out. Raises `Unbalanced` where the lines of a currency and department do not sum to zero,
    and `ReferenceReused` where the earlier entry differs. Holds the journal until the transaction ends.
    """
    wanted = [line for line in lines if line.amount != 0]
    _check_balance(kind, reference, wanted)
    head = _lock_head(session)
    existing = session.exec(
        select(JournalEntry).where(JournalEntry.kind == kind, JournalEntry.reference == reference)
    ).first()
    if existing is not None:
        _check_same(session, existing, wanted)
        return existing
    at = max(now(), head.at) if head.at else now()
    entry = JournalEntry(
        number=head.number + 1, kind=kind, reference=reference, at=at, previous_hash=head.hash or GENESIS, hash=""
    )
    entry.hash = _entry_hash(entry, wanted)
    session.add(entry)
    session.flush()
    for position, line in enumerate(wanted):
        session.add(
            Posting(
                entry_id=entry.id,
                position=position,
                account_id=account(session, line.kind, line.owner_id, line.currency).id,
                amount=line.amount,
                currency=line.currency,
                provider_id=line.provider_id,
                subject=line.subject,
            )
        )
    head.number, head.at, head.hash = entry.number, at, entry.hash
    session.add(head)
    session.flush()
    return entry


def hold(session: Session) -> None:
    """Wait for the journal and hold it until the transaction ends."""
    _lock_head(session)


def close_time(session: Session, moment: datetime | None = None) -> datetime:
    """A boundary in the journal: every entry before it is visible here, and none will be added before it.

    `moment` (now when None) must not lie in the future. Holds the journal until the transaction ends.
    """
    head = _lock_head(session)
    boundary = moment or max(now(), head.at or now())
    if head.at is None or head.at < boundary:
        head.at = boundary
        session.add(head)
        session.flush()
    return boundary


def account(session: Session, kind: AccountKind | str, owner_id: str, currency: str) -> Account:
    """The account of a kind and owner, opened when it is not there yet."""
    query = select(Account).where(Account.kind == kind, Account.owner_id == owner_id, Account.currency == currency)
    found = session.exec(query).first()
    if found is None:
        # Posting holds the head's lock, so nobody else opens the same account meanwhile.
        found = Account(kind=kind, owner_id=owner_id, currency=currency)
        session.add(found)
        session.flush()
    return found


def balance(
    session: Session, kind: AccountKind, owner_id: str = "", currency: str = "CNY", *, before: datetime | None = None
) -> int:
    """The sum of postings on an account in fen, debit positive; of entries earlier than `before` when given."""
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(col(Posting.amount)), 0))
        .join(Account, col(Account.id) == col(Posting.account_id))
        .where(col(Account.kind) == kind, col(Account.owner_id) == owner_id, col(Account.currency) == currency)
    )
    if before is not None:
        query = query.join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id)).where(
            col(JournalEntry.at) < before
        )
    return int(session.execute(query).scalar_one())


def balances(session: Session) -> list[tuple[Account, int]]:
    """Every account with its balance, by kind and owner."""
    query = (
        sa.select(Account, sa.func.coalesce(sa.func.sum(col(Posting.amount)), 0))
        .outerjoin(Posting, col(Posting.account_id) == col(Account.id))
        .group_by(*Account.__table__.columns)  # type: ignore[attr-defined]  # SQLModel adds it to table classes
        .order_by(col(Account.kind), col(Account.owner_id), col(Account.currency))
    )
    return [(row[0], int(row[1])) for row in session.execute(query)]


def totals(
    session: Session, *, currency: str, before: datetime | None = None
) -> dict[tuple[str, EntryKind, AccountKind], int]:
    """Sums of postings by department, kind of entry and kind of account: what every report is added up from."""
    query = (
        sa.select(col(Posting.provider_id), col(JournalEntry.kind), col(Account.kind), sa.func.sum(col(Posting.amount)))
        .join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id))
        .join(Account, col(Account.id) == col(Posting.account_id))
        .where(col(Posting.currency) == currency)
        .group_by(col(Posting.provider_id), col(JournalEntry.kind), col(Account.kind))
    )
    if before is not None:
        query = query.where(col(JournalEntry.at) < before)
    return {
        (provider, EntryKind(entry_kind), AccountKind(account_kind)): int(amount)
        for provider, entry_kind, account_kind, amount in session.execute(query)
    }


def posted_lines(
    session: Session,
    *,
    provider_id: str | None = None,
    account_id: str | None = None,
    currency: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    entry_ids: Sequence[str] | None = None,
    limit: int | None = None,
) -> list[PostedLine]:
    """Postings in journal order, of a department, an account, entries, or a half-open time [start, end)."""
    query = (
        sa.select(JournalEntry, Posting, Account)
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .join(Account, col(Account.id) == col(Posting.account_id))
        .order_by(col(JournalEntry.number), col(Posting.position))
    )
    conditions = {
        Posting.provider_id: provider_id,
        Posting.account_id: account_id,
        Posting.currency: currency,
    }
    for column, value in conditions.items():
        if value is not None:
            query = query.where(col(column) == value)
    if start is not None:
        query = query.where(col(JournalEntry.at) >= start)
    if end is not None:
        query = query.where(col(JournalEntry.at) < end)
    if entry_ids is not None:
        query = query.where(col(JournalEntry.id).in_(list(entry_ids)))
    if limit is not None:
        query = query.limit(limit)
    return [_posted(entry, posting, owner) for entry, posting, owner in session.execute(query)]


def entries(session: Session, *, before_number: int | None = None, limit: int = 50) -> list[JournalEntry]:
    """The journal, newest first."""
    query = select(JournalEntry).order_by(col(JournalEntry.number).desc()).limit(limit)
    if before_number is not None:
        query = query.where(JournalEntry.number < before_number)
    return list(session.exec(query))


def get_entry(session: Session, entry_id: str) -> JournalEntry:
    """The entry with this id."""
    entry = session.get(JournalEntry, entry_id)
    if entry is None:
        raise EntryNotFound("There is no such journal entry.", entry_id=entry_id)
    return entry


def entries_for(session: Session, references: Iterable[str]) -> list[JournalEntry]:
    """Entries that carry one of these references, in journal order."""
    query = select(JournalEntry).where(col(JournalEntry.reference).in_(list(references)))
    return list(session.exec(query.order_by(col(JournalEntry.number))))


def get_account(session: Session, account_id: str) -> Account:
    """The account with this id."""
    found = session.get(Account, account_id)
    if found is None:
        raise EntryNotFound("There is no such account.", account_id=account_id)
    return found


@dataclass(frozen=True, slots=True)
class Check:
    """What a walk over the whole journal found. `problems` is empty when the books are in order."""

    entries: int
    head: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether numbers, times, sums and hashes all hold."""
        return not self.problems


def verify(session: Session) -> Check:
    """Re-add and re-hash the whole journal: no gap, times in order, every entry at zero, the chain unbroken."""
    problems: list[str] = []
    previous, last_at, count = GENESIS, datetime.min.replace(tzinfo=UTC), 0
    for entry, lines in _walk(session):
        count += 1
        name = f"JE-{entry.number:06d}"
        if entry.number != count:
            problems.append(f"{name}: number {count} is missing")
            count = entry.number
        if entry.at < last_at:
            problems.append(f"{name}: earlier than the entry before it")
        try:
            _check_balance(EntryKind(entry.kind), entry.reference, lines)
        except Unbalanced as error:
            problems.append(f"{name}: {error.detail}")
        if entry.previous_hash != previous or entry.hash != _entry_hash(entry, lines):
            problems.append(f"{name}: its hash does not follow from what it holds")
        previous, last_at = entry.hash, entry.at
    head = session.get(Head, 1)
    if (head.hash if head else "") != (previous if count else ""):
        problems.append("the head of the journal is not its last entry")
    return Check(count, previous, tuple(problems))


def _walk(session: Session) -> Iterator[tuple[JournalEntry, list[Line]]]:
    after = 0
    while batch := session.exec(
        select(JournalEntry).where(JournalEntry.number > after).order_by(col(JournalEntry.number)).limit(500)
    ).all():
        lines: dict[str, list[Line]] = defaultdict(list)
        for posted in posted_lines(session, entry_ids=[entry.id for entry in batch]):
            lines[posted.entry_id].append(_as_line(posted))
        for entry in batch:
            yield entry, lines[entry.id]
        after = batch[-1].number


def _lock_head(session: Session) -> Head:
    session.flush()
    head = session.get(Head, 1, with_for_update=True, populate_existing=True)
    if head is not None:
        return head
    try:
        with session.begin_nested():
            session.add(Head())
    except IntegrityError:
        pass  # another transaction made the one row first; its lock is waited for below
    return session.get_one(Head, 1, with_for_update=True, populate_existing=True)


def _check_balance(kind: EntryKind, reference: str, lines: Sequence[Line]) -> None:
    if not lines:
        raise Unbalanced(f"{kind} {reference}: an entry needs postings.")
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        sums[line.currency, line.provider_id] += line.amount
    if wrong := {key: amount for key, amount in sums.items() if amount}:
        raise Unbalanced(f"{kind} {reference}: postings sum to {wrong}, not to zero.")


def _check_same(session: Session, entry: JournalEntry, lines: Sequence[Line]) -> None:
    there = [_as_line(posted) for posted in posted_lines(session, entry_ids=[entry.id])]
    if there != list(lines):
        raise ReferenceReused(f"{entry.kind} {entry.reference} was posted before with other amounts.")


def _entry_hash(entry: JournalEntry, lines: Sequence[Line]) -> str:
    document = {
        "previous": entry.previous_hash,
        "number": entry.number,
        "kind": str(entry.kind),
        "reference": entry.reference,
        "at": entry.at.isoformat(),
        "postings": [
            [str(line.kind), line.owner_id, line.amount, line.currency, line.provider_id, line.subject]
            for line in lines
        ],
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _as_line(posted: PostedLine) -> Line:
    return Line(
        AccountKind(posted.account_kind),
        posted.amount,
        posted.currency,
        posted.owner_id,
        posted.provider_id,
        posted.subject,
    )


def _posted(entry: JournalEntry, posting: Posting, owner: Account) -> PostedLine:
    return PostedLine(
        entry_id=entry.id,
        number=entry.number,
        entry_kind=entry.kind,
        reference=entry.reference,
        at=entry.at,
        account_kind=owner.kind,
        owner_id=owner.owner_id,
        amount=posting.amount,
        currency=posting.currency,
        provider_id=posting.provider_id,
        subject=posting.subject,
    )
