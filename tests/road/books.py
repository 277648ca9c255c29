"""What must be true once the road has been walked, however often it was killed: nothing lost, nothing double.

The site is stopped in good order first, so that what is written later (leases given back, the journal sealed) is there
too. Then the database, the object store, the files and the payment side are looked at from outside.
"""

import hashlib
import json
import re
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

import anonymizer
from catalog.datasets.models import Dataset
from catalog.releases.models import Artifact, Decision, Release, ReleaseRequest, Transition
from catalog.releases.states import RequestState
from catalog.vault.models import Upload, UploadStatus
from contracts.kit import audit, jobs
from contracts.kit.jobs import Job, JobState
from contracts.kit.outbox import OutboxRow
from contracts.kit.store import ObjectStore
from marketplace.billing.models import (
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceState,
    Period,
    PeriodState,
    RatedUsage,
    Refund,
    RefundState,
)
from marketplace.ledger import service as ledger
from marketplace.ledger.models import EntryKind, JournalEntry, Posting
from marketplace.metering.journal import Answer
from marketplace.metering.models import Allowance, Lease, Segment, Usage
from marketplace.metering.sealing import from_parquet
from marketplace.payments.models import Payment, PaymentState
from marketplace.products.models import Offering, Plan
from marketplace.settlement import service as settlement
from marketplace.settlement.models import Payout, PayoutState, Statement
from marketplace.settlement.position import positions
from marketplace.subscriptions.models import Agreement, Subscription
from tests.road.api import PATIENCE, Trade
from tests.road.site import Site
from tests.road.traces import Traces

Row = TypeVar("Row", bound=SQLModel)
KNOWN_FILES = (
    r"(shuyi|stripe-standin)\.db(-wal|-shm)?",
    r"master\.key",
    r"site\.log",
    r"run/rates",
    r"objects/(data|info)/.+",
    r"cache/releases/[0-9a-f]{64}(-sample)?(\.v\d+\.sqlite|\.lock)",
    r"mail/[^.][^/]*\.eml",
)


@dataclass(frozen=True)
class Figures:
    """What a walk came to."""

    calls_answered: int
    calls_recorded: int
    calls_billed: int
    invoices: int
    payments: int
    entries: int
    jobs: int
    crashed_jobs: int


def examine(site: Site, trade: Trade, content: bytes, *, overage_per_1000: int = 2000, quota: int = 20) -> Figures:
    """Stop the site and look at everything. `content` is the CSV (GB18030) that went in. Raises AssertionError."""
    _settle_down(site)
    site.stop()
    services = site.services()
    try:
        with services.database.reading() as session:
            release = _published_once(session, services.store, content, trade, site.home.parent)
            recorded = _metered_once(session, services.store, trade)
            billed = _billed_once(session, trade, overage_per_1000, quota)
            payments = _paid_once(session, site.home / "stripe-standin.db")
            entries = _booked(session, services.settings.currency)
            _kept(session, services.store, release)
            done = list(session.exec(select(Job)))
    finally:
        services.close()
    _nothing_lies_about(site, content)
    return Figures(
        calls_answered=trade.answered,
        calls_recorded=recorded,
        calls_billed=billed,
        invoices=payments,
        payments=payments,
        entries=entries,
        jobs=len(done),
        crashed_jobs=sum(1 for job in done if job.crashes),
    )


def _settle_down(site: Site) -> None:
    """Wait until every job is done; one that was given up is a fault."""
    services = site.services()
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            with services.database.reading() as session:
                waiting = session.exec(select(OutboxRow.event).where(col(OutboxRow.dispatched_at).is_(None))).all()
                states = session.exec(select(Job.handler, Job.state).where(col(Job.state) != JobState.DONE)).all()
                failures = jobs.failures(session)
            assert not failures, failures
            if not waiting and not states:
                return
            assert time.monotonic() < deadline, f"never done: {waiting} {states}"
            time.sleep(0.1)
    finally:
        services.close()


def _all(session: Session, model: type[Row]) -> list[Row]:
    return list(session.exec(select(model)))


def _one(session: Session, model: type[Row]) -> Row:
    found = _all(session, model)
    assert len(found) == 1, f"{len(found)} of {model.__name__}"
    return found[0]


