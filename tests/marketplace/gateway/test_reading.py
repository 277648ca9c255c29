"""What answers look like: filters, sorting, paging, forms, caching, repeats, files."""

import asyncio
import csv
import io
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import duckdb
import httpx
import pyarrow.parquet as pq
import pytest

from contracts import clock
from marketplace.metering import service as metering
from tests.factories.dataplane import STATIONS, DataPlane, records

RECORDS = "/car-parks/records"


def call(plane: DataPlane, path: str = RECORDS, key: str | None = None, **options: Any) -> httpx.Response:
    return asyncio.run(plane.get(path, key, **options))


class TestFilters:
    @pytest.mark.parametrize(
        ("parameters", "condition"),
        [
            ({"spaces": "70"}, "spaces = 70"),
            ({"spaces.eq": "70"}, "spaces = 70"),
            ({"spaces.ne": "70"}, "spaces <> 70"),
            ({"spaces.gte": "100", "spaces.lt": "140"}, "spaces >= 100 AND spaces < 140"),
            ({"spaces.gt": "100", "spaces.lte": "140"}, "spaces > 100 AND spaces <= 140"),
            ({"district.in": "南山区,宝安区"}, "district IN ('南山区', '宝安区')"),
            ({"id.like": "P00_1"}, "id LIKE 'P00_1'"),
            ({"id.like": "P01*"}, "id LIKE 'P01%'"),
            ({"fee.gte": "12.5"}, "fee >= 12.5"),
            ({"opened.gte": "2024-06-01"}, "opened >= DATE '2024-06-01'"),
            ({"covered": "true"}, "covered"),
            ({"district.null": "false"}, "district IS NOT NULL"),
            (
                {"district": "南山区", "covered": "false", "spaces.lt": "200"},
                "district='南山区' AND NOT covered AND spaces<200",
            ),
        ],
    )
    def test_each_operator_finds_what_duckdb_finds(
        self, shared_plane: DataPlane, parameters: dict[str, str], condition: str, tmp_path: Any
    ) -> None:
        path = tmp_path / "stations.csv"
        path.write_text(STATIONS)
        expected = duckdb.sql(f"SELECT id FROM read_csv('{path}') WHERE {condition} ORDER BY id").fetchall()
        found = records(call(shared_plane, limit=1000, **parameters))
        assert sorted(row["id"] for row in found) == [row[0] for row in expected]
        assert expected

    def test_values_have_their_types(self, shared_plane: DataPlane) -> None:
        [row] = records(call(shared_plane, id="P0001"))
        assert row == {
            "id": "P0001",
            "district": "福田区",
            "spaces": 7,
            "fee": 0.5,
            "opened": "2024-02-15",
            "covered": True,
        }

    def test_select_sort_and_count(self, shared_plane: DataPlane) -> None:
        body = call(shared_plane, select="id,spaces", sort="-spaces", limit=3, count="true", district="南山区").json()
        assert body["total"] == 100
        assert [list(row) for row in body["records"]] == [["id", "spaces"]] * 3
        spaces = [row["spaces"] for row in body["records"]]
        assert spaces == sorted(spaces, reverse=True)


