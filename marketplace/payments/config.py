"""Which Stripe is spoken to: the live one, or in test mode the stand-in that the demo runs."""

from dataclasses import dataclass

from contracts.errors import ShuyiError
from contracts.kit.settings import Settings

TEST_KEY = "sk_test_shuyistandin"


class LiveKeyMisused(ShuyiError):
    """A live key together with another address than Stripe's: money or secrets would go to the wrong place."""

    code = "live-key-misused"
    title = "A live Stripe key needs Stripe's own address"


@dataclass(frozen=True, slots=True)
class StripeConfig:
    """Key, address (None: Stripe's own) and webhook secret in force; `test` when no money moves."""

    api_key: str
    api_base: str | None
    webhook_secret: str | None
    test: bool

    @classmethod
    def from_settings(cls, settings: Settings) -> "StripeConfig":
        """Without a key: test mode against the stand-in. A test key speaks to SHUYI_STRIPE_API_BASE, else to Stripe."""
        key = settings.stripe_api_key.get_secret_value() if settings.stripe_api_key else ""
        secret = settings.stripe_webhook_secret.get_secret_value() if settings.stripe_webhook_secret else None
        if is_live(key):
            if settings.stripe_api_base:
                raise LiveKeyMisused("Unset SHUYI_STRIPE_API_BASE, or use a test key.")
            return cls(key, None, secret, test=False)
        if key:
            return cls(key, settings.stripe_api_base or None, secret, test=True)
        base = settings.stripe_api_base or standin_base(settings)
        return cls(TEST_KEY, base, secret or standin_webhook_secret(settings), test=True)


def is_live(key: str) -> bool:
    """Whether a Stripe key moves real money."""
    return key.startswith(("sk_live_", "rk_live_"))


def standin_base(settings: Settings) -> str:
    """Where the stand-in listens when nothing else is set: the port after the site's, on this machine."""
    return f"http://127.0.0.1:{settings.port + 1}"


def standin_webhook_secret(settings: Settings) -> str:
    """The secret the stand-in signs webhooks with, derived from the master key."""
    return "whsec_" + settings.derived_key("stripe-webhook").hex()
