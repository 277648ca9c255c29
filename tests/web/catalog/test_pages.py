"""The pages of provider and officer: the whole way by forms alone, without script."""

import re

import pytest
from fastapi.testclient import TestClient

from catalog.releases import service as releases
from catalog.vault.models import Upload
from contracts.privacy import KAnonymity
from tests.factories.catalog import CatalogWorld, remarks_csv, stations_csv, visits_csv
from tests.web.catalog.conftest import ClientOf


def ok(client: TestClient, path: str, *, lang: str = "en") -> str:
    """The page's HTML, which must have come and have one h1."""
    answer = client.get(path, params=None, headers={"accept-language": lang})
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
    assert len(re.findall("<h1[ >]", answer.text)) == 1, path
    assert "style=" not in answer.text, path
    assert not re.search(r"\son[a-z]+=", answer.text), path
    return answer.text


def fields_of(html: str, form_id: str = "policy") -> dict[str, str]:
    """The fields of a form as a browser would send them."""
    form = re.search(rf'<form[^>]*id="{form_id}".*?</form>', html, re.DOTALL)
    assert form is not None
    sent = {m[1]: m[2] for m in re.finditer(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form[0])}
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        sent[name] = chosen[1] if chosen else ""
    for name in re.findall(r'<input[^>]*name="(parameter-[^"]+)"', form[0]):
        sent.setdefault(name, "")
    return sent


def test_a_table_goes_from_a_new_dataset_to_a_release_by_forms_alone(world: CatalogWorld, client_of: ClientOf) -> None:
    provider, officer, second = (client_of(who) for who in ("provider", "officer", "second_officer"))
    assert "Nothing published yet" in ok(provider, "/provider")
    ok(provider, "/provider/datasets/new")
    described = {
        "provider_id": world.city.department.id, "title": "门诊就诊", "title_other": "Clinic visits",
        "themes": ["health"], "openness": "conditional", "data_class": "general", "update_frequency": "monthly",
        "keywords": "门诊，诊断",
    }  # fmt: skip
    made = provider.post("/provider/datasets/new", data=described, follow_redirects=False)
    assert made.status_code == 303, made.text
    upload_form = made.headers["location"]
    ok(provider, upload_form)
    sent = provider.post(upload_form, files={"file": ("门诊.csv", visits_csv(), "text/csv")}, follow_redirects=False)
    assert sent.status_code == 303
    page = sent.headers["location"]
    assert "refreshes by itself" in ok(provider, page)
    world.work()
    profile = ok(provider, page)
    assert "400" in profile
    assert "direct identifier" in profile
    ok(provider, f"{page}/format")
    assert "No row was set aside" in ok(provider, f"{page}/set-aside")

    policy = ok(provider, f"{page}/policy")
    effect = ok_fragment(provider, f"{page}/policy/effect")
    assert "The policy can be carried out." in effect
    values = fields_of(policy)
    tried = provider.post(f"{page}/policy", data=values | {"action": "try", "k": "8"})
    assert tried.status_code == 200
    assert "Smallest class, 8 asked for" in tried.text
    assert "What each k costs" not in tried.text
    compared = provider.post(f"{page}/policy", data=values | {"action": "compare"}).text
    assert "What each k costs" in compared
    assert "All figures for each k" in compared
    live = provider.post(f"{page}/policy/effect", data=values | {"k": "1000"})
    assert "note--stop" in live.text
    assert "What stands in the way" in live.text
    wrong = provider.post(f"{page}/policy", data=values | {"k": "one"})
    assert wrong.status_code == 422
    assert "k is a whole number" in wrong.text
    saved = provider.post(f"{page}/policy", data=values | {"k": "6"}, follow_redirects=False)
    assert saved.headers["location"] == f"{page}/policy?saved=1"
    assert "Saved as version 2." in ok(provider, saved.headers["location"])
    as_yaml = provider.get(f"{page}/policy.yaml").text
    assert "k: 6" in as_yaml
    ok(provider, f"{page}/policy/yaml")
    refused = provider.post(f"{page}/policy/yaml", data={"text": as_yaml.replace("k: 6", "k: many")})
    assert refused.status_code == 422
    assert "models.0.k" in refused.text

    ok(provider, f"{page}/submit")
    unseen = provider.post(f"{page}/submit", data={"note": "每月"})
    assert unseen.status_code == 422
    asked = provider.post(f"{page}/submit", data={"note": "每月", "checked": "1"}, follow_redirects=False)
    assert asked.status_code == 303
    world.work()
    own = asked.headers["location"]
    assert "In review" in ok(provider, own)
    request_id = own.rsplit("/", 1)[-1]
    theirs = f"/officer/requests/{request_id}"
    assert theirs in ok(officer, "/officer")
    review = ok(officer, theirs)
    assert "Conclusions first" in review
    assert "Class sizes" in review
    assert "If k were another" in review
    assert "6 (policy)" in review
    in_chinese = officer.get(theirs, headers={"accept-language": "zh-CN"})
    assert in_chinese.status_code == 200
    assert "如果 k 取别的值" in in_chinese.text
    assert "最有帮助的依次是" in in_chinese.text or "须抑制" in in_chinese.text
    assert "What stands in the way of k" in review
    ok(officer, f"{theirs}/report")
    hash_ = re.search(r'name="artifact_hash" value="([0-9a-f]{64})"', review)
    assert hash_ is not None
    decision = {"outcome": "approve", "reason": "参数合适，可以发布", "artifact_hash": hash_[1], "seen": "1"}
    incomplete = officer.post(f"{theirs}/decision", data=decision | {"reason": ""})
    assert incomplete.status_code == 422
    assert officer.post(f"{theirs}/decision", data=decision, follow_redirects=False).status_code == 303
    assert "a second officer is needed" in ok(officer, theirs)
    said = second.post(f"{theirs}/comments", data={"body": "为何k=6？"}, follow_redirects=False)
    assert said.status_code == 303
    assert "为何k=6？" in ok(provider, own)
    assert second.post(f"{theirs}/decision", data=decision, follow_redirects=False).status_code == 303
    world.work()
    assert "Published as v" in ok(provider, own)
    assert "Published" in ok(officer, "/officer/history")
    dataset_page = upload_form.removesuffix("/upload")
    release = re.search(r"/provider/releases/([0-9a-f-]+)/withdraw", ok(provider, dataset_page))
    assert release is not None
    ok(provider, release[0])
    assert provider.post(release[0], data={"reason": "x"}).status_code == 422
    assert provider.post(release[0], data={"reason": "更正后重发"}, follow_redirects=False).status_code == 303
    assert "Withdrawn" in ok(provider, dataset_page)


