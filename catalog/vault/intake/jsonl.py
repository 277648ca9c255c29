"""JSON: one object a line, or one array of objects. Objects inside objects become columns with dotted names."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import orjson

from catalog.vault.intake import limits
from catalog.vault.intake.batches import Aside, Batch, text_frame
from catalog.vault.intake.detect import ERRORS, UNDECODABLE, bom_of, encoding_named, encoding_of
from catalog.vault.intake.dialect import check_width
from catalog.vault.intake.formats import Correction, FileFormat, Kind, Note
from catalog.vault.intake.reasons import Broken, Rejected

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = " \t\r\n,"
_SHAPES = 1_000
"""Shapes of objects kept in mind."""
_DIGITS = 1_000
"""Digits of a whole number; Python takes up to 4,300, in time that grows with their square."""


class JsonReader:
    """Reads JSON Lines (`kind` jsonl) or an array (`kind` json). Columns are the union of all keys, so a first run
    over the file finds them."""

    def __init__(self, stream: IO[bytes], head: bytes, size: int, kind: Kind, correction: Correction) -> None:
        self._stream, self._kind = stream, kind
        whole = len(head) >= size
        self._encoding = encoding_named(correction.encoding) if correction.encoding else encoding_of(head, whole)
        mark = bom_of(head)
        self._skip = mark[0] if mark and mark[1] == self._encoding else 0
        self.notes: list[Note] = []
        names: dict[str, bool] = {}
        seen: set[tuple[tuple[str, ...], tuple[type, ...]]] = set()
        for _, value, _ in self._values():
            if not isinstance(value, dict):
                continue
            kinds = tuple(map(type, value.values()))
            if dict not in kinds:  # most rows are of a shape that was met before and tell nothing new
                if (shape := (tuple(value), kinds)) in seen:
                    continue
                if len(seen) < _SHAPES:
                    seen.add(shape)
            for name, cell in _flat(value):
                names[name] = names.get(name, True) and (cell is None or isinstance(cell, str))
            check_width(len(names))
        if not names:
            raise Rejected("empty" if kind == "json" else "json_top")
        self.names = list(names)
        self.kept_as_text = frozenset(name for name, only_text in names.items() if only_text)
        self.format = FileFormat(kind=kind, encoding=self._encoding, notes=self.notes)

    def batches(self, aside: Aside) -> Iterator[Batch]:
        """See `Reader`. The line of an array's element is the line it begins on."""
        columns: list[list[str | None]] = [[] for _ in self.names]
        lines: list[int] = []
        for line, value, raw in self._values():
            if isinstance(value, _Bad):
                aside(Broken(line, value.column, value.reason, raw, value.values))
                continue
            if not isinstance(value, dict):
                aside(Broken(line, 1, "json_kind", raw))
                continue
            row = dict(_flat(value))
            try:
                cells = [_text(row.get(name)) for name in self.names]
            except RecursionError:
                aside(Broken(line, 1, "json_deep", raw))
                continue
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell)
            lines.append(line)
            if len(lines) >= limits.BATCH_ROWS:
                yield Batch(text_frame(self.names, columns), lines[0], np.asarray(lines, np.int64))
                columns, lines = [[] for _ in self.names], []
        if lines:
            yield Batch(text_frame(self.names, columns), lines[0], np.asarray(lines, np.int64))

    def _values(self) -> Iterator[tuple[int, Any, str]]:
        return self._lines() if self._kind == "jsonl" else self._elements()

    def _text(self) -> Iterator[str]:
        self._stream.seek(self._skip)
        decoder = codecs.getincrementaldecoder(self._encoding)(ERRORS)
        while piece := self._stream.read(limits.MIB):
            yield decoder.decode(piece)
        yield decoder.decode(b"", True)

    def _lines(self) -> Iterator[tuple[int, Any, str]]:
        line, rest = 1, ""
        for piece in self._text():
            *whole, rest = (rest + piece).split("\n")
            if len(rest) > limits.JSON_VALUE:
                raise Rejected(
                    "json_value_long", line=line, limit=limits.JSON_VALUE // limits.MIB, place=f"line {line}"
                )
            for text in whole:
                if text.strip():
                    yield line, self._parse(text), text
                line += 1
        if rest.strip():
            yield line, self._parse(rest), rest

    def _parse(self, text: str) -> Any:
        if UNDECODABLE in text:
            return _Bad("undecodable", text.index(UNDECODABLE) + 1, {"encoding": self._encoding})
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return _Bad("json", error.colno, {})

    def _elements(self) -> Iterator[tuple[int, Any, str]]:
        """Elements of one array, taken off a window of the text one after another."""
        decoder = json.JSONDecoder(parse_int=_integer)
        window, line, begun, ended = "", 1, False, False
        base = 0  # characters of the current line that the window holds no more
        pieces = self._text()
        done = False
        while not ended:
            piece = next(pieces, None)
            done = piece is None
            window += piece or ""
            at = 0
            while True:
                at, line = _skip_space(window, at, line, begun)
                if at >= len(window):
                    break
                if not begun:
                    if window[at] != "[":
                        raise Rejected("json_top")
                    begun, at = True, at + 1
                    continue
                if window[at] == "]":
                    ended = True
                    break
                try:
                    value, end = decoder.raw_decode(window, at)
                except json.JSONDecodeError as error:
                    if not done and len(window) - at <= limits.JSON_VALUE:
                        break
                    if not done:
                        limit = limits.JSON_VALUE // limits.MIB
                        raise Rejected("json_value_long", line=line, limit=limit, place=f"line {line}") from None
                    raise _broken_at(window, base, line + window.count("\n", at, error.pos), error.pos) from None
                except RecursionError:
                    raise Rejected("json_deep", line=line, place=f"line {line}") from None
                if end >= len(window) and not done:
                    break  # a number at the window's edge may go on
                raw = window[at:end]
                if UNDECODABLE in raw:
                    value = _Bad("undecodable", raw.index(UNDECODABLE) + 1, {"encoding": self._encoding})
                elif _SURROGATE.search(raw):
                    value = self._parse(raw)  # which takes pairs of surrogates and refuses halves
                yield line, value, raw
                line += raw.count("\n")
                at = end
            if done and not ended:
                raise _broken_at(window, base, line + window.count("\n", at), len(window))
            newline = window.rfind("\n", 0, at)
            base = at - newline - 1 if newline >= 0 else base + at
            window = window[at:]


class _Bad:
    """A value that could not be read."""

    def __init__(self, reason: str, column: int, values: dict[str, Any]) -> None:
        self.reason, self.column, self.values = reason, column, values


def _broken_at(window: str, base: int, line: int, position: int) -> Rejected:
    newline = window.rfind("\n", 0, position)
    column = position - newline if newline >= 0 else base + position + 1
    return Rejected("json_broken", line=line, column=column, place=f"line {line}, column {column}")


def _skip_space(window: str, at: int, line: int, begun: bool) -> tuple[int, int]:
    allowed = _SPACE if begun else _SPACE[:-1]
    while at < len(window) and window[at] in allowed:
        line += window[at] == "\n"
        at += 1
    return at, line


def _integer(digits: str) -> int | str:
    """A whole number; what is too long for one stays as it is written."""
    return int(digits) if len(digits) <= _DIGITS else digits


def _flat(value: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, cell in value.items():
        name = f"{before}{key.strip() or 'value'}"[:120]
        if isinstance(cell, dict) and cell and before.count(".") < 5:
            yield from _flat(cell, f"{name}.")
        else:
            yield name, cell


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return repr(cell)
    return json.dumps(cell, ensure_ascii=False, separators=(",", ":"))
