"""Requests: submitted, commented, decided by independent officers on exact bytes, sent back, cancelled."""

import pytest
from sqlmodel import select

from catalog.datasets import service as datasets
from catalog.datasets.errors import CoreDataRefused
from catalog.parties import service as parties
from catalog.releases import policies
from catalog.releases import service as releases
from catalog.releases.errors import AlreadyDecided, HashMismatch, NotYours, RequestNotFound, WrongState
from catalog.releases.models import Artifact, ReleaseRequest
from catalog.releases.states import MOVES, RequestState
from catalog.vault.errors import UploadNotReady
from contracts.access import SYSTEM, Role
from contracts.errors import Conflict, Forbidden, InvalidInput, NotSignedIn
from contracts.events import Event
from contracts.kit import audit
from contracts.kit.outbox import OutboxRow
from contracts.privacy import ColumnPolicy, ColumnRole, Drop, KAnonymity, Keep, Policy
from tests.factories.catalog import CatalogWorld, stations_csv, visits_csv

PLAIN = {"title": {"zh-CN": "停车场", "en": "Car parks"}, "openness": "unconditional"}


def plain_policy(*names: str) -> Policy:
    return Policy(columns={name: ColumnPolicy(role=ColumnRole.PLAIN, operator=Keep()) for name in names})


