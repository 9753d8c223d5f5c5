"""Reads Excel workbooks of before 2007: the stream of records that holds their sheets."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from extractors.attachments import attach
from extractors.ole.code_pages import encoding_of
from extractors.ole.compound import MAGIC, CompoundFile
from extractors.ole.embedded import file_in_folder
from extractors.ole.encryption import decrypted
from extractors.ole.macros import write_macros
from extractors.table import markdown_table
from extractors.workbook.formats import BUILT_IN, REGIONAL, formatter
from extractors.workbook.sheet import SheetWriter
from extractors.workbook.writing import write_sheet
from extractors.writer import DocumentWriter
from extractors.xls.cells import Book
from extractors.xls.pictures import placed_pictures, stored_pictures
from extractors.xls.properties import properties
from extractors.xls.records import CONTINUE, SharedStrings, records
from extractors.xls.sheet import BEGINS, END, SheetReader
from knowledge.errors import ExtractionError
from knowledge.types import Document, ReadOptions

_STREAMS: Final = ("Workbook", "Book", "WORKBOOK", "BOOK")
_ENCRYPTION: Final = 0x2F
_SHEET, _STRINGS, _CODE_PAGE, _CALENDAR, _DRAWINGS = 0x85, 0xFC, 0x42, 0x22, 0xEB
_FORMATS: Final = frozenset((0x1E, 0x41E))
_STYLES: Final = {0xE0: "<2xH", 0x243: "<xB", 0x443: "<xB"}
_WORKSHEET, _CHART = 0, 2
_MOST_SHEETS: Final = 4096


@dataclass(slots=True)
class _Entry:
    title: str
    start: int
    kind: int
    is_hidden: bool


@dataclass(slots=True)
class _Globals:
    """What stands before the sheets."""

    book: Book = field(default_factory=Book)
    entries: list[_Entry] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)
    styles: list[int] = field(default_factory=list)
    drawings: bytearray = field(default_factory=bytearray)
    """The pictures."""
    starts_1904: bool = False
    is_encrypted: bool = False


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Values as their formats show them, of formulas those last computed; hidden sheets are left out."""
    stream, container = _opened(data, name)
    found = _globals(stream)
    if found.is_encrypted:
        stream, container = _opened(decrypted(data, name, options.password), name)
        found = _globals(stream)
    writer = DocumentWriter(name)
    if container is not None:
        writer.describe(properties(container))
    pictures = stored_pictures(found.drawings) if options.images else []
    for entry in _sheets(found, name):
        out = SheetWriter(writer, entry.title)
        reader = SheetReader(found.book)
        reader.read(stream, entry.start)
        write_sheet(out, reader.sheet(placed_pictures(reader.drawing, pictures, writer)))
        for chart in reader.charts:
            out.add("paragraph", "\n".join(chart.titles))
            out.add("table", markdown_table(chart.rows()))
    if container is not None:
        _attach_objects(writer, container, options)
        write_macros(writer, [container])
    writer.warn_of_hidden([entry.title for entry in found.entries if entry.is_hidden])
    return writer.finish("no visible sheet has a value")


def _opened(data: bytes, name: str) -> tuple[bytes, CompoundFile | None]:
    """The records, and the container that they are in; the oldest files have none."""
    if not data.startswith(MAGIC):
        return data, None
    container = CompoundFile(data, name)
    found = next((stream for stream in _STREAMS if stream in container.paths), None)
    if found is None:
        raise ExtractionError(f"{name} is damaged: it holds no workbook")
    return container.read(found), container


def _attach_objects(writer: DocumentWriter, container: CompoundFile, options: ReadOptions) -> None:
    """Reads the files in the workbook: each is in a folder of the container; Excel's own begin with "_"."""
    folders = dict.fromkeys(path.split("/")[0] for path in container.paths if "/" in path)
    for folder in folders:
        if folder.startswith("_"):
            continue
        name = folder
        try:
            data, name = file_in_folder(container, f"{folder}/", folder)
        except ExtractionError as error:
            writer.warn_of_unread(name, error)
            continue
        attach(writer, data, name, options)


def _sheets(found: _Globals, name: str) -> Iterator[_Entry]:
    """The visible sheets, each once; files of before version 5 are one sheet without a name."""
    seen: set[int] = set()
    if found.book.version < 5 and not found.entries:
        yield _Entry(name.rpartition(".")[0] or name, 0, _WORKSHEET, False)
    for entry in found.entries[:_MOST_SHEETS]:
        if entry.kind in (_WORKSHEET, _CHART) and not entry.is_hidden and entry.start not in seen:
            seen.add(entry.start)
            yield entry


def _globals(stream: bytes) -> _Globals:
    found = _Globals()
    segments: list[bytes] = []
    before = 0
    for kind, data in records(stream):
        if kind == CONTINUE:
            segments += [data] * bool(segments)
            found.drawings += data if before == _DRAWINGS else b""
            continue
        before = kind
        if segments:
            found.book.strings = SharedStrings(segments).read()
            segments = []
        if kind == _STRINGS:
            segments = [data]
        elif kind == _DRAWINGS:
            found.drawings += data
        elif kind == END:
            break
        else:
            try:
                _add(found, kind, data)
            except (struct.error, IndexError):
                continue
    found.book.shows = [formatter(code, found.starts_1904) for code in _style_codes(found)]
    return found


def _style_codes(found: _Globals) -> list[str]:
    """The format of every style; in version 2 cells name formats themselves."""
    codes = found.codes
    if found.book.version == 2:
        return [codes[number] for number in sorted(codes)]
    if found.book.version > 4:
        codes = {**BUILT_IN, **{number: code for number, code in codes.items() if number not in REGIONAL}}
    return [codes.get(number, "General") for number in found.styles]


def _add(found: _Globals, kind: int, data: bytes) -> None:
    book = found.book
    if kind in BEGINS:
        version = struct.unpack_from("<H", data)[0]
        book.version = (8 if version == 0x600 else 5) if kind == 0x809 else max(2, kind >> 8)
    elif kind == _ENCRYPTION:
        found.is_encrypted = bool(data.strip(b"\0"))
    elif kind == _CODE_PAGE:
        book.encoding = encoding_of(struct.unpack_from("<H", data)[0])
    elif kind == _CALENDAR:
        found.starts_1904 = data[:1] == b"\1"
    elif kind == _SHEET:
        start, state, sheet_kind = struct.unpack_from("<IBB", data)
        found.entries.append(_Entry(book.text(data, 6, 1), start, sheet_kind, bool(state & 3)))
    elif kind in _STYLES:
        found.styles.append(struct.unpack_from(_STYLES[kind], data)[0])
    elif kind in _FORMATS:
        _add_format(found, kind, data)


def _add_format(found: _Globals, kind: int, data: bytes) -> None:
    """Before version 5 formats are numbered by their order."""
    version = found.book.version
    if version < 5:
        found.codes[len(found.codes)] = found.book.text(data, 0 if kind == 0x1E else 2, 1)
    else:
        found.codes[struct.unpack_from("<H", data)[0]] = found.book.text(data, 2, 2 if version == 8 else 1)
