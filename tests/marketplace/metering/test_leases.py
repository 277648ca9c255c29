"""Leases in the database: however workers ask, use, return, die and lose their journals, units never multiply."""

from collections import Counter

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from sqlmodel import select

from contracts.ids import new_id
from contracts.kit.database import Database, metadata
from marketplace.metering import leases
from marketplace.metering.leases import Terms
from marketplace.metering.models import Allowance, Lease
from tests.quick import examples

LIMIT = 300
SUBSCRIPTION = new_id()
ZONE = "Asia/Shanghai"


class Leasing(RuleBasedStateMachine):
    """Four workers on one subscription; the model is what each lease has used."""

    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.database = Database("sqlite://")
        tables = [table for name, table in metadata.tables.items() if name.startswith("metering_")]
        metadata.create_all(self.database.engine, tables=tables)
        self.used: Counter[str] = Counter()
        self.units: dict[str, int] = {}
        self.worker: dict[str, str] = {}
        self.held: set[str] = set()

    def teardown(self) -> None:
        self.database.close()

    @rule(target=leases, worker=st.sampled_from("abcd"), wanted=st.integers(1, 200))
    def ask(self, worker: str, wanted: int) -> object:
        with self.database.transaction() as session:
            lease = leases.grant(session, worker, SUBSCRIPTION, Terms(LIMIT, LIMIT), wanted, ZONE)
        if lease is None:
            assert self.granted() == LIMIT
            return multiple()
        self.units[lease.id], self.worker[lease.id] = lease.units, worker
        return lease.id

    @rule(lease=leases, calls=st.integers(1, 60))
    def use(self, lease: str, calls: int) -> None:
        if lease in self.units and lease not in self.held:
            self.used[lease] += min(calls, self.units[lease] - self.used[lease])

    @rule(lease=consumes(leases), again=st.booleans())
    def settle(self, lease: str, again: bool) -> None:
        if lease in self.units and lease not in self.held:
            for _ in range(1 + again):
                with self.database.transaction() as session:
                    leases.settle(session, {lease: self.used[lease]})
            self.units[lease] = self.used[lease]

    @rule(worker=st.sampled_from("abcd"))
    def die_and_be_recovered(self, worker: str) -> None:
        mine = self._open_leases(worker)
        with self.database.transaction() as session:
            leases.add_recorded(session, {lease: self.used[lease] for lease in mine})
            leases.settle_worker(session, worker)
        for lease in mine:
            self.units[lease] = self.used[lease]

    @rule(worker=st.sampled_from("abcd"))
    def die_with_a_damaged_journal(self, worker: str) -> None:
        mine = self._open_leases(worker)
        with self.database.transaction() as session:
            assert leases.hold_worker(session, worker) == len(mine)
        self.held |= mine

    def _open_leases(self, worker: str) -> set[str]:
        with self.database.reading() as session:
            found = session.exec(select(Lease.id).where(Lease.worker_id == worker, Lease.state == "open")).all()
        return set(found)

    def granted(self) -> int:
        with self.database.reading() as session:
            return sum(session.exec(select(Allowance.granted)).all())

    @invariant()
    def units_used_never_exceed_units_granted_nor_those_the_limit(self) -> None:
        granted = self.granted()
        assert granted <= LIMIT
        assert granted == sum(self.units.values())
        assert sum(self.used.values()) <= granted


TestLeasing = Leasing.TestCase
TestLeasing.settings = settings(max_examples=examples(40), stateful_step_count=30)


def test_without_a_limit_units_never_run_out(database: Database) -> None:
    with database.transaction() as session:
        for _ in range(5):
            lease = leases.grant(session, "worker", SUBSCRIPTION, Terms(10, None), 1000, ZONE)
            assert lease is not None
            assert lease.units == 1000


def test_the_last_units_come_in_ever_smaller_leases(database: Database) -> None:
    sizes = []
    with database.transaction() as session:
        while lease := leases.grant(session, "worker", SUBSCRIPTION, Terms(100, 100), 1000, ZONE):
            sizes.append(lease.units)
    assert sum(sizes) == 100
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1
