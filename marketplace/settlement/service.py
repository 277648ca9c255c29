"""Statements and payouts: what each department earned in a period, and paying it out."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from catalog.parties import service as parties
from contracts.access import SYSTEM, Actor, Permission, Role
from contracts.clock import month_name, now
from contracts.events import Event
from contracts.kit import audit, outbox
from marketplace.billing import invoicing, periods, refunds
from marketplace.billing.models import InvoiceLine, Period, PeriodState
from marketplace.billing.rules import Rules
from marketplace.ledger import service as ledger
from marketplace.ledger.models import AccountKind, EntryKind
from marketplace.ledger.numbering import next_number
from marketplace.ledger.service import Line, PostedLine
from marketplace.payments.provider import Movement
from marketplace.settlement.document import StatementDocument, StatementLine, StatementPosting, digest, read
from marketplace.settlement.errors import (
    BooksDoNotAgree,
    NothingToPayOut,
    PayoutNotFound,
    PeriodNotClosed,
    StatementNotFound,
)
from marketplace.settlement.models import Payout, PayoutState, Statement
from marketplace.settlement.position import Position, positions

_BOUGHT = EntryKind.PAYMENT_RECEIVED
_CREDITED = EntryKind.CREDIT_GRANTED


def position(session: Session, currency: str, provider_id: str | None = None) -> Position:
    """Where a department stands now, or all of them together."""
    found = positions(session, currency)
    return sum(found.values(), Position()) if provider_id is None else found.get(provider_id, Position())


def issue_statements(session: Session, actor: Actor, rules: Rules, period_id: str) -> list[Statement]:
    """A statement for each department with postings or a balance in a closed period; those there when issued before.

    Holds the journal, so that no entry of the period can be missing. Raises `PeriodNotClosed`, or `BooksDoNotAgree`
    when the identity does not hold, in which case nothing is issued.
    """
    actor.require(Permission.SETTLEMENT_WRITE)
    period = periods.get_period(session, period_id)
    if period.state != PeriodState.CLOSED:
        raise PeriodNotClosed(
            f"{period.name} is {period.state}; its statements come when all of it is invoiced.", state=period.state
        )
    ledger.close_time(session, period.end_at)
    there = {statement.provider_id: statement for statement in statements(session, period_id=period.id)}
    before = positions(session, rules.currency, before=period.start_at)
    after = positions(session, rules.currency, before=period.end_at)
    names = parties.organisations_by_id(session, set(after))
    issued = []
    for provider_id in sorted(after, key=lambda provider: names[provider].slug):
        if provider_id in there:
            issued.append(there[provider_id])
            continue
        opening, closing = before.get(provider_id, Position()), after[provider_id]
        postings = ledger.posted_lines(
            session, provider_id=provider_id, currency=rules.currency, start=period.start_at, end=period.end_at
        )
        if not postings and closing.held == 0:
            continue
        between = (opening, closing)
        issued.append(_issue(session, actor, rules, period, provider_id, names[provider_id].name, between, postings))
    return issued


def pay_out(session: Session, actor: Actor, rules: Rules, statement_id: str) -> Payout:
    """Send a department what a statement closes with, less what was given back or sent since.

    The payout under way, or made, on this statement is given instead of a second one.
    """
    actor.require(Permission.SETTLEMENT_WRITE)
    session.flush()
    statement = session.get(Statement, statement_id, with_for_update=True)
    if statement is None:
        raise StatementNotFound("There is no such statement.", statement_id=statement_id)
    if live := next((p for p in payouts_of(session, statement.id) if p.state != PayoutState.FAILED), None):
        return live
    moment = now()
    number = next_number(session, f"PO-{month_name(moment, rules.timezone)}")
    ledger.hold(session)  # the balance read next stays true until the entry is in
    payable = -ledger.balance(session, AccountKind.PAYABLE, statement.provider_id, statement.currency)
    amount = min(statement.closing, payable)
    if amount <= 0:
        raise NothingToPayOut(
            f"Nothing is left to pay out on {statement.number}.", statement_id=statement.id, held=payable
        )
    payout = Payout(
        number=number,
        statement_id=statement.id,
        provider_id=statement.provider_id,
        amount=amount,
        currency=statement.currency,
        requested_by=actor.person_id,
        requested_at=moment,
    )
    session.add(payout)
    session.flush()
    _post(session, EntryKind.PAYOUT_STARTED, payout, AccountKind.PAYABLE, AccountKind.PAYOUT_IN_TRANSIT)
    audit.record(session, actor, "payout.requested", "payout", payout.id, number=number, amount=amount)
    outbox.emit(session, Event.PAYOUT_REQUESTED, payout_id=payout.id)
    return payout


def begin_payout(session: Session, payout_id: str) -> Payout:
    """Note, before the call, that the provider is being asked."""
    payout = _locked(session, payout_id)
    if payout.state == PayoutState.REQUESTED:
        payout.attempts += 1
        payout.attempted_at = now()
        session.add(payout)
        session.flush()
    return payout


def record_payout(session: Session, payout_id: str, movement: Movement) -> Payout:
    """Bring a payout up to date with what the provider says."""
    if movement.outcome == "failed":
        return fail_payout(session, payout_id, movement.failure_code or "reversed")
    payout = _locked(session, payout_id)
    if payout.state != PayoutState.REQUESTED:
        return payout
    if movement.amount != payout.amount:
        raise BooksDoNotAgree("The payment provider reports another amount than was sent.", payout_id=payout.id)
    payout.state, payout.stripe_id, payout.finished_at = PayoutState.PAID, movement.stripe_id, now()
    session.add(payout)
    _post(session, EntryKind.PAYOUT_MADE, payout, AccountKind.PAYOUT_IN_TRANSIT, AccountKind.CASH)
    audit.record(session, SYSTEM, "payout.made", "payout", payout.id, number=payout.number, amount=payout.amount)
    outbox.emit(session, Event.PAYOUT_MADE, payout_id=payout.id)
    return payout


def fail_payout(session: Session, payout_id: str, code: str) -> Payout:
    """The provider will not pay this out: the money is held for the department again."""
    payout = _locked(session, payout_id)
    if payout.state != PayoutState.REQUESTED:
        return payout
    payout.state, payout.failure_code, payout.finished_at = PayoutState.FAILED, code[:100], now()
    session.add(payout)
    _post(session, EntryKind.PAYOUT_FAILED, payout, AccountKind.PAYOUT_IN_TRANSIT, AccountKind.PAYABLE)
    audit.record(session, SYSTEM, "payout.failed", "payout", payout.id, number=payout.number, code=code[:100])
    return payout


def get_statement(session: Session, id_or_number: str) -> Statement:
    """A statement by id or number. Whether the asker may see it is `require_readable`'s to say."""
    found = session.get(Statement, id_or_number)
    found = found or session.exec(select(Statement).where(Statement.number == id_or_number)).first()
    if found is None:
        raise StatementNotFound("There is no such statement.", statement=id_or_number)
    return found


