"""Files of releases leave through the gateway: open data for everybody, other data with a key, papers for all."""

import csv
import hashlib
import io

import pytest

from catalog.parties import sign_in
from marketplace.credentials import service as credentials
from marketplace.products import service as products
from marketplace.subscriptions import service as subscriptions
from tests.web.portal.conftest import Site
from web.middleware import SESSION_COOKIE

PAPERS = ["report.json", "manifest.json", "contract.json", "policy.yaml", "sample.json"]


def test_open_data_needs_no_key_and_is_what_was_approved(site: Site) -> None:
    for name in ("data.csv", "data.parquet"):
        answer = site.client.get(f"/dataset/car-parks/download/{site.parks.version}/{name}")
        assert answer.status_code == 200
        approved = next(entry for entry in site.parks.files if entry["name"] == name)
        assert hashlib.sha256(answer.content).hexdigest() == approved["sha256"]
        assert answer.headers["content-length"] == str(approved["size"])
        assert f"car-parks-{site.parks.version}-{name}" in answer.headers["content-disposition"]


def test_a_file_one_has_already_is_not_sent_again(site: Site) -> None:
    address = f"/dataset/car-parks/download/{site.parks.version}/data.csv"
    etag = site.client.get(address).headers["etag"]
    assert site.client.get(address, headers={"If-None-Match": etag}).status_code == 304


def test_conditional_data_is_refused_without_a_key_and_people_are_shown_the_way(site: Site) -> None:
    address = f"/dataset/clinic-visits/download/{site.visits.version}/data.csv"
    program = site.client.get(address, headers={"Accept": "*/*"})
    assert program.status_code == 401
    assert program.headers["content-type"] == "application/problem+json"
    person = site.client.get(address, headers={"Accept": "text/html,*/*"})
    assert person.status_code == 303
    assert person.headers["location"] == "/dataset/clinic-visits#panel-h"
    wrong = site.client.get(address, headers={"Authorization": "Bearer sy_live_nonsense"})
    assert wrong.status_code == 401


def test_a_subscriber_downloads_with_the_key_or_signed_in(site: Site) -> None:
    with site.database.transaction() as session:
        offering = products.offering_for_dataset(session, site.visits.dataset_id)
        assert offering is not None
        free = next(plan for plan in products.plans(session, offering.id) if plan.kind == "free")
        terms = subscriptions.licence_for_plan(session, free.id).hash()
        owner, developer = site.city.actor(session, "owner"), site.city.actor(session, "developer")
        subscription = subscriptions.subscribe(
            session, owner, site.city.company.id, free.id, "就诊高峰预测，不含个人信息", terms
        )
        _, secret = credentials.create_key(session, developer, site.settings, subscription.id, "测试程序", "live")
        cookie = sign_in.start_session(session, site.city.people["developer"].id)
    address = f"/dataset/clinic-visits/download/{site.visits.version}/data.csv"
    approved = next(entry for entry in site.visits.files if entry["name"] == "data.csv")
    with_key = site.client.get(address, headers={"Authorization": f"Bearer {secret}"})
    signed_in = site.client.get(address, headers={"Cookie": f"{SESSION_COOKIE}={cookie}"})
    for answer in (with_key, signed_in):
        assert answer.status_code == 200, answer.text
        assert hashlib.sha256(answer.content).hexdigest() == approved["sha256"]
        assert answer.headers["x-receipt"], "it was recorded before it left"


@pytest.mark.parametrize("name", PAPERS)
def test_papers_of_conditional_data_are_public(site: Site, name: str) -> None:
    answer = site.client.get(f"/dataset/clinic-visits/download/{site.visits.version}/{name}")
    assert answer.status_code == 200
    approved = next(entry for entry in site.visits.files if entry["name"] == name)
    assert hashlib.sha256(answer.content).hexdigest() == approved["sha256"]


