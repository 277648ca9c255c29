"""The metered path when the world is against it: clocks are set, the database is away, data is withdrawn and replaced
under load. Every answer is recorded and billed once, and what must stop stops."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from contracts import clock
from contracts.kit.database import Database, DatabaseAway
from marketplace.credentials import service as credentials
from marketplace.gateway.app import gateway_app
from marketplace.metering import service as metering
from marketplace.metering.leases import Terms
from marketplace.metering.models import Allowance, Segment
from marketplace.metering.sealing import from_parquet
from tests.factories.clocks import LateMonotonic, SetClock
from tests.factories.dataplane import STATIONS, DataPlane
from tests.marketplace.gateway.test_refusals import problem

RECORDS = "/car-parks/records"
ZONE = "Asia/Shanghai"
YEARS = timedelta(days=800)


def ask(plane: DataPlane, key: str, **parameters: Any) -> httpx.Response:
    return asyncio.run(plane.get(RECORDS, key, **({"limit": 1} | parameters)))


def recorded(plane: DataPlane) -> list[tuple[int, str]]:
    """Time and receipt of every answer in sealed segments, in the order of each worker."""
    found = []
    with plane.database.reading() as session:
        segments = sorted(session.exec(select(Segment)), key=lambda one: one.id)
    for segment in segments:
        with plane.store.open(segment.object_key) as stream:
            found += [(one.at, one.receipt) for one in from_parquet(stream.read()) if hasattr(one, "units")]
    return found


class TestClocks:
    def test_set_forward_and_back_over_the_end_of_a_month(
        self, plane: DataPlane, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dataset = plane.dataset()
        plane.release(dataset)
        subscription = plane.subscribe(dataset, quota=40)
        key = plane.key(subscription)
        plane.gateway.stop()
        _, end = clock.month_bounds(clock.now() + timedelta(days=62), ZONE)
        watch = SetClock(monkeypatch)
        watch.to(end - timedelta(days=15))
        plane.gateway = gateway_app(plane.database, plane.settings, plane.store)
        plane.gateway.start()
        answers: list[httpx.Response] = []

        def use(calls: int) -> None:
            answers.extend(ask(plane, key) for _ in range(calls))

        use(3)
        watch.to(end - timedelta(days=15, hours=1))
        use(3)
        watch.to(end - timedelta(minutes=1))
        use(3)
        watch.to(end + timedelta(minutes=1))
        use(25)
        watch.to(end - timedelta(days=10))  # for this worker the month is over all the same
        use(15)
        assert [answer.status_code for answer in answers] == [200] * 49
        problem(ask(plane, key), 429, "quota-exhausted")
        watch.to(end + timedelta(days=1))
        plane.gateway.stop()

        found = recorded(plane)
        assert [receipt for _, receipt in found] == [answer.json()["receipt"] for answer in answers]
        assert [at for at, _ in found] == sorted(at for at, _ in found)
        starts = [clock.month_bounds(end + timedelta(days=days), ZONE)[0] for days in (-1, 1)]
        with plane.database.reading() as session:
            before = metering.usage_for(session, subscription.id, end - YEARS, end).calls
            after = metering.usage_for(session, subscription.id, end, end + YEARS).calls
            granted = [session.get_one(Allowance, (subscription.id, start)).granted for start in starts]
        assert [before, after] == [9, 40] == granted


class Away:
    """Takes a database away and brings it back, for every thread."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = False
        for name in ("transaction", "reading"):
            patch.setattr(Database, name, self._unless_away(getattr(Database, name)))

    def _unless_away(self, real: Callable[[Database], Any]) -> Callable[[Database], Any]:
        @contextmanager
        def session(database: Database) -> Iterator[Any]:
            if self.now:
                raise DatabaseAway("The database cannot be reached right now.", retry_after=2)
            with real(database) as found:
                yield found

        return session


