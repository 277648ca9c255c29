"""What everybody says at the end: the clients, the sealed journals, the roll-ups, the counters, the invoice."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl
from sqlmodel import Session, select

from contracts import clock
from contracts.kit.database import Database
from contracts.kit.store import ObjectStore
from marketplace.billing.models import InvoiceLine, Period, PeriodState, RatedUsage
from marketplace.metering import service as metering
from marketplace.metering.leases import Terms
from marketplace.metering.models import Allowance, Lease, LiveUsage, Segment, Usage, Worker
from metering.shop import Shop

PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Count:
    """`received`: answers that clients hold. `recorded`: answers in sealed journals, `repeats` those of them that are
    not billed since their request had been answered before. `undelivered`: recorded, and no client holds the receipt;
    `undelivered_billed`: those of them that cost a unit. `wrong`: what does not add up."""

    received: int
    recorded: int
    repeats: int
    undelivered: int
    undelivered_billed: int
    usage_rows: int
    rated: int
    invoiced: int
    counter: int
    granted: int
    leases: int
    segments: int
    wrong: tuple[str, ...]


def count(shop: Shop, receipts: Iterable[tuple[str, str]]) -> Count:
    """Close the period as the operator does, wait for its invoice, stop the site, and compare all that is told."""
    found = shop.open_services()
    try:
        period_id = shop.close_period(found)
        _wait_for_invoices(found.database, period_id)
        shop.site.stop()
        with found.database.reading() as session:
            return _compare(shop, session, found.store, found.settings.timezone, period_id, receipts)
    finally:
        found.close()


def _wait_for_invoices(database: Database, period_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with database.reading() as session:
            if session.get_one(Period, period_id).state == PeriodState.CLOSED:
                return
        if time.monotonic() > deadline:
            raise SystemExit("the period was not closed and invoiced in ten minutes")
        time.sleep(0.2)


def _compare(
    shop: Shop, session: Session, store: ObjectStore, timezone: str, period_id: str, given: Iterable[tuple[str, str]]
) -> Count:
    wrong: list[str] = []

    def must(holds: bool, otherwise: str) -> None:
        if not holds:
            wrong.append(otherwise)

    segments = list(session.exec(select(Segment)))
    answers = _recorded(segments, store, shop.subscription_id)
    repeats = {receipt for segment in segments for receipt in segment.repeats}
    request_of = dict(zip(answers["receipt"], answers["request_id"], strict=True))
    must(len(request_of) == answers.height, "a receipt is recorded twice")
    must(answers["units"].sum() == answers.height, "an answer is recorded with another cost than a unit")

    received = list(given)
    held = {receipt for _, receipt in received}
    must(len(held) == len(received), "two answers came with one receipt")
    lost = held - request_of.keys()
    must(not lost, f"{len(lost)} answers that clients hold are not recorded")
    must(repeats <= request_of.keys(), "a repeat is named that is not recorded")
    billed = request_of.keys() - repeats
    billed_requests = Counter(request_of[receipt] for receipt in billed if request_of[receipt])
    twice = [name for name, times in billed_requests.items() if times > 1]
    must(not twice, f"{len(twice)} requests are billed twice")
    named = {name for name, _ in received if name}
    unbilled = named - billed_requests.keys()
    must(not unbilled, f"{len(unbilled)} answered requests are not billed")
    free = [receipt for name, receipt in received if not name and receipt in repeats]
    must(not free, f"{len(free)} answers without a request id are called repeats")
    undelivered = request_of.keys() - held
    unpaid = {receipt for receipt in undelivered & billed if request_of[receipt] not in named}

    usage = [row for row in session.exec(select(Usage)) if row.subscription_id == shop.subscription_id]
    rolled_up = sum(row.units for row in usage)
    must(rolled_up == len(billed), f"roll-ups have {rolled_up} units, the journals {len(billed)}")
    told = sum(segment.units for segment in segments)
    must(told == len(billed), f"manifests have {told} units, the journals {len(billed)}")
    rated = sum(row.calls for row in session.exec(select(RatedUsage)) if row.period_id == period_id)
    lines = [line for line in session.exec(select(InvoiceLine)) if line.subscription_id == shop.subscription_id]
    invoiced = sum(line.quantity for line in lines)
    must(rated == len(billed), f"{rated} calls are rated, {len(billed)} billed by the journals")
    must(invoiced == len(billed), f"the invoice has {invoiced} calls, the journals {len(billed)}")
    must(sum(line.amount for line in lines) == invoiced, "a call was not invoiced with a fen")

    state = metering.quota_state(session, shop.subscription_id, Terms(0, shop.units), timezone)
    must(state.used == len(billed), f"the quota counter says {state.used}")
    must((state.on_lease, state.held) == (0, 0), f"{state.on_lease} units are on lease, {state.held} held")
    moment = clock.now()
    live = metering.usage_for(
        session, shop.subscription_id, moment - timedelta(days=40), moment + timedelta(hours=1), live=True
    )
    must(live.calls == len(billed), f"the live usage says {live.calls}")
    granted = sum(row.granted for row in session.exec(select(Allowance)))
    must(granted == len(billed), f"{granted} units are granted")
    must(granted <= shop.units, f"{granted} units are granted of {shop.units}")
    leases = list(session.exec(select(Lease)))
    odd = [one for one in leases if one.state != "settled" or not one.used == one.recorded <= one.units]
    must(not odd, f"{len(odd)} leases are not settled by what was recorded: {odd[:2]}")
    must(not list(session.exec(select(LiveUsage))), "live rows are left")
    must(not list(session.exec(select(Worker))), "workers are left")
    return Count(
        received=len(received),
        recorded=answers.height,
        repeats=len(repeats),
        undelivered=len(undelivered),
        undelivered_billed=len(unpaid),
        usage_rows=rolled_up,
        rated=rated,
        invoiced=invoiced,
        counter=state.used,
        granted=granted,
        leases=len(leases),
        segments=len(segments),
        wrong=tuple(wrong),
    )


def _recorded(segments: Iterable[Segment], store: ObjectStore, subscription_id: str) -> pl.DataFrame:
    """Receipt, request id (empty: none) and units of every answer in the sealed segments."""
    parts = [pl.DataFrame(schema={"receipt": pl.String, "request_id": pl.String, "units": pl.Int64})]
    for segment in segments:
        with store.open(segment.object_key) as stream:
            data = stream.read()
        if hashlib.sha256(data).hexdigest() != segment.sha256:
            raise SystemExit(f"the object of segment {segment.id} is not what was sealed")
        rows = pl.read_parquet(data)
        mine = (pl.col("kind") == "answer") & (pl.col("subscription_id") == subscription_id)
        parts.append(rows.filter(mine).select("receipt", "request_id", "units"))
    return pl.concat(parts)
