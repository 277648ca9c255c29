"""What the provider's pages share: who may see them, and what they know."""

from typing import Any

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import service as releases
from catalog.vault import service as vault
from catalog.vault.models import Upload
from contracts.access import Actor, Permission
from contracts.errors import Forbidden
from web.i18n import gettext as _
from web.pages.portal import words as portal_words
from web.pages.provider import words


def require_provider(actor: Actor) -> None:
    """Raise unless the person publishes for some organisation."""
    if not actor.organisations(Permission.RELEASE_SUBMIT):
        raise Forbidden("This page is for people who publish data.")


def own_dataset(session: Session, actor: Actor, id_or_slug: str) -> Dataset:
    """A dataset of one's own; as if it were not there otherwise."""
    dataset = releases.visible_dataset(session, actor, id_or_slug)
    actor.require(Permission.CATALOG_WRITE, dataset.provider_id)
    return dataset


def own_upload(session: Session, actor: Actor, upload_id: str) -> tuple[Upload, Dataset]:
    """An upload of one's own with its dataset."""
    upload = vault.get_upload(session, actor, upload_id)
    dataset = datasets.get_dataset(session, upload.dataset_id)
    actor.require(Permission.RELEASE_SUBMIT, dataset.provider_id)
    return upload, dataset


def upload_context(upload: Upload, dataset: Dataset, tab: str, /, **values: Any) -> dict[str, Any]:
    """`values` with an upload's tabs, `tab` being the open one."""
    base = f"/provider/uploads/{upload.id}"
    tabs = [
        ("profile", base, _("Profile")),
        ("format", f"{base}/format", _("Format")),
        ("aside", f"{base}/set-aside", _("Rows set aside")),
        ("policy", f"{base}/policy", _("Policy")),
        ("yaml", f"{base}/policy/yaml", _("Policy as YAML")),
        ("submit", f"{base}/submit", _("Ask for a release")),
    ]
    shown = [{"label": label, "href": href, "current": name == tab} for name, href, label in tabs]
    counted = {"aside": upload.rows_set_aside}
    for (name, _href, _label), item in zip(tabs, shown, strict=True):
        if counted.get(name) is not None:
            item["count"] = counted[name]
    return {"upload": upload, "dataset": dataset, "tabs": shown, "w": words, "pw": portal_words} | values
