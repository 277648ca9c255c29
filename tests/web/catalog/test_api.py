"""The management API: the whole way of a table, and what each refuses."""

import dataclasses
import json

import pytest
from sqlmodel import select

from catalog.vault.models import Upload, UploadStatus
from tests.factories.catalog import CatalogWorld, visits_csv
from tests.web.catalog.conftest import ClientOf


def test_a_table_goes_from_upload_to_withdrawal_over_http_alone(world: CatalogWorld, client_of: ClientOf) -> None:
    provider, officer, second = (client_of(who) for who in ("provider", "officer", "second_officer"))
    made = provider.post(
        "/api/v1/datasets",
        json={"provider_id": world.city.department.id, "title": {"zh-CN": "门诊就诊", "en": "Clinic visits"}},
    )
    assert made.status_code == 201, made.text
    dataset = made.json()
    assert dataset["slug"] == "clinic-visits"
    assert provider.get("/api/v1/datasets").json() == [dataset]

    sent = provider.post(
        f"/api/v1/datasets/{dataset['id']}/uploads", files={"file": ("门诊.csv", visits_csv(), "text/csv")}
    )
    assert sent.status_code == 201, sent.text
    upload_id = sent.json()["id"]
    assert (sent.json()["file_name"], sent.json()["status"]) == ("门诊.csv", "received")
    world.work()
    upload = provider.get(f"/api/v1/uploads/{upload_id}").json()
    assert (upload["status"], upload["rows"], upload["format"]["encoding"]) == ("profiled", 400, "gb18030")
    profile = provider.get(f"/api/v1/uploads/{upload_id}/profile").json()
    assert {c["name"]: c["role"] for c in profile["columns"]}["姓名"] == "direct-identifier"

    proposed = provider.get(f"/api/v1/uploads/{upload_id}/policy").json()
    assert proposed["origin"] == "proposed"
    as_yaml = provider.get(f"/api/v1/uploads/{upload_id}/policy", headers={"accept": "application/yaml"})
    assert as_yaml.headers["content-type"].startswith("application/yaml")
    effect = provider.post(
        f"/api/v1/uploads/{upload_id}/effect", content=as_yaml.content, headers={"content-type": "application/yaml"}
    )
    assert effect.status_code == 200, effect.text
    assert effect.json()["reached"] is True
    edited = proposed["policy"] | {"suppression_limit": 0.04}
    saved = provider.put(f"/api/v1/uploads/{upload_id}/policy", content=json.dumps(edited))
    assert (saved.json()["number"], saved.json()["origin"]) == (2, "edited")

    asked = provider.post(
        "/api/v1/requests",
        json={"dataset_id": dataset["id"], "upload_id": upload_id, "note": "每月", "impact_assessment": "PIA-2026-1"},
    )
    assert asked.status_code == 201, asked.text
    number = asked.json()["number"]
    world.work()
    shown = officer.get(f"/api/v1/requests/{number}").json()
    assert shown["state"] == "in_review"
    assert shown["policy_id"] == saved.json()["id"]
    checks = {check["code"]: check["state"] for check in officer.get(f"/api/v1/requests/{number}/checklist").json()}
    assert checks["k_anonymity"] == "good"
    assert checks["assessment"] == "good"
    assert officer.get(f"/api/v1/requests/{number}/report").json()["risk_after"]["smallest_class"] >= 5
    assert provider.get(f"/api/v1/requests/{number}/report").status_code == 403
    assert officer.post(f"/api/v1/requests/{number}/comments", json={"body": "请说明用途"}).status_code == 201

    decision = {"outcome": "approve", "reason": "参数合适", "artifact_hash": shown["artifact"]["artifact_hash"]}
    wrong = officer.post(f"/api/v1/requests/{number}/decisions", json=decision | {"artifact_hash": "0" * 64})
    assert (wrong.status_code, wrong.json()["type"]) == (409, "/problems/artifact-hash-mismatch")
    assert officer.post(f"/api/v1/requests/{number}/decisions", json=decision).json()["state"] == "in_review"
    assert officer.post(f"/api/v1/requests/{number}/decisions", json=decision).status_code == 409
    assert second.post(f"/api/v1/requests/{number}/decisions", json=decision).json()["state"] == "approved"
    world.work()

    [release] = client_of("nobody").get(f"/api/v1/datasets/{dataset['slug']}/releases").json()
    assert release["manifest_hash"] == shown["artifact"]["artifact_hash"]
    assert release["withdrawn_at"] is None
    gone = provider.post(f"/api/v1/releases/{release['id']}/withdraw", json={"reason": "更正后重发"})
    assert gone.json()["withdrawal_reason"] == "更正后重发"
    assert provider.post(f"/api/v1/releases/{release['id']}/withdraw", json={"reason": "再撤一次"}).status_code == 410


def test_the_whole_body_may_be_the_file(world: CatalogWorld, client_of: ClientOf) -> None:
    dataset = world.dataset()
    sent = client_of("provider").put(f"/api/v1/datasets/{dataset.id}/uploads/visits.csv", content=visits_csv())
    assert sent.status_code == 201
    world.work()
    assert world.find(lambda session: session.get_one(Upload, sent.json()["id"])).status == UploadStatus.PROFILED


