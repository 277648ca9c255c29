"""Languages: which one a request gets, what texts it gets, and that none is missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from scripts import update_locales
from web import i18n
from web.i18n import gettext, localized, negotiate, ngettext, pgettext, url_in_language, use_locale


class TestNegotiate:
    def test_the_query_wins_over_cookie_and_header(self) -> None:
        assert negotiate("en", "zh-CN", "zh-CN") == "en"

    def test_the_cookie_wins_over_the_header(self) -> None:
        assert negotiate(None, "en", "zh-CN,zh;q=0.9") == "en"

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("en-GB,en;q=0.8", "en"),
            ("zh-TW", "zh-CN"),
            ("fr-FR, en;q=0.3, zh;q=0.5", "zh-CN"),
            ("zh;q=0, en;q=0.1", "en"),
            ("de", "zh-CN"),
            ("", "zh-CN"),
            ("en;q=nonsense", "zh-CN"),
            ("*", "zh-CN"),
        ],
    )
    def test_the_header_counts_by_weight(self, header: str, expected: str) -> None:
        assert negotiate(None, None, header) == expected

    def test_an_unknown_wish_is_passed_over(self) -> None:
        assert negotiate("xx", "yy", "en") == "en"

    @given(st.none() | st.text(max_size=20), st.none() | st.text(max_size=20), st.none() | st.text(max_size=60))
    def test_whatever_is_sent_a_known_language_comes_out(
        self, query: str | None, cookie: str | None, header: str | None
    ) -> None:
        assert negotiate(query, cookie, header) in i18n.LOCALES


class TestUrlInLanguage:
    def test_other_parameters_and_the_path_stay(self) -> None:
        assert url_in_language("/search?q=停车&page=2", "en") == "/search?q=%E5%81%9C%E8%BD%A6&page=2&lang=en"

    def test_an_earlier_choice_is_replaced(self) -> None:
        assert url_in_language("/?lang=en&q=", "zh-CN") == "/?q=&lang=zh-CN"

    def test_an_unknown_language_is_refused(self) -> None:
        with pytest.raises(ValueError, match="unknown locale"):
            url_in_language("/", "fr")


class TestTexts:
    def test_chinese_comes_from_the_catalogues_and_english_is_the_message(self) -> None:
        with use_locale("zh-CN"):
            assert gettext("Sign out") == "退出"
        with use_locale("en"):
            assert gettext("Sign out") == "Sign out"

    def test_values_are_filled_in(self) -> None:
        with use_locale("zh-CN"):
            assert gettext("Page %(number)s", number=3) == "第3页"

    def test_plurals(self) -> None:
        with use_locale("en"):
            assert ngettext("%(num)s thing to correct", "%(num)s things to correct", 1) == "1 thing to correct"
            assert ngettext("%(num)s thing to correct", "%(num)s things to correct", 2) == "2 things to correct"
        with use_locale("zh-CN"):
            assert ngettext("%(num)s thing to correct", "%(num)s things to correct", 2) == "有2处需要改"

    def test_a_context_tells_meanings_apart(self) -> None:
        with use_locale("zh-CN"):
            assert pgettext("tally", "file") == "文件"

    def test_the_language_is_the_default_again_after_use(self) -> None:
        with use_locale("en"):
            pass
        assert i18n.current_locale() == "zh-CN"

    def test_published_text_falls_back_to_what_there_is(self) -> None:
        with use_locale("en"):
            assert localized({"zh-CN": "停车", "en": "Parking"}) == "Parking"
            assert localized({"zh-CN": "停车"}) == "停车"
            assert i18n.language_of({"zh-CN": "停车"}) == "zh-CN"
            assert i18n.language_of({"zh-CN": "停车", "en": "Parking"}) is None
            assert localized(None) == ""


@pytest.fixture
def client() -> Iterator[TestClient]:
    def page(request: Request) -> Response:
        return HTMLResponse(gettext("Sign out"))

    async def data(request: Request) -> Response:
        return JSONResponse({"locale": i18n.current_locale()})

    app = Starlette(routes=[Route("/", page), Route("/data", data)])
    app.add_middleware(i18n.LocaleMiddleware)
    with TestClient(app) as client:
        yield client


class TestLocaleMiddleware:
    def test_a_page_is_answered_in_the_language_asked_for_and_labelled(self, client: TestClient) -> None:
        answer = client.get("/", headers={"Accept-Language": "en"})
        assert answer.text == "Sign out"
        assert answer.headers["content-language"] == "en"
        assert "Accept-Language" in answer.headers["vary"]

    def test_a_choice_is_remembered(self, client: TestClient) -> None:
        chosen = client.get("/?lang=en")
        assert "lang=en" in chosen.headers["set-cookie"]
        assert "SameSite=Lax" in chosen.headers["set-cookie"]
        assert client.get("/").text == "Sign out"
        assert "set-cookie" not in client.get("/").headers

    def test_an_unknown_choice_is_not_remembered(self, client: TestClient) -> None:
        assert "set-cookie" not in client.get("/?lang=xx").headers

    def test_data_is_not_labelled(self, client: TestClient) -> None:
        answer = client.get("/data", headers={"Accept-Language": "en"})
        assert answer.json() == {"locale": "en"}
        assert "content-language" not in answer.headers

    @pytest.mark.parametrize("cookie", ["lang", "=;lang=en;;", 'lang="en', "a b=c"])
    def test_a_broken_cookie_does_no_harm(self, client: TestClient, cookie: str) -> None:
        assert client.get("/", headers={"Cookie": cookie}).status_code == 200


class TestCatalogues:
    def test_every_message_has_its_chinese(self) -> None:
        gaps = [f"{use.id!r} ({min(use.areas)}: web/{use.places[0][0]})" for use in update_locales.missing()]
        assert not gaps, "run scripts/update_locales.py AREA and translate:\n" + "\n".join(gaps)

    def test_no_two_areas_contradict_each_other(self) -> None:
        _merged, contradictions = i18n.merge_catalogues(i18n.catalogue_files("zh-CN"), "zh_CN")
        assert not contradictions, "\n".join(contradictions)

    def test_every_translation_keeps_the_values_of_its_message(self) -> None:
        merged, _ = i18n.merge_catalogues(i18n.catalogue_files("zh-CN"), "zh_CN")
        for message in merged:
            if not message.id:
                continue
            source = message.id if isinstance(message.id, str) else message.id[-1]
            target = message.string if isinstance(message.string, str) else message.string[0]
            assert update_locales.placeholders(source) == update_locales.placeholders(target), source

    def test_contradictions_are_found(self) -> None:
        files = {"a.po": 'msgid "Review"\nmsgstr "审核"\n'.encode(), "b.po": 'msgid "Review"\nmsgstr "评论"\n'.encode()}
        merged, contradictions = i18n.merge_catalogues(files, "zh_CN")
        found = merged.get("Review")
        assert found is not None
        assert found.string == "审核"
        assert len(contradictions) == 1


class TestUpdateLocales:
    def test_missing_messages_are_added_once_and_unused_ones_pruned(self, tmp_path: Path) -> None:
        web = tmp_path / "web"
        (web / "pages" / "officer" / "templates").mkdir(parents=True)
        (web / "pages" / "officer" / "templates" / "x.html").write_text(
            '{{ _("One") }} {{ pgettext("c", "Two") }} {{ ngettext("%(num)s a", "%(num)s b", 2) }}'
        )
        (web / "pages" / "officer" / "routes.py").write_text('LABEL = N_("Three")\n')
        assert update_locales.update("officer", prune=False, web=web) == (4, 0)
        assert update_locales.update("officer", prune=False, web=web) == (0, 0)
        assert len(list(update_locales.missing(web))) == 4
        (web / "pages" / "officer" / "routes.py").unlink()
        assert update_locales.update("officer", prune=True, web=web) == (0, 1)

    @pytest.mark.parametrize(
        ("path", "area"),
        [
            ("pages/officer/templates/review.html", "officer"),
            ("pages/officer/routes.py", "officer"),
            ("templates/base.html", "frame"),
            ("charts/bars.py", "frame"),
            ("rendering.py", "frame"),
            ("names.py", "names"),
            ("ckan/routes.py", "ckan"),
        ],
    )
    def test_each_file_belongs_to_an_area(self, path: str, area: str) -> None:
        assert update_locales.area_of(path) == area
