"""Files that mean harm or are broken, sent over HTTP to a running site: a clear answer that names the place, nothing
half done, bounded memory, and a good file taken in afterwards."""

import contextlib
import html
import io
import json
import re
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt

from tests.factories.catalog import stations_csv
from tests.road.api import Road
from tests.road.site import Site, free_port

pytestmark = pytest.mark.long
MIB = 1024 * 1024
LIMIT = 110 * MIB
"""What this site takes in at most."""
SPARE_KB = 700 * 1024
"""How far the peak of a process may rise over what it had after a good file."""
GOOD = stations_csv()
SHEET = "xl/worksheets/sheet1.xml"
SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


class Intake:
    """The site with one dataset, and what its processes used before anything bad came."""

    def __init__(self, road: Road, temporary: Path) -> None:
        self.road, self.temporary = road, temporary
        self.dataset_id = road.dataset("bad-input", "坏文件")
        self.url = f"/api/v1/datasets/{self.dataset_id}/uploads"
        assert self.read("good.csv", GOOD)["status"] == "profiled"
        self._before = self._peaks()

    def send(self, name: str, content: bytes) -> Any:
        """The file as a form; the answer."""
        return self.road["provider"].send("POST", self.url, files={"file": (name, content)})

    def read(self, name: str, content: bytes) -> dict[str, Any]:
        """The upload once it was read or refused."""
        answer = self.send(name, content)
        assert answer.status_code == 201, answer.text
        return self.road.profiled(answer.json()["id"])

    def correct(self, upload: dict[str, Any], **correction: Any) -> dict[str, Any]:
        """The upload read anew."""
        self.road["provider"].call("POST", f"/api/v1/uploads/{upload['id']}/corrections", json=correction)
        return self.road.profiled(upload["id"])

    def aside(self, upload: dict[str, Any]) -> list[tuple[int, int | None, str]]:
        """Line, column and sentence of the rows set aside."""
        rows = self.road["provider"].call("GET", f"/api/v1/uploads/{upload['id']}/set-aside")
        return [(row["line"], row["column"], row["sentence"]) for row in rows]

    def page(self, path: str, language: str) -> str:
        """A page's text, white space made one."""
        answer = self.road["provider"].send("GET", path, headers={"Accept-Language": language, "Accept": "text/html"})
        assert answer.status_code == 200
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())

    def _peaks(self) -> dict[str, int]:
        """Peak resident memory (KiB) of server and worker."""
        found: dict[str, int] = {}
        for kind, pids in self.road.site.children().items():
            for pid in pids:
                status = Path(f"/proc/{pid}/status").read_text()
                found[f"{kind} {pid}"] = int(status.partition("VmHWM:")[2].split()[0])
        return found

    def uploads(self) -> int:
        return len(self.road["provider"].call("GET", self.url))

    def objects(self, upload_id: str) -> list[str]:
        """What the store holds of an upload."""
        folder = self.road.site.home / "objects" / "data" / "vault" / self.dataset_id / upload_id
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def check_whole(self) -> None:
        """Both processes live, with bounded memory, and no temporary file has a name."""
        after = self._peaks()
        assert after.keys() == self._before.keys(), "a process died"
        for process, peak in after.items():
            grown = peak - self._before[process]
            assert grown < SPARE_KB, f"{process} rose by {grown // 1024} MB"
        assert [path for path in self.temporary.rglob("*") if path.is_file()] == []

    def check_refused(self, upload: dict[str, Any], sentence: str, place: str | None, chinese: str) -> None:
        """Told in both languages with its place, and of no use for anything."""
        assert upload["status"] == "rejected", upload
        assert re.search(sentence, upload["error"]["detail"]), upload["error"]
        assert upload["error"]["place"] == place
        assert (upload["rows"], upload["format"], upload["personal_cells"]) == (None, None, None)
        path = f"/provider/uploads/{upload['id']}"
        assert upload["error"]["detail"] in self.page(path, "en")
        assert chinese in self.page(path, "zh-CN")
        provider = self.road["provider"]
        for tail in ("profile", "policy", "set-aside"):
            assert provider.send("GET", f"/api/v1/uploads/{upload['id']}/{tail}").status_code in (404, 409), tail
        body = {"dataset_id": self.dataset_id, "upload_id": upload["id"], "note": "首次发布"}
        assert provider.send("POST", "/api/v1/requests", json=body).status_code in (404, 409)
        assert self.objects(upload["id"]) == ["original"]


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    folder = tmp_path_factory.mktemp("bad-input")
    (folder / "temporary").mkdir()
    environment = {"TMPDIR": str(folder / "temporary"), "SHUYI_MAX_UPLOAD_BYTES": str(LIMIT)}
    site = Site(folder / "home", free_port(), environment=environment)
    road = Road(site, site.cast())
    try:
        site.start()
        yield Intake(road, folder / "temporary")
    finally:
        road.close()
        site.stop()


