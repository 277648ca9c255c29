"""The road completes although its processes are killed on it, all or some. `scripts/soak.py` does more."""

import random

from tests.factories.catalog import visits_csv
from tests.road.api import Road
from tests.road.books import examine
from tests.road.crashes import ALL, ONE_SERVER, SERVER, WORKER, Killer
from tests.road.site import Site

SAMPLE = {"anonymise": WORKER, "pay": ALL, "calls": ONE_SERVER, "close_period": SERVER}
CALLS = 60


def test_the_road_completes_through_kills(site: Site) -> None:
    content = visits_csv(400)
    cast = site.cast()
    site.start(workers=2)
    killer = Killer(site, random.Random(5), steps=SAMPLE)
    killer.start()
    road = Road(site, cast, killer)
    try:
        trade = road.walk(content, calls=CALLS)
        killer.finish()
    finally:
        road.close()
    assert {kill.where for kill in killer.kills} == {f"step {step}" for step in SAMPLE}
    figures = examine(site, trade, content)
    assert figures.calls_answered == figures.calls_billed == CALLS <= figures.calls_recorded
