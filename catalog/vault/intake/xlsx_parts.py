"""Looking into the ZIP of an XLSX file before anything opens it.

Its parts are unpacked once, piece by piece, and counted: what they unpack to, how far their sheets reach and how much
text their cells hold, since a few bytes can ask for all of that. Entity declarations, which no spreadsheet program
writes, are refused, and formulas noted. The patterns give up at `<` and after some length, so that no text makes them
slow.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

import defusedxml.ElementTree as SafeXml
import numpy as np
import numpy.typing as npt
from defusedxml.common import DefusedXmlException

from catalog.vault.intake import limits
from catalog.vault.intake.reasons import Rejected

_MIB = limits.MIB
_WINDOW = 1 * _MIB
_LONGEST = 64 * 1024
"""Bytes of a cell that a window may cut in two."""
_DECLARATION = 64
"""Bytes of a declaration that a window may cut in two, in UTF-16 too."""
_TAG = rb"<c\b[^<>]{0,500}?"
_PLACE = rb'\br="([A-Z]{1,3})(\d{1,7})"[^<>]{0,500}>'
_CELL = re.compile(_TAG + _PLACE + rb"<[vif]")
_SHARED = re.compile(_TAG + rb'\bt="s"[^<>]{0,500}>\s{0,20}<v>(\d{1,9})</v>')
_FORMULA = re.compile(_TAG + _PLACE + rb"\s{0,20}<f\b[^<>]{0,1000}?(?:/>|>[^<]*</f>)\s{0,20}(<v>[^<]|<v/?>|)")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


@dataclass
class Formulas:
    """Formula cells of one sheet: how many, the first, and those without a stored result, by row."""

    count: int = 0
    first: str = ""
    unsolved: dict[int, str] = field(default_factory=dict)


class _Directory:
    """A stream whose ZIP directory may not be larger than a workbook's: it is read in one piece."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.opening = True

    def read(self, size: int = -1) -> bytes:
        if self.opening and size > limits.ZIP_DIRECTORY:
            raise _too_many_parts()
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True


def inspect_parts(stream: IO[bytes]) -> dict[str, Formulas]:
    """Refuse bombs and entities, and note formulas by the sheet's name."""
    stream.seek(0)
    guarded = _Directory(stream)
    try:
        archive = zipfile.ZipFile(guarded)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Rejected("spreadsheet_broken") from None
    guarded.opening = False
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if _BOOK not in names:
        if "EncryptedPackage" in names:
            raise Rejected("spreadsheet_password")
        raise Rejected("kind", kind="ODS" if "content.xml" in names else "ZIP")
    if len(parts) > limits.ZIP_PARTS:
        raise _too_many_parts()
    for part in parts:
        if part.file_size > (limits.WORKBOOK_PART if part.filename in (_BOOK, _LINKS) else limits.SPREADSHEET_UNPACKED):
            raise _bomb(part)
    sheets = _sheet_paths(archive)
    return _Inspection(archive, set(sheets.values())).formulas(sheets)


def _too_many_parts() -> Rejected:
    return Rejected("zip_parts", limit=f"{limits.ZIP_PARTS:,}", place="ZIP")


def _bomb(part: zipfile.ZipInfo) -> Rejected:
    return _refused("zip_bomb", part, f"{limits.SPREADSHEET_UNPACKED // _MIB} MB")


def _refused(reason: str, part: zipfile.ZipInfo, limit: str) -> Rejected:
    return Rejected(reason, part=_shown(part), limit=limit, place=_shown(part))


def _shown(part: zipfile.ZipInfo) -> str:
    return re.sub(r"[^A-Za-z0-9_./ -]", "?", part.filename)[:80]


