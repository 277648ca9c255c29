"""The road over HTTP only, as programs of six people walk it.

A request that is safe to repeat is sent again when nobody answers. After any other one a step looks whether it has
been done before it does it again, as a careful client does; so the same road can be walked while server and worker are
being killed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.road.site import PASSWORD, Cast, Site

T = TypeVar("T")
PATIENCE = 1200.0
SAFE = ("GET", "HEAD", "OPTIONS")
PURPOSE = "为就医出行应用提供统计。"
CARD = "pm_card_visa"


class Refused(AssertionError):
    """An answer that was not expected."""


class NoAnswer(Exception):
    """Nobody answered, so it may have happened or not."""


class Watch:
    """Told as each step of the road begins and ends."""

    def begin(self, step: str) -> None:
        """The step's first request follows."""

    def end(self, step: str) -> None:
        """All that the step waited for has come about."""


@dataclass
class Calls:
    """Answers by status; receipts and records of the good ones by the request id that the client chose."""

    answers: dict[int, int] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Trade:
    """What a customer did, and ids to look at."""

    subscription_id: str
    key: str
    calls: Calls

    @property
    def answers(self) -> dict[int, int]:
        return self.calls.answers

    @property
    def answered(self) -> int:
        return self.answers.get(200, 0)


class Person:
    """Somebody with a personal access token; asks again while nobody answers."""

    def __init__(self, site: Site, email: str | None) -> None:
        self._client = httpx.Client(base_url=site.url, timeout=60, trust_env=False)
        if email is not None:
            signed_in = {"email": email, "password": PASSWORD}
            answer = self.send("POST", "/api/v1/tokens", repeat=True, json=signed_in)
            self._client.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def close(self) -> None:
        self._client.close()

    def send(self, method: str, path: str, *, repeat: bool = False, **sent: Any) -> httpx.Response:
        """The answer, however often it takes where it may be sent again: when it is safe, has an idempotency key, or
        does no harm (`repeat`). Else `NoAnswer`. "Ask again" (503, or the same key under way) counts as none."""
        repeat = repeat or method in SAFE or "Idempotency-Key" in sent.get("headers", {})
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._client.request(method, path, **sent)
                if answer.status_code == 503:
                    self.asked_to_wait(answer)
                elif not (answer.status_code == 409 and "retry_after" in answer.text):
                    return answer
            except httpx.TransportError:
                pass
            if not repeat:
                raise NoAnswer(f"{method} {path}")
            if time.monotonic() > deadline:
                raise AssertionError(f"nobody answered {method} {path}")
            time.sleep(0.1)

    @staticmethod
    def asked_to_wait(answer: httpx.Response) -> None:
        """A 503 says in the usual form what is the matter and when to come back."""
        assert answer.headers["content-type"].startswith("application/problem+json"), answer.text[:300]
        problem = answer.json()
        assert problem["status"] == 503, problem
        assert problem["detail"], problem
        assert int(answer.headers["retry-after"]) > 0, problem

    def call(self, method: str, path: str, *, also: tuple[int, ...] = (), **sent: Any) -> Any:
        """The JSON of a good answer; None for a status in `also`; else `Refused`."""
        answer = self.send(method, path, **sent)
        if answer.status_code in also:
            return None
        if not answer.is_success:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def once(self, path: str, key: str, body: dict[str, Any] | None = None) -> Any:
        """A POST that moves money: the same key makes it happen once."""
        return self.call("POST", path, json=body, headers={"Idempotency-Key": key})


