"""PDF, Word and Excel: what is read, as which blocks, and where it stands in the file."""

import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from fpdf import FPDF
from fpdf.enums import EncryptionMethod
from test_extractors_samples import BYTES, CHINESE, ENGLISH, saved

from extractors import extract
from knowledge.errors import EmptyDocument, Encrypted, ExtractionError
from knowledge.types import Document, Locator


def read(data: bytes, name: str) -> Document:
    return extract(data, name=name, sandbox=False)


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def word(body: str, parts: dict[str, str] | None = None) -> bytes:
    """A Word file with this body and nothing else but `parts`."""
    namespaces = nsdecls("w", "r", "a", "c")
    relations = "".join(
        f'<Relationship Id="r{number}" Target="{part}" Type="x/{part.removesuffix(".xml")}"/>'
        for number, part in enumerate(parts or {})
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr(
            "word/document.xml", f"<w:document {namespaces}><w:body>{body}</w:body></w:document>"
        )
        package.writestr("word/_rels/document.xml.rels", f"<Relationships>{relations}</Relationships>")
        for part, content in (parts or {}).items():
            package.writestr(f"word/{part}", content.replace("NAMESPACES", namespaces))
    return stream.getvalue()


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def chinese_pdf(lines: list[tuple[int, int, int, str]]) -> bytes:
    """One page of (x, y, size, text) in a Chinese font that is not embedded."""
    pieces = (
        f"/F {size} Tf 1 0 0 1 {x} {y} Tm <{text.encode('utf-16-be').hex()}> Tj" for x, y, size, text in lines
    )
    content = f"BT {' '.join(pieces)} ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 4 0 R>>>>/Contents 7 0 R>>",
        "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[5 0 R]>>",
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 6 0 R/DW 1000"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>",
        "<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[-25 -254 1000 880]/ItalicAngle 0"
        "/Ascent 752/Descent -271/CapHeight 737/StemV 58>>",
        f"<</Length {len(content)}>>stream\n{content}\nendstream",
    ]
    body, table = "%PDF-1.4\n", "0000000000 65535 f \n"
    for number, item in enumerate(objects, start=1):
        table += f"{len(body):010} 00000 n \n"
        body += f"{number} 0 obj\n{item}\nendobj\n"
    return f"{body}xref\n0 8\n{table}trailer<</Size 8/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF".encode()


def test_pdf_lines_become_paragraphs_on_their_pages() -> None:
    document = read(BYTES["a.pdf"], "a.pdf")
    assert document.metadata["title"] == "Leave policy"
    assert [(block.kind, block.locator.page) for block in document.blocks] == [
        ("heading", 1),
        ("paragraph", 1),
        ("paragraph", 1),
        ("heading", 2),
        ("paragraph", 2),
        ("paragraph", 2),
    ]
    assert blocks(document)[1] == ("paragraph", " ".join([ENGLISH] * 8))
    assert document.blocks[0].level == 1


def test_chinese_pdf_lines_join_without_spaces() -> None:
    full = "用人单位自用工之日起即与劳动者建立劳动关系"
    document = read(
        chinese_pdf(
            [
                (150, 780, 18, "第一章 总则"),
                (96, 740, 12, full[:19]),
                (72, 722, 12, full),
                (72, 704, 12, "书面合同。"),
                (96, 686, 12, "（一）劳动报酬；"),
                (96, 668, 12, "（二）休息休假。"),
            ]
        ),
        "a.pdf",
    )
    assert blocks(document) == [
        ("heading", "第一章 总则"),
        ("paragraph", f"{full[:19]}{full}书面合同。"),
        ("paragraph", "（一）劳动报酬；"),
        ("paragraph", "（二）休息休假。"),
    ]


def test_pdf_outline_names_the_headings() -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for number, title in enumerate(("Scope", "Duties", "Leave")):
        pdf.add_page()
        pdf.start_section(title, level=min(number, 1))
        pdf.cell(text=title, new_x="LMARGIN", new_y="NEXT")
        pdf.multi_cell(0, 6, ENGLISH)
    document = read(bytes(pdf.output()), "a.pdf")
    levels = [(document.text[b.start : b.end], b.level) for b in document.blocks if b.kind == "heading"]
    assert levels == [("Scope", 1), ("Duties", 2), ("Leave", 2)]


def test_pdf_pages_without_text_are_counted() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.multi_cell(0, 6, ENGLISH)
    document = read(bytes(pdf.output()), "a.pdf")
    assert document.warnings == ("pages 1 of 2 hold no text layer: empty or scanned",)
    assert document.blocks[0].locator == Locator(page=2)


def test_scanned_pdf_says_so() -> None:
    from PIL import Image

    pdf = FPDF()
    pdf.add_page()
    pdf.image(Image.new("RGB", (20, 20), "white"), x=0, y=0, w=100)
    with pytest.raises(EmptyDocument, match="seems to be scanned"):
        read(bytes(pdf.output()), "a.pdf")


