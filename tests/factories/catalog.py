"""Datasets, uploads and releases for tests, made by the services and jobs themselves."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import policies
from catalog.releases import service as releases
from catalog.releases.models import Release, ReleaseRequest
from catalog.vault import service as vault
from catalog.vault.intake.formats import Correction
from catalog.vault.models import Upload
from contracts.access import Actor
from contracts.kit.database import Database
from contracts.kit.jobs import JobRunner, Registry
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from contracts.privacy import Policy
from tests.factories.people import City, make_city
from web.jobs import catalog as catalog_jobs

Found = TypeVar("Found")
DISTRICTS = ("福田区", "南山区", "罗湖区", "宝安区")


def visits_csv(rows: int = 400, *, seed: int = 7, encoding: str = "gb18030") -> bytes:
    """Clinic visits: name, phone, age, district, diagnosis, fee; nobody real."""
    chance = random.Random(seed)
    lines = ["姓名,手机号码,年龄,区,诊断,费用"]
    for _ in range(rows):
        name = (
            chance.choice("王李张刘陈杨赵黄周吴") + chance.choice("伟芳娜敏静丽强磊军洋") + chance.choice("文华明玉杰")
        )
        phone = f"13{chance.randrange(10)}{chance.randrange(10**8):08d}"
        age, district = chance.randrange(18, 90), chance.choice(DISTRICTS)
        ill = chance.choice(("感冒", "高血压", "胃炎", "扭伤"))
        lines.append(f"{name},{phone},{age},{district},{ill},{chance.randrange(20, 900)}.5")
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def remarks_csv(rows: int = 120, *, seed: int = 11) -> bytes:
    """Hotline tickets: number, district, remark with a name and a number; nobody real."""
    chance = random.Random(seed)
    lines = ["编号,区,备注"]
    for number in range(rows):
        name = chance.choice("王李张刘陈") + chance.choice("伟芳娜敏静") + chance.choice("文华明玉杰")
        phone = f"13{chance.randrange(10)}{chance.randrange(10**8):08d}"
        district = chance.choice(DISTRICTS)
        lines.append(f"T{number:04d},{district},市民{name}来电反映路灯不亮，电话{phone}，绿豆汤说已报修。")
    return ("\n".join(lines) + "\n").encode()


def stations_csv(rows: int = 60, *, seed: int = 3) -> bytes:
    """Car parks: no person in it."""
    chance = random.Random(seed)
    lines = ["id,name,longitude,latitude,spaces"]
    lines += [
        f"P{i:03d},停车场{i},{113.9 + chance.random() / 5:.5f},{22.5 + chance.random() / 10:.5f},"
        f"{chance.randrange(20, 400)}"
        for i in range(rows)
    ]
    return "\n".join(lines).encode()


@dataclass
class CatalogWorld:
    """A small city with the catalog's worker. Every method works in a transaction of its own."""

    database: Database
    store: ObjectStore
    settings: Settings
    city: City = field(init=False)

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            self.city = make_city(session)

    def actor(self, who: str) -> Actor:
        """Somebody of the city."""
        with self.database.reading() as session:
            return self.city.actor(session, who)

    def work(self) -> None:
        """Run the worker until nothing is left to do; a failed job fails the test."""
        registry = Registry()
        catalog_jobs.register(registry)
        summary = JobRunner(registry, database=self.database, store=self.store, settings=self.settings).run_until_idle()
        assert not summary.failed, summary.failed

    def dataset(self, **changes: object) -> Dataset:
        """A conditional dataset of the department."""
        described: dict[str, object] = {"title": {"zh-CN": "门诊就诊", "en": "Clinic visits"}, "themes": ["health"]}
        with self.database.transaction() as session:
            return datasets.create_dataset(
                session,
                self.actor("provider"),
                self.city.department.id,
                **(described | changes),  # type: ignore[arg-type]  # as the caller says
            )

    def upload(
        self, dataset: Dataset, data: bytes | None = None, name: str = "visits.csv", *, work: bool = True
    ) -> Upload:
        """A file taken in and, unless `work` is false, profiled."""
        stream = io.BytesIO(visits_csv() if data is None else data)
        with self.database.transaction() as session:
            upload = vault.receive(session, self.actor("provider"), self.store, self.settings, dataset.id, name, stream)
        if work:
            self.work()
        return self.find(lambda session: session.get_one(Upload, upload.id))

    def correct(self, upload: Upload, **correction: object) -> Upload:
        """The upload read anew."""
        with self.database.transaction() as session:
            vault.correct(session, self.actor("provider"), upload.id, Correction.model_validate(correction))
        self.work()
        return self.find(lambda session: session.get_one(Upload, upload.id))

    def policy(self, upload: Upload) -> Policy:
        """The policy proposed for an upload."""
        with self.database.reading() as session:
            version = policies.latest(session, upload.dataset_id, upload_id=upload.id)
            assert version is not None
            return policies.policy_of(version)

    def submit(self, upload: Upload, policy: Policy | None = None, *, work: bool = True) -> ReleaseRequest:
        """A request for the upload under its proposed policy, in review unless `work` is false."""
        wanted = policy or self.policy(upload)
        with self.database.transaction() as session:
            request = releases.submit_request(
                session, self.actor("provider"), upload.dataset_id, upload.id, wanted, "每月发布"
            )
        if work:
            self.work()
        return self.request(request.id)

    def request(self, request_id: str) -> ReleaseRequest:
        """A request as it is now."""
        return self.find(lambda session: session.get_one(ReleaseRequest, request_id))

    def decide(self, request: ReleaseRequest, who: str, outcome: releases.Outcome = "approve") -> ReleaseRequest:
        """One officer's decision on the artifact under review."""
        with self.database.transaction() as session:
            artifact = releases.artifact_of(session, session.get_one(ReleaseRequest, request.id))
            assert artifact is not None
            return releases.decide(
                session, self.actor(who), request.id, outcome, "参数合适，效用可用。", artifact.artifact_hash
            )

    def publish(self, dataset: Dataset | None = None, data: bytes | None = None, name: str = "visits.csv") -> Release:
        """The whole way: upload, request, the approvals it needs, release."""
        upload = self.upload(dataset or self.dataset(), data, name)
        request = self.submit(upload)
        assert request.state == "in_review", request.failure
        self.decide(request, "officer")
        if self.request(request.id).state == "in_review":
            self.decide(request, "second_officer")
        self.work()
        release = self.find(lambda session: releases.current_release(session, upload.dataset_id))
        assert release is not None
        return release

    def find(self, look: Callable[[Session], Found]) -> Found:
        """What `look` finds in a session for reading."""
        with self.database.reading() as session:
            return look(session)
