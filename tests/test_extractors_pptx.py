"""Presentations: titles, texts in reading order, lists, tables, notes, comments, and what all slides share."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import PNG, Relations, deck, ole_package, root

from extractors import extract
from extractors.pptx.shapes import Box, Shape, reading_order
from knowledge.errors import EmptyDocument, ExtractionError
from knowledge.types import Document, Locator, ReadOptions


def read(data: bytes, options: ReadOptions | None = None) -> Document:
    return extract(data, name="a.pptx", options=options or ReadOptions(), sandbox=False)


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def places(document: Document) -> list[tuple[int | None, str | None, str]]:
    return [
        (block.locator.slide, block.locator.part, document.text[block.start : block.end])
        for block in document.blocks
    ]


def lines(*paragraphs: str) -> str:
    return "".join(f"<a:p>{content}</a:p>" for content in paragraphs)


def run(text: str, properties: str = "") -> str:
    return f"<a:r><a:rPr>{properties}</a:rPr><a:t>{text}</a:t></a:r>"


def frame(x: int, y: int, width: int, height: int) -> str:
    return f'<a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'


def shape(text: str, at: str = "", placeholder: str = "", alt: str = "") -> str:
    """A shape of paragraphs; `placeholder` holds the attributes of its role."""
    role = f"<p:ph {placeholder}/>" if placeholder else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="x" descr="{alt}"/><p:nvPr>{role}</p:nvPr></p:nvSpPr>'
        f"<p:spPr>{at}</p:spPr><p:txBody>{text}</p:txBody></p:sp>"
    )


def graphic(content: str) -> str:
    return f"<p:graphicFrame><a:graphic><a:graphicData>{content}</a:graphicData></a:graphic></p:graphicFrame>"


def title(text: str) -> str:
    return shape(lines(run(text)), placeholder='type="title"')


def text(content: str, at: str = "") -> str:
    return shape(lines(run(content)), at)


BOXES = st.builds(
    Box, x=st.integers(0, 9), y=st.integers(0, 9), width=st.integers(0, 5), height=st.integers(0, 5)
)


@settings(max_examples=200, deadline=None)
@given(boxes=st.lists(BOXES, max_size=12))
def test_reading_order_keeps_every_shape_and_goes_down_what_is_stacked(boxes: list[Box]) -> None:
    shapes = [(box, Shape(element=number, box=box)) for number, box in enumerate(boxes)]
    ordered = reading_order(shapes)
    assert sorted(item.element for item in ordered) == list(range(len(boxes)))
    stacked = [(Box(x=0, y=2 * place, width=9, height=1), item) for place, (_, item) in enumerate(shapes)]
    assert reading_order(stacked[::-1]) == [item for _, item in stacked]


def test_a_slide_is_its_title_and_then_its_texts_in_reading_order() -> None:
    left = [text(f"left {row}", frame(0, 300 + 100 * row, 300, 120)) for row in (1, 2)]
    right = [text(f"right {row}", frame(400, 350 + 100 * row, 300, 120)) for row in (1, 2)]
    top = text("across", frame(0, 100, 700, 100))
    document = read(deck([right[1] + left[1] + top + right[0] + left[0] + title("Leave")]))
    assert blocks(document) == [
        ("heading", "Leave"),
        *(("paragraph", words) for words in ("across", "left 1", "left 2", "right 1", "right 2")),
    ]
    assert {block.locator for block in document.blocks} == {Locator(slide=1)}
    assert document.blocks[0].level == 1


def test_members_of_a_group_stay_together() -> None:
    group = (
        f"<p:grpSp><p:grpSpPr>{frame(0, 0, 100, 500)}</p:grpSpPr>"
        f"{text('second', frame(0, 9000, 10, 10))}{text('first', frame(0, 8000, 10, 10))}</p:grpSp>"
    )
    document = read(deck([text("beside", frame(200, 100, 100, 100)) + group]))
    assert [words for _, words in blocks(document)] == ["Slide 1", "first", "second", "beside"]


def test_slides_without_title_are_called_by_their_number_unless_empty() -> None:
    document = read(deck([text("a"), "", title("Rules") + text("b")]))
    assert [words for kind, words in blocks(document) if kind == "heading"] == ["Slide 1", "Rules"]
    with pytest.raises(EmptyDocument, match="no slide has text"):
        read(deck(["", text(" ")]))


def bullet(words: str, mark: str = "", level: int = 0) -> str:
    return f'<a:pPr lvl="{level}">{mark}</a:pPr>{run(words)}'


def test_lists_have_their_marks_and_numbers() -> None:
    number = '<a:buAutoNum type="{}"/>'
    decimal, letters, later = (
        number.format("arabicPeriod"),
        number.format("alphaLcParenR"),
        '<a:buAutoNum type="arabicPeriod" startAt="5"/>',
    )
    body = lines(
        bullet("plain"),
        bullet("one", decimal),
        bullet("deeper", letters, 1),
        bullet("still deeper", letters, 1),
        bullet("two", decimal),
        bullet("anew", letters, 1),
        bullet("dot", '<a:buChar char="•"/>'),
        bullet("five", later),
        bullet("none", "<a:buNone/>"),
    )
    assert blocks(read(deck([title("L") + shape(body)]))) == [
        ("heading", "L"),
        ("paragraph", "plain"),
        ("list", "1. one\n  a) deeper\n  b) still deeper\n2. two\n  a) anew\n- dot\n5. five"),
        ("paragraph", "none"),
    ]


def test_bullets_and_places_come_from_the_layout_and_its_master() -> None:
    style = '<p:txStyles><p:bodyStyle><a:lvl1pPr><a:buChar char="•"/></a:lvl1pPr></p:bodyStyle></p:txStyles>'
    prepared = shape(lines(run("Click to edit")), frame(0, 500, 100, 100), 'type="body" idx="1"')
    plain = (
        '<p:sp><p:nvSpPr><p:nvPr><p:ph type="body" idx="2"/></p:nvPr></p:nvSpPr><p:spPr>'
        f"{frame(0, 900, 100, 100)}</p:spPr><p:txBody><a:lstStyle><a:lvl1pPr><a:buNone/></a:lvl1pPr></a:lstStyle>"
        "</p:txBody></p:sp>"
    )
    sheet = "<p:cSld><p:spTree>{}</p:spTree></p:cSld>{}"
    parts = {
        "slideLayouts/l.xml": root("p:sldLayout", sheet.format(prepared + plain, "")),
        "slideLayouts/_rels/l.xml.rels": '<R><Relationship Id="m" Type="x/slideMaster" Target="../m.xml"/></R>',
        "m.xml": root("p:sldMaster", sheet.format(text("ACME Corporation"), style)),
    }
    slide = (
        shape(lines(run("below")), placeholder='type="body" idx="2"')
        + shape(lines(run("bulleted")), placeholder='idx="1"')
        + text("above", frame(0, 100, 100, 100))
    )
    relations: dict[int, Relations] = {1: {"l": ("slideLayout", "../slideLayouts/l.xml")}}
    document = read(deck([slide], relations, parts))
    assert places(document) == [
        (1, None, "Slide 1"),
        (1, None, "above"),
        (1, None, "- bulleted"),
        (1, None, "below"),
        (None, "master", "ACME Corporation"),
    ]


def test_tables_repeat_merged_cells_across_in_the_header_and_down_everywhere() -> None:
    def cell(words: str, attributes: str = "") -> str:
        return f"<a:tc {attributes}><a:txBody>{lines(run(words))}</a:txBody></a:tc>"

    rows = (
        cell("wide", "gridSpan='2'") + cell("", "hMerge='1'") + cell("c"),
        cell("tall", "rowSpan='2'") + cell("1") + cell("x|y"),
        cell("", "vMerge='1'") + cell("2") + cell("z"),
    )
    table = graphic(f"<a:tbl>{''.join(f'<a:tr>{row}</a:tr>' for row in rows)}</a:tbl>")
    document = read(deck([title("T") + table]))
    assert document.text.splitlines()[2:] == [
        "| wide | wide | c |",
        "| --- | --- | --- |",
        "| tall | 1 | x\\|y |",
        "| tall | 2 | z |",
    ]


def test_links_join_the_runs_that_they_cover() -> None:
    link = '<a:hlinkClick r:id="l"/>'
    body = lines(
        run("see ") + run("the ", link) + run("rules", link) + run(", or ask") + "<a:br/>" + run("Li")
    )
    relations: dict[int, Relations] = {1: {"l": ("hyperlink", "https://a.example")}}
    document = read(deck([title("T") + shape(body)], relations))
    assert blocks(document)[1] == ("paragraph", "see [the rules](https://a.example), or ask\nLi")


def test_shapes_lead_where_a_click_or_their_film_leads() -> None:
    arrow = shape("", alt="an arrow").replace(
        'descr="an arrow"/>', 'descr="an arrow"><a:hlinkHover r:id="l"/></p:cNvPr>'
    )
    film = (
        '<p:pic><p:nvPicPr><p:cNvPr id="1" descr="a film"/><p:nvPr><a:videoFile r:link="v"/></p:nvPr></p:nvPicPr>'
        '<p:blipFill><a:blip r:embed="p"/></p:blipFill></p:pic>'
    )
    relations: dict[int, Relations] = {
        1: {
            "l": ("hyperlink", "https://a.example"),
            "v": ("video", "https://v.example"),
            "p": ("image", "../p.emf"),
        }
    }
    document = read(deck([title("T") + arrow + film], relations, {"p.emf": b"EMF"}))
    assert [words for _, words in blocks(document)[1:]] == [
        "[an arrow](https://a.example)",
        "[a film](https://v.example)",
    ]


def test_notes_comments_and_hidden_slides() -> None:
    notes = (
        shape(lines(run("say this")), placeholder='type="body" idx="1"')
        + shape(lines(run("Draft deck")), placeholder='type="hdr"')
        + shape(lines(run("unseen")), placeholder='type="sldImg"')
    )
    comment = '<p:cm authorId="0" dt="2024-01-31T08:00:00"><p:text>which year?</p:text></p:cm>'
    reply = (
        '<p:cm authorId="{1}" created="2024-02-01"><p:replyLst><p:reply authorId="0"><p:txBody>'
        f"{lines(run('this one'))}</p:txBody></p:reply></p:replyLst></p:cm>"
    )
    people = '<p:cmAuthor id="0" name="Li"/><p:cmAuthor id="{1}" name="Wang"/>'
    parts = {
        "notes.xml": root("p:notes", f"<p:cSld><p:spTree>{notes}</p:spTree></p:cSld>"),
        "comments.xml": root("p:cmLst", comment + reply),
        "people.xml": root("p:cmAuthorLst", people),
    }
    relations: dict[int, Relations] = {
        1: {"n": ("notesSlide", "../notes.xml"), "c": ("comments", "../comments.xml")},
    }
    data = deck([title("Years")], relations, parts, {"a": ("commentAuthors", "people.xml")})
    assert places(read(data)) == [
        (1, None, "Years"),
        (1, "comments", "Comment (Li, 2024-01-31): which year?"),
        (1, "comments", "Comment (Li): this one"),
        (1, "notes", "say this"),
        (None, "header", "Draft deck"),
    ]


def test_hidden_slides_are_read_and_named() -> None:
    hidden = root("p:sld", f"<p:cSld><p:spTree>{title('Unseen')}</p:spTree></p:cSld>").replace(
        "<p:sld ", '<p:sld show="0" '
    )
    document = read(deck([title("Seen"), title("x")], parts={"slides/slide2.xml": hidden}))
    assert document.text == "Seen\n\nUnseen"
    assert document.warnings == ("hidden slides were read too: 2",)


def test_page_numbers_and_dates_are_left_out_and_footers_come_once() -> None:
    number = shape(lines('<a:fld type="slidenum"><a:t>7</a:t></a:fld>'), placeholder='type="sldNum"')
    footer = shape(lines(run("Confidential")), placeholder='type="ftr"')
    document = read(deck([title("A") + number + footer, title("B") + number + footer]))
    assert places(document) == [(1, None, "A"), (2, None, "B"), (None, "footer", "Confidential")]


def test_pictures_charts_diagrams_and_files_inside() -> None:
    def picture(relation: str, alt: str) -> str:
        return (
            f'<p:pic><p:nvPicPr><p:cNvPr id="1" descr="{alt}"/></p:nvPicPr>'
            f'<p:blipFill><a:blip r:embed="{relation}"/></p:blipFill></p:pic>'
        )

    def points(*values: object) -> str:
        return "".join(f'<c:pt idx="{place}"><c:v>{value}</c:v></c:pt>' for place, value in enumerate(values))

    chart = f"<c:ser><c:tx>{points('2024')}</c:tx><c:cat>{points('Q1')}</c:cat><c:val>{points('4.4000000000000004')}"
    parts = {
        "a.png": PNG,
        "b.emf": b"\x01\0\0\0 EMF",
        "chart.xml": root("c:chart", f"{chart}</c:val></c:ser>"),
        "diagram.xml": root("dgm:dataModel", f"{lines(run('plan'))}{lines(run('do'))}"),
        "o.bin": ole_package("note.txt", b"a note"),
    }
    kinds = ("image", "image", "chart", "diagramData", "oleObject")
    relations: dict[int, Relations] = {
        1: {name[0]: (kind, f"../{name}") for name, kind in zip(parts, kinds, strict=True)}
    }
    both = "<mc:Choice Requires='v'>{0}</mc:Choice><mc:Fallback>{0}</mc:Fallback>"
    both = f"<mc:AlternateContent>{both}</mc:AlternateContent>"
    slide = (
        title("T")
        + picture("a", "a house")
        + picture("b", "a plan")
        + graphic('<c:chart r:id="c"/>')
        + graphic('<dgm:relIds r:dm="d"/>')
        + graphic(both.format('<p:oleObj r:id="o"/>'))
        + shape("", alt="an arrow")
    )
    document = read(deck([slide], relations, parts))
    assert blocks(document)[1:] == [
        ("image", f"![a house](images/{document.images[0].name})"),
        ("paragraph", "[a plan]"),
        ("table", "|  | 2024 |\n| --- | --- |\n| Q1 | 4.4 |"),
        ("list", "- plan\n- do"),
        ("paragraph", "[an arrow]"),
    ]
    assert [inside.text for inside in document.attachments] == ["a note"]
    assert document.warnings == ()


def test_a_slide_named_twice_is_read_once() -> None:
    data = deck([title("A"), title("B")], presentation={"s2": ("slide", "slides/slide1.xml")})
    assert read(data).text == "A"


def test_mutilated_slides_stay_in_the_error_tree_for_a_reason_we_know() -> None:
    slide = title("T") + shape(lines(bullet("one", '<a:buAutoNum type="romanUcPeriod"/>')), frame(1, 2, 3, 4))
    written = root("p:sld", f"<p:cSld><p:spTree>{slide}</p:spTree></p:cSld>").encode()
    source = random.Random(7)
    for _ in range(60):
        content = bytearray(written)
        for _ in range(4):
            place = source.randrange(written.index(b"<p:cSld"), len(written))
            content[place] = source.choice(b'<>/"=apx09-')
        message = outcome(deck(["", title("x")], parts={"slides/slide1.xml": bytes(content)}))
        assert "Error:" not in message, "a parser's own error reached the boundary"


def outcome(data: bytes) -> str:
    """What the error of the tree says; "" for a document."""
    try:
        read(data)
    except ExtractionError as error:
        return str(error)
    return ""
