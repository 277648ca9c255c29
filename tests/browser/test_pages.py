"""The whole road through the pages in a real Chromium, and then every page there is."""

from collections.abc import Iterator

import pytest

from tests.browser.stage import Stage, chrome
from tests.browser.sweep import Sweep
from tests.browser.walk import CALLS, OVERAGE, QUOTA, ROWS, K, Walk
from tests.road.site import Site, free_port


@pytest.fixture(scope="module")
def stage(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A site with nothing in it but the accounts of six people, and a browser for each."""
    site = Site(tmp_path_factory.mktemp("stage") / "home", free_port())
    try:
        cast = site.cast()
        site.start()
        with chrome(chromium) as browser:
            yield Stage(browser, site, cast)
    finally:
        site.stop()


@pytest.fixture(scope="module")
def walk(stage: Stage) -> Walk:
    """The road, to be walked once."""
    return Walk(stage)


def test_six_people_walk_the_road(walk: Walk) -> None:
    seen = walk.all()
    assert seen.published + seen.suppressed == ROWS
    assert seen.k >= K
    assert seen.on_page == seen.served == seen.published > 0.9 * ROWS
    assert seen.statuses == {200: CALLS}
    calls, first = seen.invoices
    assert calls == (CALLS - QUOTA) * int(OVERAGE) * 100 // 1000
    assert first > 0
    statement = seen.statement
    assert statement["订阅方已付"] == calls
    assert statement["退款"] == -first
    *moves, closing = statement.values()
    assert sum(moves) == closing > 0


@pytest.mark.long
def test_every_page_in_both_languages_wide_and_narrow(walk: Walk) -> None:
    walk.all()
    assert Sweep(walk.stage).all() > 60