class TestPaging:
    @pytest.mark.parametrize("sort", [None, "-spaces", "district,spaces"])
    def test_pages_have_every_record_once(self, shared_plane: DataPlane, sort: str | None) -> None:
        seen, cursor = [], None
        while True:
            options = {"limit": 70} | ({"sort": sort} if sort else {}) | ({"cursor": cursor} if cursor else {})
            body = call(shared_plane, **options).json()
            seen += [row["id"] for row in body["records"]]
            cursor = body["next"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 300

    def test_a_cursor_stays_with_its_release(self, plane: DataPlane) -> None:
        dataset = plane.dataset(openness="unconditional")
        first = plane.release(dataset)
        page = call(plane, limit=10).json()
        second = plane.release(dataset, STATIONS.replace("南山区", "罗湖区"))
        plane.gateway.delivery.tick()
        assert call(plane, limit=10).json()["release"] == second.version != first.version
        following = call(plane, limit=10, cursor=page["next"]).json()
        assert following["release"] == first.version == page["release"]
        assert call(plane, release=first.version, limit=1).json()["release"] == first.version


class TestForms:
    def test_csv_has_the_same_rows(self, shared_plane: DataPlane) -> None:
        answer = call(shared_plane, headers={"Accept": "text/csv"}, limit=3, sort="id")
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["id"] for row in rows] == ["P0001", "P0002", "P0003"]
        assert rows[0]["covered"] == "true"
        assert answer.headers["x-next-cursor"].startswith("c_")

    def test_long_answers_are_compressed(self, shared_plane: DataPlane) -> None:
        answer = call(shared_plane, headers={"Accept-Encoding": "gzip"}, limit=200)
        assert answer.headers["content-encoding"] == "gzip"
        assert len(records(answer)) == 200

    def test_one_record_schema_and_releases(self, shared_plane: DataPlane) -> None:
        [record] = records(call(shared_plane, f"{RECORDS}/P0007"))
        assert record["id"] == "P0007"
        schema = call(shared_plane, "/car-parks/schema").json()
        assert [field["name"] for field in schema["fields"]][:2] == ["id", "district"]
        [release] = call(shared_plane, "/car-parks/releases").json()["releases"]
        assert release["rows"] == 300
        assert not release["withdrawn"]

    def test_without_a_key_a_record_is_known_by_its_row(self, plane: DataPlane) -> None:
        plane.release(plane.dataset(openness="unconditional"), "zone,spaces\n" + "南山区,3\n" * 4 + "福田区,5\n")
        fifth = [row["_id"] for row in records(call(plane, select="_id", spaces=5))]
        assert records(call(plane, f"{RECORDS}/{fifth[0]}")) == [{"zone": "福田区", "spaces": 5}]
        assert call(plane, f"{RECORDS}/福田区").status_code == 422

    def test_a_key_is_taken_as_it_is_written(self, plane: DataPlane) -> None:
        keys = ["a b", "50%25", "100%", "停 车", "+1", "a;b=c"]
        plane.release(plane.dataset(openness="unconditional"), "\n".join(["park_id,n", *(f"{key},1" for key in keys)]))
        for key in keys:
            assert records(call(plane, f"{RECORDS}/{quote(key)}"))[0]["park_id"] == key

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_an_export_has_every_row_that_fits(self, shared_plane: DataPlane, form: str) -> None:
        answer = call(shared_plane, "/car-parks/export", format=form, district="南山区", select="id,spaces,covered")
        assert answer.status_code == 200
        if form == "csv":
            found = list(csv.DictReader(io.StringIO(answer.text)))
        else:
            found = pq.read_table(io.BytesIO(answer.content)).to_pylist()
        assert len(found) == 100
        assert list(found[0]) == ["id", "spaces", "covered"]
        assert not [path for path in shared_plane.gateway.delivery.tables.copies.folder.iterdir() if path.is_dir()]

    def test_files_come_as_they_were_approved(self, shared_plane: DataPlane) -> None:
        [release] = call(shared_plane, "/car-parks/releases").json()["releases"]
        for file in release["files"]:
            answer = call(shared_plane, f"/car-parks/files/{file['name']}")
            assert len(answer.content) == file["size"], file["name"]
            assert f"-{file['name']}" in answer.headers["content-disposition"]


