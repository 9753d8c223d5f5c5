"""Excel workbooks: every cell is kept in its row, tables and headers are found, what hangs on cells comes along."""

import io
import random
import zipfile
from contextlib import suppress
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.worksheet.table import Table
from PIL import Image as Picture

from extractors import extract
from extractors.ooxml.package import Package
from knowledge.errors import ExtractionError, KnowledgeError
from knowledge.types import Document, Locator, ReadOptions


def read(data: bytes, name: str = "a.xlsx", **options: Any) -> Document:
    return extract(data, name=name, sandbox=False, options=ReadOptions(**options))


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def workbook(rows: list[list[Any]], merged: str = "", title: str = "S") -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for area in merged.split():
        book.active.merge_cells(area)
    return book


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def replaced(data: bytes, part: str, old: str, new: str) -> bytes:
    """The package with a text in one of its parts replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == part:
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            after.writestr(name, content)
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
XY = '<c r="A2" t="inlineStr"><is><t>xy</t></is></c>'
STRINGS = (
    "<sst><si><t>xy</t></si><si><r><t>x</t></r><r><rPr/><t>y</t></r>"
    '<rPh sb="0" eb="1"><t>phonetic</t></rPh></si></sst>'
)

places = st.sets(st.tuples(st.integers(1, 14), st.integers(1, 8)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(places, st.randoms(use_true_random=False))
def test_every_cell_is_kept_in_a_block_of_its_row(cells: set[tuple[int, int]], chance: random.Random) -> None:
    book = openpyxl.Workbook()
    values = {
        (row, column): chance.choice([f"w{row}x{column}", row * 1000 + column])
        for row, column in sorted(cells)
    }
    for (row, column), value in values.items():
        book.active.cell(row, column, value)
    document = read(saved(book))
    for (row, _), value in values.items():
        of_row = [
            text
            for text, block in zip(texts(document), document.blocks, strict=True)
            if block.locator.row is not None and block.locator.row == row
        ]
        assert sum(text.replace("|", " ").split().count(str(value)) for text in of_row) >= 1


@pytest.mark.parametrize("count", [3, 12_000])
def test_rows_have_their_numbers_however_many_there_are(count: int) -> None:
    document = read(saved(workbook([["id", "name"], *([n, f"n{n}"] for n in range(count))])))
    assert len(document.blocks) == 2 + count
    assert texts(document)[-1] == f"| {count - 1} | n{count - 1} |"
    assert document.blocks[-1].locator == Locator(sheet="S", row=count + 1, row_end=count + 1)


def test_groups_above_columns_become_part_of_their_names() -> None:
    rows = [
        ["Region", "2023", None, "2024", None],
        [None, "Q1", "Q2", "Q1", "Q2"],
        ["North", 1, 2, 3, 4],
    ]
    assert texts(read(saved(workbook(rows, "A1:A2 B1:C1 D1:E1"))))[1:] == [
        "| Region | 2023 / Q1 | 2023 / Q2 | 2024 / Q1 | 2024 / Q2 |\n| --- | --- | --- | --- | --- |",
        "| North | 1 | 2 | 3 | 4 |",
    ]


def test_records_without_a_header_get_an_empty_one() -> None:
    rows = [["Revenue", 50_000], ["Profit", 20_000]]
    lines = texts(read(saved(workbook(rows))))[1:]
    assert lines == ["|  |  |\n| --- | --- |", "| Revenue | 50000 |", "| Profit | 20000 |"]


def test_years_are_a_header() -> None:
    rows = [["Region", 2023, 2024], ["North", 50_000, 60_000]]
    assert texts(read(saved(workbook(rows))))[1] == "| Region | 2023 | 2024 |\n| --- | --- | --- |"


def test_titles_above_the_header_are_paragraphs() -> None:
    rows = [
        ["Staff 2024"],
        ["As of", "May"],
        ["No", "Name", "Team", "Days"],
        [1, "Ann", "A", 30],
        [2, "Bo", "B", 28],
    ]
    document = read(saved(workbook(rows)))
    assert [block.kind for block in document.blocks] == [
        "heading",
        "paragraph",
        "paragraph",
        "table",
        "table",
        "table",
    ]
    assert texts(document)[1:4] == [
        "Staff 2024",
        "As of May",
        "| No | Name | Team | Days |\n| --- | --- | --- | --- |",
    ]


def test_blank_rows_divide_tables_that_have_headers_of_their_own() -> None:
    rows = [["a", "b"], ["x", 1], [], ["c", "d"], ["y", 2]]
    assert texts(read(saved(workbook(rows))))[1:] == [
        "| a | b |\n| --- | --- |",
        "| x | 1 |",
        "| c | d |\n| --- | --- |",
        "| y | 2 |",
    ]


def test_rows_below_a_blank_one_go_on_with_the_table() -> None:
    rows = [["name", "days"], ["x", 1], [], ["y", 2], ["a note"], [], ["z", 3]]
    assert texts(read(saved(workbook(rows))))[2:] == ["| x | 1 |", "| y | 2 |", "| a note |  |", "| z | 3 |"]


def test_a_header_above_a_blank_row_is_that_of_the_rows_below() -> None:
    rows = [["name", "days"], [], ["x", 1], ["y", 2]]
    assert texts(read(saved(workbook(rows))))[1:3] == ["| name | days |\n| --- | --- |", "| x | 1 |"]


def test_declared_tables_have_their_headers() -> None:
    """All of words: nothing else tells the second header from a record."""
    book = workbook([["a", "b"], ["x", "y"], [], ["c", "d"], ["z", "w"]])
    for name, area in (("One", "A1:B2"), ("Two", "A4:B5")):
        book.active.add_table(Table(displayName=name, ref=area))
    assert texts(read(saved(book)))[3:] == ["| c | d |\n| --- | --- |", "| z | w |"]


def test_a_repeated_header_starts_the_table_again() -> None:
    rows = [["a", "b"], ["x", "y"], [], ["a", "b"], ["z", "w"]]
    assert texts(read(saved(workbook(rows))))[3:] == ["| a | b |\n| --- | --- |", "| z | w |"]


def test_pictures_in_cells_as_wps_writes_them() -> None:
    png = io.BytesIO()
    Picture.new("RGB", (4, 4), "red").save(png, "PNG")
    formula = '<c r="A2" t="str"><f>_xlfn.DISPIMG("ID_1",1)</f><v>=DISPIMG("ID_1",1)</v></c>'
    data = io.BytesIO(replaced(saved(workbook([["a", "b"], ["xy", 1]])), SHEET, XY, formula))
    with zipfile.ZipFile(data, "a") as package:
        package.writestr(
            "xl/cellimages.xml",
            '<i xmlns:r="x"><pic><cNvPr name="ID_1" descr="a red square"/><blip r:embed="r1"/></pic></i>',
        )
        relation = '<Relationship Id="r1" Type="x/image" Target="media/1.png"/>'
        package.writestr("xl/_rels/cellimages.xml.rels", f"<Relationships>{relation}</Relationships>")
        package.writestr("xl/media/1.png", png.getvalue())
    document = read(data.getvalue())
    assert texts(document)[-1] == f"| ![a red square](images/{document.images[0].name}) | 1 |"


def test_tables_side_by_side_are_read_one_after_the_other() -> None:
    rows = [["n", "a", None, "n", "b"], [1, 2, None, 5, 6], [3, 4, None, 7, 8]]
    lines = texts(read(saved(workbook(rows))))[1:]
    assert [line.splitlines()[0] for line in lines] == [
        "| n | a |", "| 1 | 2 |", "| 3 | 4 |", "| n | b |", "| 5 | 6 |", "| 7 | 8 |",
    ]  # fmt: skip


def test_merged_values_are_repeated_but_not_lines_across_the_table() -> None:
    rows = [
        ["team", "name", "Q1", "Q2", "Q3"],
        ["A", "x", 5, None, 6],
        [None, "y", 7, 8, 9],
        ["all of the above"],
    ]
    document = read(saved(workbook(rows, "A2:A3 C2:D2 A4:E4")))
    assert texts(document)[2:] == [
        "| A | x | 5 | 5 | 6 |",
        "| A | y | 7 | 8 | 9 |",
        "| all of the above |  |  |  |  |",
    ]


def test_values_are_shown_by_their_formats() -> None:
    shown = [
        (1234.5, "#,##0.00", "1,234.50"),
        (0.125, "0.0%", "12.5%"),
        (-3.5, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "($3.50)"),
        (datetime(2007, 5, 17), "d-mmm-yy", "17-May-07"),
        (datetime(2007, 5, 17, 4, 20), 'h:mm AM/PM" on "dddd', "4:20 AM on Thursday"),
        (2.5, "# ?/?", "2 1/2"),
        (0.1 + 0.2, "General", "0.3"),
        (1 / 3, "General", "0.333333333"),
        (1.25, "[h]:mm", "30:00"),
        (True, "General", "TRUE"),
        ("#N/A", "General", "#N/A"),
        ("007", "@", "007"),
        (4111111111111111, "0", "4111111111111111"),
    ]
    book = openpyxl.Workbook()
    for row, (value, code, _) in enumerate(shown, start=2):
        book.active.cell(1, 1, "name")
        book.active.cell(1, 2, "value")
        book.active.cell(row, 1, f"n{row}")
        book.active.cell(row, 2, value).number_format = code
    assert texts(read(saved(book)))[2:] == [
        f"| n{row} | {text} |" for row, (_, _, text) in enumerate(shown, 2)
    ]


def test_dates_that_follow_the_region_are_shown_year_first() -> None:
    book = workbook([["on", "n"], [datetime(2024, 3, 10), 1]])
    book.active["A2"].number_format = "mm-dd-yy"
    assert texts(read(saved(book)))[-1] == "| 2024-03-10 | 1 |"


def test_links_and_comments() -> None:
    book = workbook([["name", "page"], ["x", "docs"], ["y", "https://example.org/y"]])
    book.active["B2"].hyperlink = "https://example.org/docs"
    book.active["B3"].hyperlink = "https://example.org/y"
    book.active["A2"].comment = Comment("ask\nAnn", "Bo")
    document = read(saved(book))
    assert texts(document)[2:] == [
        "| x | [docs](https://example.org/docs) |",
        "| y | https://example.org/y |",
        "Comment on A2: ask Ann",
    ]
    assert document.blocks[-1].locator.row == 2


def test_links_by_formula() -> None:
    book = workbook([["name", "page"], ["x", "LINK"]])
    data = replaced(
        saved(book),
        SHEET,
        '<c r="B2" t="inlineStr"><is><t>LINK</t></is></c>',
        '<c r="B2" t="str"><f>HYPERLINK("https://example.org/","docs")</f><v>docs</v></c>',
    )
    assert texts(read(data))[-1] == "| x | [docs](https://example.org/) |"


def test_pictures_stand_in_their_cells_or_after_the_table() -> None:
    book = workbook([["name", "photo"], ["x", None], ["y", None]])
    for colour, anchor in (("red", "B2"), ("blue", "F2")):
        stream = io.BytesIO()
        Picture.new("RGB", (4, 4), colour).save(stream, "PNG")
        book.active.add_image(Image(stream), anchor)
    data = saved(book)
    document = read(data)
    assert [image.name[-4:] for image in document.images] == [".png", ".png"]
    red, blue = (f"](images/{image.name})" for image in document.images)
    assert texts(document)[2].startswith("| x | ![")
    assert red in texts(document)[2]
    assert document.blocks[-1].kind == "image"
    assert blue in texts(document)[-1]
    assert read(data, images=False).images == ()


def test_charts_and_page_headers() -> None:
    book = workbook([["month", "sold"], ["May", 3], ["June", 4]])
    chart = BarChart()
    chart.title = "Sales canary"
    chart.add_data(Reference(book.active, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    book.active.add_chart(chart, "D2")
    book.active.oddHeader.left.text = "Confidential canary"
    book.active.oddFooter.center.text = "Page &P of &N"
    document = read(saved(book))
    assert texts(document)[1] == "Confidential canary"
    assert "Sales canary" in document.text
    assert "Page" not in document.text


def test_a_file_inside_a_sheet_is_a_document_of_its_own() -> None:
    inner = saved(workbook([["inner canary", "x"], ["a", 1]]))
    data = saved(workbook([["outer", "x"], ["b", 2]]))
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as package:
        package.writestr("xl/embeddings/inner.xlsx", inner)
        package.writestr(
            "xl/worksheets/_rels/sheet1.xml.rels",
            '<Relationships><Relationship Id="r1" Type="x/package" '
            'Target="../embeddings/inner.xlsx"/></Relationships>',
        )
    document = read(stream.getvalue())
    assert "inner canary" in document.attachments[0].text
    assert "inner canary" not in document.text


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A2" t="s"><v>0</v></c>',
        "<c t='s' r='A2'><v>0</v></c>",
        '<c t="s"><v xml:space="preserve">0</v></c>',
        '<c r="A2" t="s"><v>1</v></c>',
        '<c r="A2" t="inlineStr"><is><r><t>x</t></r><r><t>y</t></r></is></c>',
        '<c r="A2" t="str"><f>"x"&amp;"y"</f><v>xy</v></c>',
        '<c r="A2" t="str"><v><![CDATA[xy]]></v></c>',
        '<c r="A2" t="str"><v>x_x0079_</v></c>',
    ],
)
def test_cells_may_be_written_otherwise(cell: str) -> None:
    data = replaced(saved(workbook([["a", "b"], ["xy", 1]])), SHEET, XY, cell)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        relations = package.read("xl/_rels/workbook.xml.rels").decode()
    end = "</Relationships>"
    relation = '<Relationship Id="s" Type="x/sharedStrings" Target="/xl/strings.xml"/>'
    stream = io.BytesIO(
        replaced(data, "xl/_rels/workbook.xml.rels", relations, relations.replace(end, relation + end))
    )
    with zipfile.ZipFile(stream, "a") as package:
        package.writestr("xl/strings.xml", STRINGS)
    assert texts(read(stream.getvalue()))[-1] == "| xy | 1 |"


@pytest.mark.parametrize("size", [0, 5000, (1 << 20) + 1])
def test_small_parts_of_a_package_are_unpacked_once(size: int) -> None:
    content = random.Random(size).randbytes(size)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        written.writestr("part", content)
        for number in range(20):
            written.writestr(str(number), "other")
    package = Package(stream.getvalue(), "a.xlsx")
    for _ in range(2):
        assert package.read("part", 4096) == content[:4096]
        assert (package.read("part") is package.read("part")) == (size <= 1 << 20)
        assert package.read("part") == b"".join(package.chunks("part")) == content
        assert {package.read(str(number)) for number in range(20)} == {b"other"}


def test_numbers_without_a_format_stay_as_they_are_written() -> None:
    data = saved(workbook([["Code", "Name"], [7, "a"], [7, "b"]]))
    rows = texts(read(replaced(data, SHEET, "<v>7</v>", "<v>007</v>")))[1:]
    assert rows == ["| Code | Name |\n| --- | --- |", "| 007 | a |", "| 007 | b |"]


def test_formatting_that_is_broken_loses_no_value() -> None:
    data = saved(workbook([["Share", "Name"], [0.5, "a"]]))
    broken = replaced(data, "xl/styles.xml", "</styleSheet>", "")
    assert texts(read(broken))[2] == "| 0.5 | a |"


@pytest.mark.parametrize("mark", ["<![CDATA[", "<rPh ", "<t "])
def test_marks_that_never_end_are_looked_at_once(mark: str) -> None:
    """Looking for the end of each would take longer than any test may run."""
    data = saved(workbook([["Name", "Town"], ["xy", "b"]]))
    strings = "<si><t>xy</t></si>"
    document = read(replaced(data, "xl/sharedStrings.xml", strings, f"<si><t>xy</t>{mark * 300_000}</si>"))
    assert texts(document)[2] == "| xy | b |"


def test_prefixed_names_are_read() -> None:
    data = saved(workbook([["a", "b"], ["x", 1]]))
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        sheet = package.read(SHEET).decode()
    prefixed = sheet.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace("<x:?", "<?")
    prefixed = prefixed.replace("xmlns=", "xmlns:x=")
    assert texts(read(replaced(data, SHEET, sheet, prefixed)))[-1] == "| x | 1 |"


def test_a_sheet_that_is_cut_short_keeps_its_rows_and_the_other_sheets() -> None:
    book = workbook([["a", "b"], ["x", 1]])
    book.create_sheet("T").append(["other canary"])
    data = saved(book)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        sheet = package.read(SHEET).decode()
    document = read(replaced(data, SHEET, sheet, sheet[: sheet.index("</sheetData>")]))
    assert texts(document)[2:] == ["| x | 1 |", "T", "other canary"]
    assert [warning.partition(":")[0] for warning in document.warnings] == [
        "the sheet S was not read to its end"
    ]
    with pytest.raises(ExtractionError, match="damaged"):
        read(replaced(data, "xl/workbook.xml", "<sheets>", "<sheets"))


def test_columns_that_come_late_in_a_long_table_stand_last() -> None:
    rows: list[list[Any]] = [["id", "name"], *([n, f"n{n}"] for n in range(11_000)), [1, "x", "late"]]
    assert texts(read(saved(workbook(rows))))[-1] == "| 1 | x | late |"


def test_far_cells_cost_nothing() -> None:
    book = workbook([["a", "b"], ["x", 1]])
    book.active["XFD1048576"] = "far"
    document = read(saved(book))
    assert texts(document)[-1] == "far"
    assert document.blocks[-1].locator.row == 1_048_576


def test_damaged_files_stay_in_the_error_tree() -> None:
    book = workbook([["Region", "2023", None], [None, "Q1", "Q2"], ["North", 1.5, "docs"]], "A1:A2 B1:C1")
    book.active["C3"].hyperlink = "https://example.org/docs"
    book.active["A3"].comment = Comment("note", "Bo")
    chance = random.Random(1)
    with zipfile.ZipFile(io.BytesIO(saved(book))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    for _ in range(60):
        broken = dict(parts)
        name = chance.choice([name for name in parts if name.startswith("xl/")])
        content = bytearray(parts[name])
        for _ in range(chance.choice((1, 4, 20))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        broken[name] = bytes(content[: chance.choice((len(content), chance.randrange(len(content))))])
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as package:
            for part, content in broken.items():
                package.writestr(part, content)
        with suppress(KnowledgeError):
            read(stream.getvalue())
