"""Old and binary Excel workbooks and OpenDocument sheets, built here record by record."""

import io
import random
import struct
import zipfile
from contextlib import suppress

import pytest

from extractors import extract
from knowledge.errors import Encrypted, KnowledgeError
from knowledge.types import Document, Locator


def read(data: bytes, name: str) -> Document:
    return extract(data, name=name, sandbox=False)


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def wide(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def place(row: int, column: int, style: int = 0) -> bytes:
    return struct.pack("<HHH", row, column, style)


def xls(cells: bytes, *, strings: tuple[bytes, ...] = (), hidden: bool = False) -> bytes:
    """A stream of Excel 97 with two sheets: "People", and "Other" that may be hidden."""
    formats = record(0x41E, struct.pack("<H", 164) + wide("#,##0.00")) + record(
        0x41E, struct.pack("<H", 165) + wide("d-mmm-yy")
    )
    styles = b"".join(record(0xE0, struct.pack("<HH", 0, number)) for number in (0, 164, 165))
    table = (
        record(0xFC, strings[0]) + b"".join(record(0x3C, more) for more in strings[1:]) if strings else b""
    )

    def entries(first: int, second: int) -> bytes:
        names = (("People", first, 0), ("Other", second, int(hidden)))
        return b"".join(
            record(0x85, struct.pack("<IBBBB", start, state, 0, len(name), 0) + name.encode())
            for name, start, state in names
        )

    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    size = len(begin + formats + styles + entries(0, 0) + table + record(0x0A))
    people = sheet + cells + record(0x0A)
    other = sheet + record(0x204, place(0, 0) + wide("other canary")) + record(0x0A)
    return (
        begin + formats + styles + entries(size, size + len(people)) + table + record(0x0A) + people + other
    )


HEADER = record(0x204, place(0, 0) + wide("name")) + record(0x204, place(0, 1) + wide("value"))


def xls_value(cell: bytes) -> str:
    """How a cell in the second row of a table is shown."""
    document = read(xls(HEADER + record(0x204, place(1, 0) + wide("x")) + cell), "a.xls")
    return texts(document)[2].removeprefix("| x | ").removesuffix(" |")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (record(0x203, place(1, 1) + struct.pack("<d", 1234.5)), "1234.5"),
        (record(0x203, place(1, 1, 1) + struct.pack("<d", 1234.5)), "1,234.50"),
        (record(0x203, place(1, 1, 2) + struct.pack("<d", 39219)), "17-May-07"),
        (record(0x27E, place(1, 1) + struct.pack("<I", 7 << 2 | 2)), "7"),
        (record(0x27E, place(1, 1) + struct.pack("<i", -(7 << 2) | 2)), "-7"),
        (record(0x27E, place(1, 1) + struct.pack("<I", 750 << 2 | 3)), "7.5"),
        (record(0x205, place(1, 1) + bytes((1, 0))), "TRUE"),
        (record(0x205, place(1, 1) + bytes((42, 1))), "#N/A"),
        (record(0x06, place(1, 1) + struct.pack("<d", 2.5) + bytes(8)), "2.5"),
        (record(0x06, place(1, 1) + b"\0\0\0\0\0\0\xff\xff" + bytes(8)) + record(0x207, wide("now")), "now"),
    ],
)
def test_xls_cells_of_every_kind(cell: bytes, shown: str) -> None:
    assert xls_value(cell) == shown


def test_xls_rows_know_their_sheet_and_number() -> None:
    many = record(
        0xBD, struct.pack("<HH", 1, 0) + struct.pack("<HIHI", 0, 3 << 2 | 2, 1, 4 << 2 | 2) + b"\1\0"
    )
    document = read(xls(HEADER + many), "a.xls")
    assert texts(document)[:3] == ["People", "| name | value |\n| --- | --- |", "| 3 | 4.00 |"]
    assert document.blocks[2].locator == Locator(sheet="People", row=2, row_end=2)
    assert texts(document)[3:] == ["Other", "other canary"]


def test_xls_strings_run_on_over_the_borders_of_records() -> None:
    """The second string is cut after two characters and goes on as one byte a character, then has phonetics."""
    first = struct.pack("<II", 2, 2) + wide("名字") + struct.pack("<HBI", 5, 5, 3) + "值A".encode("utf-16-le")
    second = b"\0BCD" + b"\xff\xff\xff"
    cells = record(0xFD, place(0, 0) + struct.pack("<I", 0)) + record(
        0xFD, place(0, 1) + struct.pack("<I", 1)
    )
    assert texts(read(xls(cells, strings=(first, second)), "a.xls"))[1].splitlines()[0] == "| 名字 | 值ABCD |"


