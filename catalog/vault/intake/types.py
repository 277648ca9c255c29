"""Types of text columns: recognised from the distinct values, and the text converted to them.

Only what every value agrees on is recognised; codes stay text (leading zeros, more than 15 digits, ten and more digits
all of one length). A few other values are remembered as a near miss, for a person to decide.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import polars as pl

from catalog.vault.intake.formats import ColumnFormat, ColumnType
from contracts.schema import FieldType

NULL_WORDS = ("NULL", "null", "Null", "\\N", "N/A", "n/a", "#N/A", "NaN", "nan", "None", "-", "--", "—", "——", "/")
"""What stands for nothing where a column otherwise holds numbers, dates or truth values."""
_TRUE = ("true", "t", "yes", "y", "1", "是", "真")
_FALSE = ("false", "f", "no", "n", "0", "否", "假")
_CODE_LENGTH = 10
_NEAR_SHARE = 0.05
_NEAR_LEAST = 20

_INTEGER = r"^[+-]?(?:0|[1-9]\d{0,14}|[1-9]\d{0,2}(?:,\d{3}){1,4})$"
_NUMBER = r"^[+-]?(?:(?:0|[1-9]\d{0,14}|[1-9]\d{0,2}(?:,\d{3}){1,4})(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?$"
_BOOLEAN = r"^(?i:true|false)$"
_DATE = r"^\d{4}(?:-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2}|年\d{1,2}月\d{1,2}日?)$"
_DATE8 = r"^(?:19|20)\d{6}$"
_CLOCK = r"\d{1,2}(?:[:：]\d{2}(?:[:：]\d{2}(?:\.\d{1,9})?)?|[时点]\d{1,2}分?(?:\d{1,2}秒?)?)"
_TIMESTAMP = r"^\d{4}(?:-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2}|年\d{1,2}月\d{1,2}日)[T ]*" + _CLOCK
_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"


def _plain_integer(text: pl.Expr, _: str | None) -> pl.Expr:
    return text.str.replace_all(",", "", literal=True).cast(pl.Int64, strict=False)


def _plain_number(text: pl.Expr, _: str | None) -> pl.Expr:
    value = text.str.replace_all(",", "", literal=True).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _truth(text: pl.Expr, _: str | None) -> pl.Expr:
    word = text.str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)


def _dashed(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", "${1}-${2}-${3}")


def _date(text: pl.Expr, pattern: str | None) -> pl.Expr:
    if pattern:
        return text.str.to_date(pattern, strict=False)
    return _dashed(text).str.to_date("%Y-%m-%d", strict=False)


def _date8(text: pl.Expr, _: str | None) -> pl.Expr:
    return text.str.to_date("%Y%m%d", strict=False)


def _timestamp(text: pl.Expr, pattern: str | None) -> pl.Expr:
    if pattern:
        return text.str.to_datetime(pattern, strict=False, time_unit="us")
    clock = (
        _dashed(text)
        .str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})[T ]*", "${1} ")
        .str.replace_all("[：时点分]", ":")
        .str.replace("[:秒]+$", "")
        .str.replace(r" (\d{1,2})$", " ${1}:00")
    )
    return clock.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us").fill_null(
        clock.str.to_datetime("%Y-%m-%d %H:%M", strict=False, time_unit="us")
    )


def _timestamp_offset(text: pl.Expr, pattern: str | None) -> pl.Expr:
    """Times with an offset, as the city's clock shows them; `pattern` is the time zone here."""
    clock = _dashed(text).str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})[T ]*", "${1} ")
    moment = clock.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", strict=False, time_unit="us", time_zone="UTC").fill_null(
        clock.str.to_datetime("%Y-%m-%d %H:%M%#z", strict=False, time_unit="us", time_zone="UTC")
    )
    return moment.dt.convert_time_zone(pattern or "UTC").dt.replace_time_zone(None)


