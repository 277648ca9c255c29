"""CSV and its relatives: any delimiter, Chinese encodings, title rows, mixed line ends, quoted line breaks.

The text goes through in chunks. A chunk without a flaw is parsed by Polars at once and proved whole by counting:
rows × (columns - 1) must be the delimiters outside quotes, because Polars fills short rows silently. Only a chunk
that fails the proof is read record by record, to find the broken ones and name their places.
"""

import codecs
import io
from collections.abc import Iterator
from typing import IO

import numpy as np
import numpy.typing as npt
import polars as pl

from catalog.vault.intake import limits
from catalog.vault.intake.batches import Aside, Batch, text_frame
from catalog.vault.intake.detect import (
    ERRORS,
    UNDECODABLE,
    bom_of,
    encoding_named,
    encoding_of,
    place_of_first,
)
from catalog.vault.intake.dialect import (
    Header,
    Record,
    check_width,
    column_names,
    delimiter_of,
    find_header,
    records,
    sample_records,
)
from catalog.vault.intake.formats import Correction, FileFormat, Note
from catalog.vault.intake.reasons import Broken, Rejected

_BAD_SHARE = 0.05
_BAD_LEAST = 20
_BAD_EARLY = 1_000


class DelimitedReader:
    """Reads one delimited text; see the module."""

    def __init__(self, stream: IO[bytes], head: bytes, size: int, correction: Correction) -> None:
        self._stream = stream
        whole = len(head) >= size
        encoding = encoding_named(correction.encoding) if correction.encoding else encoding_of(head, whole)
        mark = bom_of(head)
        self._skip = mark[0] if mark and mark[1] == encoding else 0
        self._encoding = encoding
        decoded = codecs.getincrementaldecoder(encoding)(ERRORS).decode(head[self._skip :], whole)
        ends = [name for name, end in (("CRLF", "\r\n"), ("LF", "\n"), ("CR", "\r")) if _has_end(decoded, end)]
        text = _unify(decoded)
        self._delimiter = correction.delimiter or delimiter_of(text, whole=whole)
        if len(self._delimiter.encode()) != 1 or self._delimiter in '"\r\n':
            raise Rejected("delimiter")
        sample = sample_records(text, self._delimiter, whole=whole)
        if not any(record.raw.strip() for record in sample):
            if not whole and text.strip():  # the first record fills all that was looked at and goes on
                raise Rejected("line_too_long", line=1, limit=limits.HEAD // limits.MIB, place="line 1")
            raise Rejected("empty")
        check_width(max(len(record.fields or ()) for record in sample))
        header, cells = self._header(sample, correction)
        if any(UNDECODABLE in cell for cell in cells):
            line, column = place_of_first(head[self._skip :], encoding)
            place = f"line {line}, column {column}"
            count = sum(UNDECODABLE in record.raw for record in sample) - 1
            raise Rejected("encoding_wrong", place=place, encoding=encoding, line=line, column=column, count=count)
        self._width = header.width
        self.names, changed = column_names(cells, header.width)
        self._data_line = 1 if header.row is None and not header.titles else self._line_after(sample, header)
        self.kept_as_text: frozenset[str] = frozenset()
        self.notes: list[Note] = []
        if header.titles:
            self.notes.append(Note(code="titles", values={"rows": header.titles}))
        if header.row is None:
            self.notes.append(Note(code="no_header"))
        elif changed:
            self.notes.append(Note(code="renamed", values={"columns": changed[:20]}))
        if len(ends) > 1:
            self.notes.append(Note(code="line_ends", values={"kinds": ends}))
        self.format = FileFormat(
            kind="csv",
            encoding=encoding,
            delimiter=self._delimiter,
            header_row=0 if header.row is None else sample[header.row].line,
            notes=self.notes,
        )

    def _header(self, sample: list[Record], correction: Correction) -> tuple[Header, list[str]]:
        rows = [record.fields or [] for record in sample]
        found = find_header(rows)
        if correction.header_row is None:
            return found, (rows[found.row] if found.row is not None else [])
        if correction.header_row == 0:
            return Header(None, 0, found.width), []
        index = next((i for i, record in enumerate(sample) if record.line == correction.header_row), None)
        if index is None or not any(rows[index]):
            raise Rejected("header_row", line=correction.header_row, place=f"line {correction.header_row}")
        return Header(index, index, max(found.width, len(rows[index]))), rows[index]

    def _line_after(self, sample: list[Record], header: Header) -> int:
        if header.row is None:
            return sample[header.titles].line
        record = sample[header.row]
        return record.line + record.lines

    # -- the text in chunks ------------------------------------------------------------------------------------------

    def _chunks(self) -> Iterator[tuple[bytes, bool]]:
        """The text as UTF-8 with `\\n` line ends, in chunks, and whether each is the last. Bytes that are no
        characters become `UNDECODABLE`, except in UTF-8, where the caller meets them."""
        self._stream.seek(self._skip)
        decode = None
        if self._encoding != "utf-8":
            decode = codecs.getincrementaldecoder(self._encoding)(ERRORS)
        held = b""
        while True:
            raw = self._stream.read(limits.CHUNK)
            last = not raw
            data = raw if decode is None else decode.decode(raw, last).encode()
            data = held + data
            held = b""
            if not last and data.endswith(b"\r"):
                data, held = data[:-1], b"\r"
            if b"\r" in data:
                data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield data, last
            if last:
                return

    def batches(self, aside: Aside) -> Iterator[Batch]:
        """See `Reader`."""
        tally = _Tally(self._encoding)
        line, rest = 1, b""
        for chunk, last in self._chunks():
            data = rest + chunk
            if line < self._data_line:
                data, line = _skip_lines(data, line, self._data_line)
                if line < self._data_line:
                    rest = data
                    continue
            if len(data) > limits.LINE + limits.CHUNK:
                raise Rejected("line_too_long", line=line, limit=limits.LINE // limits.MIB, place=f"line {line}")
            body, rest = (data.rstrip(b"\n"), b"") if last else _cut(data)
            if not body.strip(b"\n") and (last or b"\n" not in rest):
                line += body.count(b"\n")
                continue
            # Whole lines are left and none is a record: a quote is open, over one record or by mistake.
            frame = self._parse(body) if body.strip(b"\n") else None
            if frame is not None:
                starts = _record_lines(body, line, frame.height)
                yield Batch(frame, line, starts)
                tally.rows += frame.height
                line += body.count(b"\n")
                continue
            batch, line, left = self._read_patiently(data, line, last, aside, tally)
            rest = left
            if len(rest) > limits.LINE:
                raise Rejected("line_too_long", line=line, limit=limits.LINE // limits.MIB, place=f"line {line}")
            if batch is not None:
                yield batch
        tally.judge()

    def _parse(self, body: bytes) -> pl.DataFrame | None:
        """The chunk as a frame, or None when anything in it is doubtful."""
        if b"\0" in body or UNDECODABLE.encode() in body:
            return None
        delimiters = _delimiters_outside_quotes(body, self._delimiter.encode())
        if delimiters > (body.count(b"\n") + 1) * (self._width - 1):
            return None  # a row of very many fields must not get as far as the parser
        try:
            frame = pl.read_csv(
                io.BytesIO(body),
                has_header=False,
                schema=dict.fromkeys(self.names, pl.String),
                separator=self._delimiter,
                quote_char='"' if b'"' in body else None,
                empty_string_is_null=True,
            )
        except pl.exceptions.PolarsError:
            return None
        if delimiters != frame.height * (self._width - 1):
            return None
        if self._width == 1 and b"\n\n" in body:
            return None
        return frame

    def _read_patiently(
        self, data: bytes, line: int, last: bool, aside: Aside, tally: "_Tally"
    ) -> tuple[Batch | None, int, bytes]:
        decoder = codecs.getincrementaldecoder("utf-8")(ERRORS)
        text = decoder.decode(data, last)
        pending = decoder.getstate()[0]
        columns: list[list[str | None]] = [[] for _ in self.names]
        lines: list[int] = []
        left = ""
        for record in records(text, self._delimiter, line, final=last):
            if isinstance(record, str):
                left = record
                break
            broken = self._broken(record, tally)
            if broken is not None:
                aside(broken)
            elif record.raw and record.fields is not None:
                for column, value in zip(columns, record.fields, strict=True):
                    column.append(value or None)
                lines.append(record.line)
        tally.rows += len(lines)
        tally.judge(early=True)
        consumed = text[: len(text) - len(left)] if left else text
        after = line + consumed.count("\n")
        rest = left.encode() + pending
        if not lines:
            return None, after, rest
        return Batch(text_frame(self.names, columns), lines[0], np.asarray(lines, np.int64)), after, rest

    def _broken(self, record: Record, tally: "_Tally") -> Broken | None:
        if UNDECODABLE in record.raw:
            before = record.raw.partition(UNDECODABLE)[0]
            tally.undecodable(record.line, len(before) + 1)
            column = before.count(self._delimiter) + 1
            return Broken(record.line, column, "undecodable", record.raw, {"encoding": self._encoding})
        if "\0" in record.raw:
            column = record.raw.partition("\0")[0].count(self._delimiter) + 1
            return Broken(record.line, column, "control", record.raw)
        if record.problem is not None or record.fields is None:
            column = record.raw.partition('"')[0].count(self._delimiter) + 1
            return Broken(record.line, column, record.problem or "quote_inside", record.raw)
        if not record.raw:
            return None
        found = len(record.fields)
        if found != self._width:
            values = {"found": found, "expected": self._width}
            return Broken(record.line, min(found, self._width) + 1, "fields", record.raw, values)
        return None


class _Tally:
    """Counts lines with undecodable bytes: a few are set aside, many mean that the encoding is another one."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._first: tuple[int, int] | None = None
        self._bad = 0
        self.rows = 0

    def undecodable(self, line: int, column: int) -> None:
        self._first = self._first or (line, column)
        self._bad += 1

    def judge(self, *, early: bool = False) -> None:
        if early and self._bad < _BAD_EARLY:
            return
        if self._first and self._bad > max(_BAD_SHARE * (self.rows + self._bad), min(_BAD_LEAST, self.rows)):
            line, column = self._first
            raise Rejected(
                "encoding_wrong",
                place=f"line {line}, column {column}",
                encoding=self._encoding,
                line=line,
                column=column,
                count=self._bad - 1,
            )


def _has_end(text: str, end: str) -> bool:
    if end == "\r\n":
        return end in text
    bare = text.replace("\r\n", "")
    return end in (bare[:-1] if end == "\r" else bare)


def _unify(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _skip_lines(data: bytes, line: int, wanted: int) -> tuple[bytes, int]:
    at = 0
    while line < wanted:
        end = data.find(b"\n", at)
        if end < 0:
            break
        at, line = end + 1, line + 1
    return data[at:], line


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """Split after the last line end outside quotes, as far as counting quotes can tell."""
    end = data.rfind(b"\n") + 1
    if b'"' not in data:
        return data[:end], data[end:]
    quotes = data.count(b'"', 0, end)
    while end and quotes % 2:
        opened = data.rfind(b'"', 0, end)
        before = data.rfind(b"\n", 0, opened) + 1
        quotes -= data.count(b'"', before, end)
        end = before
    return data[:end], data[end:]


def _outside_quotes(body: bytes) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    octets = np.frombuffer(body, np.uint8)
    inside = np.logical_xor.accumulate(octets == ord('"'))
    return octets, ~inside


def _delimiters_outside_quotes(body: bytes, delimiter: bytes) -> int:
    if b'"' not in body:
        return body.count(delimiter)
    octets, outside = _outside_quotes(body)
    return int(np.count_nonzero((octets == delimiter[0]) & outside))


def _record_lines(body: bytes, line: int, rows: int) -> npt.NDArray[np.int64] | None:
    """The line of each record, or None when every line is one record."""
    if body.count(b"\n") + (not body.endswith(b"\n")) == rows:
        return None
    octets, outside = _outside_quotes(body)
    ends = np.flatnonzero(octets == ord("\n"))
    record_ends = np.flatnonzero((octets == ord("\n")) & outside)
    starts = np.concatenate([[0], np.searchsorted(ends, record_ends) + 1])[:rows]
    return (starts + line).astype(np.int64)
