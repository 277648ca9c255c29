"""The whole road through the pages in a real Chromium, and then every page there is."""

from collections.abc import Iterator

import pytest

from tests.browser.stage import Stage, chrome
from tests.browser.walk import CALLS, Walk
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


def test_six_people_walk_the_road(stage: Stage) -> None:
    seen = Walk(stage).all()
    assert seen.statuses == {200: CALLS}
    assert seen.statement["期末余额，应付"] > 0
    *moves, closing = seen.statement.values()
    assert sum(moves) == closing