def require_readable(session: Session, actor: Actor, id_or_number: str) -> Statement:
    """The statement, for its department and for operators; others do not learn that it exists."""
    statement = get_statement(session, id_or_number)
    if not (actor.may(Permission.INCOME_READ, statement.provider_id) or actor.has_role(Role.OPERATOR)):
        raise StatementNotFound("There is no such statement.", statement=id_or_number)
    return statement


def statements(
    session: Session, *, period_id: str | None = None, provider_ids: Sequence[str] | frozenset[str] | None = None
) -> list[Statement]:
    """Statements, newest first; of a period, of departments, when given."""
    query = select(Statement).order_by(col(Statement.id).desc())
    if period_id is not None:
        query = query.where(Statement.period_id == period_id)
    if provider_ids is not None:
        query = query.where(col(Statement.provider_id).in_(list(provider_ids)))
    return list(session.exec(query))


def payouts_of(session: Session, statement_id: str) -> list[Payout]:
    """Payouts tried on a statement, newest first."""
    query = select(Payout).where(Payout.statement_id == statement_id).order_by(col(Payout.id).desc())
    return list(session.exec(query))


def payouts_by_statement(session: Session, statement_ids: Sequence[str]) -> dict[str, Payout]:
    """The latest payout of each statement, by statement id."""
    query = select(Payout).where(col(Payout.statement_id).in_(list(statement_ids))).order_by(col(Payout.id))
    return {payout.statement_id: payout for payout in session.exec(query)} if statement_ids else {}


def unfinished_payouts(session: Session, cutoff: datetime) -> list[Payout]:
    """Payouts last tried (or asked for) before `cutoff` that have not ended: the provider is to be asked again."""
    query = select(Payout).where(Payout.state == PayoutState.REQUESTED, col(Payout.requested_at) < cutoff)
    found = session.exec(query.order_by(col(Payout.id)))
    return [payout for payout in found if payout.attempted_at is None or payout.attempted_at < cutoff]


def verify_statement(session: Session, statement: Statement) -> list[str]:
    """What is wrong with a statement: its hash, its sums, or its agreement with the journal; empty when all holds."""
    problems = [] if digest(statement.canonical) == statement.hash else ["the document does not have its hash"]
    document = read(statement)
    problems += document.problems()
    posted = ledger.posted_lines(
        session,
        provider_id=statement.provider_id,
        currency=statement.currency,
        start=datetime.fromisoformat(document.start),
        end=datetime.fromisoformat(document.end),
    )
    if [_posting(line) for line in posted] != list(document.postings):
        problems.append("the journal holds other postings for this department and period")
    return problems