class Road:
    """The API as six people."""

    def __init__(self, site: Site, cast: Cast, watch: Watch | None = None) -> None:
        self.site = site
        self.cast = cast
        self._people: dict[str, Person] = {}
        self._watch = watch or Watch()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step of the road."""
        self._watch.begin(name)
        yield
        self._watch.end(name)

    def until(self, attempt: Callable[[], T]) -> T:
        """Try until an answer came. `attempt` looks first whether it has happened."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return attempt()
            except NoAnswer:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        for person in self._people.values():
            person.close()

    def __getitem__(self, who: str) -> Person:
        if who not in self._people:
            self._people[who] = Person(self.site, self.cast.people.get(who))
        return self._people[who]

    def wait(self, what: str, look: Callable[[], T | None]) -> T:
        """Look until something is there."""
        deadline = time.monotonic() + PATIENCE
        while (found := look()) is None:
            assert time.monotonic() < deadline, f"did not come about: {what}"
            time.sleep(0.1)
        return found

    # -- publishing ---------------------------------------------------------------------------------------------------

    def dataset(self, slug: str, title: str, **described: Any) -> str:
        body: dict[str, Any] = {
            "provider_id": self.cast.department_id,
            "slug": slug,
            "title": {"zh-CN": title, "en": slug},
            "description": {"zh-CN": f"{title}。", "en": f"{slug}."},
            "themes": ["health"],
        }

        def make() -> str:
            made = self["provider"].call("POST", "/api/v1/datasets", json=body | described, also=(409,))
            return str((made or self["provider"].call("GET", f"/api/v1/datasets/{slug}"))["id"])

        with self.step("dataset"):
            return self.until(make)

    def upload(self, dataset_id: str, name: str, content: bytes | Path) -> str:
        data = content.read_bytes() if isinstance(content, Path) else content
        path = f"/api/v1/datasets/{dataset_id}/uploads"

        def send() -> str:
            known = self["provider"].call("GET", path)
            if known:
                return str(known[0]["id"])
            sent = {"file": (name, data, "application/octet-stream")}
            return str(self["provider"].call("POST", path, files=sent)["id"])

        with self.step("upload"):
            return self.until(send)

    def profiled(self, upload_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self["provider"].call("GET", f"/api/v1/uploads/{upload_id}")
            return found if found["status"] in ("profiled", "rejected") else None

        with self.step("profile"):
            return self.wait("the profile", look)

    def proposed_policy(self, upload_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self["provider"].call("GET", f"/api/v1/uploads/{upload_id}/policy", also=(404, 409))
            return found["policy"] if found else None

        return self.wait("the proposed policy", look)

    def request(self, dataset_id: str, upload_id: str, policy: dict[str, Any] | None = None) -> str:
        body: dict[str, Any] = {"dataset_id": dataset_id, "upload_id": upload_id, "note": "首次发布"}
        if policy is not None:
            body["policy"] = policy

        def submit() -> str:
            for known in self["provider"].call("GET", "/api/v1/requests"):
                if known["dataset_id"] == dataset_id:
                    return str(known["id"])
            return str(self["provider"].call("POST", "/api/v1/requests", json=body)["id"])

        with self.step("request"):
            return self.until(submit)

    def in_state(self, request_id: str, *states: str, who: str = "provider") -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self[who].call("GET", f"/api/v1/requests/{request_id}")
            assert found["state"] != "failed" or "failed" in states, found
            return found if found["state"] in states else None

        return self.wait(f"the state {states}", look)

    def approve(self, request_id: str) -> None:
        """As many officers as the data asks for."""
        past_review = ("in_review", "approved", "publishing", "published")
        with self.step("anonymise"):
            self.in_state(request_id, *past_review, who="officer")

        def decide(officer: str) -> None:
            found = self.in_state(request_id, *past_review, who=officer)
            if found["state"] == "in_review":
                decision = {
                    "outcome": "approve",
                    "reason": "风险低于阈值，同意发布。",
                    "artifact_hash": found["artifact"]["artifact_hash"],
                }
                self[officer].call("POST", f"/api/v1/requests/{request_id}/decisions", json=decision, also=(409,))

        with self.step("approve"):
            for officer in ("officer", "officer2"):
                self.until(lambda officer=officer: decide(officer))  # type: ignore[misc]  # bound at once

    def published(self, dataset_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            # Before its release nobody else knows of a dataset.
            found = self["anonymous"].call("GET", f"/api/v1/datasets/{dataset_id}/releases", also=(404,))
            return found[0] if found else None

        with self.step("publish"):
            return self.wait("the release", look)

    def publish(
        self,
        slug: str,
        title: str,
        name: str,
        content: bytes | Path,
        policy: dict[str, Any] | None = None,
        **described: Any,
    ) -> tuple[str, dict[str, Any]]:
        """Upload to release; the id of the dataset and the release."""
        dataset_id = self.dataset(slug, title, **described)
        upload_id = self.upload(dataset_id, name, content)
        profile = self.profiled(upload_id)
        assert profile["status"] == "profiled", profile
        self.proposed_policy(upload_id)
        self.approve(self.request(dataset_id, upload_id, policy))
        return dataset_id, self.published(dataset_id)

    # -- trading ------------------------------------------------------------------------------------------------------

    def offer(self, dataset_id: str, *, quota: int, fee: int, overage_per_1000: int | None) -> str:
        """An offering with one plan, on the market; the plan's id."""
        path = "/api/v1/offerings"
        plan = {
            "name": {"zh-CN": "标准版", "en": "Standard"},
            "quota_per_month": quota,
            "rate_per_minute": 6000,
            "monthly_fee": fee,
            "overage_per_1000": overage_per_1000,
        }

        def put_on_the_market() -> str:
            # The offering is there once, however often it is asked for; a plan is added each time.
            offering = self["provider"].call("POST", path, json={"dataset_id": dataset_id})
            if not offering["plans"]:
                self["provider"].call("POST", f"{path}/{offering['id']}/plans", json=plan)
            offering = self["provider"].call("POST", f"{path}/{offering['id']}/list")
            return str(offering["plans"][0]["plan_id"])

        with self.step("offer"):
            return self.until(put_on_the_market)

    def subscribe(self, plan_id: str) -> str:
        """Agree, pay the first fee, and wait until the subscription runs."""
        startup = self["startup"]
        with self.step("subscribe"):
            terms = startup.call("GET", f"/api/v1/plans/{plan_id}/terms")
            order = startup.once(
                "/api/v1/subscriptions",
                f"subscribe-{plan_id}",
                {
                    "organisation_id": self.cast.company_id,
                    "plan_id": plan_id,
                    "accepted_terms_hash": terms["hash"],
                    "purpose": PURPOSE,
                },
            )
        subscription_id = str(order["subscription"]["id"])
        if order["invoice_id"]:
            self.pay(order["invoice_id"])

        def look() -> bool | None:
            found = startup.call("GET", f"/api/v1/subscriptions/{subscription_id}")
            return True if found["state"] == "active" else None

        self.wait("the subscription", look)
        return subscription_id

    def pay(self, invoice_id: str) -> None:
        """Pay an invoice once."""
        path = f"/api/v1/invoices/{invoice_id}"
        with self.step("pay"):
            if self["startup"].call("GET", path)["state"] == "open":
                self["startup"].once(f"{path}/payments", f"pay-{invoice_id}", {"payment_method": CARD})
            self.wait("the payment", lambda: True if self["startup"].call("GET", path)["state"] == "paid" else None)

    def key(self, subscription_id: str) -> str:
        """A key's secret. It is shown once, so one that was made while nobody answered is of no use."""
        path = f"/api/v1/subscriptions/{subscription_id}/keys"
        with self.step("key"):
            made = self.until(lambda: self["developer"].call("POST", path, json={"name": "road"}))
            return str(made["secret"])

    def calls(self, slug: str, key: str, count: int) -> Calls:
        """What came; a call that nobody answered is made again under the same request id."""
        made = Calls()
        with self.step("calls"):
            for number in range(count):
                request_id = f"road-{slug}-{number:06d}"
                answer = self["anonymous"].send(
                    "GET",
                    f"/data/v1/{slug}/records",
                    params={"limit": number % 5 + 1},
                    headers={"Authorization": f"Bearer {key}", "X-Request-Id": request_id},
                )
                made.answers[answer.status_code] = made.answers.get(answer.status_code, 0) + 1
                if answer.status_code == 200:
                    body = answer.json()
                    assert len(body["records"]) == number % 5 + 1
                    made.receipts[request_id] = body["receipt"]
                    made.records += body["records"]
        return made

    def sell(self, dataset_id: str, slug: str, *, quota: int, calls: int) -> Trade:
        """Offer, subscribe and call past the quota."""
        plan_id = self.offer(dataset_id, quota=quota, fee=9900, overage_per_1000=2000)
        subscription_id = self.subscribe(plan_id)
        key = self.key(subscription_id)
        return Trade(subscription_id, key, self.calls(slug, key, calls))

    # -- settling -----------------------------------------------------------------------------------------------------

    def close_period(self) -> str:
        """The operator's early close; the name of the period that ended, with its invoices and statements out."""
        operator = self["operator"]
        current = next(one for one in operator.call("GET", "/api/v1/periods") if one["state"] == "open")

        def look() -> str | None:
            found = operator.call("GET", f"/api/v1/periods/{current['id']}")
            issued = operator.call("GET", "/api/v1/settlement/statements", params={"period": found["name"]})
            return str(found["name"]) if found["state"] == "closed" and issued else None

        with self.step("close_period"):
            operator.once(f"/api/v1/periods/{current['id']}/close", f"close-{current['id']}")
            return self.wait("the closed period", look)

    def pay_all(self) -> None:
        """Every open invoice of the company."""
        params = {"organisation_id": self.cast.company_id}
        for invoice in self["startup"].call("GET", "/api/v1/invoices", params=params):
            if invoice["state"] == "open":
                self.pay(invoice["id"])

    def refund_first(self) -> None:
        """The first invoice is asked back and granted."""
        params = {"organisation_id": self.cast.company_id}
        invoices = self["startup"].call("GET", "/api/v1/invoices", params=params)
        first = next(one for one in invoices if one["kind"] == "first")
        with self.step("ask_refund"):
            asked = self["startup"].once(
                f"/api/v1/invoices/{first['id']}/refunds", f"refund-{first['id']}", {"reason": "字段与业务不符。"}
            )
        path, decision = f"/api/v1/refunds/{asked['id']}", {"approve": True, "reason": "同意退款。"}
        with self.step("refund"):
            self["operator"].once(f"{path}/decision", f"decide-{asked['id']}", decision)
            self.wait("the refund", lambda: True if self["operator"].call("GET", path)["state"] == "made" else None)

    def pay_out(self, period: str) -> dict[str, Any]:
        """Pay the department's statement of a period out; the statement."""
        operator = self["operator"]
        (statement,) = operator.call("GET", "/api/v1/settlement/statements", params={"period": period})
        path = f"/api/v1/settlement/statements/{statement['number']}"
        if statement["closing"] > 0:

            def look() -> bool | None:
                payouts = operator.call("GET", path)["payouts"]
                return True if payouts and payouts[0]["state"] == "paid" else None

            with self.step("pay_out"):
                operator.once(f"{path}/payouts", f"payout-{statement['id']}")
                self.wait("the payout", look)
        return dict(statement)

    def settle(self) -> dict[str, Any]:
        """Close, pay what came of it, close again, pay out; the second statement."""
        self.close_period()
        self.pay_all()
        return self.pay_out(self.close_period())

    def walk(self, content: bytes, *, quota: int = 20, calls: int = 60) -> Trade:
        """All of it, refund included; gives what the customer did."""
        dataset_id, _ = self.publish("clinic-visits", "门诊记录", "就诊.csv", content)
        trade = self.sell(dataset_id, "clinic-visits", quota=quota, calls=calls)
        self.close_period()
        self.pay_all()
        self.refund_first()
        self.pay_out(self.close_period())
        return trade

    def position(self) -> dict[str, int]:
        """Where the department stands."""
        found = self["operator"].call("GET", "/api/v1/settlement/positions")
        return next(one for one in found if one["provider_id"] == self.cast.department_id)