def ok_fragment(client: TestClient, path: str) -> str:
    """A part of a page."""
    answer = client.get(path, headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


def test_a_wrong_guess_is_corrected_on_the_page(world: CatalogWorld, client_of: ClientOf) -> None:
    upload = world.upload(world.dataset(), "编号,金额\n1,12\n2,待定\n3,8\n".encode())
    provider = client_of("provider")
    ok(provider, f"/provider/uploads/{upload.id}/format")
    sent = {"encoding": "utf-8", "delimiter": ",", "header_row": "1", "name-0": "编号", "type-0": "integer",
            "name-1": "费用", "type-1": "integer", "pattern-0": "", "pattern-1": ""}  # fmt: skip
    answer = provider.post(f"/provider/uploads/{upload.id}/format", data=sent, follow_redirects=False)
    assert answer.status_code == 303
    corrected = world.find(lambda session: session.get_one(Upload, upload.id))
    assert corrected.correction == {"types": {"金额": {"type": "integer"}}, "names": {"金额": "费用"}}
    world.work()
    aside = ok(provider, f"/provider/uploads/{upload.id}/set-aside")
    assert "not a value of type whole number in column 费用" in aside
    assert "待定" not in aside
    assert "某某" in aside


def test_an_upload_that_cannot_be_read_says_why_in_both_languages(world: CatalogWorld, client_of: ClientOf) -> None:
    upload = world.upload(world.dataset(), b"a,b\n")
    provider = client_of("provider")
    assert "The file has a header but no rows." in ok(provider, f"/provider/uploads/{upload.id}")
    chinese = ok(provider, f"/provider/uploads/{upload.id}", lang="zh-CN")
    assert "表头" in chinese


def test_a_request_sent_back_is_submitted_again(world: CatalogWorld, client_of: ClientOf) -> None:
    upload = world.upload(world.dataset())
    request = world.submit(upload)
    world.decide(request, "officer", "send_back")
    provider = client_of("provider")
    assert "Sent back" in ok(provider, f"/provider/requests/{request.id}")
    ok(provider, f"/provider/uploads/{upload.id}/submit")
    again = provider.post(f"/provider/uploads/{upload.id}/submit", data={"checked": "1"}, follow_redirects=False)
    assert again.headers["location"] == f"/provider/requests/{request.id}"
    world.work()
    assert world.request(request.id).round == 2


def test_a_failed_request_says_why(world: CatalogWorld, client_of: ClientOf) -> None:
    upload = world.upload(world.dataset())
    strict = world.policy(upload).model_copy(update={"models": [KAnonymity(k=1000)], "suppression_limit": 0.0})
    request = world.submit(upload, strict)
    assert "note--stop" in ok(client_of("provider"), f"/provider/requests/{request.id}")


def test_raw_cells_are_shown_once_with_a_reason(world: CatalogWorld, client_of: ClientOf) -> None:
    request = world.submit(world.upload(world.dataset()))
    officer = client_of("officer")
    path = f"/officer/requests/{request.id}/reveal"
    ok(officer, path)
    assert officer.post(path, data={"rows": "1", "columns": ["姓名"], "reason": "看"}).status_code == 422
    shown = officer.post(path, data={"rows": "1, 2", "columns": ["姓名"], "reason": "核对脱敏后的姓名是否一致"})
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert len(re.findall(r"[王李张刘陈杨赵黄周吴][伟芳娜敏静丽强磊军洋][文华明玉杰]", shown.text)) == 2


def test_the_submitter_is_told_why_they_cannot_decide(world: CatalogWorld, client_of: ClientOf) -> None:
    request = world.submit(world.upload(world.dataset()))
    artifact = world.find(lambda session: releases.artifact_of(session, request))
    assert artifact is not None
    sent = {"outcome": "approve", "reason": "我自己批准", "artifact_hash": artifact.artifact_hash, "seen": "1"}
    assert client_of("provider").post(f"/officer/requests/{request.id}/decision", data=sent).status_code == 403


@pytest.mark.parametrize("who", ["nobody", "owner", "developer", "operator"])
def test_pages_are_closed_to_others(world: CatalogWorld, client_of: ClientOf, who: str) -> None:
    upload = world.upload(world.dataset())
    request = world.submit(upload)
    client = client_of(who)
    for path in (
        "/provider", "/provider/datasets/new", f"/provider/datasets/{upload.dataset_id}",
        f"/provider/datasets/{upload.dataset_id}/upload", f"/provider/uploads/{upload.id}",
        f"/provider/uploads/{upload.id}/policy", f"/provider/uploads/{upload.id}/set-aside",
        f"/provider/requests/{request.id}", "/officer", "/officer/history", f"/officer/requests/{request.id}",
        f"/officer/requests/{request.id}/report", f"/officer/requests/{request.id}/reveal",
        f"/officer/requests/{request.id}/findings",
    ):  # fmt: skip
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code in (303, 403, 404), path
        assert "门诊" not in answer.text, path


def test_open_data_without_persons_pass_through_the_pages(world: CatalogWorld, client_of: ClientOf) -> None:
    dataset = world.dataset(title={"zh-CN": "停车场", "en": "Car parks"}, openness="unconditional")
    upload = world.upload(dataset, stations_csv())
    request = world.submit(upload)
    provider, officer = client_of("provider"), client_of("officer")
    ok(provider, f"/provider/uploads/{upload.id}/policy?show=1")
    assert "No column is about a person." in ok(officer, f"/officer/requests/{request.id}")
    ok(officer, f"/officer/requests/{request.id}/report")


def test_an_officer_corrects_what_was_found(world: CatalogWorld, client_of: ClientOf) -> None:
    request = world.submit(world.upload(world.dataset(), remarks_csv(), "tickets.csv"))
    officer, page = client_of("officer"), f"/officer/requests/{request.id}/findings"
    masked = ok(officer, page)
    assert "<mark>" in masked
    assert '<option value="FREE_TEXT" selected>' in masked
    assert "市民" not in masked
    assert officer.post(f"{page}/reveal", data={"column": "备注", "rows": "1", "reason": "看"}).status_code == 422
    shown = officer.post(f"{page}/reveal", data={"column": "备注", "rows": "1", "reason": "核对备注里的识别结果"})
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert "市民" in shown.text
    digest = re.findall(r'name="not_personal" value="([0-9a-f]{32})"', shown.text)[0]
    sent = {"column": "备注", "not_personal": [digest], "names": "绿豆汤\n"}
    assert officer.post(f"{page}/texts", data=sent, follow_redirects=False).status_code == 303
    sent = {"column": "区", "semantic_type": "NOT_PERSONAL"}
    assert officer.post(f"{page}/column", data=sent, follow_redirects=False).status_code == 303
    for lang, word in (("en", "A name of 3 characters that was missed"), ("zh-CN", "漏掉的姓名（3个字符）")):
        assert word in ok(officer, page, lang=lang)
    undo = re.findall(rf'action="({page}/[^"/]+/undo)"', ok(officer, page))
    assert len(undo) == 3
    assert officer.post(undo[0], follow_redirects=False).status_code == 303
    assert "taken back by" in ok(officer, page)
    assert officer.post(undo[0], follow_redirects=False).status_code == 409
    assert "绿豆" not in ok(officer, page)


def test_the_officer_sees_what_a_release_tells_beside_earlier_ones_and_who_is_special(
    world: CatalogWorld, client_of: ClientOf
) -> None:
    first = world.publish()
    dataset = world.find(lambda session: releases.visible_dataset(session, world.actor("officer"), first.dataset_id))
    more = visits_csv() + "王伟文,13912345678,40,福田区,感冒,30.5\r\n".encode("gb18030")
    request = world.submit(world.upload(dataset, more))
    officer = client_of("officer")
    page = ok(officer, f"/officer/requests/{request.id}")
    assert "Together with earlier releases" in page
    assert "is left with at least" in page
    assert f"{first.version}" in page
    report = ok(officer, f"/officer/requests/{request.id}/report")
    assert "Who stands alone by few columns" in report
    assert "DIS-SUDA" in report
    assert "SUDA得分" in ok(officer, f"/officer/requests/{request.id}/report", lang="zh-CN")
    assert "Subjects left when intersected" not in ok(client_of("nobody"), f"/dataset/{dataset.slug}?tab=privacy")


def test_who_lives_together_is_chosen_on_the_policy_page(world: CatalogWorld, client_of: ClientOf) -> None:
    lines = ["姓名,手机号码,户号,年龄,区"]
    lines += [f"王伟{n},139{n:08d},H{n // 4:04d},{20 + n % 30},{'福田区' if n % 2 else '南山区'}" for n in range(240)]
    upload = world.upload(world.dataset(), "\n".join(lines).encode())
    provider = client_of("provider")
    base = f"/provider/uploads/{upload.id}/policy"
    page = ok(provider, base)
    assert "Column that tells who lives together" in page
    sent = fields_of(page)
    refused = provider.post(base, data=sent | {"household": "年龄", "action": "save"})
    assert refused.status_code == 422
    assert "must be dropped" in refused.text
    policy = world.policy(upload)
    place = list(policy.columns).index("户号")
    kept = sent | {"household": "户号", f"treatment-{place}": "drop", f"parameter-{place}": "", "action": "save"}
    kept["subject"] = ""  # the repeating number was proposed for it
    saved = provider.post(base, data=kept, follow_redirects=False)
    assert saved.status_code == 303, re.findall(r'<a href="#[^>]*>([^<]+)<', saved.text)
    assert world.policy(upload).household == "户号"
    request = world.submit(upload)
    officer = client_of("officer")
    assert "That at least one of a household is recognised" in ok(officer, f"/officer/requests/{request.id}")
    assert "Members of the largest" in ok(officer, f"/officer/requests/{request.id}/report")
