"""The catalog's jobs: read what was uploaded, build what was asked for, publish what was approved, destroy raw data."""

from datetime import timedelta

from catalog.releases import building, exploring, policies, publishing
from catalog.vault import profiling, retention
from contracts.events import Event
from contracts.kit.jobs import JobContext, Registry


def register(registry: Registry) -> None:
    """Have them done by the worker."""
    registry.on(Event.UPLOAD_RECEIVED, "catalog.intake", on_failure=_intake_failed, long=True)(_intake)
    registry.on(Event.REQUEST_SUBMITTED, "catalog.anonymise", on_failure=_request_failed, long=True)(_anonymise)
    registry.on(Event.ARTIFACT_MADE, "catalog.explore", on_failure=_exploration_failed, long=True)(_explore)
    registry.on(Event.REQUEST_APPROVED, "catalog.publish", on_failure=_request_failed)(_publish)
    registry.every(timedelta(hours=1), "catalog.destroy_expired")(_destroy_expired)


def _intake(context: JobContext, payload: dict[str, str]) -> None:
    upload_id = payload["upload_id"]
    profile = profiling.profile_upload
    context.step("profile", profile, context.database, context.store, context.settings, upload_id)
    context.step("propose", policies.propose, context.database, upload_id)


def _intake_failed(context: JobContext, payload: dict[str, str], _message: str) -> None:
    profiling.reject_unexpectedly(context.database, payload["upload_id"])


def _anonymise(context: JobContext, payload: dict[str, str]) -> None:
    request_id = payload["request_id"]
    context.step("anonymise", building.anonymise, context.database, context.store, context.settings, request_id)


def _explore(context: JobContext, payload: dict[str, str]) -> None:
    artifact_id = payload["artifact_id"]
    context.step("explore", exploring.explore, context.database, context.store, context.settings, artifact_id)


def _exploration_failed(context: JobContext, payload: dict[str, str], _message: str) -> None:
    exploring.give_up(context.database, context.store, context.settings, payload["artifact_id"])


def _publish(context: JobContext, payload: dict[str, str]) -> None:
    request_id = payload["request_id"]
    context.step("publish", publishing.publish, context.database, context.store, context.settings, request_id)


def _request_failed(context: JobContext, payload: dict[str, str], _message: str) -> None:
    building.give_up(context.database, payload["request_id"])


def _destroy_expired(context: JobContext, _payload: dict[str, str]) -> None:
    context.step("destroy", retention.destroy_expired, context.database, context.store)