def test_xls_merged_cells_links_comments_and_boxes() -> None:
    url = "https://example.org/x"
    link = (
        struct.pack("<HHHH", 1, 1, 1, 1)
        + bytes(16)
        + struct.pack("<II", 2, 3)
        + bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
        + struct.pack("<I", 2 * len(url) + 2)
        + f"{url}\0".encode("utf-16-le")
    )

    def text_object(number: int, text: str) -> bytes:
        return (
            record(0x5D, struct.pack("<HHHH", 0x15, 0x12, 0x19, number))
            + record(0x1B6, struct.pack("<HH6xHHI", 0, 0, len(text), 16, 0))
            + record(0x3C, b"\0" + text.encode())
            + record(0x3C, bytes(16))
        )

    cells = (
        HEADER
        + record(0x204, place(1, 0) + wide("team"))
        + record(0x204, place(1, 1) + wide("page"))
        + record(0x203, place(2, 1) + struct.pack("<d", 5))
        + record(0xE5, struct.pack("<HHHHH", 1, 1, 2, 0, 0))
        + text_object(1, "a comment")
        + text_object(2, "a box")
        + record(0x1C, struct.pack("<HHHH", 1, 1, 0, 1) + b"\0\0\0")
        + record(0x1B8, link)
    )
    assert texts(read(xls(cells), "a.xls"))[2:6] == [
        "| team | [page](https://example.org/x) |",
        "| team | 5 |",
        "Comment on B2: a comment",
        "a box",
    ]


def test_xls_hidden_sheets_are_left_out_and_named() -> None:
    document = read(xls(HEADER, hidden=True), "a.xls")
    assert "canary" not in document.text
    assert document.warnings == ("hidden sheets were left out: Other",)


def test_xls_encrypted() -> None:
    data = xls(HEADER)
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    with pytest.raises(Encrypted, match="password"):
        read(begin + record(0x2F, b"\1\0\1\0") + data[len(begin) :], "a.xls")


def test_excel_2_is_read() -> None:
    """One sheet without a name, the number format named in the cell."""
    stream = (
        record(0x09, struct.pack("<HH", 2, 0x10)) + record(0x1E, b"\x07General") + record(0x1E, b"\x040.00")
    )
    stream += record(0x04, struct.pack("<HH3sB", 0, 0, bytes(3), 4) + b"name")
    stream += record(0x04, struct.pack("<HH3sB", 0, 1, bytes(3), 4) + b"days")
    stream += record(0x04, struct.pack("<HH3sB", 1, 0, bytes(3), 1) + b"x")
    stream += record(0x03, struct.pack("<HH3sd", 1, 1, b"\0\1\0", 2.5)) + record(0x0A)
    assert texts(read(stream, "old.xls")) == ["old", "| name | days |\n| --- | --- |", "| x | 2.50 |"]


def varint(number: int) -> bytes:
    pieces = []
    while True:
        number, piece = number >> 7, number & 0x7F
        pieces.append(piece | 0x80 * bool(number))
        if not number:
            return bytes(pieces)


def brt(kind: int, content: bytes = b"") -> bytes:
    return varint(kind) + varint(len(content)) + content


def long_text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(cells: bytes, after: bytes = b"") -> bytes:
    def relations(*links: tuple[str, str, str]) -> str:
        rows = "".join(
            f'<Relationship Id="{key}" Type="x/{kind}" Target="{target}"'
            f"{' TargetMode=' + chr(34) + 'External' + chr(34) if '://' in target else ''}/>"
            for key, kind, target in links
        )
        return f"<Relationships>{rows}</Relationships>"

    styles = (
        brt(44, struct.pack("<H", 164) + long_text("0.0%"))
        + brt(617, struct.pack("<I", 2))
        + brt(47, struct.pack("<HH", 0, 0))
        + brt(47, struct.pack("<HH", 0, 164))
        + brt(618)
    )
    parts = {
        "_rels/.rels": relations(("r", "officeDocument", "xl/workbook.bin")),
        "xl/_rels/workbook.bin.rels": relations(
            ("r1", "worksheet", "sheet1.bin"),
            ("r2", "sharedStrings", "strings.bin"),
            ("r3", "styles", "styles.bin"),
        ),
        "xl/_rels/sheet1.bin.rels": relations(("l1", "hyperlink", "https://example.org/x")),
        "xl/workbook.bin": brt(156, struct.pack("<II", 0, 1) + long_text("r1") + long_text("Data")),
        "xl/strings.bin": brt(19, b"\0" + long_text("name")) + brt(19, b"\0" + long_text("share")),
        "xl/styles.bin": styles,
        "xl/sheet1.bin": brt(145) + cells + brt(146) + after,
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


def brt_row(row: int, *cells: tuple[int, bytes]) -> bytes:
    """A row of (kind, content) with style 1 for numbers."""
    written = (
        brt(kind, struct.pack("<II", column, int(kind == 5)) + content)
        for column, (kind, content) in enumerate(cells)
    )
    return brt(0, struct.pack("<I", row) + bytes(13)) + b"".join(written)


XLSB_ROWS = brt_row(0, (7, struct.pack("<I", 0)), (7, struct.pack("<I", 1))) + brt_row(
    4, (6, long_text("x")), (5, struct.pack("<d", 0.125))
)


def test_xlsb_rows_formats_links_and_merged_cells() -> None:
    after = brt(176, struct.pack("<IIII", 4, 5, 0, 0)) + brt(
        494, struct.pack("<IIII", 4, 4, 0, 0) + long_text("l1")
    )
    more = brt(0, struct.pack("<I", 5) + bytes(13)) + brt(4, struct.pack("<II", 1, 0) + b"\1")
    document = read(xlsb(XLSB_ROWS + more, after), "a.xlsb")
    assert texts(document) == [
        "Data",
        "| name | share |\n| --- | --- |",
        "| [x](https://example.org/x) | 12.5% |",
        "| [x](https://example.org/x) | TRUE |",
    ]
    assert document.blocks[2].locator == Locator(sheet="Data", row=5, row_end=5)


NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"), ("draw", "drawing"),
    )
)  # fmt: skip


