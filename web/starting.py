"""A web process that starts while the database is away waits for it. If it gave up, the supervisor would take the site
for broken and stop the processes that still answer, too."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, TypeVar

import structlog

from contracts.kit.database import RETRY_SECONDS, DatabaseAway

T = TypeVar("T")
log = structlog.get_logger()


async def once_there(attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` gives, tried again until the database is there, or the process is told to stop."""
    told = _Told()
    try:
        while True:
            try:
                return await attempt()
            except DatabaseAway:
                if told.to_stop:
                    raise
                log.warning("start_waits_for_database")
                told.listen()
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        told.let_go()


class _Told:
    """Whether SIGTERM or SIGINT came; who was told of them before is told still."""

    def __init__(self) -> None:
        self.to_stop = False
        self._before: dict[int, Any] = {}

    def listen(self) -> None:
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._hear)

    def let_go(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.to_stop = True
        if callable(self._before[number]):
            self._before[number](number, frame)
