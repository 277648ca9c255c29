"""No way around the officer: neither by the services nor by raw SQL does anything unapproved become a release."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from catalog.releases import publishing
from catalog.releases import service as releases
from catalog.releases.models import Artifact, Release, ReleaseRequest
from contracts import clock
from contracts.ids import new_id
from tests.factories.catalog import CatalogWorld


def in_review(world: CatalogWorld) -> tuple[ReleaseRequest, Artifact]:
    """A request with a sensitive attribute: it needs two officers."""
    request = world.submit(world.upload(world.dataset()))
    artifact = world.find(lambda session: releases.artifact_of(session, request))
    assert artifact is not None
    return request, artifact


def release_row(request: ReleaseRequest, artifact: Artifact, **changes: Any) -> dict[str, Any]:
    row = {
        "id": artifact.release_id,
        "dataset_id": request.dataset_id,
        "request_id": request.id,
        "artifact_id": artifact.id,
        "version": "2026.11",
        "manifest_hash": artifact.artifact_hash,
        "content_hash": artifact.content_hash,
        "rows": 1,
        "files": artifact.files,
        "contract": artifact.contract,
        "public_report": artifact.public_report,
        "sample_key": "releases/x/sample.json",
        "published_at": clock.now(),
    }
    return row | changes


def insert(world: CatalogWorld, row: dict[str, Any]) -> None:
    with world.database.transaction() as session:
        try:
            session.execute(sa.insert(Release).values(row))
        except BaseException:
            session.rollback()
            raise


def refused(world: CatalogWorld, row: dict[str, Any]) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="enough approvals"):
        insert(world, row)
    with world.database.reading() as session:
        assert session.exec(select(Release)).all() == []


def test_raw_sql_inserts_no_release_without_approvals(world: CatalogWorld) -> None:
    refused(world, release_row(*in_review(world)))


def test_raw_sql_inserts_no_release_with_too_few_approvals(world: CatalogWorld) -> None:
    request, artifact = in_review(world)
    world.decide(request, "officer")
    refused(world, release_row(request, artifact))


@pytest.mark.parametrize("field", ["manifest_hash", "content_hash", "files", "dataset_id", "id"])
def test_raw_sql_inserts_no_release_of_other_bytes_than_approved(world: CatalogWorld, field: str) -> None:
    request, artifact = in_review(world)
    world.decide(request, "officer")
    world.decide(request, "second_officer")
    other: dict[str, Any] = {
        "manifest_hash": "0" * 64,
        "content_hash": "0" * 64,
        "files": [entry | {"key": "releases/other/data.csv"} for entry in artifact.files],
        "dataset_id": world.dataset().id,
        "id": new_id(),
    }
    refused(world, release_row(request, artifact, **{field: other[field]}))
    insert(world, release_row(request, artifact))  # with nothing changed it goes through


def test_setting_the_state_by_hand_publishes_nothing(world: CatalogWorld) -> None:
    request, _ = in_review(world)
    with world.database.transaction() as session:
        session.get_one(ReleaseRequest, request.id).state = "approved"
    with pytest.raises(sa.exc.DBAPIError, match="enough approvals"):
        publishing.publish(world.database, world.store, world.settings, request.id)
    with world.database.reading() as session:
        assert session.exec(select(Release)).all() == []


def test_raw_sql_does_not_let_the_submitter_decide(world: CatalogWorld) -> None:
    request, artifact = in_review(world)
    decision = {
        "id": new_id(),
        "request_id": request.id,
        "artifact_id": artifact.id,
        "outcome": "approve",
        "reason": "我自己批准",
        "officer_id": request.submitted_by,
        "artifact_hash": artifact.artifact_hash,
        "decided_at": clock.now(),
    }
    table = sa.Table("releases_decision", sa.MetaData(), autoload_with=world.database.engine)
    with world.database.transaction() as session:
        with pytest.raises(sa.exc.DBAPIError, match="another person"):
            session.execute(sa.insert(table).values(decision))
        session.rollback()


def test_an_artifact_that_needs_nobody_cannot_be_written(world: CatalogWorld) -> None:
    _, artifact = in_review(world)
    values = artifact.model_dump() | {"id": new_id(), "round": 9, "required_approvals": 0}
    with world.database.transaction() as session:
        with pytest.raises(sa.exc.IntegrityError):
            session.execute(sa.insert(Artifact).values(values))
        session.rollback()


def test_nothing_of_an_artifact_is_readable_before_approval(world: CatalogWorld) -> None:
    request, artifact = in_review(world)
    published = json.dumps([entry["key"] for entry in artifact.files])
    assert not any(world.store.exists(key) for key in json.loads(published))
    with world.database.reading() as session:
        assert releases.current_release(session, request.dataset_id) is None
        for item in world.store.list("vault/"):
            content = world.store.open(item.key).read()
            assert b"approved" not in content
            assert "福田区".encode() not in content
