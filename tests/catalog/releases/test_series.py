"""A release beside the earlier ones of its dataset: compared while their raw data last, and said where not."""

import pytest

from catalog.releases import publishing, review
from catalog.releases import service as releases
from catalog.releases.errors import SeriesChanged
from catalog.releases.models import Release, ReleaseRequest
from catalog.vault import retention
from contracts.privacy import OfficerReport, SeriesClaim
from tests.factories.catalog import CatalogWorld, stations_csv, visits_csv


def claim(world: CatalogWorld, request: ReleaseRequest) -> SeriesClaim | None:
    """What the public report of an artifact says of its series."""
    return report(world, request).public.claims.attested.series


def report(world: CatalogWorld, request: ReleaseRequest) -> OfficerReport:
    """What the officer reads."""
    officer = world.actor("officer")
    return world.find(lambda session: review.officer_report(session, officer, world.store, world.settings, request.id))


def approved(world: CatalogWorld, request: ReleaseRequest) -> ReleaseRequest:
    """A request with all the approvals it needs, not yet published."""
    world.decide(request, "officer")
    return world.decide(request, "second_officer")


def first_release(world: CatalogWorld) -> Release:
    """The release that later ones are compared with."""
    return world.publish()


def with_rows(*lines: str) -> bytes:
    """The same visits and some more."""
    return visits_csv() + "".join(f"{line}\r\n" for line in lines).encode("gb18030")


def test_the_first_release_has_nothing_beside_it(world: CatalogWorld) -> None:
    assert claim(world, world.submit(world.upload(world.dataset()))) is None


def test_the_next_release_is_compared_with_those_before(world: CatalogWorld) -> None:
    first = first_release(world)
    dataset = world.find(lambda session: releases.visible_dataset(session, world.actor("officer"), first.dataset_id))
    request = world.submit(world.upload(dataset, with_rows("王伟文,13912345678,40,福田区,感冒,30.5")))
    told = claim(world, request)
    assert told is not None
    assert (told.compared, told.not_compared, told.linked_by) == ([first.version], [], "手机号码")
    assert told.k is not None
    assert told.k >= 5
    [followed] = report(world, request).series
    assert (followed.release, followed.followed, followed.gone) == (first.version, 400, 0)
    # The one newcomer would be what is left when the first release is taken away.
    assert report(world, request).public.claims.attested.rows_suppressed >= 1
    exploration = report(world, request).exploration
    assert exploration is not None
    own = next(point for point in exploration.curve if point.k == 5)
    assert own.loss == report(world, request).public.claims.attested.loss
    # A withdrawn release was seen all the same.
    with world.database.transaction() as session:
        releases.withdraw(session, world.actor("operator"), first.id, "撤回看看")
    again = claim(world, world.submit(world.upload(dataset)))
    assert again is not None
    assert again.compared == [first.version]


def test_what_cannot_be_kept_together_fails_and_says_why(world: CatalogWorld) -> None:
    first = first_release(world)
    dataset = world.find(lambda session: releases.visible_dataset(session, world.actor("officer"), first.dataset_id))
    upload = world.upload(dataset, with_rows("王伟文,13912345678,40,福田区,感冒,30.5"))
    strict = world.policy(upload).model_copy(update={"suppression_limit": 0.0})
    request = world.submit(upload, strict)
    assert request.state == "failed"
    assert request.failure is not None
    assert request.failure["code"] == "series-unreachable"
    assert f"earlier releases {first.version}" in request.failure["detail"]
    assert "hold back the 1 rows of new subjects" in request.failure["detail"]


def test_destroyed_raw_data_leave_a_release_that_is_not_compared(world: CatalogWorld) -> None:
    dataset = world.dataset()
    upload = world.upload(dataset)
    request = world.submit(upload)
    approved(world, request)
    world.work()
    with world.database.transaction() as session:
        retention.destroy(session, world.actor("provider"), upload.id)
    second = world.submit(world.upload(dataset))
    told = claim(world, second)
    assert told is not None
    assert [one.reason for one in told.not_compared] == ["destroyed"]
    assert (told.compared, told.k) == ([], None)
    assert "series-not-compared" in {warning.code for warning in report(world, second).public.warnings}
    assert approved(world, second).state == "approved"


def test_two_files_built_at_once_are_not_both_published(world: CatalogWorld) -> None:
    dataset = world.dataset()
    one, other, third = (world.submit(world.upload(dataset)) for _ in range(3))
    approved(world, one)
    approved(world, other)
    world.work()
    states = sorted(world.request(request.id).state for request in (one, other))
    assert states == ["failed", "published"]
    failed = next(found for found in map(world.request, (one.id, other.id)) if found.state == "failed")
    assert failed.failure is not None
    assert failed.failure["code"] == "series-changed"
    with pytest.raises(SeriesChanged, match="appeared after this file was built"):
        world.decide(third, "officer")
    assert world.decide(third, "officer", "send_back").state == "sent_back"
    with world.database.transaction() as session:
        releases.resubmit(session, world.actor("provider"), third.id)
    world.work()
    assert approved(world, world.request(third.id)).state == "approved"
    assert publishing.publish(world.database, world.store, world.settings, third.id)["state"] == "published"


def test_tables_without_persons_are_published_again_without_a_word_of_it(world: CatalogWorld) -> None:
    dataset = world.dataset(openness="unconditional")
    first = world.publish(dataset, stations_csv())
    request = world.submit(world.upload(dataset, stations_csv(61)))
    told = claim(world, request)
    assert told is not None
    assert [(one.release, one.reason) for one in told.not_compared] == [(first.version, "no-classes")]
    assert report(world, request).public.warnings == []


def test_classes_stay_in_the_vault(world: CatalogWorld) -> None:
    release = first_release(world)
    assert not [entry for entry in release.files if "classes" in entry["name"]]
    [kept] = [item.key for item in world.store.list("") if item.key.endswith("classes.parquet")]
    assert kept.startswith("vault/")
    with world.store.open(kept) as stream:
        assert b"PAR1" not in stream.read()