class _Inspection:
    """One run over all parts, those with the shared texts before the sheets that point at them."""

    def __init__(self, archive: zipfile.ZipFile, sheets: set[str]) -> None:
        self._archive = archive
        self._sheets = sheets
        self._unpacked = 0
        self._held = 0
        self._merged = 0
        self._lengths: list[int] = []
        self._texts: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def formulas(self, sheets: dict[str, str]) -> dict[str, Formulas]:
        found: dict[str, Formulas] = {}
        parts = sorted(self._archive.infolist(), key=self._is_sheet)
        try:
            for part in parts:
                if self._is_sheet(part):
                    self._texts = np.asarray(self._lengths, np.int64)
                    found[part.filename] = self._sheet(part)
                else:
                    self._other(part)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            raise Rejected("spreadsheet_broken") from None
        return {name: found[path] for name, path in sheets.items() if path in found}

    def _is_sheet(self, part: zipfile.ZipInfo) -> bool:
        return part.filename in self._sheets or part.filename.lower().startswith("xl/worksheets/")

    def _windows(self, part: zipfile.ZipInfo, end: bytes) -> Iterator[bytes]:
        """A part's text, cut after `end` where one is near."""
        size, tail, edge = 0, b"", b""
        with self._archive.open(part) as content:
            while piece := content.read(_WINDOW):
                size += len(piece)
                if self._unpacked + size > limits.SPREADSHEET_UNPACKED or (
                    size > 32 * _MIB and size > part.compress_size * limits.SPREADSHEET_RATIO
                ):
                    raise _bomb(part)
                _refuse_entities(edge + piece, part)
                edge = piece[-_DECLARATION:]
                window = tail + piece
                cut = window.rfind(end) + len(end)
                if cut < len(end) or len(window) - cut > _LONGEST:
                    cut = len(window)
                tail = window[cut:]
                yield window[:cut]
        yield tail
        self._unpacked += size

    def _other(self, part: zipfile.ZipInfo) -> None:
        """Any other part; those with shared texts tell how long each is, mark-up included."""
        held = 0
        for window in self._windows(part, b"</si>"):
            *ended, rest = window.split(b"</si>")
            for text in ended:
                self._lengths.append(held + len(text))
                held = 0
            held += len(rest)

    def _sheet(self, part: zipfile.ZipInfo) -> Formulas:
        found = Formulas()
        last_row = last_column = 0
        for window in self._windows(part, b"</c>"):
            self._merged += window.count(b"<mergeCell ")
            if self._merged > limits.MERGED_CELLS:
                raise _refused("sheet_merged", part, f"{limits.MERGED_CELLS:,}")
            for letters, row in set(_CELL.findall(window)):
                last_row, last_column = max(last_row, int(row)), max(last_column, column_number(letters.decode()))
            if last_row * last_column > limits.SHEET_CELLS:
                raise _refused("sheet_cells", part, f"{limits.SHEET_CELLS:,}")
            self._count_text(window, part)
            if b"<f" in window:
                _note_formulas(window, found)
        return found

    def _count_text(self, window: bytes, part: zipfile.ZipInfo) -> None:
        """Each cell gets its own copy of a shared text when the sheet is read."""
        pointers = np.asarray(_SHARED.findall(window), dtype="S9").astype(np.int64)
        self._held += int(self._texts[pointers[pointers < len(self._texts)]].sum())
        if self._held > limits.SPREADSHEET_UNPACKED:
            raise _refused("sheet_text", part, f"{limits.SPREADSHEET_UNPACKED // _MIB}")


def _note_formulas(window: bytes, found: Formulas) -> None:
    for letters, row, stored in _FORMULA.findall(window):
        cell = (letters + row).decode()
        found.count, found.first = found.count + 1, found.first or cell
        if len(stored) < 4 or stored == b"<v/>":
            found.unsolved[int(row)] = cell


def column_number(letters: str) -> int:
    """A column's number from its letters: 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _refuse_entities(window: bytes, part: zipfile.ZipInfo) -> None:
    if not part.filename.endswith((".xml", ".rels", ".vml")):
        return
    plain = window.replace(b"\0", b"")  # UTF-16 spells the same letters with zeros between
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise Rejected("xml_entities", part=_shown(part), place=_shown(part))


def _sheet_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    try:
        book, links = (SafeXml.fromstring(_read_small(archive, name)) for name in (_BOOK, _LINKS))
    except DefusedXmlException:
        raise Rejected("xml_entities", part=_BOOK, place=_BOOK) from None
    except (KeyError, SafeXml.ParseError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise Rejected("spreadsheet_broken") from None
    targets = {str(link.get("Id")): str(link.get("Target")) for link in links}
    paths: dict[str, str] = {}
    for sheet in book.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}sheet"):
        target = targets.get(str(sheet.get(_RELATION)), "")
        paths[str(sheet.get("name"))] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return paths


def _read_small(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part that is read whole, whatever size it declares."""
    with archive.open(name) as content:
        data = content.read(limits.WORKBOOK_PART + 1)
    if len(data) > limits.WORKBOOK_PART:
        raise _bomb(archive.getinfo(name))
    return data