@dataclass(frozen=True, slots=True)
class _Recogniser:
    type: FieldType
    convert: Callable[[pl.Expr, str | None], pl.Expr]
    regex: str | None = None
    text_too: bool = False
    """Whether values that the file marks as text may be recognised so."""

    def fits(self, values: pl.Series, pattern: str | None) -> pl.Series:
        """Which values are of this type."""
        frame = values.to_frame("v")
        column = pl.col("v")
        converted = self.convert(column, pattern).is_not_null()
        if self.regex is not None:
            # What fails the quick test is not converted at all.
            quick = frame.select(column.str.contains(self.regex)).to_series()
            if not quick.any():
                return quick
            if self.type in ("integer", "number", "boolean"):
                return quick
            return quick & frame.select(converted).to_series()
        return frame.select(converted).to_series()


_RECOGNISERS: dict[str, _Recogniser] = {
    "boolean": _Recogniser("boolean", _truth, _BOOLEAN),
    "date8": _Recogniser("date", _date8, _DATE8, text_too=True),
    "integer": _Recogniser("integer", _plain_integer, _INTEGER),
    "number": _Recogniser("number", _plain_number, _NUMBER),
    "date": _Recogniser("date", _date, _DATE, text_too=True),
    "timestamp_offset": _Recogniser("timestamp", _timestamp_offset, _TIMESTAMP + _OFFSET, text_too=True),
    "timestamp": _Recogniser("timestamp", _timestamp, _TIMESTAMP + "$", text_too=True),
}
"""In the order in which they are preferred."""
_OF_DTYPE: dict[type[pl.DataType], FieldType] = {
    pl.Int64: "integer",
    pl.Float64: "number",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "timestamp",
}


@dataclass
class _Evidence:
    """What was seen of one column: misses of each recogniser, and the lengths of figures."""

    misses: dict[str, int]
    seen: int = 0
    shortest: int = 10**9
    longest: int = 0
    dtype: FieldType | None = None
    padded: bool = False


@dataclass(frozen=True, slots=True)
class Conversion:
    """How one column becomes typed; `recogniser` None keeps text, or the type that the file itself gives."""

    source: str
    name: str
    type: FieldType
    recogniser: str | None
    pattern: str | None
    padded: bool = True
    nearly: FieldType | None = None
    nearly_misses: int = 0


@dataclass
class TypeRecogniser:
    """Collects evidence batch by batch, then settles the types."""

    names: list[str]
    kept_as_text: Collection[str]
    timezone: str
    given: dict[str, ColumnType]
    _columns: dict[str, _Evidence] = field(init=False)

    def __post_init__(self) -> None:
        self._columns = {
            name: _Evidence({key: 0 for key, r in _RECOGNISERS.items() if r.text_too or name not in self.kept_as_text})
            for name in self.names
        }

    def add(self, frame: pl.DataFrame) -> None:
        """Look at some more rows."""
        for name in self.names:
            evidence, column = self._columns[name], frame[name]
            if column.dtype != pl.String:
                evidence.dtype = _OF_DTYPE.get(type(column.dtype), "string")
            else:
                self._look(evidence, column)

    def _look(self, evidence: _Evidence, column: pl.Series) -> None:
        distinct = column.drop_nulls().unique()
        values = distinct.str.strip_chars()
        evidence.padded = evidence.padded or bool((values != distinct).any()) or bool((distinct == "").any())
        values = values.filter((values != "") & ~values.is_in(list(NULL_WORDS)))
        if values.is_empty():
            return
        evidence.seen += len(values)
        allowed = max(_NEAR_LEAST, int(_NEAR_SHARE * evidence.seen))
        for key in list(evidence.misses):
            recogniser = _RECOGNISERS[key]
            sample = values.head(1000)
            if len(values) > 1000 and (~recogniser.fits(sample, self._pattern(key))).sum() > 500:
                del evidence.misses[key]
                continue
            evidence.misses[key] += int((~recogniser.fits(values, self._pattern(key))).sum())
            if evidence.misses[key] > allowed:
                del evidence.misses[key]
        if "integer" in evidence.misses:
            lengths = values.str.len_bytes().to_numpy()
            evidence.shortest = min(evidence.shortest, int(lengths.min()))
            evidence.longest = max(evidence.longest, int(lengths.max()))

    def _pattern(self, key: str) -> str | None:
        return self.timezone if key == "timestamp_offset" else None

    def settle(self, renamed: dict[str, str]) -> list[Conversion]:
        """How each column is converted; given types win."""
        return [self._settle(name, renamed.get(name, name)) for name in self.names]

    def _settle(self, source: str, name: str) -> Conversion:
        given, evidence = self.given.get(source), self._columns[source]
        if given is not None:
            if given.type == "string":
                return Conversion(source, name, "string", None, None, evidence.padded)
            return Conversion(source, name, given.type, given.type, given.pattern)
        if evidence.dtype is not None:
            return Conversion(source, name, evidence.dtype, None, None)
        if not evidence.seen:
            return Conversion(source, name, "string", None, None, evidence.padded)
        is_code = evidence.shortest == evidence.longest >= _CODE_LENGTH
        for kind, recogniser in _RECOGNISERS.items():
            if evidence.misses.get(kind) == 0 and not (is_code and kind in ("integer", "number")):
                return Conversion(source, name, recogniser.type, kind, self._pattern(kind))
        near = min(
            ((misses, key) for key, misses in evidence.misses.items() if evidence.seen >= _NEAR_LEAST and not is_code),
            default=None,
        )
        if near is None or near[0] * 4 > evidence.seen:
            return Conversion(source, name, "string", None, None, evidence.padded)
        return Conversion(source, name, "string", None, None, evidence.padded, _RECOGNISERS[near[1]].type, near[0])


