"""What the worker does for the gateway when something changed."""

from catalog.releases import service as releases
from contracts.events import Event
from contracts.kit.jobs import JobContext, Registry
from marketplace.credentials import service as credentials
from marketplace.gateway.copies import Copies


def register(registry: Registry) -> None:
    """Have gateways look again whenever who may read what has changed."""
    for event in (
        Event.RELEASE_PUBLISHED,
        Event.RELEASE_WITHDRAWN,
        Event.DATASET_CHANGED,
        Event.SUBSCRIPTION_ACTIVATED,
        Event.SUBSCRIPTION_SUSPENDED,
        Event.SUBSCRIPTION_ENDED,
    ):
        registry.on(event, f"gateway.after_{event.name.lower()}")(access_changed)
    registry.on(Event.RELEASE_WITHDRAWN, "gateway.copy_dropped")(drop_copy)


def access_changed(context: JobContext, payload: dict[str, str]) -> None:
    """Gateways forget what they remember of keys, entitlements and releases."""
    with context.database.transaction() as session:
        credentials.access_changed(session)


def drop_copy(context: JobContext, payload: dict[str, str]) -> None:
    """Remove this machine's copies of a withdrawn release."""
    with context.database.reading() as session:
        release = releases.find_release(session, payload["release_id"])
    copies = Copies(context.settings.home)
    copies.forget(release.manifest_hash)
    copies.forget(f"{release.manifest_hash}-sample")
