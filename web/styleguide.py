"""The style guide: every part and every drawing on one page, with invented examples, to look at and to test.

    python -m web.styleguide OUT.html [--language en] [--test-mode]

writes it as a page that stands alone (stylesheet and script beside it). The app serves it at `/styleguide`.
"""

import argparse
import math
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse

from contracts import clock
from contracts.access import Actor
from web.assets import OWN_FOLDER, PREFIX
from web.charts import (
    Bar,
    Bars,
    ClassSizes,
    GeoPoint,
    Limit,
    Lines,
    Part,
    Place,
    PointMap,
    Series,
    Shares,
    class_size_bins,
)
from web.i18n import LOCALES, current_locale, use_locale
from web.rendering import Notice, render

_ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug")
REPORT_HASH = "9f3c21a7e04bd41f80b39c6e2906b1fd"
OTHER_HASH = "9f3c2fa7e14bd41f80b39c6e2906b1fd"


def say(chinese: str, english: str) -> str:
    """An example's text in the current language; examples are not part of the catalogues."""
    return chinese if current_locale() == "zh-CN" else english


def examples() -> dict[str, Any]:
    """What the page shows: invented figures with the shapes of real ones."""
    calls = [1492, 2959, 3609, 2857, 3460, 3238, 1330, 1604, 2812, 3327, 2854, 2881, 3315, 1799, 1371, 3053, 3579, 3995]
    days = [f"2026-11-{day:02d}" for day in range(1, len(calls) + 1)]
    usage = Bars(
        say("工作日约3,300次，周末约1,700次", "About 3,300 calls on working days, 1,700 at weekends"),
        [
            Bar(name, value, say(f"{index + 1}日", str(index + 1)), partial=index == len(calls) - 1)
            for index, (name, value) in enumerate(zip(days, calls, strict=True))
        ],
        say("日期", "Day"),
        say("计费调用", "Billed calls"),
        note=say("2026年11月，北京时间", "November 2026, Beijing time"),
        limit=Limit(3333, say("日均配额3,333次", "Quota per day 3,333")),
        partial_label=say("今天，未满一天", "Today, not over yet"),
        slots=30,
    )
    months = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08"]
    temperatures = Lines(
        say("七月最热，一月最冷", "July is the hottest month, January the coldest"),
        months,
        [
            Series(say("最高", "Highest"), [26.0, 27.7, 29.1, None, 33.0, 34.2, 36.4, 35.1]),
            Series(say("最低", "Lowest"), [8.3, 11.6, 13.4, None, 21.0, 24.6, 25.3, 25.0]),
        ],
        say("月份", "Month"),
        note=say("摄氏度；四月缺测", "Degrees Celsius; April was not measured"),
        shorts=[say(f"{number}月", english) for number, english in zip(range(1, 9), _ENGLISH_MONTHS, strict=True)],
        digits=1,
    )
    sizes = {12: 9843, 17: 3000, 33: 29107, 75: 18726, 150: 8061, 320: 1755, 700: 268}
    classes = ClassSizes(
        say("多数等价类含20到49条记录", "Most classes hold 20 to 49 records"),
        class_size_bins(sizes, 10),
        10,
        note=say("小于10的一个也没有", "None is smaller than 10"),
    )
    formats = Shares(
        say("四成调用取一行，三成取统计", "Four in ten calls read one row, three in ten a summary"),
        [
            Part(say("按键取一行", "one row by key"), 41200),
            Part(say("统计", "summary"), 30100),
            Part(say("筛选", "filter"), 18400),
            Part(say("整表下载", "download"), 6100),
            Part(say("元数据", "metadata"), 2900),
            Part(say("预览", "preview"), 700),
        ],
        say("用法", "Use"),
        say("次数", "Calls"),
    )
    return {
        "usage": usage,
        "temperatures": temperatures,
        "classes": classes,
        "shares": formats,
        "city": _city(),
        "course": [31 + 9 * math.sin(day / 3) + day for day in range(30)],
        "now": clock.now(),
        "earlier": clock.now() - timedelta(hours=5),
        "before": clock.now() - timedelta(days=2),
        "report_hash": REPORT_HASH,
        "other_hash": OTHER_HASH,
        "say": say,
    }


def _city() -> PointMap:
    centres = [(113.88, 22.56), (113.94, 22.53), (114.06, 22.54), (114.12, 22.56), (114.03, 22.65), (114.24, 22.72)]
    points = []
    for number in range(600):
        west, south = centres[number % len(centres)]
        turn, reach = number * 2.39996, 0.0032 * math.sqrt(number)
        points.append(
            GeoPoint(west + reach * math.cos(turn), south + 0.6 * reach * math.sin(turn), 1 + number * 7 % 40)
        )
    names = [("宝安", "Bao'an", 113.87, 22.58), ("南山", "Nanshan", 113.93, 22.50), ("福田", "Futian", 114.06, 22.52)]
    names += [("罗湖", "Luohu", 114.14, 22.57), ("龙华", "Longhua", 114.03, 22.68), ("龙岗", "Longgang", 114.25, 22.74)]
    return PointMap(
        say("示例点位，一点一处", "Invented places, a dot each"),
        points,
        note=say("点的大小表示数量", "The size of a dot shows how many"),
        places=[Place(say(chinese, english), west, south) for chinese, english, west, south in names],
        weight_head=say("数量", "Number"),
    )


def page(request: Request) -> HTMLResponse:
    """The style guide as an answer."""
    return render(request, "styleguide.html", **examples())


def standalone(locale: str, *, test_mode: bool = True, notices: tuple[Notice, ...] = ()) -> str:
    """The page without an app around it; addresses of static files stay `/static/…`."""
    app = Starlette()
    app.state.test_mode = test_mode
    request = Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/styleguide",
            "query_string": b"",
            "headers": [],
            "scheme": "http",
            "server": ("localhost", 80),
            "app": app,
            "state": {
                "actor": Actor("example", say("示例用户", "Example person")),
                "notices": list(notices),
            },
        }
    )
    with use_locale(locale):
        return bytes(page(request).body).decode()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument("--language", choices=LOCALES, default=LOCALES[0])
    parser.add_argument("--test-mode", action="store_true", help="with the test-mode banner")
    chosen = parser.parse_args(arguments)
    html = standalone(chosen.language, test_mode=chosen.test_mode)
    for name in ("shuyi.css", "shuyi.js", "mark.svg"):
        stem, _, suffix = name.partition(".")
        start = html.index(f"{PREFIX}/{stem}.")
        address = html[start : html.index('"', start)]
        html = html.replace(address, name)
        (chosen.out.parent / f"{stem}.{suffix}").write_bytes((OWN_FOLDER / name).read_bytes())
    chosen.out.write_text(html, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
