"""Dates, figures and money in both languages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from contracts import clock
from contracts.money import Money
from web import formats
from web.i18n import use_locale

MOMENT = datetime(2026, 11, 23, 8, 40, 5, tzinfo=UTC)


class TestTimes:
    @pytest.mark.parametrize(
        ("locale", "day", "moment"),
        [
            ("zh-CN", "2026-11-23", "2026-11-23 16:40 北京时间"),
            ("en", "23 Nov 2026", "23 Nov 2026, 16:40 Beijing time"),
        ],
    )
    def test_as_the_reader_writes_them(self, locale: str, day: str, moment: str) -> None:
        with use_locale(locale):
            assert formats.date(MOMENT) == day
            assert formats.date(date(2026, 11, 23)) == day
            assert formats.datetime(MOMENT) == moment

    def test_the_day_is_the_citys(self) -> None:
        assert formats.date(datetime(2026, 11, 30, 16, 30, tzinfo=UTC)) == "2026-12-01"

    def test_another_city_has_another_clock_and_name(self) -> None:
        with use_locale("en"):
            shown = formats.datetime(MOMENT, zone=ZoneInfo("Europe/Berlin"))
        assert shown.startswith("23 Nov 2026, 09:40 ")
        assert "Europe" in shown

    def test_seconds_and_no_zone_where_asked(self) -> None:
        assert formats.datetime(MOMENT, seconds=True, zone_name=False) == "2026-11-23 16:40:05"

    def test_a_time_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            formats.date(datetime(2026, 11, 23))  # noqa: DTZ001 - the mistake under test

    @pytest.mark.parametrize(
        ("value", "chinese", "english"),
        [
            ("2026-11", "2026年11月", "November 2026"),
            ("2026-11.2", "2026年11月（第2段）", "November 2026 (part 2)"),
            (date(2026, 1, 31), "2026年1月", "January 2026"),
        ],
    )
    def test_months_and_periods(self, value: str | date, chinese: str, english: str) -> None:
        assert formats.month(value, locale="zh-CN") == chinese
        assert formats.month(value, locale="en") == english

    def test_ago_counts_from_the_clock(self) -> None:
        with clock.frozen(MOMENT):
            assert formats.ago(MOMENT - timedelta(minutes=3), locale="zh-CN") == "3分钟前"
            assert formats.ago(MOMENT - timedelta(hours=5), locale="en") == "5 hours ago"
            assert formats.ago(MOMENT + timedelta(days=2), locale="en") == "in 2 days"

    def test_the_tag_carries_the_machines_form(self) -> None:
        tag = formats.time_tag(MOMENT)
        assert tag == '<time datetime="2026-11-23T16:40:05+08:00">2026-11-23 16:40</time>'
        assert formats.date_tag(MOMENT) == '<time datetime="2026-11-23T16:40:05+08:00">2026-11-23</time>'

    def test_nothing_is_a_dash(self) -> None:
        assert formats.date(None) == formats.datetime(None) == formats.time_tag(None) == formats.money(None) == "—"

    @pytest.mark.parametrize(("value", "text"), [(0.4, "<1 ms"), (9.2, "9 ms"), (1234, "1.2 s")])
    def test_milliseconds(self, value: float, text: str) -> None:
        assert formats.milliseconds(value) == text


class TestFigures:
    @pytest.mark.parametrize(
        ("value", "digits", "text"),
        [(1234567, None, "1,234,567"), (-0.84, None, "−0.84"), (2.5, 0, "3"), (1, 2, "1.00"), (-0.001, 1, "0.0")],
    )
    def test_numbers(self, value: float, digits: int | None, text: str) -> None:
        assert formats.number(value, digits) == text

    @pytest.mark.parametrize(
        ("value", "chinese", "english"),
        [
            (9999, "9,999", "9,999"),
            (412000, "41.2万", "412,000"),
            (10000, "1万", "10,000"),
            (39180000, "3,918万", "39,180,000"),
            (123456789, "1.2亿", "123,456,789"),
        ],
    )
    def test_ten_thousands_only_in_chinese(self, value: int, chinese: str, english: str) -> None:
        assert formats.count(value, locale="zh-CN") == chinese
        assert formats.count(value, locale="en") == english

    @pytest.mark.parametrize(("ratio", "text"), [(0.634, "63.4%"), (1, "100.0%"), (0.00845, "0.8%"), (None, "—")])
    def test_percentages(self, ratio: float | None, text: str) -> None:
        assert formats.percent(ratio) == text

    @pytest.mark.parametrize(
        ("octets", "text"),
        [
            (0, "0 B"),
            (999, "999 B"),
            (58_200, "58 KB"),
            (1_240_000, "1.2 MB"),
            (999_999, "1.0 MB"),
            (3 * 10**15, "3,000 TB"),
        ],
    )
    def test_sizes(self, octets: int, text: str) -> None:
        assert formats.size(octets) == text


class TestJson:
    def test_keys_strings_and_values_are_told_apart(self) -> None:
        marked = formats.json_markup('{"a": "x<", "n": -1.5, "ok": true}')
        assert marked == (
            '{<span class="k">&#34;a&#34;</span>: <span class="s">&#34;x&lt;&#34;</span>, '
            '<span class="k">&#34;n&#34;</span>: <span class="v">-1.5</span>, '
            '<span class="k">&#34;ok&#34;</span>: <span class="v">true</span>}'
        )

    @given(st.text())
    def test_nothing_is_lost_or_let_through(self, text: str) -> None:
        marked = formats.json_markup(text)
        assert marked.striptags() == Markup(escape(text)).striptags()
        assert "<script" not in formats.json_markup(text + "<script>")


class TestMoney:
    @pytest.mark.parametrize(
        ("fen", "money", "amount"),
        [(29900, "¥299.00", "299.00"), (-29900, "−¥299.00", "−299.00"), (5, "¥0.05", "0.05"), (0, "¥0.00", "0.00")],
    )
    def test_two_digits_and_the_true_minus(self, fen: int, money: str, amount: str) -> None:
        assert formats.money(fen) == money
        assert formats.amount(fen) == amount

    def test_a_money_value_brings_its_currency(self) -> None:
        assert formats.money(Money(123456, "EUR")) == "€1,234.56"
        assert formats.money(Money(100, "JPY")) == "JPY 1.00"

    @given(st.integers(-(10**15), 10**15))
    def test_no_fen_is_lost(self, fen: int) -> None:
        text = formats.amount(fen).replace(",", "").replace("−", "-")
        assert Decimal(text) * 100 == fen

    @pytest.mark.parametrize(("fen", "text"), [(80, "¥0.80"), (Decimal("0.08"), "¥0.0008"), (240000, "¥2,400.00")])
    def test_prices_finer_than_a_fen(self, fen: int | Decimal, text: str) -> None:
        assert formats.unit_price(fen) == text
