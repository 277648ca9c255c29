"""The public reading API of the catalogue."""

from contracts.licence import LICENCES
from tests.web.portal.conftest import WITHDRAWN_BECAUSE, Site

BASE = "/api/v1/catalog"


def test_search_tells_results_and_facets(site: Site) -> None:
    found = site.client.get(f"{BASE}/datasets", params={"q": "停车"}).json()
    assert found["total"] == 1
    assert [one["slug"] for one in found["results"]] == ["car-parks"]
    assert found["facets"]["openness"] == {"unconditional": 1}
    assert found["facets"]["provider"] == {"futian-transport": 1}
    both = site.client.get(f"{BASE}/datasets", params={"sort": "title", "limit": 1, "offset": 1}).json()
    assert (both["total"], [one["slug"] for one in both["results"]]) == (2, ["clinic-visits"])


def test_a_dataset_comes_with_contract_report_and_plans(site: Site) -> None:
    found = site.client.get(f"{BASE}/datasets/clinic-visits").json()
    assert found["fields"] == site.visits.contract["fields"]
    assert found["privacy_report"]["claims"] == site.visits.public_report["claims"]
    assert sorted(plan["monthly_fee"] for plan in found["plans"]) == [0, 29900]
    assert found["release"]["manifest_hash"] == site.visits.manifest_hash
    place = f"http://city.test/dataset/clinic-visits/download/{site.visits.version}"
    assert {file["url"] for file in found["release"]["files"]} == {f"{place}/{f['name']}" for f in site.visits.files}


def test_what_is_not_public_is_a_problem(site: Site) -> None:
    assert site.client.get(f"{BASE}/datasets/secret-parking").status_code == 404
    gone = site.client.get(f"{BASE}/datasets/bus-stops")
    assert gone.status_code == 410
    assert WITHDRAWN_BECAUSE in gone.json()["detail"]


def test_versions_are_newest_first_and_withdrawn_ones_have_no_files(site: Site) -> None:
    versions = site.client.get(f"{BASE}/datasets/car-parks/releases").json()
    assert [one["version"] for one in versions] == [site.parks.version, site.parks_before.version]
    (withdrawn,) = site.client.get(f"{BASE}/datasets/bus-stops/releases").json()
    assert withdrawn["files"] == []
    assert withdrawn["withdrawn_because"] == WITHDRAWN_BECAUSE


def test_datasets_of_everybody_below_a_provider(site: Site) -> None:
    for slug in ("shenzhen", "futian", "futian-transport"):
        found = site.client.get(f"{BASE}/providers/{slug}/datasets").json()
        assert {one["slug"] for one in found} == {"car-parks", "clinic-visits"}


def test_the_log_pages_through_without_gaps(site: Site) -> None:
    whole = site.client.get(f"{BASE}/transparency", params={"limit": 200}).json()
    assert whole["chain_intact"]
    assert whole["before"] is None
    seen, before = [], None
    while True:
        page = site.client.get(
            f"{BASE}/transparency", params={"limit": 2} | ({"before": before} if before else {})
        ).json()
        seen += page["lines"]
        if (before := page["before"]) is None:
            break
    assert seen == whole["lines"]


def test_licences_carry_the_hash_that_agreements_hold(site: Site) -> None:
    assert {one["id"]: one["hash"] for one in site.client.get(f"{BASE}/licences").json()} == {
        name: terms.hash() for name, terms in LICENCES.items()
    }