@pytest.mark.parametrize("way", ["form", "body"])
def test_a_declared_size_over_the_limit_is_refused_before_a_byte_is_read(
    world: CatalogWorld, client_of: ClientOf, way: str
) -> None:
    dataset = world.dataset()

    def never() -> object:
        raise AssertionError("a byte was read")
        yield b""

    size = {"content-length": str(2 * 1024**3 + 10 * 1024**2)}
    url = f"/api/v1/datasets/{dataset.id}/uploads"
    if way == "form":
        kind = {"content-type": "multipart/form-data; boundary=x"}
        answer = client_of("provider").post(url, content=b"", headers=size | kind)
    else:
        answer = client_of("provider").put(f"{url}/a.csv", content=b"", headers=size)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/upload-too-large")
    assert list(world.store.list("vault/")) == []


def test_a_file_over_the_limit_is_counted_off_when_no_size_is_declared(
    world: CatalogWorld, client_of: ClientOf
) -> None:
    dataset = world.dataset()
    client = client_of("provider")
    state = client.app.state  # type: ignore[attr-defined]  # the app of the test
    settings = state.services.settings.model_copy(update={"max_upload_bytes": 3_000_000})
    state.services = dataclasses.replace(state.services, settings=settings)
    pieces = (b"x" * 1_000_000 for _ in range(10))
    answer = client.put(f"/api/v1/datasets/{dataset.id}/uploads/a.csv", content=pieces)
    assert answer.status_code == 413
    assert list(world.store.list("vault/")) == []
    assert world.find(lambda session: session.exec(select(Upload)).all()) == []


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b"", "multipart/form-data; boundary=x", "file"),
        (b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n",
         "multipart/form-data; boundary=x", "file"),
        (b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n\r\n--x--\r\n",
         "multipart/form-data; boundary=x", "empty"),
        (b"a=1", "application/x-www-form-urlencoded", "form"),
        (b"not a form at all", "multipart/form-data; boundary=x", "form"),
    ],
)  # fmt: skip
def test_a_form_without_a_file_is_refused(
    world: CatalogWorld, client_of: ClientOf, content: bytes, kind: str, told: str
) -> None:
    url = f"/api/v1/datasets/{world.dataset().id}/uploads"
    answer = client_of("provider").post(url, content=content, headers={"content-type": kind})
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert world.find(lambda session: session.exec(select(Upload)).all()) == []


def test_raw_cells_are_shown_with_a_reason_and_never_cached(world: CatalogWorld, client_of: ClientOf) -> None:
    upload = world.upload(world.dataset())
    wanted = {"rows": [1], "columns": ["姓名"], "reason": "核对脱敏后的姓名是否一致"}
    shown = client_of("officer").post(f"/api/v1/uploads/{upload.id}/reveal", json=wanted)
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert client_of("owner").post(f"/api/v1/uploads/{upload.id}/reveal", json=wanted).status_code == 404


@pytest.mark.parametrize("who", ["nobody", "owner", "developer", "operator"])
def test_strangers_get_nothing_of_what_is_not_published(world: CatalogWorld, client_of: ClientOf, who: str) -> None:
    upload = world.upload(world.dataset())
    request = world.submit(upload)
    client = client_of(who)
    for path in (
        f"datasets/{upload.dataset_id}",
        f"datasets/{upload.dataset_id}/uploads",
        f"datasets/{upload.dataset_id}/releases",
        f"uploads/{upload.id}",
        f"uploads/{upload.id}/profile",
        f"uploads/{upload.id}/policy",
        f"uploads/{upload.id}/set-aside",
        f"requests/{request.id}",
        f"requests/{request.number}/report",
        f"requests/{request.number}/checklist",
    ):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code in (401, 403, 404), path
        assert "姓名" not in answer.text
    for method, path, body in (
        ("POST", f"datasets/{upload.dataset_id}/uploads", None),
        ("POST", f"uploads/{upload.id}/corrections", {"encoding": "utf-8"}),
        ("PUT", f"uploads/{upload.id}/policy", {}),
        ("DELETE", f"uploads/{upload.id}", None),
        ("POST", f"requests/{request.id}/cancel", None),
        ("POST", "requests", {"dataset_id": upload.dataset_id, "upload_id": upload.id}),
        (
            "POST",
            f"requests/{request.id}/decisions",
            {"outcome": "approve", "reason": "同意发布", "artifact_hash": "0"},
        ),
    ):
        assert client.request(method, f"/api/v1/{path}", json=body).status_code in (401, 403, 404, 422), path


def test_a_policy_with_mistakes_names_each_place(world: CatalogWorld, client_of: ClientOf) -> None:
    upload = world.upload(world.dataset())
    client = client_of("provider")
    wrong = "columns:\n  姓名: {role: plain, operator: {kind: eat}}"
    answer = client.put(f"/api/v1/uploads/{upload.id}/policy", content=wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/columns/姓名/operator/kind"
    broken = client.put(f"/api/v1/uploads/{upload.id}/policy", content="columns: [")
    assert "line" in broken.json()["detail"]
