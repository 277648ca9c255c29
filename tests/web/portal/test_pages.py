"""The public pages through the real app: what each tells, where it leads, and what it never shows."""

import re
from urllib.parse import unquote

import pytest

from tests.web.portal.conftest import WITHDRAWN_BECAUSE, Site
from web.pages.portal import problems

PAGES = [
    "/",
    "/search",
    "/search?q=停车",
    "/search?q=不存在",
    "/dataset/car-parks",
    "/dataset/car-parks/structure",
    "/dataset/car-parks/releases",
    "/dataset/car-parks/privacy",
    "/dataset/car-parks/uses",
    "/dataset/clinic-visits",
    "/dataset/clinic-visits/structure",
    "/dataset/clinic-visits/privacy",
    "/dataset/clinic-visits/uses",
    "/providers",
    "/organisation/futian-transport",
    "/organisation/shenzhen",
    "/licences",
    "/licences/shuyi-open-1.0",
    "/transparency",
    "/about/terms",
    "/about/privacy",
    "/about/accessibility",
    "/docs",
    "/problems",
    "/problems/quota-exhausted",
    "/styleguide",
]

PUBLIC = (
    "/about",
    "/api/v1/catalog",
    "/dataset",
    "/docs",
    "/licences",
    "/organisation",
    "/problems",
    "/providers",
    "/search",
    "/transparency",
)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_in_both_languages_under_a_strict_policy(site: Site, path: str, language: str) -> None:
    answer = site.client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert answer.text.count("<h1") == 1
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=", answer.text), "inline script or style"
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text.replace("http://city.test", "")), "another origin"


@pytest.mark.parametrize("path", PAGES)
def test_links_between_public_pages_lead_somewhere(site: Site, path: str) -> None:
    text = site.client.get(path, headers={"Accept-Language": "zh-CN"}).text
    for href in {href.replace("&amp;", "&").partition("#")[0] for href in re.findall(r'href="([^"]+)"', text)}:
        if href.startswith(PUBLIC) and "/data." not in href:
            assert site.client.get(href).status_code in (200, 303), href


def test_home_counts_what_is_published(site: Site) -> None:
    text = site.client.get("/", headers={"Accept-Language": "en"}).text
    assert re.search(r"datasets, 1 of them unconditionally open</dt><dd>2</dd>", text)
    assert "data provider</dt><dd>1</dd>" in text
    assert "secret-parking" not in text
    assert "bus-stops" not in text


def test_home_draws_the_city_from_an_open_dataset_that_has_places(site: Site) -> None:
    text = site.client.get("/", headers={"Accept-Language": "en"}).text
    assert 'This picture is a dataset: <a href="/dataset/car-parks">Car parks</a>, 60 places.' in text
    assert 'class="dots"' in text


def test_search_marks_what_was_found_and_keeps_filters_in_the_address(site: Site) -> None:
    text = site.client.get("/search?q=停车&theme=transport", headers={"Accept-Language": "zh-CN"}).text
    assert "<mark>停车</mark>场信息" in text
    assert 'href="/search?q=%E5%81%9C%E8%BD%A6"' in text, "the chip removes its filter and keeps the query"
    assert "未发布" not in text


def test_search_without_results_says_what_the_filters_hide(site: Site) -> None:
    text = site.client.get("/search?q=停车&theme=health", headers={"Accept-Language": "en"}).text
    assert "Without the filters there is 1 result" in text


def test_search_facets_by_provider_and_price(site: Site) -> None:
    def titles(query: str) -> list[str]:
        return re.findall(r'<h3><a href="/dataset/([^"]+)"', site.client.get(f"/search?{query}").text)

    assert titles("provider=futian-transport&sort=title") == ["car-parks", "clinic-visits"]
    assert titles("provider=nobody") == []
    assert titles("price=free") == ["car-parks"]
    assert titles("price=trial") == ["clinic-visits"]
    assert titles("openness=conditional&openness=unconditional&sort=title") == ["car-parks", "clinic-visits"]


def test_a_former_short_name_leads_to_the_present_one(site: Site) -> None:
    answer = site.client.get("/dataset/car-parks-old/privacy?version=2026.11")
    assert answer.status_code == 301
    assert answer.headers["location"] == "/dataset/car-parks/privacy?version=2026.11"


@pytest.mark.parametrize("slug", ["secret-parking", "no-such-thing"])
@pytest.mark.parametrize("tab", ["", "/structure", "/releases", "/privacy", "/uses", "/download/2026.11/data.csv"])
def test_what_was_never_released_is_not_there(site: Site, slug: str, tab: str) -> None:
    answer = site.client.get(f"/dataset/{slug}{tab}")
    assert answer.status_code == 404
    assert "未发布" not in answer.text


@pytest.mark.parametrize("tab", ["", "/structure", "/releases", "/privacy", "/uses"])
def test_withdrawn_data_says_so_and_why(site: Site, tab: str) -> None:
    answer = site.client.get(f"/dataset/bus-stops{tab}")
    assert answer.status_code == 410
    assert WITHDRAWN_BECAUSE in answer.text
    assert "站一" not in answer.text


def test_the_preview_shows_the_sample_and_the_structure_every_field(site: Site) -> None:
    preview = site.client.get("/dataset/clinic-visits", headers={"Accept-Language": "zh-CN"}).text
    assert "年龄" in preview
    assert not re.search(r"1[3-9]\d{9}", preview), "a telephone number"
    structure = site.client.get("/dataset/clinic-visits/structure", headers={"Accept-Language": "zh-CN"}).text
    for field in site.visits.contract["fields"]:
        assert f">{field['name']}<" in structure
    assert "手机号码" in structure, "columns left out are named"


