"""The road completes although server, worker and payment stand-in are killed on it. `scripts/soak.py` does more."""

import random

from tests.factories.catalog import visits_csv
from tests.road.api import Road
from tests.road.crashes import Killer
from tests.road.site import Site

SAMPLE = frozenset({"request", "approve", "pay", "close_period"})


def test_the_road_completes_through_kills(site: Site) -> None:
    cast = site.cast()
    site.start()
    killer = Killer(site, random.Random(5), SAMPLE)
    road = Road(site, cast, killer.on_step)
    try:
        trade = road.walk(visits_csv(400))
        killer.finish()
        assert set(killer.kills) == SAMPLE
        assert trade.answered == 60
        road.check(trade)
    finally:
        killer.finish()
        road.close()