# -- files -------------------------------------------------------------------------------------------------------------


def rezipped(changes: dict[str, str], rows: list[list[Any]] | None = None) -> bytes:
    """A workbook with some parts replaced or added."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows or [["a", "b"], ["x", 1], ["y", 2]]:
        sheet.append(row)
    packed, target = io.BytesIO(), io.BytesIO()
    book.save(packed)
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return target.getvalue()


def sheet(content: str, before: str = "") -> bytes:
    return rezipped({SHEET: f'<?xml version="1.0"?>{before}<worksheet {SPACE}>{content}</worksheet>'})


def zip_bomb(gib: int) -> bytes:
    """A workbook with one more part that unpacks to so many GiB, as its directory says too."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"\0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = block * (gib * 1024) + b"\x03\x00"
    name, size = b"xl/media/bomb.bin", gib * 1024 * MIB
    book = rezipped({})
    end = book.index(b"PK\x05\x06")
    count, directory_size, directory_at = struct.unpack("<HLL", book[end + 10 : end + 20])
    directory = book[directory_at : directory_at + directory_size]
    about = (20, 0, 8, 0, 0, 0, len(packed), size, len(name), 0)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", *about) + name + packed
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, *about, 0, 0, 0, 0, directory_at) + name
    tail = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, count + 1, count + 1, len(directory + entry), directory_at + len(local), 0
    )
    return book[:directory_at] + local + directory + entry + tail


def many_parts() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(11_000):
            archive.writestr(f"{number}", "")
    return target.getvalue()


def entity_bomb() -> bytes:
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    return sheet("<sheetData>&l11;</sheetData>", f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]>')


def external_entity() -> bytes:
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row>'
    declared = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    return sheet(f"<sheetData>{cell * 3}</sheetData>", declared)


def far_apart() -> bytes:
    return sheet('<sheetData><row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row></sheetData>')


def legacy() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    for row in range(200):
        for column in range(3):
            sheet.write(row, column, f"{row}-{column}")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def parquet(rows: int = 2000) -> bytes:
    target = io.BytesIO()
    table = pa.table({"id": range(rows), "name": [f"站{number}" for number in range(rows)]})
    pq.write_table(table, target)
    return target.getvalue()


def forged_parquet() -> bytes:
    """Row groups that declare more rows than a machine holds."""
    data = parquet(2000)
    size = int.from_bytes(data[-8:-4], "little")
    declared, absurd = bytes([0xA0, 0x1F]), bytes([0x80] * 6 + [0x01])  # 2,000 and 2^41 as the footer writes them
    footer = data[-8 - size : -8].replace(declared, absurd)
    return data[: -8 - size] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def shared_text() -> bytes:
    """One long text that a million rows point at."""
    coded = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array(["长" * 100_000]))
    target = io.BytesIO()
    pq.write_table(pa.table({"id": range(1_000_000), "t": coded}), target)
    return target.getvalue()


