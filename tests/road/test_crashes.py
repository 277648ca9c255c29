"""The road completes although its processes are killed on it, all or some. `scripts/soak.py` does more."""

import random
from collections.abc import Mapping

import pytest

from tests.factories.catalog import visits_csv
from tests.road.api import Road
from tests.road.books import examine
from tests.road.crashes import ALL, ONE_SERVER, SERVER, WORKER, Killer
from tests.road.site import Site

pytestmark = pytest.mark.long
CALLS = 60


def walk_through(site: Site, steps: Mapping[str, str], workers: int) -> None:
    content = visits_csv(400)
    cast = site.cast()
    site.start(workers=workers)
    killer = Killer(site, random.Random(5), steps=steps)
    killer.start()
    road = Road(site, cast, killer)
    try:
        trade = road.walk(content, calls=CALLS)
        killer.finish()
    finally:
        road.close()
    assert {(kill.where, kill.target) for kill in killer.kills} == {(f"step {step}", steps[step]) for step in steps}
    figures = examine(site, trade, content)
    assert figures.calls_answered == figures.calls_billed == CALLS <= figures.calls_recorded


@pytest.mark.parametrize("site", ["embedded"], indirect=True)
def test_the_road_completes_on_sqlite(site: Site) -> None:
    walk_through(site, {"anonymise": WORKER, "pay": ALL}, workers=1)


@pytest.mark.parametrize("site", ["services"], indirect=True)
def test_the_road_completes_with_several_processes_on_postgresql(site: Site) -> None:
    steps = {"anonymise": WORKER, "publish": ALL, "pay": ALL, "calls": ONE_SERVER, "close_period": SERVER}
    walk_through(site, steps, workers=2)