def test_encrypted_pdf() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.cell(text="secret")
    pdf.set_encryption("owner", "user", encryption_method=EncryptionMethod.RC4)
    with pytest.raises(Encrypted, match="remove the password"):
        read(bytes(pdf.output()), "a.pdf")


def test_docx_keeps_the_order_and_kinds_of_its_blocks() -> None:
    document = read(BYTES["a.docx"], "a.docx")
    assert document.metadata["title"] == "Leave policy"
    assert blocks(document) == [
        ("heading", "Leave"),
        ("paragraph", ENGLISH),
        ("list", "- ask your lead\n- fill in the form"),
        ("heading", "年休假"),
        ("paragraph", CHINESE),
        ("table", "| years | days |\n| --- | --- |\n| 1–10 | 5 |"),
    ]
    assert [block.level for block in document.blocks if block.kind == "heading"] == [1, 2]


def test_docx_numbers_are_counted_as_word_counts_them() -> None:
    def level(depth: int, number_format: str, text: str) -> str:
        return (
            f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{number_format}"/>'
            f'<w:lvlText w:val="{text}"/></w:lvl>'
        )

    def item(text: str, depth: int) -> str:
        place = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="7"/></w:numPr>'
        return paragraph(text, place + ('<w:outlineLvl w:val="0"/>' if depth == 0 else ""))

    numbering = (
        '<w:numbering NAMESPACES><w:abstractNum w:abstractNumId="1">'
        + level(0, "chineseCountingThousand", "第%1条")
        + level(1, "lowerLetter", "%2)")
        + '</w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )
    body = [item("总则", 0), item("甲", 1), item("乙", 1), *(item("x", 0) for _ in range(10)), item("丙", 1)]
    document = read(word("".join(body), {"numbering.xml": numbering}), "a.docx")
    texts = [text for _, text in blocks(document)]
    assert texts[:3] == ["第一条 总则", "a) 甲\n  b) 乙".strip(), "第二条 x"]
    assert texts[-2:] == ["第十一条 x", "a) 丙"]


def test_docx_localised_heading_styles() -> None:
    styles = (
        '<w:styles NAMESPACES><w:style w:type="paragraph" w:styleId="a1"><w:name w:val="标题 2"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="a2"><w:name w:val="mine"/><w:basedOn w:val="a1"/></w:style>'
        "</w:styles>"
    )
    body = paragraph("甲", '<w:pStyle w:val="a2"/>') + paragraph("乙", '<w:pStyle w:val="gone"/>')
    document = read(word(body, {"styles.xml": styles}), "a.docx")
    assert [(block.kind, block.level) for block in document.blocks] == [("heading", 2), ("paragraph", None)]


def test_docx_tracked_changes_links_controls_boxes_and_notes() -> None:
    def run(text: str) -> str:
        return f"<w:r><w:t>{text}</w:t></w:r>"

    box = f"<w:r><w:pict><w:txbxContent>{paragraph('boxed')}</w:txbxContent></w:pict></w:r>"
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
    body = (
        f"<w:p>{run('a')}<w:ins>{run('b')}</w:ins><w:del><w:r><w:delText>no</w:delText></w:r></w:del>"
        f"<w:hyperlink>{run('c')}</w:hyperlink><w:sdt><w:sdtContent>{run('d')}</w:sdtContent></w:sdt>{hidden}{box}"
        '<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        f"<w:sdt><w:sdtContent>{paragraph('controlled')}</w:sdtContent></w:sdt>"
    )
    notes = f'<w:footnotes NAMESPACES><w:footnote w:id="2">{paragraph("noted")}</w:footnote></w:footnotes>'
    document = read(word(body, {"footnotes.xml": notes}), "a.docx")
    assert [text for _, text in blocks(document)] == ["abcd[^2]", "boxed", "controlled", "[^2]: noted"]


def test_docx_merged_cells_stand_on_the_grid() -> None:
    def row(*cells: str) -> str:
        return f"<w:tr>{''.join(cells)}</w:tr>"

    table = (
        row(cell("wide", '<w:gridSpan w:val="2"/>'), cell("c"))
        + row(cell("tall", '<w:vMerge w:val="restart"/>'), cell("1"), cell("x|y"))
        + row(cell("", "<w:vMerge/>"), cell("2"), cell("z"))
        + row(cell("all", '<w:gridSpan w:val="2"/>'), cell("3"))
    )
    document = read(word(f"<w:tbl>{table}</w:tbl>"), "a.docx")
    assert document.text.splitlines() == [
        "| wide | wide | c |",
        "| --- | --- | --- |",
        "| tall | 1 | x\\|y |",
        "| tall | 2 | z |",
        "| all |  | 3 |",
    ]


def test_docx_charts_give_their_numbers() -> None:
    def points(*values: object) -> str:
        return "".join(
            f'<c:pt idx="{number}"><c:v>{value}</c:v></c:pt>' for number, value in enumerate(values)
        )

    chart = (
        "<c:chart NAMESPACES><c:title><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:title>"
        f"<c:ser><c:tx>{points('2024')}</c:tx><c:cat>{points('Q1', 'Q2')}</c:cat>"
        f"<c:val>{points(3, 4)}</c:val></c:ser>"
        "</c:chart>"
    )
    body = paragraph("text") + '<w:p><w:r><w:drawing><c:chart r:id="r0"/></w:drawing></w:r></w:p>'
    document = read(word(body, {"charts/chart1.xml": chart}), "a.docx")
    assert [text for _, text in blocks(document)] == [
        "text",
        "Sales",
        "|  | 2024 |\n| --- | --- |\n| Q1 | 3 |\n| Q2 | 4 |",
    ]


def workbook(rows: list[list[Any]], **cells: Any) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "S"
    for row in rows:
        sheet.append(row)
    for place, value in cells.items():
        sheet[place] = value
    return saved(book)


def test_xlsx_rows_are_blocks_that_know_their_row() -> None:
    document = read(BYTES["a.xlsx"], "a.xlsx")
    assert blocks(document) == [
        ("heading", "员工"),
        ("table", "| 工号 | 姓名 | 入职 | 工资 |\n| --- | --- | --- | --- |"),
        ("table", "| 007 | 张三 | 2020-03-01 0:00:00 | 8000 |"),
        ("table", "| 008 | 李四 |  | 0.5 |"),
    ]
    assert document.blocks[0].locator == Locator(sheet="员工")
    assert document.blocks[3].locator == Locator(sheet="员工", row=3, row_end=3)


@pytest.mark.parametrize("far", [{}, {"XFD1048576": "far"}])
def test_values_are_shown_as_people_see_them(far: dict[str, str]) -> None:
    values = [3.0, 0.1 + 0.2, 1e15, True, datetime(2024, 1, 31, 8, 5), date(2024, 1, 31), time(8, 5), "3.0"]
    document = read(workbook([["h"] * len(values), values], **far), "a.xlsx")
    row = document.text[document.blocks[2].start : document.blocks[2].end].strip("| ")
    assert row.split(" | ")[:8] == [
        "3",
        "0.3",
        "1000000000000000",
        "TRUE",
        "2024-01-31 8:05:00",
        "2024-01-31",
        "8:05:00",
        "3.0",
    ]


def test_durations_and_created_time() -> None:
    book = openpyxl.Workbook()
    book.properties.created = datetime(2024, 1, 31, 12, 0)
    book.active.append(["spent"])
    book.active.append([timedelta(hours=30, minutes=5)])
    document = read(saved(book), "a.xlsx")
    assert "| 30:05:00 |" in document.text
    assert document.metadata["created"] == datetime(2024, 1, 31, 12, 0, tzinfo=UTC).timestamp()


def test_titles_stand_above_the_table_and_empty_rows_and_columns_go() -> None:
    document = read(
        workbook([["2024 report"], [], [None, "name", None, "days"], [None, "a", None, 1]]), "a.xlsx"
    )
    assert [text for _, text in blocks(document)] == [
        "S",
        "2024 report",
        "| name | days |\n| --- | --- |",
        "| a | 1 |",
    ]
    assert [block.locator.row for block in document.blocks] == [None, 1, 3, 4]


def test_a_label_merged_down_is_repeated() -> None:
    book = openpyxl.Workbook()
    for row in (["dept", "name"], ["HR", "a"], [None, "b"]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    assert read(saved(book), "a.xlsx").text.splitlines()[-1] == "| HR | b |"


@pytest.mark.parametrize("far", [None, "far"])
def test_hidden_sheets_are_left_out_and_named(far: str | None) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "seen"
    book.active["XFD1048576"] = far
    hidden = book.create_sheet("secret")
    hidden["A1"] = "unseen"
    hidden.sheet_state = "hidden"
    document = read(saved(book), "a.xlsx")
    assert "unseen" not in document.text
    assert document.warnings == ("hidden sheets were left out: secret",)


def test_empty_files_and_other_packages() -> None:
    with pytest.raises(EmptyDocument, match="no visible sheet"):
        read(saved(openpyxl.Workbook()), "a.xlsx")
    with pytest.raises(EmptyDocument):
        read(saved(docx.Document()), "a.docx")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("ppt/presentation.xml", "<p/>")
    with pytest.raises(EmptyDocument, match="no slide"):
        read(stream.getvalue(), "a.docx")


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx"])
def test_half_a_file_is_damaged(name: str) -> None:
    with pytest.raises(ExtractionError, match=r"damaged"):
        read(BYTES[name][: len(BYTES[name]) // 2], name)


def test_word_xml_helper_matches_a_real_file() -> None:
    """The hand-made package reads as the same paragraph made by a Word library does."""
    made = docx.Document()
    made.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}><w:r><w:t>same</w:t></w:r></w:p>"))
    assert read(saved(made), "a.docx").text == read(word(paragraph("same")), "a.docx").text == "same"
