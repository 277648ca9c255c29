"""The forms and codings of answers: JSON, CSV, Arrow, Parquet; gzip and zstd; each as the caller likes it best."""

import asyncio
import csv
import gzip
import io
from datetime import date
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.gateway.answers import Pieces
from marketplace.gateway.app import Gateway
from marketplace.gateway.compression import compress, compressed
from marketplace.gateway.errors import UnknownParameter
from marketplace.gateway.negotiation import FILES, GROUPS, ROWS, coding_of, form_of
from tests.factories.dataplane import DataPlane, records

RECORDS = "/car-parks/records"
ARROW = "application/vnd.apache.arrow.stream"
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("district", pa.string()),
        ("spaces", pa.int64()),
        ("fee", pa.float64()),
        ("opened", pa.date32()),
        ("covered", pa.bool_()),
    ]
)


def call(plane: DataPlane, path: str = RECORDS, accept: str = "", coding: str = "", **options: Any) -> httpx.Response:
    """As sent: nothing is decompressed."""
    sent = {"Accept": accept, "Accept-Encoding": coding or "identity"} if accept else {"Accept-Encoding": coding}
    return asyncio.run(_raw(plane.gateway, path, sent, options))


async def _raw(gateway: Gateway, path: str, headers: dict[str, str], parameters: dict[str, Any]) -> httpx.Response:
    transport = httpx.ASGITransport(app=gateway, client=("192.0.2.7", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://data") as client:
        request = client.build_request("GET", path, params=parameters, headers=headers)
        answer = await client.send(request, stream=True)
        content = b"".join([piece async for piece in answer.aiter_raw()])
    told = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    raw = httpx.Response(answer.status_code, headers=told, content=content)
    raw.extensions |= {
        "coding": answer.headers.get("content-encoding", ""),
        "length": answer.headers.get("content-length"),
    }
    return raw


def unpacked(data: bytes, coding: str) -> bytes:
    """By other code than what packed it."""
    if coding == "gzip":
        return gzip.decompress(data)
    return bytes(pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()) if coding == "zstd" else data


def read_arrow(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


class TestWhichForm:
    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            ("", "json"),
            ("*/*", "json"),
            ("text/csv", "csv"),
            ("text/*", "csv"),
            (ARROW, "arrow"),
            ("application/*", "json"),
            ("text/csv, application/json", "json"),
            ("text/csv, application/json;q=0.5", "csv"),
            (f"text/csv;q=0.3, {ARROW};q=0.9, */*;q=0.1", "arrow"),
            ("application/json;q=0, */*", "csv"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),
            ("image/png", "json"),
            ("TEXT/CSV ; Q=1", "csv"),
            ("text/csv;q=high", "csv"),
        ],
    )
    def test_what_accept_likes_best_is_sent(self, accept: str, form: str) -> None:
        assert form_of((), accept, ROWS) == form

    def test_format_goes_before_accept_and_must_be_offered(self) -> None:
        assert form_of([("format", "csv")], ARROW, ROWS) == "csv"
        assert form_of([], "application/json", FILES) == "csv"
        with pytest.raises(UnknownParameter, match="json, csv"):
            form_of([("format", "arrow")], "", GROUPS)

    @pytest.mark.parametrize(
        ("accepted", "coding"),
        [
            ("", ""),
            ("identity", ""),
            ("gzip", "gzip"),
            ("x-gzip", "gzip"),
            ("gzip, deflate, br, zstd", "zstd"),
            ("gzip, deflate, br", "gzip"),
            ("zstd;q=0.5, gzip;q=0.8", "gzip"),
            ("zstd;q=0, gzip;q=0", ""),
            ("*", "zstd"),
            ("*, zstd;q=0", "gzip"),
            ("identity;q=1, gzip;q=0.5", ""),
            ("identity;q=0.5, gzip;q=1.0", "gzip"),
            ("br", ""),
        ],
    )
    def test_codings_are_weighed(self, accepted: str, coding: str) -> None:
        assert coding_of(accepted) == coding

    @given(st.text(alphabet="gzipstd;q=0.15,* /", max_size=40))
    def test_no_header_is_an_error(self, header: str) -> None:
        assert coding_of(header) in ("", "gzip", "zstd")
        assert form_of((), header, ROWS) in ROWS


class TestArrow:
    def test_records_come_with_their_types(self, shared_plane: DataPlane) -> None:
        answer = call(shared_plane, accept=ARROW, limit=3, sort="id")
        assert answer.headers["content-type"] == ARROW
        table = read_arrow(answer.content)
        assert table.schema == SCHEMA
        assert table.to_pylist()[0] == {
            "id": "P0001",
            "district": "福田区",
            "spaces": 7,
            "fee": 0.5,
            "opened": date(2024, 2, 15),
            "covered": True,
        }
        following = call(
            shared_plane, accept=ARROW, limit=3, sort="id", select="_id,id", cursor=answer.headers["x-next-cursor"]
        )
        table = read_arrow(following.content)
        assert table.column_names == ["_id", "id"]
        assert table["id"].to_pylist() == ["P0004", "P0005", "P0006"]

    def test_no_rows_have_columns_all_the_same(self, shared_plane: DataPlane) -> None:
        table = read_arrow(call(shared_plane, format="arrow", spaces=-1).content)
        assert (table.schema, table.num_rows) == (SCHEMA, 0)

    @pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
    def test_each_export_holds_the_same(self, shared_plane: DataPlane, form: str) -> None:
        answer = call(shared_plane, "/car-parks/export", format=form, district="南山区", sort="-spaces,id")
        expected = records(call(shared_plane, district="南山区", sort="-spaces,id", limit=1000))
        assert len(expected) == 100
        if form == "csv":
            rows = list(csv.DictReader(io.StringIO(answer.text)))
            assert [row["id"] for row in rows] == [row["id"] for row in expected]
            return
        table = pq.read_table(io.BytesIO(answer.content)) if form == "parquet" else read_arrow(answer.content)
        assert table.schema.remove_metadata() == SCHEMA
        assert [row | {"opened": str(row["opened"])} for row in table.to_pylist()] == expected

    def test_an_export_follows_accept(self, shared_plane: DataPlane) -> None:
        assert call(shared_plane, "/car-parks/export", ARROW).headers["content-type"] == ARROW
        parquet = call(shared_plane, "/car-parks/export", "application/vnd.apache.parquet")
        assert parquet.headers["content-type"] == "application/vnd.apache.parquet"
        assert parquet.headers["content-disposition"].endswith('.parquet"')
        assert call(shared_plane, "/car-parks/export", format="json").status_code == 422


class TestCompression:
    @pytest.mark.parametrize("accept", ["application/json", "text/csv", ARROW])
    @pytest.mark.parametrize("coding", ["gzip", "zstd"])
    def test_long_answers_are_the_same_and_shorter(self, shared_plane: DataPlane, accept: str, coding: str) -> None:
        plain = call(shared_plane, accept=accept, limit=300)
        packed = call(shared_plane, accept=accept, coding=coding, limit=300)
        assert (plain.extensions["coding"], packed.extensions["coding"]) == ("", coding)
        assert unpacked(packed.content, coding) == plain.content
        assert len(packed.content) < len(plain.content) / 2
        assert int(packed.extensions["length"]) == len(packed.content)
        assert packed.headers["etag"] == plain.headers["etag"]
        assert "accept-encoding" in packed.headers["vary"]

    def test_short_answers_go_as_they_are(self, shared_plane: DataPlane) -> None:
        assert call(shared_plane, coding="gzip", limit=1).extensions["coding"] == ""

    @pytest.mark.parametrize("coding", ["gzip", "zstd"])
    def test_exports_are_compressed_as_they_go(self, shared_plane: DataPlane, coding: str) -> None:
        plain = call(shared_plane, "/car-parks/export")
        packed = call(shared_plane, "/car-parks/export", coding=coding)
        assert unpacked(packed.content, coding) == plain.content
        assert packed.extensions["length"] is None
        assert int(plain.extensions["length"]) == len(plain.content)

    def test_what_is_compressed_or_asked_for_in_parts_is_left_alone(self, shared_plane: DataPlane) -> None:
        parquet = call(shared_plane, "/car-parks/export", coding="zstd", format="parquet")
        file = call(shared_plane, "/car-parks/files/data.csv", coding="zstd")
        assert parquet.extensions["coding"] == file.extensions["coding"] == ""
        assert parquet.content[:4] == b"PAR1"

    @given(pieces=st.lists(st.binary(max_size=3000), max_size=8), coding=st.sampled_from(["gzip", "zstd"]))
    def test_pieces_are_whole_again(self, pieces: list[bytes], coding: Any) -> None:
        whole = b"".join(pieces)
        assert unpacked(b"".join(compressed(iter(pieces), coding)), coding) == whole
        assert unpacked(compress(whole, coding), coding) == whole

    def test_what_was_not_sent_is_known_before_compression(self) -> None:
        told: list[int] = []
        pieces = Pieces(iter([b"a" * 100_000] * 5), lambda: None).then(told.append)
        stream = compressed(pieces, "gzip")
        next(stream)
        pieces.close()
        assert told[0] % 100_000 == 0
        assert 0 < told[0] < 500_000