def _issue(
    session: Session,
    actor: Actor,
    rules: Rules,
    period: Period,
    provider_id: str,
    name: dict[str, str],
    between: tuple[Position, Position],
    postings: list[PostedLine],
) -> Statement:
    opening, closing = between
    if not (opening.agrees and closing.agrees):
        raise BooksDoNotAgree(
            "Paid − refunded − fee − tax is not settled + held. No statement is issued on such books.",
            provider_id=provider_id,
        )
    moved, issued_at = closing - opening, now()
    document = StatementDocument(
        number=next_number(session, f"ST-{period.name}"),
        provider_id=provider_id,
        provider=name,
        period=period.name,
        start=period.start_at.isoformat(),
        end=period.end_at.isoformat(),
        timezone=rules.timezone,
        currency=rules.currency,
        issued_at=issued_at.isoformat(),
        fee_ppm=rules.fee_ppm,
        tax_ppm=rules.tax_ppm,
        opening=opening.held,
        paid=moved.paid,
        refunded=moved.refunded,
        fee=moved.fee,
        tax=moved.tax,
        settled=moved.settled,
        closing=closing.held,
        lines=tuple(_lines(session, postings)),
        postings=tuple(_posting(posted) for posted in postings),
    )
    if problems := document.problems():
        raise BooksDoNotAgree(f"The statement does not add up: {problems[0]}.", provider_id=provider_id)
    canonical = document.canonical()
    statement = Statement(
        number=document.number,
        provider_id=provider_id,
        period_id=period.id,
        period_name=period.name,
        currency=rules.currency,
        opening=document.opening,
        paid=document.paid,
        refunded=document.refunded,
        fee=document.fee,
        tax=document.tax,
        settled=document.settled,
        closing=document.closing,
        canonical=canonical,
        hash=digest(canonical),
        issued_by=actor.person_id,
        issued_at=issued_at,
    )
    session.add(statement)
    session.flush()
    audit.record(
        session, actor, "statement.issued", "statement", statement.id, number=statement.number, hash=statement.hash
    )
    outbox.emit(session, Event.STATEMENT_ISSUED, statement_id=statement.id)
    return statement


def _lines(session: Session, postings: Sequence[PostedLine]) -> list[StatementLine]:
    """Income added up by product, component and price; each refund on its own."""
    sources = invoicing.lines_by_id(session, {posted.subject for posted in postings if posted.subject})
    amounts: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    names = {
        (_BOUGHT, AccountKind.CASH): ("income", 1),
        (_BOUGHT, AccountKind.FEE_INCOME): ("fee", -1),
        (_BOUGHT, AccountKind.TAX_PAYABLE): ("tax", -1),
        (_CREDITED, AccountKind.REFUNDS_PAYABLE): ("income", 1),
        (_CREDITED, AccountKind.FEE_INCOME): ("fee", -1),
        (_CREDITED, AccountKind.TAX_PAYABLE): ("tax", -1),
    }
    for posted in postings:
        found = names.get((EntryKind(posted.entry_kind), AccountKind(posted.account_kind)))
        if found is not None:
            key = (posted.entry_kind, posted.reference, posted.subject)
            amounts[key][found[0]] += found[1] * posted.amount
    notes = refunds.credit_notes_by_refund(session, [ref for kind, ref, _ in amounts if kind == _CREDITED])
    income: dict[tuple[str, str, str, int, int], StatementLine] = {}
    given_back: list[StatementLine] = []
    for (kind, reference, line_id), parts in amounts.items():
        source = sources[line_id]
        if kind == _CREDITED:
            given_back.append(_line(source, parts, refund=notes[reference].number))
            continue
        group = (source.offering_id, source.plan_id, source.component, source.per, source.unit_amount)
        line = _line(source, parts)
        income[group] = _merged(income[group], line) if group in income else line
    return [*income.values(), *given_back]


def _line(source: InvoiceLine, parts: dict[str, int], *, refund: str | None = None) -> StatementLine:
    return StatementLine(
        kind="refund" if refund else "income",
        offering_id=source.offering_id,
        title=source.title,
        plan_name=source.plan_name,
        component=source.component,
        document=refund,
        quantity=source.quantity,
        per=source.per,
        unit_amount=source.unit_amount,
        income=parts["income"],
        fee=parts["fee"],
        tax=parts["tax"],
    )


def _merged(one: StatementLine, other: StatementLine) -> StatementLine:
    return one.model_copy(
        update={name: getattr(one, name) + getattr(other, name) for name in ("quantity", "income", "fee", "tax")}
    )


def _posting(posted: PostedLine) -> StatementPosting:
    return StatementPosting(
        entry_id=posted.entry_id,
        number=posted.number,
        at=posted.at.isoformat(),
        kind=posted.entry_kind,
        reference=posted.reference,
        account=posted.account_kind,
        owner_id=posted.owner_id,
        amount=posted.amount,
        invoice_line=posted.subject,
    )


def _post(session: Session, kind: EntryKind, payout: Payout, debit: AccountKind, credit: AccountKind) -> None:
    def side(account: AccountKind, amount: int) -> Line:
        owner = "" if account == AccountKind.CASH else payout.provider_id
        return Line(account, amount, payout.currency, owner, payout.provider_id)

    ledger.post(session, kind, payout.id, [side(debit, payout.amount), side(credit, -payout.amount)])


def _locked(session: Session, payout_id: str) -> Payout:
    session.flush()
    payout = session.get(Payout, payout_id, with_for_update=True, populate_existing=True)
    if payout is None:
        raise PayoutNotFound("There is no such payout.", payout_id=payout_id)
    return payout
