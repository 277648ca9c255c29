"""The documentation of the API: told whole in the reader's language, while the description itself stays English."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from contracts.kit.settings import Settings
from scripts import update_api_texts
from web.app import create_app
from web.i18n import raw_pgettext, use_locale
from web.pages.portal import api_description
from web.pages.portal.api_description import told

HAN = re.compile(r"[\u4e00-\u9fff]")
SPACED = re.compile(r"[\u4e00-\u9fff] +[A-Za-z0-9`]|[A-Za-z0-9`)] +[\u4e00-\u9fff]")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!()]|[\u4e00-\u9fff]\.(?!\w)")
KEPT = {"OpenAPI 3.1", "CKAN API"}
"""Names that are the same in Chinese."""
CODE = re.compile("`([^`]+)`")


def operation(**said: Any) -> dict[str, Any]:
    return {"tags": ["lamps"], "summary": "Lamps", "responses": {"200": {"description": "Fine"}}, **said}


def description(**paths: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": [{"name": "lamps", "x-displayName": "Street lamps"}, {"name": "poles", "x-displayName": "Poles"}],
        "paths": {f"/{name}": item for name, item in paths.items()},
        "components": {"schemas": {"Colour": {"enum": ["red", "green"], "type": "string"}}},
    }


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A site without a database: the documentation needs none."""
    home = tmp_path_factory.mktemp("docs")
    return TestClient(create_app(Settings(home=home, database_url="sqlite://", object_store=str(home / "objects"))))


@pytest.fixture(scope="module")
def openapi(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json", headers={"Accept-Language": "zh-CN"}).json()
    return found


class Main(HTMLParser):
    """What the main part of a page says. `texts`: outside of code, one for each element that holds text."""

    def __init__(self, client: TestClient, language: str) -> None:
        super().__init__()
        self.path: list[str] = []
        self.english: set[str] = set()
        self.texts: list[str] = []
        self.whole = ""
        self.feed(client.get("/docs", headers={"Accept-Language": language}).text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.path or tag == "main":
            if ("lang", "en") in attrs:
                self.english.add(tag)
            if tag not in ("wbr", "br", "input"):
                self.path.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.path:
            assert self.path.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.path:
            self.whole += data
            if data.strip() and not {"code", "pre"} & set(self.path):
                self.texts.append(data)


class TestDescription:
    def test_every_operation_has_a_summary_of_its_own(self, openapi: dict[str, Any]) -> None:
        for path, item in openapi["paths"].items():
            for method, one in item.items():
                name = one["operationId"].removesuffix(f"_{method}").removesuffix(re.sub(r"\W", "_", path))
                assert one["summary"] != name.replace("_", " ").title(), f"{method} {path}: write a summary"

    def test_every_tag_has_its_title_and_its_operations(self, openapi: dict[str, Any]) -> None:
        used = {one["tags"][0] for item in openapi["paths"].values() for one in item.values()}
        assert used == {tag["name"] for tag in openapi["tags"]}

    def test_it_stays_english_whatever_the_reader_speaks(self, client: TestClient, openapi: dict[str, Any]) -> None:
        assert openapi == client.get("/openapi.json", headers={"Accept-Language": "en"}).json()
        assert not [text for text in api_description.texts(openapi) if HAN.search(text)]


class TestChinese:
    def test_every_text_has_its_chinese(self, openapi: dict[str, Any]) -> None:
        gaps = [f"{place}: {text!r}" for (text, _), place in update_api_texts.missing(openapi).items()]
        assert not gaps, "run scripts/update_api_texts.py and translate:\n" + "\n".join(gaps)

    def test_it_is_chinese_and_keeps_what_is_code(self, openapi: dict[str, Any]) -> None:
        with use_locale("zh-CN"):
            for text in api_description.texts(openapi):
                chinese = raw_pgettext(api_description.CONTEXT, text)
                assert HAN.search(chinese), text
                assert not SPACED.search(chinese), chinese
                assert not HALF_WIDTH.search(CODE.sub("", chinese)), chinese
                assert sorted(CODE.findall(chinese)) == sorted(CODE.findall(text)), chinese

    def test_nothing_on_the_page_is_left_in_english_but_code(self, client: TestClient, openapi: dict[str, Any]) -> None:
        main = Main(client, "zh-CN")
        assert main.english == {"code"}
        assert len(main.texts) > 1000
        addresses = {one.address for group in api_description.groups(openapi) for one in group.operations}
        words = {text for text in main.texts if re.search("[A-Za-z]", text) and not HAN.search(text)}
        assert {word for word in words - addresses - KEPT if not word.startswith("/")} == set()

    def test_the_english_page_says_what_the_description_says(self, client: TestClient, openapi: dict[str, Any]) -> None:
        main = Main(client, "en")
        assert not HAN.search(main.whole)
        whole = " ".join(main.whole.split())
        for said in api_description.texts(openapi):
            assert said.replace("`", "") in whole


class TestGroups:
    def test_groups_come_as_the_description_lists_them(self) -> None:
        found = api_description.groups(description(b={"get": operation(tags=["poles"])}, a={"get": operation()}))
        assert [(group.tag, group.title) for group in found] == [("lamps", "Street lamps"), ("poles", "Poles")]

    def test_parameters_and_fields_are_told_with_the_types_they_stand_for(self) -> None:
        colour = {"$ref": "#/components/schemas/Colour"}
        fields = {"colours": {"type": "array", "items": colour}, "note": {"$ref": "#/$defs/Own", "description": "Why"}}
        body = {"type": "object", "properties": fields, "required": ["note"]}
        said = operation(
            parameters=[{"name": "c", "in": "query", "schema": {"anyOf": [colour, {"type": "null"}]}}],
            requestBody={"content": {"application/json": {"schema": body}}},
        )
        ((group,)) = api_description.groups(description(a={"post": said}))
        assert [(one.name, one.place, one.type, one.required) for one in group.operations[0].parameters] == [
            ("c", "query", "red | green | null", False),
            ("colours", "body", "(red | green)[]", False),
            ("note", "body", "Own", True),
        ]

    def test_a_text_wrapped_anew_is_the_same_text(self) -> None:
        one, other = (
            api_description.texts(description(a={"get": operation(description=text)}))
            for text in ("All lamps.\nNewest first.", "All lamps. Newest\n   first.")
        )
        assert one == other
        assert "All lamps. Newest first." in one

    def test_backticks_become_code_and_markup_stays_text(self) -> None:
        with use_locale("en"):
            assert told("`<b>` & `c`.") == "<code>&lt;b&gt;</code> &amp; <code>c</code>."
            assert told("") == ""


def test_missing_texts_are_added_once_and_unused_ones_taken_out(tmp_path: Path) -> None:
    whole = description(a={"get": operation(description="All {n} of them, 5 % off.")}, b={"get": operation()})
    texts = {"Street lamps", "Lamps", "Fine", "All {n} of them, 5 % off."}
    assert {text for text, _ in update_api_texts.missing(whole, tmp_path)} == texts
    assert update_api_texts.update(whole, tmp_path) == (4, 0)
    assert update_api_texts.update(whole, tmp_path) == (0, 0)
    assert len(update_api_texts.missing(whole, tmp_path)) == 4
    written = tmp_path / "locales" / "zh_CN" / "api.po"
    assert "format" not in written.read_text("utf-8")
    assert "scripts/update_api_texts.py" in written.read_text("utf-8")
    assert update_api_texts.update(description(b={"get": operation()}), tmp_path) == (0, 1)
