"""The object store: whole objects under keys, in a folder or in any S3. `from_settings` gives the one in force."""

from contracts.kit.settings import Settings
from contracts.kit.store.folder import FolderStore
from contracts.kit.store.port import ObjectInfo, ObjectStore, check_key

__all__ = ["FolderStore", "ObjectInfo", "ObjectStore", "check_key", "from_settings"]


def from_settings(settings: Settings) -> ObjectStore:
    """The store that `SHUYI_OBJECT_STORE` names: empty means the folder `objects` under `SHUYI_HOME`, a path another
    folder, `s3://KEY:SECRET@host:port/bucket?secure=false&region=…` a bucket (made when it is not there)."""
    place = settings.object_store
    if place.startswith("s3://"):
        from contracts.kit.store.s3 import S3Store

        return S3Store.from_url(place)
    return FolderStore(place or settings.home / "objects")
