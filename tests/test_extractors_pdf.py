"""PDF pages: what is read, in which order, as what; the pages are made here, with a canary in each place."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import product

import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.reading import read
from knowledge.errors import KnowledgeError
from knowledge.types import Block, Document, Locator, ReadOptions

WIDTH, HEIGHT = 595, 842
Piece = tuple[float, float, str]
"""Points from the left and from the top, and a text."""
PROSE = "the quick brown fox jumps over a lazy dog and"


def blank() -> FPDF:
    pdf = FPDF(unit="pt", format=(WIDTH, HEIGHT))
    pdf.set_auto_page_break(False)
    pdf.set_font("Helvetica", size=10)
    return pdf


def add_page(pdf: FPDF, pieces: Sequence[Piece]) -> None:
    pdf.add_page()
    for x, y, text in pieces:
        pdf.text(x, y, text)


def pdf_of(*pages: Sequence[Piece]) -> bytes:
    pdf = blank()
    for pieces in pages:
        add_page(pdf, pieces)
    return bytes(pdf.output())


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def zip_blocks(document: Document) -> list[tuple[Block, tuple[str, str]]]:
    return list(zip(document.blocks, blocks(document), strict=True))


def prose(x: float, y: float, lines: Sequence[str]) -> list[Piece]:
    return [(x, y + 12 * number, line) for number, line in enumerate(lines)]


@settings(max_examples=25, deadline=None)
@given(
    columns=st.sampled_from([2, 3]),
    lines=st.integers(6, 30),
    gutter=st.integers(10, 30),
    order=st.sampled_from(["columns", "rows"]),
)
def test_columns_are_read_one_after_another_whatever_their_order_in_the_file(
    columns: int, lines: int, gutter: int, order: str
) -> None:
    width = 200 if columns == 2 else 160
    words = "the quick brown fox jumps over a" if columns == 2 else "quick brown fox jumps on"
    places = [(column, line) for column, line in product(range(columns), range(lines))]
    if order == "rows":
        places.sort(key=lambda place: place[1])
    pieces = [
        (30 + column * (width + gutter), 80 + 12 * line, f"c{column}l{line:02} {words}")
        for column, line in places
    ]
    text = read(pdf_of(pieces), "a.pdf").text
    found = sorted(places, key=lambda place: text.index(f"c{place[0]}l{place[1]:02}"))
    assert found == sorted(places)


def test_headings_over_columns_part_what_is_above_from_what_is_below() -> None:
    def two_columns(name: str, y: float) -> list[Piece]:
        left = prose(40, y, [f"{name}left{line} {PROSE}" for line in range(6)])
        return left + prose(310, y, [f"{name}right{line} {PROSE}" for line in range(6)])

    heading = "middleheading " + "over both of the columns of this page " * 2
    text = read(
        pdf_of([*two_columns("upper", 80), (60, 180, heading), *two_columns("lower", 220)]), "a.pdf"
    ).text
    canaries = ["upperleft0", "upperleft5", "upperright0", "upperright5", "middleheading"]
    canaries += ["lowerleft0", "lowerleft5", "lowerright0", "lowerright5"]
    assert sorted(canaries, key=text.index) == canaries


def test_a_paragraph_goes_on_over_columns_and_pages() -> None:
    first = prose(40, 700, [f"{PROSE} {name}" for name in ("alpha", "beta", "gamma")])
    second = prose(40, 80, [f"{name} {PROSE}" for name in ("delta", "epsilon")] + ["zeta."])
    document = read(pdf_of(first, second), "a.pdf")
    names = ("alpha", "beta", "gamma delta", "epsilon")
    expected = f"{PROSE} alpha {PROSE} beta {PROSE} gamma delta {PROSE} epsilon {PROSE} zeta."
    assert [name in expected for name in names] == [True] * 4
    assert blocks(document) == [("paragraph", expected)]
    assert document.blocks[0].locator == Locator(page=1, page_end=2)


def test_words_are_mended_and_hyphens_that_belong_to_them_kept() -> None:
    lines = [
        "the reader mends an exam-",
        "ple, keeps what is well-",
        "known, and learns from a dual-encoder that dual-",
        "encoder has one; a Lucene-",
        "BM25 too, and the state-of-the-",
        "art.",
    ]
    assert blocks(read(pdf_of(prose(40, 80, lines)), "a.pdf")) == [
        (
            "paragraph",
            "the reader mends an example, keeps what is well-known, and learns from a dual-encoder that "
            "dual-encoder has one; a Lucene-BM25 too, and the state-of-the-art.",
        )
    ]


BODIES = ("alpha", "beta", "gamma", "delta")


def furnished(pages: int) -> bytes:
    return pdf_of(
        *(
            [
                (40, 30, "Annual report of the canary"),
                *prose(40, 100, [f"{body} {PROSE}", f"{PROSE} {body}."]),
                (280, 820, f"Page {page} of {pages}"),
            ]
            for page, body in enumerate(BODIES[:pages], start=1)
        )
    )


def test_headers_footers_and_page_numbers_that_repeat_are_left_out() -> None:
    text = read(furnished(4), "a.pdf").text
    assert "Annual" not in text
    assert "Page" not in text
    assert [text.count(body) for body in BODIES] == [2] * 4


@pytest.mark.parametrize(("pages", "keep"), [(4, True), (2, False), (1, False)])
def test_they_are_kept_when_asked_for_and_on_documents_too_short_to_tell(pages: int, keep: bool) -> None:
    text = read(furnished(pages), "a.pdf", ReadOptions(page_headers=keep)).text
    assert text.count("Annual report of the canary") == pages
    assert f"Page 1 of {pages}" in text


def test_pages_that_are_all_alike_are_not_taken_for_headers() -> None:
    document = read(pdf_of(*([(40, 60, "same canary")] for _ in range(4))), "a.pdf")
    assert document.text.count("same canary") == 4


def test_a_ruled_table_keeps_its_rows_columns_and_place() -> None:
    pdf = blank()
    add_page(pdf, [(40, 60, "before the table.")])
    pdf.set_y(80)
    with pdf.table(width=400) as table:
        for cells in (
            ("name", "days"),
            ("leave with a text that is too long for its cell " * 2, "30"),
            ("b", ""),
        ):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    pdf.text(40, pdf.get_y() + 40, "after the table.")
    long = ("leave with a text that is too long for its cell " * 2).strip()
    assert blocks(read(bytes(pdf.output()), "a.pdf")) == [
        ("paragraph", "before the table."),
        ("table", f"| name | days |\n| --- | --- |\n| {long} | 30 |\n| b |  |"),
        ("paragraph", "after the table."),
    ]


def long_table(rows: Sequence[Sequence[str]], *, repeat: bool, footer: bool = False) -> bytes:
    """A ruled table over several low pages, its first row set in bold, whose header the program may `repeat`."""

    class Paged(FPDF):
        def footer(self) -> None:
            if footer:
                self.set_font("Helvetica", size=8)
                self.text(40, 280, f"Page {self.page_no()}")

    pdf = Paged(unit="pt", format=(400, 300))
    pdf.set_auto_page_break(True, 40)
    pdf.add_page()
    pdf.set_font("Helvetica", size=10)
    with pdf.table(repeat_headings=int(repeat)) as table:
        for cells in rows:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    return bytes(pdf.output())


@pytest.mark.parametrize(("repeat", "footer"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize(("count", "price"), [(15, "{}.50"), (25, "{}.50"), (25, "none of {}")])
def test_every_page_of_a_table_has_its_header(repeat: bool, footer: bool, count: int, price: str) -> None:
    parts = [(f"part {number}", "red", price.format(number)) for number in range(count)]
    data = long_table([("Part", "Colour", "Price"), *parts], repeat=repeat, footer=footer)
    tables = [(block, text) for block, (kind, text) in zip_blocks(read(data, "a.pdf")) if kind == "table"]
    assert [block.locator.page for block, _ in tables] == list(range(1, 1 + -(-(count + 1) // 11)))
    assert all(text.startswith("| Part | Colour | Price |\n| --- |") for _, text in tables)
    rows = [line for _, text in tables for line in text.splitlines()[2:]]
    assert rows == [f"| {' | '.join(cells)} |" for cells in parts]


def test_another_table_on_the_next_page_keeps_its_own_header() -> None:
    rows = [("Part", "Colour", "Price")] + [(f"part {number}", "red", "1.50") for number in range(9)]
    pdf = FPDF(unit="pt", format=(400, 300))
    pdf.set_font("Helvetica", size=10)
    for top in (("Part", "Colour", "Price"), ("Town", "Country", "Visitors")):
        pdf.add_page()
        with pdf.table(first_row_as_headings=False) as table:
            for cells in (top, *rows[1:]):
                row = table.row()
                for cell in cells:
                    row.cell(cell)
    first, second = blocks(read(bytes(pdf.output()), "a.pdf"))
    assert first[1].splitlines()[0] == "| Part | Colour | Price |"
    assert second[1].splitlines()[0] == "| Town | Country | Visitors |"


@pytest.mark.parametrize(
    ("titles", "is_one"),
    [
        (("Table 1", "Table 2"), False),
        (("Page 1", "Page 2"), True),
        (("3", "4"), True),
        (("Acme Ltd.", "Acme Ltd."), True),
    ],
)
def test_only_a_header_or_page_number_may_stand_above_the_rest_of_a_table(
    titles: Sequence[str], is_one: bool
) -> None:
    header = ("Part", "Colour", "Price")
    parts = [(f"part {number}", "red", "1.50") for number in range(8)]
    pdf = FPDF(unit="pt", format=(400, 300))
    for title, rows in zip(titles, ([header, *parts], parts), strict=True):
        pdf.add_page()
        pdf.set_font("Helvetica", size=10)
        pdf.text(30, 24, title)
        pdf.set_y(40)
        with pdf.table(first_row_as_headings=False) as table:
            for cells in rows:
                table.row(cells)
    tables = [text for kind, text in blocks(read(bytes(pdf.output()), "a.pdf")) if kind == "table"]
    top = f"| {' | '.join(header)} |"
    assert [text.splitlines()[0] == top for text in tables] == [True, is_one]


def test_columns_of_figures_are_a_table_without_any_rules() -> None:
    rows = [("Revenue", "1,200", "900"), ("Cost of sales", "(450)", "(300)"), ("Margin", "62.5%", "66.7%")]
    xs = (40, 250, 330)
    pieces = [
        (x, 120 + 14 * number, cell)
        for number, row in enumerate(rows)
        for x, cell in zip(xs, row, strict=True)
    ]
    header = [(250, 106, "2024"), (330, 106, "2023")]
    document = read(pdf_of([*prose(40, 60, [f"{PROSE} so on."]), *header, *pieces]), "a.pdf")
    assert blocks(document)[1] == (
        "table",
        "|  | 2024 | 2023 |\n| --- | --- | --- |\n| Revenue | 1,200 | 900 |\n| Cost of sales | (450) | (300) |\n"
        "| Margin | 62.5% | 66.7% |",
    )


def test_two_columns_of_prose_are_no_table() -> None:
    left = prose(40, 80, [f"{PROSE} {number}" for number in range(8)])
    right = prose(310, 80, [f"{number} {PROSE}" for number in range(8)])
    document = read(pdf_of([piece for pair in zip(left, right, strict=True) for piece in pair]), "a.pdf")
    assert {block.kind for block in document.blocks} == {"paragraph"}


def test_headings_are_told_by_size_and_by_weight() -> None:
    pdf = blank()
    pdf.add_page()
    for y, size, style, text in (
        (60, 20, "", "Large title"),
        (90, 10, "B", "Bold title"),
        (104, 10, "", f"{PROSE} one,"),
        (116, 10, "", f"{PROSE} two."),
        (140, 10, "", f"{PROSE} three {PROSE},"),
        (152, 10, "", f"{PROSE} four."),
        (180, 10, "", f"{PROSE} five."),
        (210, 10, "", f"{PROSE} six."),
        (240, 10, "", f"{PROSE} seven."),
    ):
        pdf.set_font("Helvetica", style=style, size=size)
        pdf.text(40, y, text)
    document = read(bytes(pdf.output()), "a.pdf")
    headings = [(document.text[b.start : b.end], b.level) for b in document.blocks if b.kind == "heading"]
    assert headings == [("Large title", 1), ("Bold title", 2)]


def test_bullets_are_a_list_whose_items_go_on_over_lines() -> None:
    pieces = [
        (40, 80, "- first item of this list that is long enough to need a"),
        (52, 92, "second line"),
        (40, 104, "- second item of this list that is as long as is the first"),
        (40, 140, f"{PROSE} so on."),
    ]
    assert blocks(read(pdf_of(pieces), "a.pdf")) == [
        (
            "list",
            "- first item of this list that is long enough to need a second line\n"
            "- second item of this list that is as long as is the first",
        ),
        ("paragraph", f"{PROSE} so on."),
    ]


def test_program_text_keeps_its_lines_and_how_far_they_are_set_in() -> None:
    pdf = blank()
    add_page(pdf, prose(40, 60, [*[PROSE] * 3, f"{PROSE} so on."]))
    pdf.set_font("Courier", size=10)
    for x, y, text in ((40, 120, "def sing():"), (64, 132, "return tweet"), (40, 156, "sing()")):
        pdf.text(x, y, text)
    assert blocks(read(bytes(pdf.output()), "a.pdf"))[1] == (
        "code",
        "def sing():\n    return tweet\n\nsing()",
    )


def test_a_table_in_one_column_of_a_page_stays_apart_from_the_other() -> None:
    rows = prose(40, 80, [f"({letter}) substance" for letter in "abcdefgh"])
    codes = prose(220, 80, [f"90{number}1" for number in range(8)])
    right = prose(310, 80, [f"{PROSE} r{number}" for number in range(8)])
    left = [piece for pair in zip(rows, codes, strict=True) for piece in pair]
    kinds = blocks(read(pdf_of([*left, *right]), "a.pdf"))
    assert [kind for kind, _ in kinds] == ["table", "paragraph"]
    assert kinds[0][1].endswith("| (h) substance | 9071 |")
    assert kinds[1][1].startswith(f"{PROSE} r0 {PROSE} r1")


@pytest.mark.parametrize("angle", [90, 270])
def test_text_on_its_side_is_read_as_if_it_stood_upright(angle: int) -> None:
    pdf = blank()
    pdf.add_page()
    with pdf.rotation(angle, WIDTH / 2, HEIGHT / 2):
        for x, y, text in prose(100, 300, [f"{PROSE} one", f"{PROSE} two", "three."]):
            pdf.text(x, y, text)
    assert read(bytes(pdf.output()), "a.pdf").text == f"{PROSE} one {PROSE} two three."


def test_without_layout_a_page_is_one_block_in_the_order_of_the_file() -> None:
    data = pdf_of([(40, 200, "below"), (40, 80, "above")], [(40, 60, "second page")])
    document = read(data, "a.pdf", ReadOptions(layout=False))
    assert document.text == "below\nabove\n\nsecond page"
    assert [block.locator.page for block in document.blocks] == [1, 2]


def test_a_file_that_was_cut_off_is_read_up_to_there() -> None:
    data = pdf_of(*([(40, 60, f"canary {number}.")] for number in range(4)))
    missing = "its end is missing or damaged: what stood there was not read"
    without_trailer = read(data[: data.index(b"trailer") + 12], "a.pdf")
    assert without_trailer.text.split("\n\n") == [f"canary {number}." for number in range(4)]
    assert without_trailer.warnings == (missing,)
    fourth_page = [match.start() for match in re.finditer(rb"/Contents", data)][3]
    without_page = read(data[:fourth_page], "a.pdf")
    assert without_page.text.split("\n\n") == [f"canary {number}." for number in range(3)]
    assert without_page.warnings == (missing, "pages 4 could not be read")


def test_the_pages_of_a_file_without_a_list_of_them_are_found() -> None:
    data = pdf_of([(40, 60, "first.")], [(40, 60, "second.")]).replace(b"/Catalog", b"/Damaged")
    assert read(data[: data.index(b"xref")], "a.pdf").text == "first.\n\nsecond."


@pytest.mark.parametrize(
    "rest", [b"", b"nothing", b"1 0 obj <</Type /Catalog /Pages 1 0 R>> endobj", b"endobj" * 9]
)
def test_what_only_begins_like_a_pdf_is_damaged(rest: bytes) -> None:
    with pytest.raises(KnowledgeError):
        read(b"%PDF-1.7\n" + rest, "a.pdf")


def test_mutilated_files_stay_in_the_error_tree() -> None:
    data = furnished(3)
    chance = random.Random(7)
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 12)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        cut = bytes(broken[: chance.randrange(200, len(broken) + 1)])
        try:
            document = read(cut, "a.pdf")
        except KnowledgeError:
            continue
        assert all(document.text[block.start : block.end].strip() for block in document.blocks)