def test_the_sample_as_csv_has_the_rows_that_were_approved(site: Site) -> None:
    address = f"/dataset/clinic-visits/download/{site.visits.version}/sample"
    approved = site.client.get(f"{address}.json").json()
    answer = site.client.get(f"{address}.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == [column["name"] for column in approved["columns"]]
    assert len(rows) == 1 + len(approved["rows"])
    assert site.client.get(f"{address}.csv", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("name", ["data.csv", "report.json", "sample.json", "sample.csv"])
def test_nothing_of_a_withdrawn_release_is_served(site: Site, name: str) -> None:
    answer = site.client.get(f"/dataset/bus-stops/download/{site.faulty.version}/{name}")
    assert answer.status_code == 410
    assert answer.headers["content-type"] == "application/problem+json", "a program reads it"
    person = site.client.get(answer.url, headers={"Accept": "text/html"})
    assert (person.status_code, person.headers["content-type"]) == (410, "text/html; charset=utf-8")
    assert "站一" not in answer.text + person.text


@pytest.mark.parametrize("name", ["other.csv", "..%2f..%2fshuyi.db", "officer_report.json"])
def test_files_that_are_no_part_of_the_release_are_not_there(site: Site, name: str) -> None:
    assert site.client.get(f"/dataset/car-parks/download/{site.parks.version}/{name}").status_code == 404


def test_a_version_that_never_was_is_not_there(site: Site) -> None:
    assert site.client.get("/dataset/car-parks/download/1999.01/data.csv").status_code == 404


class TestParts:
    """A download that broke off goes on where it stopped."""

    @pytest.mark.parametrize(
        ("asked", "start", "stop"),
        [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-50", -50, None), ("bytes=10-9999999", 10, None)],
    )
    def test_the_part_asked_for_is_sent(self, site: Site, asked: str, start: int, stop: int | None) -> None:
        address = f"/dataset/car-parks/download/{site.parks.version}/data.csv"
        whole = site.client.get(address)
        assert whole.headers["accept-ranges"] == "bytes"
        part = site.client.get(address, headers={"Range": asked, "If-Range": whole.headers["etag"]})
        assert part.status_code == 206
        assert part.content == whole.content[start:stop]
        first = start % len(whole.content)
        assert part.headers["content-range"] == (f"bytes {first}-{first + len(part.content) - 1}/{len(whole.content)}")
        assert part.headers["content-length"] == str(len(part.content))

    @pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=9-3", "bytes=-"])
    def test_what_cannot_be_answered_in_part_is_sent_whole(self, site: Site, asked: str) -> None:
        address = f"/dataset/car-parks/download/{site.parks.version}/data.csv"
        answer = site.client.get(address, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, site.client.get(address).content)

    def test_a_part_of_another_file_is_not_joined_to_ours(self, site: Site) -> None:
        address = f"/dataset/car-parks/download/{site.parks.version}/data.csv"
        assert site.client.get(address, headers={"Range": "bytes=5-", "If-Range": '"other"'}).status_code == 200

    def test_bytes_behind_the_end_are_refused_with_the_size(self, site: Site) -> None:
        address = f"/dataset/car-parks/download/{site.parks.version}/data.csv"
        size = len(site.client.get(address).content)
        answer = site.client.get(address, headers={"Range": f"bytes={size}-"})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{size}"
        assert answer.json()["type"] == "/problems/range-outside"

    def test_a_part_is_no_way_around_the_key(self, site: Site) -> None:
        address = f"/dataset/clinic-visits/download/{site.visits.version}/data.csv"
        assert site.client.get(address, headers={"Range": "bytes=0-9"}).status_code == 401
        withdrawn = f"/dataset/bus-stops/download/{site.faulty.version}/data.csv"
        assert site.client.get(withdrawn, headers={"Range": "bytes=0-9"}).status_code == 410


def test_a_download_tells_where_its_caller_stands(site: Site) -> None:
    answer = site.client.get(f"/dataset/car-parks/download/{site.parks.version}/data.csv")
    assert answer.headers["ratelimit-policy"] == '"minute";q=100000;w=60'
    assert answer.headers["ratelimit"].startswith('"minute";r=')