def deep_json() -> bytes:
    return b'[{"a":1},\n{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}]"


WIDE = (",".join(f"c{number}" for number in range(10_000)) + "\n").encode() * 2
NO_ENCODING = b"a,b\n" + bytes(range(128, 256)) * 50


@dataclass(frozen=True)
class Bad:
    """A file that is refused: what is told of it, where, and some Chinese of it."""

    name: str
    content: Callable[[], bytes]
    sentence: str
    place: str | None
    chinese: str


BAD = [
    Bad("header.csv", lambda: b"a,b\n", "a header but no rows", None, "只有表头"),
    Bad("wide.csv", lambda: WIDE, "10000 columns; at most 1000", "column 1001", "有10000列"),
    Bad("bytes.csv", lambda: NO_ENCODING, "line 2, column 1 is no character", "line 2, column 1", "第2行第1列"),
    Bad("binary.csv", lambda: b"a,b\n1,\0" + bytes(range(256)) * 40, "byte 7 is not a char", None, "第7个字节"),
    Bad("line.csv", lambda: b"id,t\n1,x\n2," + b"y" * (100 * MIB) + b"\n3,z\n", "Line 3 is longer", "line 3", "第3行"),
    Bad("quote.csv", lambda: b'id,t\n1,x\n2,"' + b"y" * (40 * MIB) + b"\n3,z\n", "Line 3 is", "line 3", "第3行"),
    Bad("endless.csv", lambda: b"," * (40 * MIB), "Line 1 is longer", "line 1", "第1行"),
    Bad("bomb.xlsx", lambda: zip_bomb(3), "bomb.bin unpacks to more", "xl/media/bomb.bin", "解压后"),
    Bad("parts.xlsx", many_parts, "more than 10,000 parts", "ZIP", "超过10,000个部分"),
    Bad("entities.xlsx", entity_bomb, "declares XML entities", SHEET, "声明了XML实体"),
    Bad("external.xlsx", external_entity, "declares XML entities", SHEET, "声明了XML实体"),
    Bad("far.xlsx", far_apart, "more than 24,000,000 cells", SHEET, "超过24,000,000个单元格"),
    Bad("cut.xlsx", lambda: cut(rezipped({})), "damaged or cut short", None, "损坏或不完整"),
    Bad("cut.xls", lambda: cut(legacy()), "damaged or cut short", None, "损坏或不完整"),
    Bad("cut.parquet", lambda: cut(parquet()), "its footer cannot be read", "end of the file", "无法读取文件尾"),
    Bad("rows.parquet", forged_parquet, r"declares \d+ GB", None, "最多接收4GB"),
    Bad("shared.parquet", shared_text, r"declares \d+ GB", None, "最多接收4GB"),
    Bad("deep.json", deep_json, "line 2 is nested too deeply", "line 2", "第2行开始的值嵌套过深"),
    Bad("broken.json", lambda: b'[{"a":1},\n{"a":]', "broken at line 2, column 6", "line 2, column 6", "第2行第6列"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_file_is_refused_with_its_place_and_leaves_nothing(intake: Intake, bad: Bad) -> None:
    intake.check_refused(intake.read(bad.name, bad.content()), bad.sentence, bad.place, bad.chinese)
    assert intake.read("good.csv", GOOD)["status"] == "profiled"
    intake.check_whole()


def test_an_empty_file_is_refused_at_the_door(intake: Intake) -> None:
    before = intake.uploads()
    answer = intake.send("empty.csv", b"")
    assert (answer.status_code, answer.json()["detail"]) == (422, "The file is empty.")
    page = intake.road["provider"].send(
        "POST",
        f"/provider/datasets/{intake.dataset_id}/upload",
        files={"file": ("empty.csv", b"")},
        headers={"Accept-Language": "zh-CN"},
    )
    assert page.status_code == 422
    assert "文件是空的" in page.text
    assert intake.uploads() == before


def test_the_upload_page_takes_the_same_way(intake: Intake) -> None:
    for content, status in ((entity_bomb(), "rejected"), (GOOD, "profiled")):
        sent = intake.road["provider"].send(
            "POST", f"/provider/datasets/{intake.dataset_id}/upload", files={"file": ("a.xlsx", content)}
        )
        assert sent.status_code == 303
        assert intake.road.profiled(sent.headers["location"].rpartition("/")[2])["status"] == status


def test_a_wrong_encoding_is_told_with_its_place_and_can_be_corrected(intake: Intake) -> None:
    text = "编号,区\n" + "".join(f"{number},福田区\n" for number in range(100))
    upload = intake.read("区.csv", text.encode("gb18030"))
    assert upload["format"]["encoding"] == "gb18030"
    wrong = intake.correct(upload, encoding="utf-8")
    assert wrong["error"]["place"] == "line 1, column 1"
    assert "文件的编码不是utf-8：第1行第1列" in intake.page(f"/provider/uploads/{upload['id']}", "zh-CN")
    right = intake.correct(upload, encoding="gb18030")
    assert (right["status"], right["rows"], right["rows_set_aside"]) == ("profiled", 100, 0)


def test_mixed_line_ends_are_read_and_told(intake: Intake) -> None:
    upload = intake.read("ends.csv", b"id,v\r\n1,2\n3,4\r5,6\r\n")
    assert (upload["status"], upload["rows"], upload["rows_set_aside"]) == ("profiled", 3, 0)
    path = f"/provider/uploads/{upload['id']}"
    assert "Lines end in different ways: CRLF, LF, CR." in intake.page(path, "en")


def test_broken_rows_are_set_aside_and_told_with_line_and_column(intake: Intake) -> None:
    ragged = intake.read("ragged.csv", b"a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n")
    assert (ragged["rows"], ragged["rows_set_aside"]) == (2, 2)
    expected = [(3, 3, "2 fields instead of 3"), (4, 4, "4 fields instead of 3")]
    assert intake.aside(ragged) == expected
    page = intake.page(f"/provider/uploads/{ragged['id']}/set-aside", "en")
    assert all(sentence in page for _, _, sentence in expected)
    lines = [json.dumps({"a": number, "b": "x"}) for number in range(40)]
    lines[20] = '{"a": 5, "b":'
    lines[30] = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"
    middle = intake.read("middle.jsonl", "\n".join(lines).encode())
    assert (middle["rows"], middle["rows_set_aside"]) == (38, 2)
    assert [(line, sentence) for line, _, sentence in intake.aside(middle)] == [
        (21, "not valid JSON"),
        (31, "not valid JSON"),
    ]
    rows = b"".join(b"%d,text\n" % number for number in range(700))
    opened = intake.read("open.csv", b"id,t\n" + rows + b'700,"open\n' + rows)
    assert (opened["rows"], intake.aside(opened)) == (1400, [(702, 2, "a quote is opened and never closed")])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\x\\\\门诊.csv", "门诊.csv"),
        ("a\0b.csv", "ab.csv"),
        ("n" * 1000 + ".csv", "n" * 196 + ".csv"),
        ("\u202egpj.csv", "gpj.csv"),
        ("..", "upload"),
    ],
)
def test_a_file_name_leads_nowhere(intake: Intake, sent: str, kept: str) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{sent}"\r\n\r\n'.encode()
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    made = intake.road["provider"].call("POST", intake.url, content=head + GOOD + b"\r\n--x--\r\n", headers=kind)
    assert made["file_name"] == kept
    upload = intake.road.profiled(made["id"])
    assert (upload["status"], upload["file_name"]) == ("profiled", kept)
    assert "original" in intake.objects(upload["id"])
    stray = intake.road["provider"].send("PUT", f"{intake.url}/{quote('../../etc/passwd', safe='')}", content=GOOD)
    assert stray.status_code == 404


