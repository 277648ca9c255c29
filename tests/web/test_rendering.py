"""The page frame, the parts and the static files."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from contracts.access import Actor, Grant, Role
from web import rendering, styleguide
from web.assets import FOREVER, MissingAsset, StaticAssets
from web.i18n import LOCALES, LocaleMiddleware, use_locale
from web.rendering import Notice, make_environment, navigation, page_numbers, render, with_query

ENVIRONMENT = make_environment()


class Page(HTMLParser):
    """What the tests ask of a page: its elements with their attributes, and whether they nest."""

    VOID = {"meta", "link", "input", "br", "hr", "img", "path", "rect", "circle", "line"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag} {attrs}>"
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes the wrong element"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def draw(source: str, locale: str = "en", **context: object) -> str:
    with use_locale(locale):
        return ENVIRONMENT.from_string(source).render(here="/x", **context)


@pytest.fixture(params=LOCALES)
def guide(request: pytest.FixtureRequest) -> Page:
    return Page(styleguide.standalone(request.param))


class TestStyleGuide:
    """The page with every part on it stands for all pages."""

    def test_nothing_inline_that_the_security_policy_forbids(self, guide: Page) -> None:
        for tag, attributes in guide.elements:
            assert tag != "style"
            assert not [name for name in attributes if name == "style" or name.startswith("on")], (tag, attributes)
        assert all(script.get("src", "").startswith("/static/") for script in guide.all("script"))  # type: ignore[union-attr]  # no src is what must not be

    def test_ids_are_unique_and_what_is_referred_to_is_there(self, guide: Page) -> None:
        ids = Counter(attributes["id"] for _, attributes in guide.elements if "id" in attributes)
        assert [one for one, count in ids.items() if count > 1] == []
        for _, attributes in guide.elements:
            for name in ("for", "aria-describedby", "aria-labelledby", "data-dialog", "data-copy"):
                for target in (attributes.get(name) or "").split():
                    assert target in ids, (name, target)

    def test_every_control_has_a_name_for_people(self, guide: Page) -> None:
        labelled = {attributes.get("for") for attributes in guide.all("label")}
        for tag, attributes in guide.elements:
            if tag in ("input", "select", "textarea") and attributes.get("type") not in ("hidden", "radio", "checkbox"):
                assert attributes.get("id") in labelled or attributes.get("aria-label"), attributes

    def test_one_main_heading(self, guide: Page) -> None:
        assert len(guide.all("h1")) == 1

    def test_every_macro_is_on_it(self) -> None:
        parts = set(dir(ENVIRONMENT.globals["ui"]))
        folder = Path(rendering.TEMPLATES)
        used = "".join(path.read_text() for path in [folder / "styleguide.html", folder / "base.html"])
        used += "".join(path.read_text() for path in (folder / "macros").glob("*.html"))
        shown = set(re.findall(r"ui\.(\w+)\(", re.sub(r"\{#.*?#\}", "", used, flags=re.DOTALL)))
        assert parts - shown - {"plan_row"} == set()


class TestFrame:
    def test_the_language_is_said_and_offered(self) -> None:
        english = styleguide.standalone("en")
        assert '<html lang="en">' in english
        assert 'href="/styleguide?lang=zh-CN"' in english

    def test_test_mode_is_said_only_when_it_is_on(self) -> None:
        assert "Test mode" in styleguide.standalone("en", test_mode=True)
        assert "Test mode" not in styleguide.standalone("en", test_mode=False)

    def test_notices_are_escaped(self) -> None:
        html = styleguide.standalone("en", notices=(Notice("<b>Saved</b>", "good"),))
        assert "&lt;b&gt;Saved&lt;/b&gt;" in html

    def test_navigation_shows_what_the_roles_can_use(self) -> None:
        officer = Actor("p", "Li", (Grant(Role.DATA_OFFICER, "o", frozenset({"o"})),))
        owner = Actor("p", "Wu", (Grant(Role.OWNER, "o", frozenset({"o"})),))
        assert [item.section for item in navigation(officer)] == ["data", "officer", "log"]
        assert [item.section for item in navigation(owner)] == ["data", "developer", "log"]
        assert [item.section for item in navigation(None)] == ["data", "log"]


class TestParts:
    def test_a_field_says_its_hint_and_its_error(self) -> None:
        html = draw('{{ ui.field("a", "A", "x<", hint="h", error="wrong") }}')
        assert 'aria-describedby="a-hint a-error"' in html
        assert 'aria-invalid="true"' in html
        assert 'value="x&lt;"' in html

    def test_a_zero_is_a_value_and_a_password_never_comes_back(self) -> None:
        assert 'value="0"' in draw('{{ ui.field("a", "A", 0) }}')
        assert "secret" not in draw('{{ ui.field("a", "A", "secret", type="password") }}')

    def test_choices_compare_as_text(self) -> None:
        assert draw('{{ ui.select("n", "N", [(1, "one"), (2, "two")], "2") }}').count("selected") == 1
        assert draw('{{ ui.radios("n", "N", [{"value": 1, "label": "one"}], "1") }}').count("checked") == 1

    def test_a_textarea_keeps_a_first_empty_line(self) -> None:
        assert ">\n\nx</textarea>" in draw('{{ ui.textarea("a", "A", "\nx") }}')

    def test_without_errors_there_is_no_summary(self) -> None:
        assert draw("{{ ui.error_summary([]) }}").strip() == ""

    def test_an_error_without_a_field_is_no_link(self) -> None:
        html = draw('{{ ui.error_summary([("", "All of it"), ("a", "This")]) }}')
        assert html.count("<a ") == 1
        assert "2 things to correct" in html

    def test_a_quota_says_in_words_when_it_is_nearly_or_wholly_used(self) -> None:
        assert "nearly" not in draw("{{ ui.quota(79, 100) }}")
        assert "nearly used up" in draw("{{ ui.quota(80, 100) }}")
        assert "used up" in draw("{{ ui.quota(100, 100) }}")
        assert "used up" in draw("{{ ui.quota(0, 0) }}")

    def test_a_pair_of_tallies_says_whether_they_agree(self) -> None:
        assert "agree" in draw('{{ ui.tally_pair("9F3c21a7e04b00", "9f3c21a7e04b00") }}')
        assert "do not agree" in draw('{{ ui.tally_pair("9f3c21a7e04b00", "9f3c21a7e04b01") }}')

    def test_a_table_has_a_total_and_an_empty_state(self) -> None:
        columns = '[{"label": "A"}, {"label": "B", "numeric": true}]'
        html = draw('{{ ui.data_table("T", ' + columns + ', [["<x>", 1]], total=["Sum", 1]) }}')
        assert "&lt;x&gt;" in html
        assert "<tfoot>" in html
        assert "None yet" in draw('{{ ui.data_table("T", ' + columns + ', [], empty="None yet") }}')

    def test_an_unknown_part_or_name_is_an_error(self) -> None:
        with pytest.raises(UndefinedError):
            draw("{{ ui.no_such_part() }}")
        with pytest.raises(UndefinedError):
            draw("{{ no_such_value }}")

    def test_values_in_messages_are_escaped(self) -> None:
        assert draw('{{ _("Page %(number)s", number="<") }}') == "Page &lt;"

    def test_one_environment_serves_both_languages(self) -> None:
        source = '{{ _("Sign out") }}'
        assert [draw(source, locale) for locale in ("en", "zh-CN", "en")] == ["Sign out", "退出", "Sign out"]


class TestQueries:
    def test_a_parameter_is_replaced_added_or_taken_away(self) -> None:
        assert with_query("/s?q=a&page=2", {"page": 3}) == "/s?q=a&page=3"
        assert with_query("/s?theme=a&theme=b", {"theme": None}) == "/s"

    @pytest.mark.parametrize(
        ("page", "pages", "shown"),
        [
            (1, 1, [1]),
            (1, 3, [1, 2, 3]),
            (4, 20, [1, 2, 3, 4, 5, None, 20]),
            (10, 20, [1, None, 9, 10, 11, None, 20]),
            (20, 20, [1, None, 19, 20]),
        ],
    )
    def test_the_pages_worth_a_link(self, page: int, pages: int, shown: list[int | None]) -> None:
        assert page_numbers(page, pages) == shown


def test_templates_of_an_area_are_found_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "officer" / "templates"
    folder.mkdir(parents=True)
    (folder / "review.html").write_text("seen")
    monkeypatch.setattr(rendering, "PAGES", tmp_path)
    assert make_environment().get_template("officer/review.html").render() == "seen"


@pytest.fixture
def client() -> Iterator[TestClient]:
    def page(request: Request) -> Response:
        return render(request, "styleguide.html", **styleguide.examples())

    static = StaticAssets()
    app = Starlette(routes=[Route("/styleguide", page), Mount("/static", static)])
    app.state.templates = make_environment(assets=static)
    app.add_middleware(LocaleMiddleware)
    with TestClient(app) as client:
        yield client


class TestRender:
    def test_a_page_comes_with_its_security_policy(self, client: TestClient) -> None:
        answer = client.get("/styleguide?lang=en")
        assert answer.status_code == 200
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]

    def test_every_static_file_it_names_is_there(self, client: TestClient) -> None:
        addresses = set(re.findall(r'"(/static/[^"]+)"', client.get("/styleguide").text))
        assert len(addresses) >= 3
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == FOREVER


class TestStaticAssets:
    def test_files_of_packages_are_served(self, client: TestClient) -> None:
        static = StaticAssets()
        assert "htmx" in client.get(static.url("htmx.js")).text[:200]
        assert client.get(static.url("leaflet/leaflet.css")).headers["content-type"].startswith("text/css")
        assert client.get("/static/leaflet/images/layers.png").headers["content-type"] == "image/png"

    def test_the_name_follows_the_content(self, tmp_path: Path) -> None:
        file = tmp_path / "a.css"
        file.write_text("a{}")
        first = StaticAssets({"a.css": file}).url("a.css")
        file.write_text("b{}")
        second = StaticAssets({"a.css": file}).url("a.css")
        assert first != second
        assert re.fullmatch(r"/static/a\.[0-9a-f]{12}\.css", first)

    def test_a_missing_file_is_an_error_that_names_what_there_is(self) -> None:
        with pytest.raises(MissingAsset, match=r"shuyi\.css"):
            StaticAssets().url("shuyi.scss")

    def test_compressed_only_where_accepted(self, client: TestClient) -> None:
        url = StaticAssets().url("shuyi.css")
        plain = client.get(url, headers={"Accept-Encoding": "identity"})
        packed = client.get(url, headers={"Accept-Encoding": "gzip"})
        refused = client.get(url, headers={"Accept-Encoding": "gzip;q=0"})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in refused.headers
        assert plain.text == packed.text
        assert int(packed.headers["content-length"]) < 12_000

    def test_an_unchanged_file_is_not_sent_again(self, client: TestClient) -> None:
        first = client.get("/static/shuyi.css")
        assert first.headers["cache-control"] == "public, no-cache"
        again = client.get("/static/shuyi.css", headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304

    @pytest.mark.parametrize("path", ["/static/none.css", "/static/../app.py", "/static/%2e%2e/app.py", "/static/"])
    def test_nothing_else_is_served(self, client: TestClient, path: str) -> None:
        assert client.get(path).status_code == 404

    def test_only_reading(self, client: TestClient) -> None:
        assert client.post("/static/shuyi.css").status_code == 405


def test_every_class_that_a_template_names_has_a_style() -> None:
    web = Path(rendering.__file__).parent
    styled = set(re.findall(r"\.([a-z][\w-]*)", (web / "static" / "shuyi.css").read_text()))
    named = {
        name: template.name
        for template in web.rglob("*.html")
        for value in re.findall(r'class="([^"{]*)"', template.read_text())
        for name in value.split()
    }
    assert {name: where for name, where in named.items() if name not in styled} == {}
    assert len(named) > 100
