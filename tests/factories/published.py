"""Published releases for tests, made the only way there is: upload, profile, request, review, publication."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import building, publishing
from catalog.releases import service as releases
from catalog.releases.models import Release
from catalog.vault import profiling
from catalog.vault import service as vault
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.privacy import Policy
from tests.factories.people import City

OPEN_POLICY: Mapping[str, Any] = {"role": "plain", "operator": {"kind": "keep"}}


def make_dataset(session: Session, city: City, slug: str, title: str, **described: Any) -> Dataset:
    """A dataset of the city's department; `described` as for `create_dataset`."""
    names = {"zh-CN": title, "en": described.pop("english", slug.replace("-", " ").capitalize())}
    actor = city.actor(session, "provider")
    return datasets.create_dataset(session, actor, city.department.id, slug=slug, title=names, **described)


def keep_all(columns: Sequence[str]) -> Policy:
    """The policy of a table without persons: every column as it is."""
    return Policy.from_mapping({"columns": dict.fromkeys(columns, OPEN_POLICY)})


def publish(
    database: Database,
    store: ObjectStore,
    settings: Settings,
    city: City,
    dataset_id: str,
    csv: str,
    policy: Policy | None = None,
) -> Release:
    """Bring a CSV all the way to a release; without a policy every column is kept."""
    with database.transaction() as session:
        provider = city.actor(session, "provider")
        stream = io.BytesIO(csv.encode())
        upload_id = vault.receive(session, provider, store, settings, dataset_id, "table.csv", stream).id
    profiling.profile_upload(database, store, settings, upload_id)
    with database.transaction() as session:
        provider = city.actor(session, "provider")
        chosen = policy or keep_all(csv.splitlines()[0].split(","))
        request_id = releases.submit_request(session, provider, dataset_id, upload_id, chosen).id
    building.anonymise(database, store, settings, request_id)
    for who in ("officer", "second_officer"):
        with database.transaction() as session:
            officer = city.actor(session, who)
            request = releases.get_request(session, officer, request_id)
            if request.state != "in_review":
                assert request.state == "approved", f"{request.state}: {request.failure}"
                break
            artifact = releases.artifact_of(session, request)
            assert artifact is not None
            releases.decide(
                session, officer, request_id, "approve", "样例与报告相符，可以发布。", artifact.artifact_hash
            )
    publishing.publish(database, store, settings, request_id)
    with database.reading() as session:
        found = releases.current_release(session, dataset_id)
    assert found is not None
    return found
