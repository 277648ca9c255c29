"""The whole road, walked for every department: upload, policy, review, release, offering, agreement, calls, invoice,
payment, refund, settlement, payout.

Each step looks at what is there and does what is missing, so a walk that was interrupted goes on and a second walk
changes nothing. Jobs are the worker's: the walk only waits for what they bring about.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
from sqlmodel import Session

from anonymizer.results import ScanResult
from catalog.datasets import service as datasets
from catalog.datasets.errors import DatasetNotFound
from catalog.datasets.models import Dataset
from catalog.parties import service as parties
from catalog.parties.models import Organisation
from catalog.releases import policies
from catalog.releases import service as releases
from catalog.releases.models import ReleaseRequest
from catalog.releases.states import RequestState
from catalog.vault import service as vault
from catalog.vault.models import Upload, UploadStatus
from contracts.errors import ShuyiError
from contracts.kit import jobs
from contracts.kit.settings import Settings
from contracts.privacy import Policy
from marketplace.billing.rules import Rules
from marketplace.products import service as products
from marketplace.products.models import Plan
from web.context import Services
from web.demo import cast
from web.demo.city import CityPlan
from web.demo.city import Dataset as DatasetPlan
from web.demo.city import Department as DepartmentPlan
from web.demo.policy import fitted

T = TypeVar("T")
PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 0.1
ROUND_SECONDS = 0.4
"""A round looks whether a job has ended, and then at every department, on a machine that has better to do."""
PUBLISHING = ("profile", "review", "publish")
Step = Callable[[str, int, int], None]
"""Told of progress: what is being done, how many departments have it, of how many."""


class WalkFailed(ShuyiError):
    """A step of the demo's road did not come about; the detail names it."""

    code = "demo-failed"
    title = "The demo could not be completed"


