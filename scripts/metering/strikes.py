"""Who strikes the shop while its clients ask, and how long the units of the dead are away."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from contracts.kit.database import Database, DatabaseAway
from marketplace.metering.models import Allowance, Lease, Worker
from metering.shop import Shop

ONE, ALL, POSTGRES = "one worker", "all workers", "PostgreSQL"
SHARES: Final = {ONE: 6, ALL: 1, POSTGRES: 2}
"""How often each is struck, of those that can be."""
LOOK_SECONDS = 0.1


@dataclass
class Struck:
    """What came of the strikes. `back`: seconds from a worker's death until all that it had leased and not used was
    available again, one for each worker that held units; `silent`: by target, the longest time without any answer."""

    kills: Counter[str] = field(default_factory=Counter)
    workers_killed: int = 0
    back: list[float] = field(default_factory=list)
    units_back: int = 0
    silent: dict[str, float] = field(default_factory=dict)
    most_granted: int = 0
    waiting: dict[str, tuple[float, int]] = field(default_factory=dict)


class Striker:
    """Kills, one strike after the other, each while answers are coming."""

    def __init__(self, shop: Shop, chance: random.Random, answered: Callable[[], int]) -> None:
        self._shop, self._chance, self._answered = shop, chance, answered
        self._found = shop.open_services()
        self.struck = Struck()
        self._over = threading.Event()
        self._error: BaseException | None = None
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def targets(self, strikes: int) -> list[str]:
        """What to strike, in an order left to chance; each kind at least once where there are strikes enough."""
        kinds = [kind for kind in SHARES if kind != POSTGRES or self._shop.postgres is not None]
        chosen = kinds[:strikes]
        chosen += self._chance.choices(kinds, [SHARES[kind] for kind in kinds], k=strikes - len(chosen))
        self._chance.shuffle(chosen)
        return chosen

    def strike(self, target: str) -> None:
        """One strike, and then until calls are answered again. Raises what went wrong in watching."""
        if self._error is not None:
            raise self._error
        before = self._answered()
        struck_at = time.monotonic()
        if target == POSTGRES:
            assert self._shop.postgres is not None, "chosen only where there is one"
            self._shop.postgres.kill()
            threading.Event().wait(self._chance.uniform(0, 2))
            self._shop.postgres.start()
        else:
            pids = self._shop.site.children().get("web", [])
            chosen = pids if target == ALL else [self._chance.choice(pids)]
            self._kill(chosen)
        self.struck.kills[target] += 1
        self._until_answered(before, target, struck_at)

    def finish(self, patience: float) -> Struck:
        """Wait until what the dead held is back; the sum of it all."""
        deadline = time.monotonic() + patience
        while self.struck.waiting and time.monotonic() < deadline and self._error is None:
            time.sleep(LOOK_SECONDS)
        self._over.set()
        self._watcher.join()
        self._found.close()
        if self._error is not None:
            raise self._error
        return self.struck

    def _kill(self, pids: Sequence[int]) -> None:
        dead = self._workers_of(pids)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.struck.workers_killed += 1
        moment = time.monotonic()
        for worker_id in dead:
            self.struck.waiting[worker_id] = (moment, 0)

    def _workers_of(self, pids: Sequence[int]) -> list[str]:
        with self._found.database.reading() as session:
            return list(session.exec(select(Worker.id).where(col(Worker.pid).in_(list(pids)))))

    def _until_answered(self, before: int, target: str, struck_at: float) -> None:
        """Until the number of answers goes up again after the strike, beyond those under way."""
        longest, last, last_at = 0.0, self._answered(), time.monotonic()
        pause = threading.Event()
        deadline = struck_at + 300
        settle = last + 50
        while last < settle:
            pause.wait(0.02)
            now, moment = self._answered(), time.monotonic()
            if now > last:
                longest = max(longest, moment - last_at)
                last, last_at = now, moment
            if moment > deadline:
                raise SystemExit(f"nothing is answered for five minutes after a strike on {target}")
        self.struck.silent[target] = max(longest, self.struck.silent.get(target, 0.0))

    def _watch(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                try:
                    self._look(self._found.database)
                except (SQLAlchemyError, DatabaseAway):
                    continue  # it was struck
        except BaseException as error:
            self._error = error

    def _look(self, database: Database) -> None:
        with database.reading() as session:
            granted = sum(session.exec(select(Allowance.granted)))
            waiting = list(self.struck.waiting)
            out = session.exec(
                select(Lease.worker_id, Lease.units, Lease.recorded).where(
                    col(Lease.worker_id).in_(waiting), Lease.state == "open"
                )
            ).all()
        self.struck.most_granted = max(self.struck.most_granted, granted)
        if granted > self._shop.units:
            raise AssertionError(f"{granted} units are granted of {self._shop.units}")
        moment = time.monotonic()
        held: Counter[str] = Counter()
        for worker_id, units, recorded in out:
            held[worker_id] += units - recorded
        for worker_id in waiting:
            died_at, most = self.struck.waiting[worker_id]
            if worker_id in held:
                self.struck.waiting[worker_id] = (died_at, max(most, held[worker_id]))
                continue
            del self.struck.waiting[worker_id]
            if most:
                self.struck.back.append(moment - died_at)
                self.struck.units_back += most
