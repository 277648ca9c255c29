"""Rate limits: so many in a minute, all at once or spread, over several processes too."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.gateway.limiter import RateLimiter

ROOT = Path(__file__).parents[3]
COUNT = """
import sys
from pathlib import Path
from marketplace.gateway.limiter import RateLimiter
limiter = RateLimiter(Path(sys.argv[1]))
print(sum(limiter.hit("shared", 500).allowed for _ in range(400)))
"""


@given(limit=st.integers(1, 10_000), steps=st.lists(st.integers(0, 5_000_000_000), min_size=1, max_size=60))
@settings(deadline=None)
def test_never_more_than_the_limit_in_a_minute(
    limit: int, steps: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    limiter = RateLimiter(tmp_path_factory.mktemp("rates"))
    allowed: list[int] = []
    now = 10**12
    with pytest.MonkeyPatch.context() as patch:
        for step in steps:
            now += step
            patch.setattr("marketplace.gateway.limiter.time.monotonic_ns", lambda moment=now: moment)
            standing = limiter.hit("a", limit)
            if standing.allowed:
                allowed.append(now)
            else:
                assert standing.retry_after >= 1
            assert 0 <= standing.remaining < limit or not standing.allowed
    limiter.close()
    # A full burst, then one call each interval: at most twice the limit less one in any minute, the limit on average.
    for first in allowed:
        inside = sum(first <= moment < first + 60 * 10**9 for moment in allowed)
        assert inside <= 2 * limit


def test_a_burst_then_one_each_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = RateLimiter(tmp_path)
    now = 10**12
    monkeypatch.setattr("marketplace.gateway.limiter.time.monotonic_ns", lambda: now)
    assert [limiter.hit("a", 60).remaining for _ in range(60)] == list(range(59, -1, -1))
    refused = limiter.hit("a", 60)
    assert (refused.allowed, refused.retry_after, refused.reset) == (False, 1, 60)
    assert limiter.hit("b", 60).allowed
    now += 1_000_000_000
    assert limiter.hit("a", 60).allowed
    assert not limiter.hit("a", 60).allowed
    now += 60_000_000_000
    assert limiter.hit("a", 60).remaining == 59


@pytest.mark.parametrize("limit", [24_000, 120_000])
def test_of_a_high_limit_each_process_counts_ahead_and_nobody_gets_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    one, other = RateLimiter(tmp_path), RateLimiter(tmp_path)  # as two processes have them
    now = 10**12
    monkeypatch.setattr("marketplace.gateway.limiter.time.monotonic_ns", lambda: now)
    answers = [limiter.hit("a", limit) for _ in range(limit // 2) for limiter in (one, other)]
    assert all(answer.allowed for answer in answers)
    assert answers[-1].remaining == 0
    assert not one.hit("a", limit).allowed
    assert not other.hit("a", limit).allowed
    now += 10_000_000  # a hundredth of a second: what falls due in it, once
    assert sum(limiter.hit("a", limit).allowed for _ in range(limit // 6000 + 5) for limiter in (one, other)) == (
        limit // 6000
    )
    now += 60_000_000_000
    assert one.hit("a", limit).allowed
    now += 10_000_000  # the rest of what was counted ahead: neither kept for later nor missed
    assert one.hit("a", limit).remaining == limit - 1
    one.close()
    other.close()


def test_processes_share_the_count(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COUNT, str(tmp_path)]
    workers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    # 500 at once; while the 800 calls run, a few more fall due (one each 0.12 s).
    assert 500 <= sum(counts) <= 530