class TestSubmit:
    def test_numbers_run_through_the_year(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        first, second = (world.submit(upload, work=False) for _ in range(2))
        year, number = first.number.removeprefix("RR-").split("-")
        assert second.number == f"RR-{year}-{int(number) + 1:04d}"

    def test_the_artifact_is_built_before_anybody_reviews(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset()))
        assert request.state == RequestState.IN_REVIEW
        artifact = world.find(lambda session: releases.artifact_of(session, request))
        assert artifact is not None
        assert artifact.required_approvals == 2  # a diagnosis is sensitive
        assert {entry["name"] for entry in artifact.files} == {
            "data.parquet", "data.csv", "report.json", "policy.yaml", "contract.json", "sample.json", "manifest.json"
        }  # fmt: skip
        manifest = next(entry for entry in artifact.files if entry["name"] == "manifest.json")
        assert manifest["sha256"] == artifact.artifact_hash
        assert not any(world.store.exists(entry["key"]) for entry in artifact.files)

    def test_officers_are_told_and_the_submitter_is_not(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset()))
        with world.database.reading() as session:
            for who, expected in (("officer", 1), ("second_officer", 1), ("provider", 0)):
                notices = parties.notices(session, world.city.people[who].id)
                assert [notice.link for notice in notices] == [f"/officer/requests/{request.id}"] * expected

    def test_a_policy_that_leaves_a_column_out_is_refused(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset(), stations_csv())
        with pytest.raises(InvalidInput, match="does not say what happens to the column spaces"):
            world.submit(upload, plain_policy("id", "name", "longitude", "latitude"))
        with pytest.raises(InvalidInput, match="no column colour"):
            world.submit(upload, plain_policy("id", "name", "longitude", "latitude", "spaces", "colour"))

    def test_an_unreachable_policy_fails_with_its_reason_and_can_be_submitted_again(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        proposed = world.policy(upload)
        strict = proposed.model_copy(update={"models": [KAnonymity(k=1000)], "suppression_limit": 0.0})
        request = world.submit(upload, strict)
        assert request.state == RequestState.FAILED
        assert request.failure is not None
        assert request.failure["code"] == "privacy-unreachable"
        with world.database.transaction() as session:
            releases.resubmit(session, world.actor("provider"), request.id, policy=proposed)
        world.work()
        again = world.request(request.id)
        assert (again.state, again.round) == (RequestState.IN_REVIEW, 2)

    def test_not_open_data_and_core_data_are_refused(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset(openness="not_open"))
        with pytest.raises(Conflict, match="not open"):
            world.submit(upload)
        with pytest.raises(CoreDataRefused):
            world.dataset(data_class="core")

    def test_an_upload_that_is_not_profiled_or_of_another_dataset_is_refused(self, world: CatalogWorld) -> None:
        ready = world.upload(world.dataset())
        policy = world.policy(ready)
        waiting = world.upload(world.dataset(), work=False)
        with pytest.raises(UploadNotReady):
            world.submit(waiting, policy)
        other = world.dataset()
        with world.database.transaction() as session, pytest.raises(InvalidInput, match="another dataset"):
            releases.submit_request(session, world.actor("provider"), other.id, ready.id, policy)

    def test_a_file_read_anew_after_submission_is_not_used(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        request = world.submit(upload, work=False)
        with world.database.transaction() as session:
            session.get_one(ReleaseRequest, request.id).upload_revision = 7
        world.work()
        failed = world.request(request.id)
        assert failed.failure is not None
        assert "read anew" in failed.failure["detail"]

    def test_a_saved_policy_version_is_reused_and_an_edited_one_is_new(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        proposed = world.policy(upload)
        world.submit(upload, proposed, work=False)
        edited = proposed.model_copy(update={"suppression_limit": 0.02})
        world.submit(upload, edited, work=False)
        versions = world.find(lambda session: policies.versions(session, upload.dataset_id))
        assert [(version.number, version.origin) for version in versions] == [(2, "edited"), (1, "proposed")]

    def test_the_next_upload_carries_the_last_policy_over(self, world: CatalogWorld) -> None:
        dataset = world.dataset()
        first = world.upload(dataset)
        edited = world.policy(first).model_copy(update={"suppression_limit": 0.02})
        with world.database.transaction() as session:
            policies.save(session, world.actor("provider"), first.id, edited)
        second = world.upload(dataset, visits_csv(seed=8))
        assert world.policy(second).suppression_limit == 0.02


class TestDecide:
    def test_one_officer_is_enough_without_sensitive_attributes(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset(**PLAIN), stations_csv()))
        assert world.decide(request, "officer").state == RequestState.APPROVED

    def test_important_data_needs_two(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset(**PLAIN, data_class="important"), stations_csv()))
        assert world.decide(request, "officer").state == RequestState.IN_REVIEW
        assert world.decide(request, "second_officer").state == RequestState.APPROVED

    def test_a_sensitive_column_left_out_needs_one(self, world: CatalogWorld) -> None:
        upload = world.upload(world.dataset())
        policy = world.policy(upload)
        columns = {
            name: ColumnPolicy(role=column.role, operator=Drop()) if column.role is ColumnRole.SENSITIVE else column
            for name, column in policy.columns.items()
        }
        request = world.submit(upload, Policy.model_validate(policy.model_dump() | {"columns": columns}))
        assert world.decide(request, "officer").state == RequestState.APPROVED

    def test_an_officer_decides_once(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset()))
        world.decide(request, "officer")
        with pytest.raises(AlreadyDecided):
            world.decide(request, "officer")

    @pytest.mark.parametrize("who", ["provider", "owner", "operator"])
    def test_only_officers_decide(self, world: CatalogWorld, who: str) -> None:
        request = world.submit(world.upload(world.dataset()))
        with pytest.raises((Forbidden, NotSignedIn)):
            world.decide(request, who)

    def test_who_submitted_cannot_approve_even_as_an_officer(self, world: CatalogWorld) -> None:
        with world.database.transaction() as session:
            provider = world.city.people["provider"].id
            parties.grant(session, SYSTEM, provider, world.city.city.id, Role.DATA_OFFICER)
        request = world.submit(world.upload(world.dataset()))
        with pytest.raises(NotYours, match="submitted"):
            world.decide(request, "provider")

    def test_people_of_the_provider_cannot_approve(self, world: CatalogWorld) -> None:
        with world.database.transaction() as session:
            officer = world.city.people["officer"].id
            parties.grant(session, SYSTEM, officer, world.city.department.id, Role.PROVIDER)
        request = world.submit(world.upload(world.dataset()))
        with pytest.raises(NotYours, match="providing organisation"):
            world.decide(request, "officer")

    def test_a_decision_on_other_bytes_is_refused(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset()))
        with world.database.transaction() as session, pytest.raises(HashMismatch):
            releases.decide(session, world.actor("officer"), request.id, "approve", "参数合适。", "0" * 64)

    def test_a_reason_is_needed(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset()))
        with world.database.transaction() as session, pytest.raises(InvalidInput, match="characters"):
            releases.decide(session, world.actor("officer"), request.id, "approve", " ok ", "0" * 64)

    @pytest.mark.parametrize(("outcome", "state"), [("send_back", "sent_back"), ("reject", "rejected")])
    def test_one_no_is_enough(self, world: CatalogWorld, outcome: releases.Outcome, state: str) -> None:
        request = world.submit(world.upload(world.dataset()))
        assert world.decide(request, "officer", outcome).state == state
        with pytest.raises(WrongState, match=state):
            world.decide(request, "second_officer")

    def test_a_request_sent_back_comes_again_with_a_new_artifact_and_no_old_approvals(
        self, world: CatalogWorld
    ) -> None:
        upload = world.upload(world.dataset())
        request = world.submit(upload)
        world.decide(request, "officer")
        world.decide(request, "second_officer", "send_back")
        edited = world.policy(upload).model_copy(update={"suppression_limit": 0.02})
        with world.database.transaction() as session:
            releases.resubmit(session, world.actor("provider"), request.id, policy=edited)
        world.work()
        again = world.request(request.id)
        assert (again.state, again.round) == ("in_review", 2)
        assert world.decide(again, "officer").state == "in_review"
        assert world.decide(again, "second_officer").state == "approved"
        with world.database.reading() as session:
            artifacts = session.exec(select(Artifact).where(Artifact.request_id == request.id)).all()
        assert len({artifact.artifact_hash for artifact in artifacts}) == 2

    def test_every_step_is_in_the_history_and_the_audit_log(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset()))
        with world.database.transaction() as session:
            releases.comment(session, world.actor("officer"), request.id, "年龄可否改为十岁一段？")
        world.decide(request, "officer")
        world.decide(request, "second_officer")
        world.work()
        with world.database.reading() as session:
            transitions, comments, decisions = releases.history(session, request.id)
            logged = [entry.action for entry in audit.entries(session, subject_id=request.id)]
            assert audit.verify_chain(session).intact
        assert [step.to_state for step in transitions] == [
            "submitted", "anonymising", "in_review", "approved", "publishing", "published"
        ]  # fmt: skip
        assert [comment.body for comment in comments] == ["年龄可否改为十岁一段？"]
        assert [decision.outcome for decision in decisions] == ["approve", "approve"]
        assert logged == [
            "release_request.decided", "release_request.decided", "release_request.commented",
            "release_request.submitted",
        ]  # fmt: skip


