"""Personal values of an upload are nowhere but in the vault, on the whole way to those who use the release."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.road.api import Person, Refused, Road
from tests.road.site import Site, free_port
from tests.road.traces import Traces, Watcher, forms

NAME, PHONE, RESIDENT, PLACE = "司徒霁", "1397531", "4403051979", "桂庙新村"
"""What all planted names, telephone numbers, identity numbers and addresses begin with, and nothing else does."""
HEADER = ["姓名", "手机号码", "身份证号", "家庭住址", "年龄", "区", "诊断", "诉求内容"]
DISTRICTS = ("福田区", "南山区", "罗湖区", "宝安区")
ILLS = ("感冒", "高血压", "胃炎", "扭伤")
WAITED = {"Accept": "text/html"}
ROWS = 300


def _resident_id(number: int) -> str:
    body = f"{RESIDENT}{number % 12 + 1:02d}{number % 28 + 1:02d}{number % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def _row(number: int) -> list[str]:
    name = NAME + "一二三四五六七八九十"[number % 10]
    phone, resident = f"{PHONE}{number:04d}", _resident_id(number)
    place = f"南山区粤海街道{PLACE}{number}栋{number % 30 + 1}0{number % 9}室"
    told = f"来电人姓名：{name}，身份证号{resident}，住址：{place}，反映停车难，请回电{phone}。"
    return [name, phone, resident, place, str(20 + number % 6 * 10), DISTRICTS[number % 4], ILLS[number // 4 % 4], told]


def _title() -> str:
    return f"填报人：{NAME}明 电话：{PHONE}9999 地址：{PLACE}1号"


def _csv() -> bytes:
    """GB18030, a title row, two broken rows."""
    lines = [_title(), ",".join(HEADER), *(",".join(_row(number)) for number in range(ROWS))]
    lines[50] += f",多余,{NAME}错"
    lines[90] = f'{NAME}破,"{PHONE}8888,{_resident_id(888)}'
    return "\r\n".join(lines).encode("gb18030")


def _xlsx() -> bytes:
    """A title row above the header, a formula without its result."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([_title()])
    sheet.append(HEADER)
    for number in range(ROWS):
        sheet.append(_row(number))
    sheet.cell(40, 5).value = "=20+1"
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _jsonl() -> bytes:
    """UTF-8, two broken lines."""
    lines = [json.dumps(dict(zip(HEADER, _row(number), strict=True)), ensure_ascii=False) for number in range(ROWS)]
    lines[30] = lines[30][:60]
    lines[31] = f'["{NAME}列", "{PHONE}7777"]'
    return "\n".join(lines).encode()


