"""Dates, money, counts and sizes as the reader writes them (zh-CN, en).

All functions read the language of the current request unless `locale` is given, and are pure otherwise. Times
come in aware; they are shown in the city's time zone (`zone`). Negative figures carry the true minus sign
(U+2212), so that they are as wide as a plus and are read out as minus.
"""

import re
from datetime import date as Date
from datetime import datetime as DateTime
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_timedelta, get_timezone_name
from markupsafe import Markup, escape

from contracts import clock
from contracts.money import CNY, Money
from web.i18n import current_locale

MINUS = "\u2212"
DASH = "\u2014"
CITY_ZONE = ZoneInfo("Asia/Shanghai")
SYMBOLS = {"CNY": "¥", "USD": "US$", "EUR": "€", "HKD": "HK$"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FULL_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ZONE_NAMES = {("Asia/Shanghai", "zh-CN"): "北京时间", ("Asia/Shanghai", "en"): "Beijing time"}


def _chinese(locale: str | None) -> bool:
    return (locale or current_locale()).startswith("zh")


def _babel(locale: str | None) -> Locale:
    return Locale.parse((locale or current_locale()).replace("-", "_"))


# ---------------------------------------------------------------- times


def _local(value: Date | DateTime, zone: ZoneInfo) -> Date:
    if isinstance(value, DateTime):
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be shown; take it from contracts.clock")
        return value.astimezone(zone)
    return value


def date(value: Date | DateTime | None, *, zone: ZoneInfo = CITY_ZONE, locale: str | None = None) -> str:
    """`2026-11-23` or `23 Nov 2026`; a dash for None."""
    if value is None:
        return DASH
    day = _local(value, zone)
    if _chinese(locale):
        return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def time(value: DateTime, *, zone: ZoneInfo = CITY_ZONE) -> str:
    """`16:40` on the city's clock."""
    return f"{_local(value, zone):%H:%M}"


def datetime(
    value: DateTime | None,
    *,
    zone: ZoneInfo = CITY_ZONE,
    locale: str | None = None,
    seconds: bool = False,
    zone_name: bool = True,
) -> str:
    """`2026-11-23 16:40 北京时间` or `23 Nov 2026, 16:40 Beijing time`; leave the zone out where a heading says it."""
    if value is None:
        return DASH
    clock_time = f"{_local(value, zone):{'%H:%M:%S' if seconds else '%H:%M'}}"
    joint = " " if _chinese(locale) else ", "
    shown = f"{date(value, zone=zone, locale=locale)}{joint}{clock_time}"
    return f"{shown} {zone_label(zone, locale=locale)}" if zone_name else shown


def zone_label(zone: ZoneInfo = CITY_ZONE, *, locale: str | None = None) -> str:
    """`北京时间` or `Beijing time`, for headings of tables whose times leave it out."""
    named = _ZONE_NAMES.get((zone.key, "zh-CN" if _chinese(locale) else "en"))
    return named or get_timezone_name(zone, width="long", locale=_babel(locale))


def month(value: Date | DateTime | str, *, zone: ZoneInfo = CITY_ZONE, locale: str | None = None) -> str:
    """`2026年11月` or `November 2026`, of a time or of a period's name: `2026-11`, `2026-11.2` (closed early)."""
    part = ""
    if isinstance(value, str):
        name, _, part = value.partition(".")
        year, _, number = name.partition("-")
        value = Date(int(year), int(number), 1)
    day = _local(value, zone)
    if _chinese(locale):
        return f"{day.year}年{day.month}月" + (f"（第{part}段）" if part else "")
    return f"{_FULL_MONTHS[day.month - 1]} {day.year}" + (f" (part {part})" if part else "")


def ago(value: DateTime, *, locale: str | None = None) -> str:
    """`3分钟前` or `3 minutes ago`, by the clock."""
    return duration(value - clock.now(), locale=locale, direction=True)


def duration(value: timedelta, *, locale: str | None = None, direction: bool = False) -> str:
    """`3小时` or `3 hours`."""
    shown = format_timedelta(value, locale=_babel(locale), add_direction=direction, threshold=1.5)
    return shown.replace(" ", "") if _chinese(locale) else shown


def milliseconds(value: float) -> str:
    """`9 ms`, `1.2 s`: how long an answer took."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 1 else "<1 ms"


def time_tag(value: Date | DateTime | None, text: str | None = None, *, zone: ZoneInfo = CITY_ZONE) -> Markup:
    """`<time datetime="…">`: the reader's format outside, ISO inside. A dash for None."""
    if value is None:
        return Markup("{}").format(DASH)
    machine = _local(value, zone).isoformat()
    if isinstance(value, DateTime):
        machine = value.astimezone(zone).isoformat(timespec="seconds")
        shown = text or datetime(value, zone=zone, zone_name=False)
    else:
        shown = text or date(value, zone=zone)
    return Markup('<time datetime="{}">{}</time>').format(machine, shown)


def date_tag(value: Date | DateTime | None, *, zone: ZoneInfo = CITY_ZONE) -> Markup:
    """As `time_tag`, showing the day alone."""
    return time_tag(value, date(value, zone=zone), zone=zone)


# ---------------------------------------------------------------- figures


def number(value: int | float | Decimal | None, digits: int | None = None) -> str:
    """`1,234`, `−0.84`; `digits` fixes the decimals, rounded half up. A dash for None."""
    if value is None:
        return DASH
    exact = Decimal(str(value))
    if digits is not None:
        exact = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{abs(exact):,f}"
    return f"{MINUS}{text}" if exact < 0 else text


def count(value: int, *, locale: str | None = None) -> str:
    """A count that may be rounded: `41.2万`, `3,918万`, `1.2亿` in Chinese; in English `412,000` in full."""
    if not _chinese(locale) or abs(value) < 10_000:
        return number(value)
    unit, name = (10**8, "亿") if abs(value) >= 10**8 else (10**4, "万")
    scaled = Decimal(value) / unit
    text = number(scaled, 0 if abs(scaled) >= 1000 else 1)
    return f"{text.removesuffix('.0')}{name}"


def percent(ratio: float | Decimal | None, digits: int = 1) -> str:
    """`63.4%` of 0.634; a dash for None."""
    if ratio is None:
        return DASH
    return f"{number(Decimal(str(ratio)) * 100, digits)}%"


def size(octets: int) -> str:
    """`412 B`, `58 KB`, `1.2 MB`: powers of a thousand, as shops and operating systems count."""
    if octets < 1000:
        return f"{octets} B"
    value = Decimal(octets)
    for unit in ("KB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{number(value, 0 if value >= 10 else 1)} {unit}"


# ---------------------------------------------------------------- code

_JSON = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")(?P<key>\s*:)?|(?P<value>\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)'
)


def json_markup(text: str) -> Markup:
    """JSON text with its keys, strings and values told apart, for `<pre>`; anything else only escaped."""
    pieces: list[Markup] = []
    end = 0
    for found in _JSON.finditer(text):
        pieces.append(escape(text[end : found.start()]))
        css = "k" if found["key"] else ("s" if found["string"] else "v")
        pieces.append(Markup('<span class="{}">{}</span>').format(css, found["string"] or found["value"]))
        pieces.append(escape(found["key"] or ""))
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


# ---------------------------------------------------------------- money


def amount(value: int | Money | None) -> str:
    """Fen as `4,120.00` or `−299.00`, without a symbol: for columns whose head names the currency."""
    if value is None:
        return DASH
    fen = value.amount if isinstance(value, Money) else value
    text = f"{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
    return f"{MINUS}{text}" if fen < 0 else text


def money(value: int | Money | None, currency: str = CNY) -> str:
    """Fen as `¥299.00`, `−¥299.00`; always two digits. A dash for None."""
    if value is None:
        return DASH
    if isinstance(value, Money):
        currency = value.currency
    text = amount(value)
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{MINUS}{symbol}{text[1:]}" if text.startswith(MINUS) else f"{symbol}{text}"


def unit_price(fen: int | Decimal, currency: str = CNY) -> str:
    """A price that may be finer than a fen: `¥0.80`, `¥0.0008`; at least two digits, never rounded."""
    yuan = (Decimal(fen) / 100).normalize()
    digits = max(2, -int(yuan.as_tuple().exponent))
    text = f"{abs(yuan):,.{digits}f}"
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{MINUS if yuan < 0 else ''}{symbol}{text}"