def _published_once(session: Session, store: ObjectStore, content: bytes, trade: Trade, folder: Path) -> Release:
    """One upload, one request, one release; its bytes are the approved ones, and answers came from its rows alone."""
    rows_in = len(content.splitlines()) - 1
    _one(session, Dataset)
    upload = _one(session, Upload)
    assert (upload.status, upload.rows, upload.rows_set_aside) == (UploadStatus.PROFILED, rows_in, 0)
    request, artifact, release = _one(session, ReleaseRequest), _one(session, Artifact), _one(session, Release)
    assert (request.state, request.artifact_id, request.release_id) == ("published", artifact.id, release.id)
    path = [(one.from_state, one.to_state) for one in sorted(_all(session, Transition), key=lambda one: one.id)]
    states = [
        None,
        RequestState.SUBMITTED,
        RequestState.ANONYMISING,
        RequestState.IN_REVIEW,
        RequestState.APPROVED,
        RequestState.PUBLISHING,
        RequestState.PUBLISHED,
    ]
    assert path == list(pairwise(states)), path
    decisions = _all(session, Decision)
    assert len({one.officer_id for one in decisions}) == len(decisions) == artifact.required_approvals
    assert {(one.outcome, one.artifact_hash) for one in decisions} == {("approve", release.manifest_hash)}
    assert (artifact.artifact_hash, artifact.rows_published) == (release.manifest_hash, release.rows)
    assert artifact.rows_in == rows_in
    published = folder / f"release-{release.id}"
    published.mkdir()
    for entry in release.files:
        with store.open(entry["key"]) as stream:
            data = stream.read()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["size"], entry["sha256"]), entry["name"]
        (published / entry["name"]).write_bytes(data)
    verified = anonymizer.verify(published)
    assert verified.ok, verified
    table = pl.read_parquet(published / "data.parquet")
    assert table.height == release.rows
    rows = {json.dumps(row, sort_keys=True, default=str) for row in table.to_dicts()}
    served = {json.dumps(row, sort_keys=True, default=str) for row in trade.calls.records}
    assert served, "nothing was served"
    assert served <= rows, sorted(served - rows)[:2]
    return release


def _metered_once(session: Session, store: ObjectStore, trade: Trade) -> int:
    """Every answer that came is in a sealed journal, every request is billed once, no unit is out or too many; how
    many answers were recorded, those repeated included."""
    answers: list[Answer] = []
    repeats: set[str] = set()
    for segment in _all(session, Segment):
        with store.open(segment.object_key) as stream:
            data = stream.read()
        assert hashlib.sha256(data).hexdigest() == segment.sha256
        mine = [one for one in from_parquet(data) if one.context.subscription_id == trade.subscription_id]
        answers += [one for one in mine if isinstance(one, Answer)]
        repeats |= set(segment.repeats)
    billed = [one for one in answers if one.receipt not in repeats]
    assert Counter(one.request_id for one in billed) == Counter(list(trade.calls.receipts))
    recorded = {(one.request_id, one.receipt) for one in answers}
    assert set(trade.calls.receipts.items()) <= recorded, "an answer was delivered that is not recorded"
    usage = [one for one in _all(session, Usage) if one.subscription_id == trade.subscription_id]
    assert sum(one.units for one in usage) == len(billed) == trade.answered
    (allowance,) = _all(session, Allowance)
    assert allowance.granted == trade.answered, allowance
    leases = _all(session, Lease)
    assert {lease.state for lease in leases} == {"settled"}, leases
    assert all(lease.recorded <= lease.units for lease in leases), leases
    return len(answers)


def _billed_once(session: Session, trade: Trade, overage_per_1000: int, quota: int) -> int:
    """One agreement, every call in exactly one period, invoice lines that say the same; how many calls were billed."""
    _one(session, Offering), _one(session, Plan), _one(session, Agreement)
    subscription = _one(session, Subscription)
    assert (subscription.id, subscription.state) == (trade.subscription_id, "active")
    periods = _all(session, Period)
    assert Counter(one.state for one in periods) == {PeriodState.CLOSED: 2, PeriodState.OPEN: 1}
    rated = _all(session, RatedUsage)
    calls = sum(one.calls for one in rated)
    assert calls == trade.answered, rated
    beyond = max(0, trade.answered - quota)
    assert sum(one.overage_calls for one in rated) == beyond
    invoices, lines = _all(session, Invoice), _all(session, InvoiceLine)
    assert {one.state for one in invoices} == {InvoiceState.PAID}, invoices
    assert sorted(one.kind for one in invoices) == ["first", "period"], invoices
    for invoice in invoices:
        mine = [line for line in lines if line.invoice_id == invoice.id]
        assert (invoice.total, invoice.tax) == (sum(one.amount for one in mine), sum(one.tax for one in mine))
    of_usage = [line for line in lines if line.rated_usage_id is not None]
    assert len({line.rated_usage_id for line in of_usage}) == len(of_usage)
    assert sum(line.quantity for line in of_usage) == beyond
    assert sum(line.amount for line in of_usage) == round(beyond * overage_per_1000 / 1000)
    return calls