def test_the_privacy_report_keeps_claims_apart(site: Site) -> None:
    text = site.client.get("/dataset/clinic-visits/privacy", headers={"Accept-Language": "en"}).text
    claims = site.visits.public_report["claims"]
    assert f"Everyone in it looks like at least {claims['attested']['k_by_subject'] - 1} others" in text
    recomputable, attested = text.index("Anyone can count this again"), text.index("This rests on the run’s word")
    assert recomputable < text.index("Groups that look the same") < attested < text.index("Subjects read (persons)")
    assert "shuyi verify release" in text
    assert "Report and file agree" in text


def test_older_versions_keep_their_report(site: Site) -> None:
    text = site.client.get(f"/dataset/car-parks/privacy?version={site.parks_before.version}").text
    assert site.parks_before.manifest_hash[:12] in text
    assert site.client.get("/dataset/car-parks/privacy?version=1999.01").status_code == 404


def test_releases_say_what_changed(site: Site) -> None:
    text = site.client.get("/dataset/car-parks/releases", headers={"Accept-Language": "en"}).text
    assert "+20" in text
    assert "First version." in text
    assert "Same columns, new rows." in text


def test_prices_and_terms_stand_beside_conditional_data_and_not_beside_open_data(site: Site) -> None:
    conditional = site.client.get("/dataset/clinic-visits", headers={"Accept-Language": "en"}).text
    assert "¥299.00" in conditional
    assert 'action="/subscribe/' in conditional
    assert "Nobody may be re-identified" in conditional
    free = site.client.get("/dataset/car-parks", headers={"Accept-Language": "en"}).text
    assert "Open without conditions" in free
    assert "/subscribe/" not in free


def test_organisations_that_provide_nothing_are_not_shown_unless_public(site: Site) -> None:
    assert site.client.get("/organisation/cloud-map").status_code == 404
    assert site.client.get("/organisation/futian").status_code == 200


def test_a_licence_is_text_for_people_and_odrl_for_programs(site: Site) -> None:
    page = site.client.get("/licences/shuyi-conditional-1.0", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    for answer in (
        site.client.get("/licences/shuyi-conditional-1.0", headers={"Accept": "application/ld+json"}),
        site.client.get("/licences/shuyi-conditional-1.0.jsonld"),
    ):
        document = answer.json()
        assert document["@context"] == "http://www.w3.org/ns/odrl.jsonld"
        assert "reidentify" in {rule["action"] for rule in document["prohibition"]}
    assert site.client.get("/licences/none").status_code == 404


def test_the_log_tells_decisions_with_reasons_and_nobody_by_name(site: Site) -> None:
    text = site.client.get("/transparency", headers={"Accept-Language": "zh-CN"}).text
    assert WITHDRAWN_BECAUSE in text
    assert "样例与报告相符，可以发布。" in text
    assert "链完整" in text
    assert "Officer" not in text
    only = site.client.get("/transparency?kind=withdrawn").text
    assert site.faulty.manifest_hash[:12] in only
    assert site.parks.manifest_hash[:12] not in only


def test_permanent_addresses_lead_to_the_present_page(site: Site) -> None:
    def goes(path: str) -> str:
        answer = site.client.get(path)
        assert answer.status_code == 301
        return answer.headers["location"]

    assert goes(f"/id/dataset/{site.parks.dataset_id}") == "/dataset/car-parks"
    assert goes(f"/id/release/{site.parks.id}") == f"/dataset/car-parks/privacy?version={site.parks.version}"
    assert goes(f"/id/organisation/{site.city.department.id}") == "/organisation/futian-transport"
    assert goes("/id/licence/shuyi-open-1.0") == "/licences/shuyi-open-1.0"
    for path in ("/id/dataset/secret-parking", "/id/person/1", "/id/licence/none"):
        assert site.client.get(path).status_code == 404


def test_crawlers_find_public_pages_only(site: Site) -> None:
    assert "Sitemap: http://city.test/sitemap.xml" in site.client.get("/robots.txt").text
    pages = site.client.get("/sitemap.xml").text
    assert "http://city.test/dataset/car-parks<" in pages
    assert "secret-parking" not in pages
    assert "bus-stops" not in pages


def test_the_documentation_lists_every_operation_and_needs_no_other_site(site: Site) -> None:
    text = site.client.get("/docs").text.replace("<wbr>", "")
    for path, item in site.client.get("/openapi.json").json()["paths"].items():
        for method in item:
            assert f"{method.upper()} {path}</code>" in text


@pytest.mark.parametrize("address", ["/data/v1/nothing-here/records", "/api/v1/catalog/datasets/nothing-here"])
def test_the_type_of_a_problem_leads_to_what_it_means(site: Site, address: str) -> None:
    problem = site.client.get(address).json()
    page = site.client.get(problem["type"], headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert problem["title"] in page.text
    assert f">{problem['status']}<" in page.text


def test_every_kind_of_problem_is_listed_with_its_own_page(site: Site) -> None:
    text = site.client.get("/problems", headers={"Accept-Language": "zh-CN"}).text
    addresses = re.findall(r'href="(/problems/[a-z-]+)"', text)
    assert len(addresses) == len(set(addresses)) > 50
    assert site.client.get("/problems/no-such-kind").status_code == 404


def test_a_kind_of_problem_has_one_title_and_status() -> None:
    told: dict[str, set[tuple[str, int]]] = {}
    for error in problems.errors():
        told.setdefault(error.code, set()).add((error.title, error.status))
    assert not {code: both for code, both in told.items() if len(both) > 1}


def test_the_sample_of_groups_takes_a_field_whose_values_repeat(site: Site) -> None:
    text = site.client.get("/dataset/clinic-visits").text
    (field,) = set(re.findall(r"/aggregate\?group_by=([^&:]+)", text))
    assert unquote(field) in ("区", "诊断")
