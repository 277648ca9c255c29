"""Every chart brings its finding, a sentence and the table of its figures; nothing in it needs inline style."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from web.charts import (
    Bar,
    Bars,
    Bin,
    ClassSizes,
    GeoPoint,
    Limit,
    Lines,
    Part,
    Place,
    PointMap,
    Series,
    Shares,
    bars,
    class_size_bins,
    histogram,
    lines,
    point_map,
    shares,
    sparkline,
)
from web.charts.meters import meter, meter_state, meter_verdict, quota
from web.i18n import use_locale

EVIL = '<script>&"'


def bar_chart(title: str = "Finding") -> Markup:
    return bars(Bars(title, [Bar("Mon", 3, "M"), Bar("Tue", 1.5, partial=True)], "Day", title, limit=Limit(2, title)))


def line_chart(title: str = "Finding") -> Markup:
    return lines(
        Lines(title, ["a", "b", "c"], [Series(title, [1, None, 3]), Series("two", [2, 2, 2])], "Day", note=title)
    )


def size_chart(title: str = "Finding") -> Markup:
    return histogram(ClassSizes(title, class_size_bins({12: 4, 30: 2}, 10), 10))


def share_chart(title: str = "Finding") -> Markup:
    return shares(Shares(title, [Part(title, 3), Part("b", 1)], "Name", "Value"))


def map_chart(title: str = "Finding") -> Markup:
    points = [GeoPoint(114.05, 22.54, 5, title), GeoPoint(114.06, 22.55, 1)]
    return point_map(PointMap(title, points, places=[Place(title, 114.05, 22.54)], weight_head="Number"))


CHARTS: list[Callable[[str], Markup]] = [bar_chart, line_chart, size_chart, share_chart, map_chart]


class _Checker(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.pictures: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        assert "style" not in values
        if values.get("role") == "img":
            self.pictures.append(values.get("aria-label") or "")

    handle_startendtag = handle_starttag


@pytest.mark.parametrize("draw", CHARTS)
class TestEveryChart:
    def test_it_is_one_picture_with_a_sentence_and_a_table(self, draw: Callable[[str], Markup]) -> None:
        found = _Checker(draw("Finding"))
        assert len(found.pictures) == 1
        assert "Finding" in found.pictures[0]
        assert {"figure", "figcaption", "details", "summary", "table", "caption"} <= set(found.tags)

    def test_what_comes_in_is_escaped(self, draw: Callable[[str], Markup]) -> None:
        html = draw(EVIL)
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def heights(html: str) -> list[float]:
    return [float(height) for height in re.findall(r'<rect class="f1s?" [^>]*height="([\d.]+)"', html)]


class TestBars:
    def test_heights_follow_the_values(self) -> None:
        assert heights(bars(Bars("t", [Bar("a", 4), Bar("b", 1), Bar("c", 0)], "n", "v"))) == [100, 25, 0]

    def test_losses_hang_below_zero(self) -> None:
        html = bars(Bars("t", [Bar("a", 10), Bar("b", -10)], "n", "v"))
        assert re.findall(r'<rect class="f1" [^>]*y="([\d.]+)"', html) == ["0", "50"]
        assert "−10" in html

    def test_the_table_adds_up(self) -> None:
        html = bars(Bars("t", [Bar("a", 1200), Bar("b", 34)], "n", "v"))
        assert "1,234" in html[html.index("<tfoot>") :]

    def test_nothing_to_draw_is_still_a_chart(self) -> None:
        assert "<figure" in bars(Bars("t", [], "n", "v"))


class TestLines:
    def test_a_gap_breaks_the_line(self) -> None:
        html = lines(Lines("t", list("abcd"), [Series("s", [1, 2, None, 4])], "n"))
        assert len(re.findall(r'<path class="l1 course"', html)) == 2
        assert "—" in html

    def test_two_lines_differ_by_more_than_colour(self) -> None:
        assert "dash" in re.findall(r'<path class="([^"]*course)"', line_chart())[-1]

    def test_a_marked_name_has_an_upright_line_and_its_words(self) -> None:
        html = lines(Lines("t", ["2", "5", "9"], [Series("s", [1, 2, 4])], "k", mark=1, mark_label="k = 5"))
        assert '<line class="li dash" x1="50"' in html
        assert "k = 5" in html
        assert 'x1="50"' not in line_chart()

    @pytest.mark.parametrize("series", [[], [Series("s", [1])] * 3, [Series("s", [1, 2])]])
    def test_too_many_or_uneven_series_are_refused(self, series: list[Series]) -> None:
        with pytest.raises(ValueError, match="series"):
            Lines("t", ["a"], series, "n")


class TestHistogram:
    @given(st.dictionaries(st.integers(1, 3000), st.integers(1, 50), max_size=40), st.integers(1, 60))
    def test_bins_lose_no_class_and_no_record(self, sizes: dict[int, int], k: int) -> None:
        bins = class_size_bins(sizes, k)
        assert sum(one.classes for one in bins) == sum(sizes.values())
        assert sum(one.records for one in bins) == sum(size * count for size, count in sizes.items())
        assert [one.low for one in bins] == sorted(one.low for one in bins)

    def test_classes_below_k_are_red_and_left_of_the_line(self) -> None:
        html = histogram(ClassSizes("t", [Bin(1, 9, 2, 10), Bin(10, None, 8, 100)], 10))
        assert '<rect class="fx"' in html
        assert '<line class="li dash" x1="50"' in html
        assert '<rect class="fx"' not in size_chart()

    def test_labels(self) -> None:
        assert [one.label for one in class_size_bins({}, 1)][:2] == ["1", "2–4"]
        assert Bin(1000, None, 1, 1).label == "≥1,000"


class TestShares:
    def test_small_parts_are_added_up_in_the_bar_but_not_in_the_table(self) -> None:
        with use_locale("en"):
            html = shares(Shares("t", [Part(f"p{n}", 10 - n) for n in range(8)], "n", "v"))
        assert html.count('<rect class="f') == 5 + 5
        assert "others" in html
        assert "p7" in html[html.index("<table") :]

    @given(st.lists(st.floats(0, 1e6), max_size=12))
    def test_widths_fill_the_bar(self, values: list[float]) -> None:
        html = shares(Shares("t", [Part(str(n), value) for n, value in enumerate(values)], "n", "v"))
        bar = html[: html.index("</svg>")]
        widths = [float(width) for width in re.findall(r'width="([\d.]+)" height="24"', bar)]
        assert sum(widths) == pytest.approx(100 if any(values) else 0, abs=0.1)


class TestPointMap:
    def test_north_is_up_and_east_is_right(self) -> None:
        html = point_map(
            PointMap(
                "t", [], places=[Place("SW", 113.9, 22.5), Place("NE", 114.3, 22.8)], bounds=(113.8, 22.4, 114.4, 22.9)
            )
        )
        spots = {name: (float(x), float(y)) for x, y, name in re.findall(r'x="([\d.]+)%" y="([\d.]+)%">(\w+)<', html)}
        assert spots["NE"][0] > spots["SW"][0]
        assert spots["NE"][1] < spots["SW"][1]

    @given(st.lists(st.tuples(st.floats(-179, 179), st.floats(-80, 80), st.floats(0, 1e6)), max_size=60))
    def test_any_points_can_be_drawn(self, spots: list[tuple[float, float, float]]) -> None:
        html = point_map(PointMap("t", [GeoPoint(*spot) for spot in spots]))
        assert "nan" not in html
        assert ("<details>" in html) == bool(spots)

    def test_heavier_points_are_larger(self) -> None:
        points = [GeoPoint(114.0, 22.5, 1), GeoPoint(114.1, 22.6, 100)]
        widths = re.findall(r'stroke-width="([\d.]+)"', point_map(PointMap("t", points)))
        assert len(set(widths)) == 2

    def test_a_thousand_points_stay_small(self) -> None:
        points = [GeoPoint(113.8 + n % 97 / 120, 22.4 + n * 31 % 89 / 250, n % 40) for n in range(1400)]
        assert len(point_map(PointMap("t", points, with_table=False)).encode()) < 25_000


class TestSparkline:
    @pytest.mark.parametrize("values", [[5], [0, 0, 0], [1, 2, 3], [-1, 1]])
    def test_any_course(self, values: list[float]) -> None:
        assert "nan" not in sparkline(values)
        assert sparkline(values).count("<path") == 2

    def test_nothing_without_values(self) -> None:
        assert sparkline([]) == ""


class TestMeters:
    @pytest.mark.parametrize(
        ("value", "limit", "better", "state"),
        [
            (0.05, 0.1, "low", "good"),
            (0.1, 0.1, "low", "care"),
            (0.2, 0.1, "low", "stop"),
            (0.9, 0.8, "high", "good"),
            (0.7, 0.8, "high", "stop"),
            (0.7, None, "low", "good"),
        ],
    )
    def test_the_state_depends_on_the_side_of_the_limit(
        self, value: float, limit: float | None, better: str, state: str
    ) -> None:
        assert meter_state(value, limit, better) == state  # type: ignore[arg-type]  # parametrised literals

    def test_the_words_say_the_side(self) -> None:
        with use_locale("en"):
            assert meter_verdict(0.1, 0.1) == "Exactly at the limit of 10.0%."
            assert meter_verdict(0.2, 0.1) == "Above the limit of 10.0%."
            assert meter_verdict(0.7, 0.8, "high") == "Below the required 80.0%."

    def test_a_quota_tells_its_figures(self) -> None:
        with use_locale("en"):
            assert 'aria-label="5 of 10 used, 8 expected by the end of the period"' in quota(5, 10, 8, 0.5)

    @given(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0, 3))
    def test_bars_stay_inside(self, used: int, granted: int, elapsed: float) -> None:
        widths = [
            float(width)
            for width in re.findall(r'width="([\d.]+)" height="12"', quota(used, granted, used * 2, elapsed))
        ]
        assert max(widths) <= 100
        assert "nan" not in meter(elapsed, 0.5, 1.0)
