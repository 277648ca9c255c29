"""The market of `tests.factories.commerce` with Stripe's stand-in beside it."""

from collections.abc import Iterator

import pytest

from contracts.kit.database import Database
from contracts.kit.settings import Settings
from tests.factories.commerce import Market, UsageBook, install_usage, standin


@pytest.fixture(scope="session")
def stripe_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a stand-in for Stripe that all tests share; their ids never meet."""
    with standin(tmp_path_factory.mktemp("stripe") / "standin.db") as url:
        yield url


@pytest.fixture
def market(database: Database, settings: Settings, stripe_base: str, monkeypatch: pytest.MonkeyPatch) -> Market:
    """A market on SQLite and on PostgreSQL."""
    usage = UsageBook()
    install_usage(monkeypatch, usage)
    return Market(database, settings.model_copy(update={"stripe_api_base": stripe_base}), usage)