def _paid_once(session: Session, standin: Path) -> int:
    """Each invoice was paid once, one refund and one payout were made, and the payment side says exactly the same;
    how many payments."""
    invoices = {one.id: one for one in _all(session, Invoice)}
    payments = _all(session, Payment)
    assert {one.state for one in payments} == {PaymentState.SUCCEEDED}, payments
    assert {one.reference: one.amount for one in payments} == {one.id: one.total for one in invoices.values()}
    assert len(payments) == len(invoices)
    refund, note = _one(session, Refund), _one(session, CreditNote)
    refunded = invoices[refund.invoice_id]
    assert refund.state == RefundState.MADE
    assert (refund.amount, note.total, note.refund_id) == (refunded.total, refund.amount, refund.id)
    payouts = _all(session, Payout)
    assert {one.state for one in payouts} == {PayoutState.PAID}, payouts
    assert len({one.statement_id for one in payouts}) == len(payouts)
    theirs = _objects(standin)
    assert _amounts(theirs["payment_intent"]) == {one.stripe_id: one.amount for one in payments}
    assert {one["status"] for one in theirs["payment_intent"]} == {"succeeded"}
    assert _amounts(theirs["refund"]) == {refund.stripe_id: refund.amount}
    assert _amounts(theirs.get("transfer", [])) == {one.stripe_id: one.amount for one in payouts}
    assert len(theirs["customer"]) == 1
    assert len(theirs.get("account", [])) == min(1, len(payouts))
    return len(payments)


def _objects(standin: Path) -> dict[str, list[dict[str, Any]]]:
    """What the payment side remembers, by kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    with closing(sqlite3.connect(f"file:{standin}?mode=ro", uri=True)) as connection:
        for kind, body in connection.execute("SELECT kind, body FROM object"):
            found.setdefault(kind, []).append(json.loads(body))
    return found


def _amounts(things: list[dict[str, Any]]) -> dict[str | None, int]:
    return {one["id"]: int(one["amount"]) for one in things}


def _booked(session: Session, currency: str) -> int:
    """The ledger balances and has one entry for each thing that happened, statements agree with it, the departments'
    positions too, and the audit log is whole; how many entries."""
    checked = ledger.verify(session)
    assert checked.ok, checked
    sums = sa.select(col(Posting.entry_id), col(Posting.currency), sa.func.sum(col(Posting.amount))).group_by(
        col(Posting.entry_id), col(Posting.currency)
    )
    for entry_id, money, total in session.connection().execute(sums):
        assert total == 0, (entry_id, money, total)
    entries = _all(session, JournalEntry)
    counts = Counter(one.kind for one in entries)
    payouts = len(_all(session, Payout))
    expected = {
        EntryKind.INVOICE_ISSUED: len(_all(session, Invoice)),
        EntryKind.PAYMENT_RECEIVED: len(_all(session, Payment)),
        EntryKind.CREDIT_GRANTED: 1,
        EntryKind.REFUND_MADE: 1,
        EntryKind.PAYOUT_STARTED: payouts,
        EntryKind.PAYOUT_MADE: payouts,
    }
    assert counts == {str(kind): number for kind, number in expected.items() if number}, counts
    statements = _all(session, Statement)
    assert len({(one.period_id, one.provider_id) for one in statements}) == len(statements) == 2
    for statement in statements:
        assert not settlement.verify_statement(session, statement)
    (position,) = positions(session, currency).values()
    left = position.paid - position.refunded - position.fee - position.tax
    assert left == position.settled + position.held, position
    assert position.paid == position.invoiced == sum(one.total for one in _all(session, Invoice))
    assert position.refunded == _one(session, Refund).amount
    assert position.settled == sum(one.amount for one in _all(session, Payout))
    chain = audit.verify_chain(session)
    assert chain.intact, chain
    once = ("release.published", "refund.requested", "refund.approved")
    assert [len(audit.entries(session, action=action)) for action in once] == [1] * len(once)
    return len(entries)


def _kept(session: Session, store: ObjectStore, release: Release) -> None:
    """The store holds what the database knows of. Sealed objects of a run that was killed may be there too: their key
    was never kept, so nobody can read them, and they go with their upload."""
    known = {str(entry["key"]) for entry in release.files} | {one.object_key for one in _all(session, Segment)}
    upload = _one(session, Upload)
    for item in store.list():
        sealed = item.key.startswith(f"vault/{release.dataset_id}/")
        assert sealed or item.key in known, item.key
        if sealed:
            with store.open(item.key, length=4) as stream:
                assert stream.read() == b"SYV1", item.key
        known.discard(item.key)
    assert not known, known
    assert store.exists(f"vault/{release.dataset_id}/{upload.id}/original")


def _nothing_lies_about(site: Site, content: bytes) -> None:
    """No file but those that belong there, and no cell of the raw table in any of them."""
    files = [path for path in site.home.rglob("*") if path.is_file()]
    names = [path.relative_to(site.home).as_posix() for path in files]
    strange = [name for name in names if not any(re.fullmatch(known, name) for known in KNOWN_FILES)]
    assert not strange, strange
    assert not list(site.temporary.iterdir())
    rows = content.decode("gb18030").splitlines()[1:]
    traces = Traces([row.split(",")[1] for row in rows[:: len(rows) // 6]])
    traces.look_into_folder(site.home)
    assert not traces.found, traces.found
