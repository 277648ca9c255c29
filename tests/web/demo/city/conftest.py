"""One small city for all tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.demo.city import CityFiles, generate

SMALL = 0.03


@pytest.fixture(scope="session")
def small_city(tmp_path_factory: pytest.TempPathFactory) -> CityFiles:
    folder: Path = tmp_path_factory.mktemp("city")
    return generate(folder, scale=SMALL)