class TestSparing:
    def test_what_the_asker_has_is_not_sent_or_charged(self, plane: DataPlane) -> None:
        dataset = plane.dataset()
        plane.release(dataset)
        subscription = plane.subscribe(dataset)
        key = plane.key(subscription)
        first = call(plane, key=key, limit=3)
        again = call(plane, key=key, limit=3, headers={"If-None-Match": first.headers["etag"]})
        other = call(plane, key=key, limit=4, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, other.status_code) == (304, b"", 200)
        assert _billed(plane, subscription.id) == 2

    def test_a_repeat_under_the_same_id_is_free(self, plane: DataPlane) -> None:
        dataset = plane.dataset()
        plane.release(dataset)
        subscription = plane.subscribe(dataset, quota=2)
        key = plane.key(subscription)
        named = {"X-Request-Id": "retry-0001"}
        first = call(plane, key=key, limit=3, headers=named)
        again = call(plane, key=key, limit=3, headers=named)
        other = call(plane, key=key, limit=4, headers=named)
        assert first.json() == again.json()
        assert (other.status_code, other.json()["type"]) == (422, "/problems/request-id-reused")
        assert call(plane, key=key, limit=3).status_code == 200
        assert call(plane, key=key, limit=3).status_code == 429
        assert call(plane, key=key, limit=3, headers=named).status_code == 200  # spent, but this one was paid
        assert _billed(plane, subscription.id) == 2

    def test_a_repeat_met_by_another_worker_is_given_back(self, plane: DataPlane) -> None:
        dataset = plane.dataset()
        plane.release(dataset)
        subscription = plane.subscribe(dataset, quota=100)
        key = plane.key(subscription)
        other = DataPlane.__new__(DataPlane)
        from marketplace.gateway.app import gateway_app

        other.gateway = gateway_app(plane.database, plane.settings, plane.store)
        other.gateway.start()
        named = {"X-Request-Id": "retry-0002"}
        assert call(plane, key=key, headers=named).status_code == 200
        assert asyncio.run(other.get(RECORDS, key, headers=named)).status_code == 200
        other.gateway.stop()
        assert _billed(plane, subscription.id) == 1
        with plane.database.reading() as session:
            from marketplace.metering.leases import Terms

            state = metering.quota_state(session, subscription.id, Terms(100, 100), plane.settings.timezone)
        assert state.used == 1

    def test_a_test_key_reads_the_approved_sample_for_nothing(self, plane: DataPlane) -> None:
        rows = "\n".join(["id,zone", *(f"R{i:05d},Z{i % 7}" for i in range(1500))])
        dataset = plane.dataset()
        plane.release(dataset, rows)
        subscription = plane.subscribe(dataset, quota=1)
        key = plane.key(subscription, "test")
        sample = json.loads(call(plane, "/car-parks/files/sample.json").content)
        body = call(plane, key=key, limit=1000, count="true").json()
        assert (body["total"], body["receipt"], body["sample"]) == (len(sample["rows"]), None, True)
        assert len(sample["rows"]) == 1500 // 10, "of data that is not open, a tenth is free and no more"
        assert [row["id"] for row in body["records"]] == [row[0] for row in sample["rows"]]
        refused = call(plane, "/car-parks/files/data.csv", key)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/test-key-only-sample")
        assert _billed(plane, subscription.id) == 0

    def test_a_file_is_one_unit(self, plane: DataPlane) -> None:
        dataset = plane.dataset()
        release = plane.release(dataset)
        subscription = plane.subscribe(dataset)
        key = plane.key(subscription)
        assert call(plane, "/car-parks/files/data.csv").status_code == 401
        assert call(plane, "/car-parks/files/data.csv", key).text.count("\n") == 301
        metering.seal_through(plane.database, plane.store, plane.settings, moment := clock.now())
        with plane.database.reading() as session:
            totals = metering.usage_for(session, subscription.id, moment - timedelta(days=1), moment)
        assert (totals.calls, totals.rows) == (1, release.rows)


def _billed(plane: DataPlane, subscription_id: str) -> int:
    metering.seal_through(plane.database, plane.store, plane.settings, moment := clock.now())
    with plane.database.reading() as session:
        return metering.usage_for(session, subscription_id, moment - timedelta(days=1), moment).calls