FILES = {
    "leaks-csv": (f"接诊{PHONE}0001-{_resident_id(1)}.csv", _csv()),
    "leaks-xlsx": ("接诊.xlsx", _xlsx()),
    "leaks-jsonl": ("接诊.jsonl", _jsonl()),
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site whose processes keep their temporary files in a folder that the test watches."""
    (tmp_path / "temporary").mkdir()
    found = Site(
        tmp_path / "home",
        free_port(),
        environment={"TMPDIR": str(tmp_path / "temporary"), "SHUYI_LOG_LEVEL": "debug"},
    )
    yield found
    found.stop()


class WatchedRoad(Road):
    """Every answer that anybody gets is looked through."""

    def __init__(self, road: Road, traces: Traces) -> None:
        super().__init__(road.site, road.cast)
        self.traces = traces
        self.looked_through = True

    def __getitem__(self, who: str) -> Person:
        known = who in self._people
        person = super().__getitem__(who)
        if not known:
            person._client.event_hooks["response"].append(self._look)  # every answer, those inside helpers too
        return person

    def _look(self, answer: Any) -> None:
        if self.looked_through:
            content = answer.read()
            head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items()).encode()
            # Addresses hold what the caller sent; an answer may hold it no more than any other.
            self.traces.look(f"answer {answer.status_code} of {answer.request.method} {answer.url.path}", content)
            self.traces.look(f"headers of {answer.request.method} {answer.url.path}", head)

    def reveal(self, who: str, upload_id: str) -> str:
        """Raw cells, the one answer that holds them."""
        self.looked_through = False
        body = {"rows": [1, 2], "columns": HEADER[:4], "reason": "核对列的含义是否与标题一致。"}
        try:
            return self[who].send("POST", f"/api/v1/uploads/{upload_id}/reveal", json=body).text
        finally:
            self.looked_through = True


def test_traces_are_found_in_every_form() -> None:
    traces = Traces([NAME, PHONE])
    for text in (NAME, PHONE):
        assert len(forms(text)) >= 7
        for form in forms(text):
            assert traces.of(b"before " + form + b" after") == [text]
    assert traces.of(b"13800138000 \xe5\xbc\xa0") == []
    assert set(traces.of(_xlsx())) == {NAME, PHONE}


@pytest.mark.long
def test_nothing_of_an_upload_gets_out_of_the_vault(site: Site, tmp_path: Path) -> None:
    cast = site.cast()
    site.start()
    traces = Traces([NAME, PHONE, RESIDENT, PLACE])
    pids = [pid for kind in site.children().values() for pid in kind]
    watcher = Watcher(traces, tmp_path / "temporary", lambda: pids)
    watcher.start()
    road = WatchedRoad(Road(site, cast), traces)
    try:
        for slug, (file_name, content) in FILES.items():
            _publish(road, slug, file_name, content)
        trade = road.sell(road.dataset("leaks-csv", "接诊"), "leaks-csv", quota=100, calls=3)
        _use(road, trade.key)
        _provoke(road)
    finally:
        watcher.stop()
        road.close()
    assert watcher.unnamed > 0, "the watcher saw no temporary file, so it would have seen nothing"
    traces.look_into_folder(site.home)
    assert traces.look_into_tables(site.home / "shuyi.db") > 200
    site.stop()
    traces.look_into_folder(site.home)
    traces.look_into_folder(tmp_path / "temporary")
    assert not traces.found, "\n".join(sorted(set(traces.found)))


def _publish(road: WatchedRoad, slug: str, file_name: str, content: bytes) -> None:
    """Upload to release, with every page that provider and officer look at on the way."""
    provider = road["provider"]
    dataset_id = road.dataset(slug, "接诊")
    upload_id = road.upload(dataset_id, file_name, content)
    profile = road.profiled(upload_id)
    assert profile["status"] == "profiled", profile
    assert profile["rows"] > ROWS - 10
    assert profile["rows_set_aside"] >= 1
    policy = road.proposed_policy(upload_id)
    paths = [f"/api/v1/uploads/{upload_id}{tail}" for tail in ("", "/profile", "/set-aside", "/policy")]
    pages = ("", "/format", "/set-aside", "/policy", "/policy/effect", "/policy/yaml", "/policy.yaml", "/submit")
    paths += [f"/provider/uploads/{upload_id}{tail}" for tail in pages]
    paths += ["/provider", f"/provider/datasets/{dataset_id}"]
    _visit(provider, *paths)
    assert provider.call("POST", f"/api/v1/uploads/{upload_id}/effect", json=policy)["sample"]
    _refused(provider, upload_id, policy)
    request_id = road.request(dataset_id, upload_id)
    road.in_state(request_id, "in_review")
    revealed = road.reveal("officer", upload_id)
    assert NAME in revealed
    assert PHONE in revealed
    looked = [f"/officer/requests/{request_id}{tail}" for tail in ("", "/report", "/reveal")]
    looked += [f"/api/v1/requests/{request_id}{tail}" for tail in ("", "/report", "/checklist")]
    _visit(road["officer"], "/officer", *looked)
    _visit(provider, f"/provider/requests/{request_id}", f"/api/v1/requests/{request_id}")
    road.approve(request_id)
    assert road.published(dataset_id)["rows"] > ROWS // 2
    (entry,) = [
        one
        for one in road["operator"].call("GET", "/api/v1/audit", params={"action": "raw_cells.revealed"})
        if one["subject_id"] == upload_id
    ]
    assert entry["detail"]["columns"] == HEADER[:4]
    assert entry["detail"]["rows"] == [1, 2]
    _visit(road["officer"], "/officer", "/officer/history")


def _refused(provider: Person, upload_id: str, policy: dict[str, Any]) -> None:
    """Policies that do not fit the data, in every way: refusals tell of it, and do not quote it."""
    path = f"/api/v1/uploads/{upload_id}"
    for change in (
        {"role": "quasi_identifier", "operator": {"kind": "numeric_bins", "width": 5}},
        {"role": "quasi_identifier", "operator": {"kind": "date", "level": "month"}},
        {"role": "attribute", "operator": {"kind": "keep"}},
        {"role": "nonsense"},
    ):
        for column in HEADER[:4]:
            bad = policy | {"columns": policy["columns"] | {column: change}}
            for method, where in (("POST", "/effect"), ("PUT", "/policy")):
                provider.send(method, f"{path}{where}", json=bad)
    provider.send("POST", f"{path}/effect", content=b"columns: [\xff")
    # The proposed one is the newest again.
    provider.call("PUT", f"{path}/policy", json=policy)


def _use(road: WatchedRoad, key: str) -> None:
    """What a customer and everybody else can get of the release."""
    everybody, customer = road["anonymous"], road["startup"]
    with_key = {"Authorization": f"Bearer {key}"}
    for slug in FILES:
        found = everybody.call("GET", "/api/3/action/package_show", params={"id": slug})["result"]
        version = road["anonymous"].call("GET", f"/api/v1/datasets/{slug}/releases")[0]["version"]
        names = ("sample.json", "sample.csv", "report.json", "manifest.json", "contract.json", "policy.yaml")
        paths = [f"/dataset/{slug}/download/{version}/{name}" for name in names]
        paths += [f"/dataset/{slug}{tail}" for tail in ("", "/structure", "/releases", "/privacy", "/uses")]
        _visit(everybody, *paths, "/", "/search?q=接诊", "/transparency", "/api/3/action/package_search?q=接诊")
        for resource in found["resources"]:
            _visit(everybody, f"/api/3/action/resource_show?id={resource['id']}")
    version = everybody.call("GET", "/api/v1/datasets/leaks-csv/releases")[0]["version"]
    for path in (
        "/data/v1/leaks-csv/records?limit=1000",
        "/data/v1/leaks-csv/export?format=csv",
        "/data/v1/leaks-csv/export?format=parquet",
        "/data/v1/leaks-csv/schema",
        f"/dataset/leaks-csv/download/{version}/data.csv",
        f"/dataset/leaks-csv/download/{version}/data.parquet",
    ):
        answer = everybody.send("GET", path, headers=with_key)
        assert answer.status_code == 200, (path, answer.text[:300])
    resources = everybody.call("GET", "/api/3/action/package_show", params={"id": "leaks-csv"})["result"]["resources"]
    stored = next(one for one in resources if one.get("datastore_active"))
    params = {"resource_id": stored["id"], "limit": "500"}
    rows = everybody.call("GET", "/api/3/action/datastore_search", params=params, headers={"Authorization": key})
    assert len(rows["result"]["records"]) > ROWS // 3
    _visit(customer, "/developer", "/billing")


def _provoke(road: WatchedRoad) -> None:
    """Files that cannot be read as they are or as they are corrected."""
    provider = road["provider"]
    _, csv = FILES["leaks-csv"]
    rows = csv.decode("gb18030").split("\r\n")
    bad = {
        "cut.xlsx": _xlsx()[:-900],
        "cut.parquet": b"PAR1" + csv,
        "cut.json": json.dumps([dict(zip(HEADER, _row(1), strict=True))], ensure_ascii=False).encode()[:-30],
        "bytes.csv": csv[:3000] + bytes(range(128, 256)) * 40,
        "all-broken.csv": "\n".join([rows[1], *(row.replace(",", ",,", 1) for row in rows[2:40])]).encode(),
    }
    for number, (name, content) in enumerate(bad.items()):
        dataset_id = road.dataset(f"leaks-bad-{number}", "坏文件")
        upload_id = road.upload(dataset_id, name, content)
        assert road.profiled(upload_id)["status"] in ("rejected", "profiled")
        _visit(provider, f"/provider/uploads/{upload_id}", f"/api/v1/uploads/{upload_id}")
    dataset_id = road.dataset("leaks-corrected", "改读法")
    upload_id = road.upload(dataset_id, "接诊.csv", csv)
    road.profiled(upload_id)
    for correction in (
        {"types": {"姓名": {"type": "integer"}}},
        {"types": {"手机号码": {"type": "date", "pattern": "%Y-%m-%d"}}},
        {"encoding": "big5"},
        {"encoding": "utf-8"},
        {"delimiter": ";"},
        {"header_row": 900},
        {"header_row": 0},
    ):
        provider.send("POST", f"/api/v1/uploads/{upload_id}/corrections", json=correction)
        road.profiled(upload_id)
        paths = [f"/api/v1/uploads/{upload_id}{tail}" for tail in ("", "/profile", "/set-aside", "/policy")]
        paths += [f"/provider/uploads/{upload_id}{tail}" for tail in ("", "/format", "/set-aside", "/policy")]
        _visit(provider, *paths)


def _visit(person: Person, *paths: str) -> None:
    """Pages in both languages, data as it comes; nothing fails on our side."""
    for path in paths:
        for language in ("zh-CN", "en") if not path.startswith("/api/") else ("zh-CN",):
            answer = person.send("GET", path, headers=WAITED | {"Accept-Language": language})
            if answer.status_code >= 500:
                raise Refused(f"{path}: {answer.status_code} {answer.text[:300]}")
