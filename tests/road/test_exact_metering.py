"""A small share of `scripts/soak_metering.py`: a whole site, its clients, and what everybody says at the end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import services

ROOT = Path(__file__).parents[2]


def soak(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "scripts/soak_metering.py", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def same(outcome: dict[str, Any]) -> set[int]:
    """What must be one number."""
    return {outcome["count"][name] for name in ("usage_rows", "rated", "invoiced", "counter", "granted")}


@pytest.mark.long
def test_twice_as_many_calls_as_units_are_answered_to_the_unit() -> None:
    outcome = soak("exact", "--kind", "embedded", "--requests", "3000", "--workers", "2", "--clients", "16")
    assert (outcome["seen"]["answered"], outcome["seen"]["refused"]) == (1500, 1500)
    assert same(outcome) == {1500} == {outcome["count"]["received"]}


@pytest.mark.long
@pytest.mark.parametrize("kind", ["embedded", "services"])
def test_kills_lose_no_answer_and_no_unit(kind: str) -> None:
    if kind == "services":
        services.needed(services.POSTGRES)
    outcome = soak("kills", "--kind", kind, "--strikes", "6", "--units", "9000", "--workers", "2", "--clients", "16")
    assert same(outcome) == {9000}
    assert sum(outcome["struck"]["kills"].values()) == 6
    assert outcome["count"]["recorded"] - outcome["count"]["repeats"] == 9000


@pytest.mark.long
def test_on_postgresql_too_it_is_exact() -> None:
    services.needed(services.POSTGRES)
    outcome = soak("exact", "--kind", "services", "--requests", "20000")
    assert same(outcome) == {10000} == {outcome["count"]["received"]}