def ods(sheets: str, styles: str = "", **parts: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr(
            "content.xml",
            f'<office:document-content {NAMESPACES} xmlns:xlink="http://www.w3.org/1999/xlink">'
            f"<office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body></office:document-content>",
        )
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


def ods_cell(text: str = "", attributes: str = "", inside: str = "") -> str:
    paragraph = f"<text:p>{text}</text:p>" if text else ""
    return f"<table:table-cell {attributes}>{inside}{paragraph}</table:table-cell>"


def ods_row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def ods_sheet(*rows: str, attributes: str = 'table:name="S"') -> str:
    return f"<table:table {attributes}>{''.join(rows)}</table:table>"


def test_ods_shows_what_the_file_shows() -> None:
    rows = (
        ods_row(ods_cell("name"), ods_cell("share")),
        ods_row(ods_cell("x"), ods_cell("12.5%", 'office:value-type="percentage" office:value="0.125"')),
        ods_row(ods_cell("y"), ods_cell("", 'office:value-type="float" office:value="2.50"')),
    )
    document = read(ods(ods_sheet(*rows)), "a.ods")
    assert texts(document) == ["S", "| name | share |\n| --- | --- |", "| x | 12.5% |", "| y | 2.5 |"]
    assert document.blocks[2].locator == Locator(sheet="S", row=2, row_end=2)


def test_ods_repeats_links_comments_and_merged_cells() -> None:
    note = "<office:annotation><text:p>a comment</text:p></office:annotation>"
    link = '<text:a xlink:href="https://example.org/x">docs</text:a>'
    rows = (
        ods_row(ods_cell("team"), ods_cell("name"), ods_cell("page")),
        ods_row(
            ods_cell("A", 'table:number-rows-spanned="2"'), ods_cell(f"see {link}", "", note), ods_cell("1")
        ),
        ods_row("<table:covered-table-cell/>", ods_cell("2", 'table:number-columns-repeated="2"')),
        ods_row(
            ods_cell("", 'table:number-columns-repeated="9999999"'),
            attributes='table:number-rows-repeated="7"',
        ),
        ods_row(ods_cell("B"), ods_cell("3"), ods_cell("4"), attributes='table:number-rows-repeated="2"'),
    )
    document = read(ods(ods_sheet(*rows)), "a.ods")
    assert texts(document)[2:] == [
        "| A | see [docs](https://example.org/x) | 1 |",
        "| A | 2 | 2 |",
        "| B | 3 | 4 |",
        "| B | 3 | 4 |",
        "Comment on B2: a comment",
    ]
    assert [block.locator.row for block in document.blocks[2:6]] == [2, 3, 11, 12]


def test_ods_hidden_and_encrypted() -> None:
    hides = '<style:table-properties table:display="false"/>'
    style = f'<style:style style:name="h" style:family="table">{hides}</style:style>'
    hidden = ods_sheet(ods_row(ods_cell("canary")), attributes='table:name="H" table:style-name="h"')
    document = read(ods(hidden + ods_sheet(ods_row(ods_cell("seen"))), style), "a.ods")
    assert document.text == "S\n\nseen"
    assert document.warnings == ("hidden sheets were left out: H",)
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    with pytest.raises(Encrypted):
        read(ods("", **{"META-INF/manifest.xml": manifest}), "a.ods")


def test_ods_bombs_are_bounded() -> None:
    """A cell that repeats to the end of a sheet of a million rows that repeat as well."""
    repeated = ods_cell("x", 'table:number-columns-repeated="16384"')
    row = ods_row(repeated, attributes='table:number-rows-repeated="1048576"')
    document = read(ods(ods_sheet(row)), "a.ods")
    assert len(document.text) < 1_000_000


FIXTURES = {
    "a.xls": xls(
        HEADER + record(0x203, place(1, 1, 1) + struct.pack("<d", 2.5)), strings=(struct.pack("<II", 0, 0),)
    ),
    "a.xlsb": xlsb(XLSB_ROWS),
    "a.ods": ods(ods_sheet(ods_row(ods_cell("name"), ods_cell("x")), ods_row(ods_cell("a"), ods_cell("1")))),
}


@pytest.mark.parametrize("name", FIXTURES)
def test_damaged_files_stay_in_the_error_tree(name: str) -> None:
    chance = random.Random(name)
    for turn in range(150):
        data = bytearray(FIXTURES[name])
        if turn % 3 == 0:
            del data[chance.randrange(len(data)) :]
        for _ in range(chance.choice((1, 5, 25))):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(KnowledgeError):
            read(bytes(data), name)