def wait_for(what: str, look: Callable[[], T | None]) -> T:
    """Look until something is there; `WalkFailed` when it does not come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        if (found := look()) is not None:
            return found
        if time.monotonic() > deadline:
            raise WalkFailed(f"Waited in vain for: {what}. Is the worker running? Its log is demo.log in SHUYI_HOME.")
        time.sleep(LOOK_SECONDS)


def wait_until_served(settings: Settings) -> None:
    """Until the site answers."""

    def look() -> bool | None:
        try:
            return httpx.get(f"{settings.base_url}/readyz", timeout=2, trust_env=False).status_code == 200 or None
        except httpx.TransportError:
            return None

    wait_for(f"an answer at {settings.base_url}", look)


@dataclass(frozen=True, slots=True)
class Station:
    """One department on the road."""

    plan: DepartmentPlan
    organisation: Organisation
    dataset: Dataset


class PublishingWalk:
    """From the departments' files to releases on offer."""

    def __init__(self, services: Services, city: CityPlan, on_step: Step) -> None:
        self.services = services
        self.city = city
        self.on_step = on_step
        self.rules = Rules.from_settings(services.settings)

    def describe(self) -> list[Station]:
        """The cast, and a dataset for each department."""
        stations: list[Station] = []
        with self.services.database.transaction() as session:
            cast.gather(session, self.city)
            for plan in self.city.departments:
                organisation = parties.get_organisation(session, plan.code)
                stations.append(Station(plan, organisation, self._dataset(session, organisation, plan.dataset)))
        return stations

    def _dataset(self, session: Session, organisation: Organisation, plan: DatasetPlan) -> Dataset:
        try:
            return datasets.get_dataset(session, plan.slug)
        except DatasetNotFound:
            pass
        words = [dict(zip(plan.keywords, pair, strict=True)) for pair in zip(*plan.keywords.values(), strict=False)]
        return datasets.create_dataset(
            session,
            cast.actor(session, cast.PROVIDER),
            organisation.id,
            slug=plan.slug,
            title=plan.title,
            description=plan.description,
            themes=[plan.theme],
            keywords=words,
            openness=plan.openness,
            data_class=plan.data_class,
            update_frequency=plan.frequency,
            fields={
                field.name: {"title": field.title, "description": field.description}
                | ({"unit": field.unit} if field.unit else {})
                for field in plan.fields
            },
            spatial={
                "division_code": plan.spatial.division_code,
                "name": plan.spatial.name,
                "bbox": list(plan.spatial.bounds),
            },
        )

    def upload(self, station: Station, path: Path) -> None:
        """The department's file into the vault, once."""
        with self.services.database.transaction() as session:
            if vault.uploads_of(session, [station.dataset.id]):
                return
            with path.open("rb") as stream:
                vault.receive(
                    session,
                    cast.actor(session, cast.PROVIDER),
                    self.services.store,
                    self.services.settings,
                    station.dataset.id,
                    path.name,
                    stream,
                )

    def _upload_of(self, session: Session, station: Station) -> Upload:
        return vault.uploads_of(session, [station.dataset.id])[0]

    def profiled(self, station: Station) -> Policy | None:
        """The policy as the department fits it to the proposal; None until the profile is there."""
        with self.services.database.reading() as session:
            upload = self._upload_of(session, station)
            if upload.status == UploadStatus.REJECTED:
                raise WalkFailed(f"{upload.file_name} was rejected: {upload.error}")
            if policies.latest(session, station.dataset.id, upload_id=upload.id) is None:
                return None
            return fitted(ScanResult.model_validate(upload.profile), station.plan.dataset)

    def submit(self, station: Station, policy: Policy) -> None:
        """Ask for the release, once."""
        with self.services.database.transaction() as session:
            provider = cast.actor(session, cast.PROVIDER)
            if releases.requests_of(session, dataset_ids=[station.dataset.id]):
                return
            releases.submit_request(
                session,
                provider,
                station.dataset.id,
                self._upload_of(session, station).id,
                policy,
                "演示城市的首次发布。",
                timezone=self.services.settings.timezone,
            )

    def _request(self, session: Session, station: Station) -> ReleaseRequest:
        found = releases.requests_of(session, dataset_ids=[station.dataset.id])
        request = found[0]
        if request.state in (RequestState.FAILED, RequestState.SENT_BACK, RequestState.REJECTED):
            raise WalkFailed(f"{request.number} of {station.plan.dataset.slug} is {request.state}: {request.failure}")
        return request

    def reviewed(self, station: Station) -> bool:
        """The officers decide, as many as the data asks for; False until there is something to decide on."""
        with self.services.database.reading() as session:
            if self._request(session, station).state in (RequestState.SUBMITTED, RequestState.ANONYMISING):
                return False
        for part in (cast.OFFICER, cast.SECOND_OFFICER):
            with self.services.database.transaction() as session:
                request = self._request(session, station)
                artifact = releases.artifact_of(session, request)
                officer = cast.actor(session, part)
                if request.state != RequestState.IN_REVIEW or artifact is None:
                    break
                if releases.why_not_decide(session, officer, request) is not None:
                    continue
                releases.decide(
                    session,
                    officer,
                    request.id,
                    "approve",
                    f"k={artifact.k_reached or '—'}，列的处理与用途相符，风险低于阈值。"
                    if station.plan.dataset.about_persons
                    else "不含个人信息，字段与目录一致。",
                    artifact.artifact_hash,
                )
        return True

    def published(self, station: Station) -> bool:
        """Whether the release is in the catalogue."""
        with self.services.database.reading() as session:
            self._request(session, station)
            return releases.current_release(session, station.dataset.id) is not None

    def offer(self, station: Station) -> dict[str, Plan]:
        """The offering with its plans, on the market; plans by the code the department calls them."""
        with self.services.database.transaction() as session:
            provider = cast.actor(session, cast.PROVIDER)
            offering = products.create_offering(session, provider, station.dataset.id)
            known = {plan.name["en"]: plan for plan in products.plans(session, offering.id)}
            found: dict[str, Plan] = {}
            for wanted in station.plan.dataset.plans:
                found[wanted.code] = known.get(wanted.name["en"]) or products.add_plan(
                    session,
                    provider,
                    offering.id,
                    name=wanted.name,
                    quota_per_month=wanted.calls_included,
                    rate_per_minute=wanted.calls_per_minute,
                    monthly_fee=wanted.monthly_fee_fen,
                    overage_per_1000=wanted.overage_fen_per_call * 1000 or None,
                )
            products.list_offering(session, provider, offering.id)
            return found

    def publish(self, stations: list[Station], on_published: Callable[[Station], None]) -> None:
        """All departments, from uploads to releases. Each goes on as soon as the worker has done its part, so that a
        slow table keeps no other waiting; `on_published` is told of each that has arrived."""
        roads = {station.plan.code: self._road(station) for station in stations}
        at: dict[str, str | None] = dict.fromkeys(roads, PUBLISHING[0])
        deadline = time.monotonic() + PATIENCE_SECONDS
        looked = -1
        while any(at.values()):
            with self.services.database.reading() as session:
                ended = jobs.ended(session)
            for station in stations if ended != looked else ():
                code = station.plan.code
                stage = next(roads[code], None)
                if stage == at[code]:
                    continue
                at[code], deadline = stage, time.monotonic() + PATIENCE_SECONDS
                if stage is None:
                    on_published(station)
            looked = ended
            for place, name in enumerate(PUBLISHING):
                beyond = (None, *PUBLISHING[place + 1 :])
                self.on_step(name, sum(stage in beyond for stage in at.values()), len(stations))
            if time.monotonic() > deadline:
                waiting = ", ".join(f"{code} ({stage})" for code, stage in at.items() if stage)
                raise WalkFailed(f"Waited in vain for: {waiting}. Is the worker running?")
            time.sleep(ROUND_SECONDS)

    def _road(self, station: Station) -> Iterator[str]:
        """A department's way to its release: gives the name of the stage it waits in, until it has passed all."""
        while (policy := self.profiled(station)) is None:
            yield "profile"
        self.submit(station, policy)
        while not self.reviewed(station):
            yield "review"
        while not self.published(station):
            yield "publish"
