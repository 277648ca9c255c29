"""A web process that starts while the database is away waits for it."""

import asyncio
import os
import signal

import pytest

from contracts.kit.database import DatabaseAway
from web import starting


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "RETRY_SECONDS", 0)


def test_it_tries_until_the_database_is_there() -> None:
    tries: list[int] = []

    async def attempt() -> str:
        tries.append(1)
        if len(tries) < 4:
            raise DatabaseAway("away", retry_after=2)
        return "started"

    assert asyncio.run(starting.once_there(attempt)) == "started"
    assert len(tries) == 4


def test_told_to_stop_it_waits_no_longer() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    tries: list[int] = []

    async def attempt() -> None:
        tries.append(1)
        if len(tries) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        raise DatabaseAway("away", retry_after=2)

    try:
        with pytest.raises(DatabaseAway):
            asyncio.run(starting.once_there(attempt))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM], "whoever listened before is told too"
    assert len(tries) <= 3


def test_another_fault_ends_the_start() -> None:
    async def attempt() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(starting.once_there(attempt))