def convert(frame: pl.DataFrame, conversions: list[Conversion]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """The frame with its types and names, and for each column that has any, which rows do not fit its type."""
    typed: list[pl.Expr] = []
    doubtful: list[pl.Expr] = []
    for conversion in conversions:
        column = pl.col(conversion.source)
        is_text = frame.schema[conversion.source] == pl.String
        if conversion.recogniser is None:
            if is_text and conversion.padded:
                stripped = column.str.strip_chars()
                column = pl.when(stripped != "").then(stripped)
            elif not is_text and conversion.type == "string":
                column = column.cast(pl.String)
            typed.append(column.alias(conversion.name))
            continue
        text = (column if is_text else column.cast(pl.String)).str.strip_chars()
        text = pl.when(~text.is_in(list(NULL_WORDS)) & (text != "")).then(text)
        value = _RECOGNISERS[conversion.recogniser].convert(text, conversion.pattern)
        typed.append(value.alias(conversion.name))
        doubtful.append((text.is_not_null() & value.is_null()).alias(conversion.name))
    bad = frame.select(doubtful) if doubtful else pl.DataFrame()
    return frame.select(typed), {name: bad[name] for name in bad.columns if bad[name].any()}


def column_format(conversion: Conversion, nulls: int) -> ColumnFormat:
    """As shown to people."""
    pattern = conversion.pattern if conversion.recogniser != "timestamp_offset" else None
    return ColumnFormat(
        name=conversion.name,
        source=conversion.source,
        type=conversion.type,
        pattern=pattern,
        nulls=nulls,
        nearly=conversion.nearly,
        nearly_misses=conversion.nearly_misses,
    )


def check_pattern(given: ColumnType) -> bool:
    """Whether a date pattern can be used: it names year, month and day, and reads a date."""
    if given.type not in ("date", "timestamp") or not given.pattern:
        return False
    letters = set(re.findall(r"%(.)", given.pattern))
    if not (letters & {"Y", "y"} and {"m", "d"} <= letters and letters <= set("YymdHMSfIp%")):
        return False
    try:
        _RECOGNISERS[given.type].fits(pl.Series("v", ["2026"]), given.pattern)
    except pl.exceptions.PolarsError:
        return False
    return True
