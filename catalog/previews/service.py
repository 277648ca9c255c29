"""The approved sample of a release, for pages."""

import json
import threading
from collections import OrderedDict
from typing import Any

from sqlmodel import Session

from catalog.distributions.files import SAMPLE
from catalog.releases import service as releases
from contracts.kit.store import ObjectStore

MOST_KEPT = 64
_kept: OrderedDict[str, dict[str, Any]] = OrderedDict()
_lock = threading.Lock()


def sample(session: Session, store: ObjectStore, release_id: str) -> dict[str, Any]:
    """`columns`, `rows`, `rows_total`, `statistics` and `map` as `distributions.preview.build` describes them; not to
    be changed by the caller. Raises `ReleaseWithdrawn` once the release is withdrawn."""
    release = releases.get_release(session, release_id)
    # Named by its hash: releases never change, so what was read once stays true.
    digest = next(str(entry["sha256"]) for entry in release.files if entry["name"] == SAMPLE)
    with _lock:
        if digest in _kept:
            _kept.move_to_end(digest)
            return _kept[digest]
    with releases.open_artifact(session, store, release_id, SAMPLE) as stream:
        content: dict[str, Any] = json.loads(stream.read())
    with _lock:
        _kept[digest] = content
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return content
