"""What other k would give: worked out once a request is in review, for the officers alone, and in nobody's way."""

import json

import pytest
from sqlmodel import select

import anonymizer
from catalog.releases import exploring, review
from catalog.releases import service as releases
from catalog.releases.models import Artifact, ReleaseRequest
from catalog.vault import retention
from contracts.events import Event
from contracts.kit.outbox import OutboxRow
from contracts.privacy import Exploration, OfficerReport
from tests.factories.catalog import CatalogWorld, stations_csv


def report(world: CatalogWorld, request: ReleaseRequest) -> OfficerReport:
    """What the officer reads."""
    officer = world.actor("officer")
    return world.find(lambda session: review.officer_report(session, officer, world.store, world.settings, request.id))


def artifact(world: CatalogWorld, request: ReleaseRequest) -> Artifact:
    """What is judged."""
    found = world.find(lambda session: releases.artifact_of(session, request))
    assert found is not None
    return found


def test_the_curve_goes_through_what_is_released(world: CatalogWorld) -> None:
    request = world.submit(world.upload(world.dataset()))
    told = report(world, request)
    assert told.exploration is not None
    own = next(point for point in told.exploration.curve if point.k == artifact(world, request).k_required)
    attested = told.public.claims.attested
    assert (own.loss, own.rows_suppressed) == (attested.loss, attested.rows_suppressed)
    assert own.attackers == told.risk_after.attackers
    assert told.exploration.obstacles is not None


def test_a_table_without_persons_has_nothing_to_choose_from(world: CatalogWorld) -> None:
    request = world.submit(world.upload(world.dataset(openness="unconditional"), stations_csv()))
    assert report(world, request).exploration == Exploration()


def test_officers_do_not_wait_for_it_and_a_second_run_changes_nothing(
    world: CatalogWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as held:
        held.setattr(exploring, "explore", lambda *_: False)
        request = world.submit(world.upload(world.dataset()))
    assert request.state == "in_review"
    assert report(world, request).exploration is None
    made = artifact(world, request)
    first, second = (
        (exploring.explore(world.database, world.store, world.settings, made.id), report(world, request).exploration)
        for _ in range(2)
    )
    assert first == second
    assert first[0]


def test_a_failure_is_told_and_keeps_nobody_from_deciding(world: CatalogWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a cell of somebody's table")

    monkeypatch.setattr(anonymizer, "explore", broken)
    with pytest.raises(AssertionError, match=r"catalog\.explore"):
        world.submit(world.upload(world.dataset()))
    request = world.find(lambda session: session.exec(select(ReleaseRequest)).one())
    assert report(world, request).exploration == Exploration(failed=True)
    assert world.decide(request, "officer").state == "in_review"
    assert world.decide(request, "second_officer").state == "approved"


def test_it_is_left_alone_once_the_raw_data_are_gone_or_others(world: CatalogWorld) -> None:
    upload = world.upload(world.dataset())
    request = world.submit(upload)
    made = artifact(world, request)
    explore = lambda: exploring.explore(world.database, world.store, world.settings, made.id)  # noqa: E731
    world.correct(upload, delimiter=",")
    assert not explore()
    with world.database.transaction() as session:
        retention.destroy(session, world.actor("provider"), upload.id)
    assert not explore()
    exploring.give_up(world.database, world.store, world.settings, made.id)  # and neither is a failure kept anywhere


def test_what_is_published_tells_nothing_of_it(world: CatalogWorld) -> None:
    release = world.publish()
    for entry in release.files:
        assert "exploration" not in entry["name"]
    with world.database.reading() as session:
        for name in ("report.json", "manifest.json"):
            with releases.open_artifact(session, world.store, release.id, name) as stream:
                assert not {"curve", "obstacles", "exploration"} & set(json.loads(stream.read()))


def test_the_event_that_starts_it_names_the_artifact(world: CatalogWorld) -> None:
    request = world.submit(world.upload(world.dataset()))
    with world.database.reading() as session:
        [row] = session.exec(select(OutboxRow).where(OutboxRow.event == Event.ARTIFACT_MADE)).all()
    assert row.payload == {"artifact_id": artifact(world, request).id}
