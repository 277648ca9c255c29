"""What a running process of the site or the worker holds: settings, database, object store."""

from dataclasses import dataclass

from contracts.kit import store
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Services:
    """Built once a process; found at `request.app.state.services`."""

    settings: Settings
    database: Database
    store: ObjectStore

    @classmethod
    def from_settings(cls, settings: Settings) -> "Services":
        """Open what the settings name."""
        settings.home.mkdir(parents=True, exist_ok=True)
        return cls(settings, Database(settings.database), store.from_settings(settings))

    @property
    def test_mode(self) -> bool:
        """Whether money is play money: no live Stripe key is set."""
        key = self.settings.stripe_api_key
        return key is None or not key.get_secret_value().startswith(("sk_live_", "rk_live_"))

    def close(self) -> None:
        """Give connections back."""
        self.database.close()