class TestOthers:
    @pytest.mark.parametrize("who", ["owner", "developer", "operator"])
    def test_strangers_do_not_learn_of_a_request(self, world: CatalogWorld, who: str) -> None:
        request = world.submit(world.upload(world.dataset()), work=False)
        with world.database.reading() as session, pytest.raises(RequestNotFound):
            releases.get_request(session, world.actor(who), request.number)

    def test_a_request_can_be_taken_back_until_it_is_approved(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset(**PLAIN), stations_csv()))
        with world.database.transaction() as session:
            releases.cancel(session, world.actor("provider"), request.id)
        assert world.request(request.id).state == RequestState.CANCELLED
        second = world.submit(world.upload(world.dataset(**PLAIN), stations_csv()))
        world.decide(second, "officer")
        with world.database.transaction() as session, pytest.raises(WrongState, match="approved"):
            releases.cancel(session, world.actor("provider"), second.id)

    def test_a_request_cancelled_while_it_is_anonymised_stays_cancelled(self, world: CatalogWorld) -> None:
        request = world.submit(world.upload(world.dataset()), work=False)
        with world.database.transaction() as session:
            releases.cancel(session, world.actor("provider"), request.id)
        world.work()
        assert world.request(request.id).state == RequestState.CANCELLED

    @pytest.mark.parametrize("state", list(RequestState))
    def test_every_move_not_in_the_table_is_refused_naming_the_state(
        self, world: CatalogWorld, state: RequestState
    ) -> None:
        request = world.submit(world.upload(world.dataset(**PLAIN), stations_csv()), work=False)
        for to in set(RequestState) - MOVES[state]:
            with world.database.transaction() as session:
                row = releases.locked(session, request.id)
                row.state = state
                session.flush()
                with pytest.raises(WrongState, match=state):
                    releases.move(session, row, to, SYSTEM)
                session.rollback()

    def test_submission_emits_its_event_once(self, world: CatalogWorld) -> None:
        world.submit(world.upload(world.dataset(**PLAIN), stations_csv()))
        with world.database.reading() as session:
            rows = session.exec(select(OutboxRow).where(OutboxRow.event == Event.REQUEST_SUBMITTED)).all()
        assert len(rows) == 1

    def test_the_dictionary_reaches_the_contract(self, world: CatalogWorld) -> None:
        dataset = world.dataset(**PLAIN)
        with world.database.transaction() as session:
            datasets.update_dataset(
                session,
                world.actor("provider"),
                dataset.id,
                fields={"spaces": {"title": {"zh-CN": "车位数"}, "unit": "个"}},
            )
        request = world.submit(world.upload(dataset, stations_csv()))
        artifact = world.find(lambda session: releases.artifact_of(session, request))
        assert artifact is not None
        spaces = next(field for field in artifact.contract["fields"] if field["name"].startswith("spaces"))
        assert (spaces["title"], spaces["unit"]) == ({"zh-CN": "车位数"}, "个")