class TestDatabaseAway:
    def test_answers_go_on_within_leases_and_nothing_is_lost(
        self, plane: DataPlane, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        late = LateMonotonic(monkeypatch, "marketplace.metering.meter", "marketplace.gateway.directory")
        dataset = plane.dataset()
        plane.release(dataset)
        subscription = plane.subscribe(dataset, quota=1000)
        key = plane.key(subscription)
        away = Away(monkeypatch)
        answers = [ask(plane, key)]
        away.now = True
        answers += [ask(plane, key) for _ in range(9)]  # of a lease of 20
        assert [answer.status_code for answer in answers] == [200] * 10
        late.by = 13  # the lease has lapsed, keys are remembered still
        waiting = ask(plane, key)
        problem(waiting, 503, "metering-unavailable")
        assert int(waiting.headers["retry-after"]) > 0
        late.by = 31  # nothing is remembered any more
        problem(ask(plane, key), 503, "metering-unavailable")
        away.now = False
        answers += [ask(plane, key) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 15
        plane.gateway.stop()
        assert sorted(receipt for _, receipt in recorded(plane)) == sorted(one.json()["receipt"] for one in answers)
        with plane.database.reading() as session:
            state = metering.quota_state(session, subscription.id, Terms(1000, 1000), plane.settings.timezone)
        assert (state.used, state.on_lease, state.held) == (15, 0, 0)

    def test_a_withdrawal_that_a_gateway_cannot_hear_of_is_complete_when_its_memory_lapses(
        self, plane: DataPlane, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dataset = plane.dataset()
        release = plane.release(dataset)
        key = plane.key(plane.subscribe(dataset))
        late = LateMonotonic(monkeypatch, "marketplace.gateway.directory")
        away = Away(monkeypatch)
        assert ask(plane, key).status_code == 200
        plane.gateway.delivery.tick = lambda: None  # type: ignore[method-assign]  # it hears of nothing
        plane.gateway.meter.also_each_tick.clear()
        plane.withdraw(release)
        away.now = True
        late.by = 30.0
        problem(ask(plane, key), 503, "metering-unavailable")
        away.now = False
        problem(ask(plane, key), 410, "release-withdrawn")


class Load:
    """Clients in threads of their own, each with one call at a time, through several gateways by turns."""

    def __init__(self, planes: list[DataPlane], key: str, **parameters: Any) -> None:
        self.answers: list[httpx.Response] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=asyncio.run, args=(self._ask(plane, key, parameters),), daemon=True)
            for plane in planes
        ]

    async def _ask(self, plane: DataPlane, key: str, parameters: dict[str, Any]) -> None:
        while not self._over.is_set():
            self.answers.append(await plane.get(RECORDS, key, **parameters))

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self.wait(lambda answer: answer.status_code == 200, 5)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait(self, wanted: Callable[[httpx.Response], bool], count: int) -> None:
        """Until so many such answers have come from now on."""
        begun, pause = len(self.answers), threading.Event()
        for _ in range(6000):
            if sum(wanted(answer) for answer in self.answers[begun:]) >= count:
                return
            pause.wait(0.01)
        raise AssertionError(f"did not come: {Counter(one.status_code for one in self.answers)}")


@pytest.fixture
def two_gateways(plane: DataPlane) -> Iterator[list[DataPlane]]:
    """The same installation served by two gateways that look for changes themselves, as two processes do."""
    other = DataPlane.__new__(DataPlane)
    other.__dict__ |= plane.__dict__
    other.gateway = gateway_app(plane.database, plane.settings, plane.store)
    other.gateway.start()
    yield [plane, other]
    other.gateway.stop()


class TestUnderLoad:
    def test_a_withdrawal_reaches_every_gateway(self, two_gateways: list[DataPlane]) -> None:
        plane = two_gateways[0]
        dataset = plane.dataset()
        release = plane.release(dataset)
        key = plane.key(plane.subscribe(dataset, quota=None, rate=1_000_000))
        with Load(two_gateways, key, limit=1) as load:
            from catalog.releases import service as releases

            with plane.database.transaction() as session:
                releases.withdraw(session, plane.city.actor(session, "officer"), release.id, "发现一处错误，先撤回。")
                credentials.access_changed(session)
            load.wait(lambda answer: answer.status_code == 410, 20)
            for each in two_gateways:
                each.gateway.delivery.tick()
                problem(asyncio.run(each.get(RECORDS, key)), 410, "release-withdrawn")
        # A gateway that had not heard yet, and found the copy gone, says that it knows no more.
        assert {200, 410} <= {answer.status_code for answer in load.answers} <= {200, 410, 503}
        assert not [one for one in load.answers if one.status_code == 503 and "retry-after" not in one.headers]

    def test_a_new_release_goes_live_without_a_failed_or_mixed_answer(self, two_gateways: list[DataPlane]) -> None:
        plane = two_gateways[0]
        dataset = plane.dataset()
        first = plane.release(dataset, STATIONS.replace("南山区", "第一版"))
        subscription = plane.subscribe(dataset, quota=None, rate=1_000_000)
        key = plane.key(subscription)
        with Load([*two_gateways, *two_gateways], key, limit=30) as load:
            second = plane.release(dataset, STATIONS.replace("南山区", "第二版"))
            load.wait(lambda answer: answer.json().get("release") == second.version, 20)
        assert {answer.status_code for answer in load.answers} == {200}
        words = {first.version: "第一版", second.version: "第二版"}
        seen: Counter[str] = Counter()
        for answer in load.answers:
            body = json.loads(answer.content)
            seen[body["release"]] += 1
            assert len(body["records"]) == 30
            assert {row["district"] for row in body["records"]} == {words[body["release"]], "福田区", "宝安区"}
        assert set(seen) == set(words)
        for each in two_gateways:
            each.gateway.stop()
        with plane.database.reading() as session:
            moment = clock.now()
            used = metering.usage_for(session, subscription.id, moment - YEARS, moment + YEARS)
        assert used.calls == len(load.answers)