def _raw(intake: Intake, head: str, body: Callable[[socket.socket], None]) -> bytes:
    """What the site answers to a request written by hand."""
    provider = intake.road["provider"]
    token = provider._client.headers["Authorization"]
    with socket.create_connection(("127.0.0.1", intake.road.site.port), timeout=60) as connection:
        connection.sendall(
            f"PUT {intake.url}/big.csv HTTP/1.1\r\nHost: site\r\nAuthorization: {token}\r\n{head}\r\n\r\n".encode()
        )
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not listen to the end
            body(connection)
        answer = b""
        while b"\r\n\r\n" not in answer or b"}" not in answer:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
        return answer


def test_a_declared_size_over_the_limit_is_refused_before_the_body(intake: Intake) -> None:
    before = intake.uploads()
    answer = _raw(intake, f"Content-Length: {2 * 1024**3 + 10}", lambda connection: None)
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert b"/problems/upload-too-large" in answer
    assert b"115,343,360 bytes" in answer
    assert intake.uploads() == before
    intake.check_whole()


def test_a_body_without_a_declared_size_is_refused_at_the_limit(intake: Intake) -> None:
    before = intake.uploads()
    chunk = b"%x\r\n" % MIB + b"x" * MIB + b"\r\n"
    sent = 0

    def body(connection: socket.socket) -> None:
        nonlocal sent
        for _ in range(LIMIT // MIB + 2):
            connection.sendall(chunk)
            sent += 1

    answer = _raw(intake, "Transfer-Encoding: chunked", body)
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert sent >= LIMIT // MIB - 8
    assert intake.uploads() == before
    intake.check_whole()


FORMULAS = ["=1+1", "+86 1", "-x", "@SUM(A1)", '=HYPERLINK("http://x")', "plain"]


def _formulas_csv() -> bytes:
    rows = [[str(number), FORMULAS[number % len(FORMULAS)], str(number % 7 - 5)] for number in range(60)]
    return "\n".join(["=id,note,level", *(f'{a},"{b.replace(chr(34), chr(34) * 2)}",{c}' for a, b, c in rows)]).encode()


def _formulas_xlsx() -> bytes:
    rows = [[number, FORMULAS[number % len(FORMULAS)], number % 7 - 5] for number in range(60)]
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [["=id", "note", "level"], *rows]:
        sheet.append(row)
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # text that looks like a formula
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_formulas_come_out_inert_wherever_csv_is_served(intake: Intake, form: str) -> None:
    content = _formulas_csv() if form == "csv" else _formulas_xlsx()
    road, slug = intake.road, f"formulas-{form}"
    _, release = road.publish(slug, "公式", f"formulas.{form}", content, openness="unconditional")
    everybody = road["anonymous"]
    paths = [
        f"/dataset/{slug}/download/{release['version']}/data.csv",
        f"/dataset/{slug}/download/{release['version']}/sample.csv",
        f"/data/v1/{slug}/records?format=csv&limit=100",
        f"/data/v1/{slug}/records?format=csv&limit=100&select=note,level",
        f"/data/v1/{slug}/export?format=csv",
        f"/data/v1/{slug}/files/data.csv",
    ]
    for path in paths:
        answer = everybody.send("GET", path)
        assert answer.status_code == 200, (path, answer.text[:300])
        table = pl.read_csv(answer.content, infer_schema=False)
        wanted = {note if note == "plain" else f"'{note}" for note in FORMULAS}
        assert set(table["note"]) == wanted, path
        assert {"-5", "-1", "0", "1"} <= set(table["level"]), path
        assert "=id" not in table.columns, path
    stored = everybody.call("GET", f"/data/v1/{slug}/records", params={"limit": 100})["records"]
    assert {record["note"] for record in stored} == set(FORMULAS)
    assert min(record["level"] for record in stored) == -5
