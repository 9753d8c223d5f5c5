"""Word documents: links, fields, pictures, equations, headers, comments and files inside, each at its place."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import NAMESPACES, PNG, compound, flat, ole_package, root, word, word_parts, zipped

from extractors import extract
from knowledge.errors import ExtractionError
from knowledge.types import Document, Locator, ReadOptions

NO_IMAGES = ReadOptions(images=False)


def read(data: bytes, name: str = "a.docx", options: ReadOptions | None = None) -> Document:
    return extract(data, name=name, options=options or ReadOptions(), sandbox=False)


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def texts(document: Document) -> list[str]:
    return [text for _, text in blocks(document)]


def parts(document: Document) -> list[tuple[str | None, str]]:
    return [(block.locator.part, document.text[block.start : block.end]) for block in document.blocks]


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def picture(relation: str, alt: str = "") -> str:
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="Picture 1" descr="{alt}"/><pic:pic><pic:blipFill>'
        f'<a:blip r:embed="{relation}"/></pic:blipFill></pic:pic></wp:inline></w:drawing></w:r>'
    )


def complex_field(instruction: str, result: str) -> str:
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    return (
        f"{mark.format('begin')}<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        f"{mark.format('separate')}{result}{mark.format('end')}"
    )


WRAPPERS = (
    "{}",
    "<w:ins>{}</w:ins>",
    "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>",
    '<w:hyperlink w:anchor="here">{}</w:hyperlink>',
    "<w:smartTag>{}</w:smartTag>",
)
LETTERS = st.text(alphabet="ab 年, ", min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(st.tuples(st.sampled_from(WRAPPERS), LETTERS), min_size=1))
def test_however_a_text_is_cut_into_runs_it_reads_as_one(pieces: list[tuple[str, str]]) -> None:
    written = "".join(text for _, text in pieces).strip()
    if written:
        assert read(word(paragraph(*(wrapper.format(run(text)) for wrapper, text in pieces)))).text == written


def test_links_are_markdown_unless_the_text_is_the_address() -> None:
    relations = {"r1": ("hyperlink", "https://a.example/x y"), "r2": ("hyperlink", "https://b.example/")}
    body = paragraph(
        run("see "),
        f'<w:hyperlink r:id="r1">{run("the ")}{run("rules ")}</w:hyperlink>',
        run("or "),
        f'<w:hyperlink r:id="r2">{run("https://b.example")}</w:hyperlink>',
        f'<w:hyperlink w:anchor="top">{run(" above")}</w:hyperlink>',
    )
    assert (
        read(word(body, relations)).text
        == "see [the rules](<https://a.example/x y>) or https://b.example above"
    )


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (complex_field(' HYPERLINK "https://a.example" \\o "tip"', run("here")), "[here](https://a.example)"),
        (complex_field(' HYPERLINK \\l "bookmark"', run("here")), "here"),
        (complex_field(" PAGE ", run("7")), "7"),
        (complex_field(' INCLUDETEXT "http://a.example/b.txt"', run("old")), "[old](http://a.example/b.txt)"),
        (complex_field(" IF " + "</w:instrText></w:r>" + complex_field("MERGEFIELD x", run("unseen"))
                       + "<w:r><w:instrText>", run("seen")), "seen"),
        (f'<w:fldSimple w:instr=" HYPERLINK https://a.example">{run("here")}</w:fldSimple>',
         "[here](https://a.example)"),
    ],
)  # fmt: skip
def test_fields_show_their_results(field: str, text: str) -> None:
    assert read(word(paragraph(field))).text == text


def test_boxes_to_tick() -> None:
    def form(content: str) -> str:
        begin = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{content}</w:ffData></w:fldChar></w:r>'
        return f'{begin}<w:r><w:fldChar w:fldCharType="end"/></w:r>'

    def control(state: int) -> str:
        box = f'<w14:checkbox><w14:checked w14:val="{state}"/></w14:checkbox>'
        return f"<w:sdt><w:sdtPr>{box}</w:sdtPr><w:sdtContent>{run('☐')}</w:sdtContent></w:sdt>"

    choices = (
        '<w:ddList><w:result w:val="1"/><w:listEntry w:val="no"/><w:listEntry w:val="maybe"/></w:ddList>'
    )
    body = paragraph(
        *(control(1), run(" a "), control(0), run(" b ")),
        *(form("<w:checkBox><w:checked/></w:checkBox>"), run(" c "), form(choices)),
    )
    assert read(word(body)).text == "[x] a [ ] b [x] c maybe"


def test_headers_come_first_and_footers_last_each_once() -> None:
    relations = {key: ("header", f"{key}.xml") for key in ("h1", "h2", "f1", "f2")}
    sections = "".join(
        f'<w:{kind}Reference w:type="default" r:id="{key}"/>'
        for kind, key in (("header", "h1"), ("header", "h2"), ("footer", "f1"), ("footer", "f2"))
    )
    contents = {
        "h1.xml": root("w:hdr", paragraph(run("Staff handbook"))),
        "h2.xml": root(
            "w:hdr", f"<w:tbl><w:tr><w:tc>{paragraph(run('Staff handbook'))}</w:tc></w:tr></w:tbl>"
        ),
        "f1.xml": root("w:ftr", paragraph(run("17 / 20"))),
        "f2.xml": root("w:ftr", paragraph(run("Confidential"))),
    }
    document = read(word(paragraph(run("text")) + f"<w:sectPr>{sections}</w:sectPr>", relations, contents))
    assert parts(document) == [("header", "Staff handbook"), (None, "text"), ("footer", "Confidential")]


def test_comments_stand_after_the_block_that_they_are_about() -> None:
    mark = '<w:r><w:commentReference w:id="4"/></w:r>'
    comment = (
        '<w:comment w:id="4" w:author="Li" w:date="2024-01-31T08:00:00Z">'
        f"{paragraph(run('which'))}{paragraph(run('days?'))}</w:comment>"
    )
    numbered = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    body = paragraph(run("ask"), mark, mark, properties=numbered) + paragraph(
        run("sign"), properties=numbered
    )
    document = read(word(body, {"c": ("comments", "c.xml")}, {"c.xml": root("w:comments", comment)}))
    assert parts(document) == [(None, "- ask\n- sign"), ("comments", "Comment (Li, 2024-01-31): which days?")]


def test_notes_say_which_they_are() -> None:
    body = paragraph(
        run("a"), '<w:r><w:footnoteReference w:id="2"/></w:r>', '<w:r><w:endnoteReference w:id="2"/></w:r>'
    )
    relations = {"f": ("footnotes", "f.xml"), "e": ("endnotes", "e.xml")}
    notes = {
        f"{kind[0]}.xml": root(f"w:{kind}s", f'<w:{kind} w:id="2">{paragraph(run(kind))}</w:{kind}>')
        for kind in ("footnote", "endnote")
    }
    assert parts(read(word(body, relations, notes))) == [
        (None, "a[^2][^e2]"),
        ("footnotes", "[^2]: footnote"),
        ("endnotes", "[^e2]: endnote"),
    ]


def math(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("equation", "latex"),
    [
        (f"<m:f><m:num>{math('a+1')}</m:num><m:den>{math('b')}</m:den></m:f>", r"\frac{a+1}{b}"),
        (f"<m:sSup><m:e>{math('x')}</m:e><m:sup>{math('2')}</m:sup></m:sSup>", "x^{2}"),
        (
            f"<m:sSubSup><m:e>{math('ab')}</m:e><m:sub>{math('i')}</m:sub><m:sup>{math('2')}</m:sup></m:sSubSup>",
            "{ab}_{i}^{2}",
        ),
        (f"<m:rad><m:deg>{math('3')}</m:deg><m:e>{math('x')}</m:e></m:rad>", r"\sqrt[3]{x}"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{math("i=1")}</m:sub><m:sup>{math("n")}</m:sup>'
            f"<m:e>{math('i')}</m:e></m:nary>",
            r"\sum_{i=1}^{n} i",
        ),
        (f"<m:d><m:e>{math('a')}</m:e></m:d>", "(a)"),
        (f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val=""/></m:dPr><m:e>{math("a")}</m:e></m:d>', "[a"),
        (f"<m:func><m:fName>{math('sin')}</m:fName><m:e>{math('x')}</m:e></m:func>", r"\sin x"),
        (
            f"<m:m><m:mr><m:e>{math('a')}</m:e><m:e>{math('b')}</m:e></m:mr></m:m>",
            r"\begin{matrix} a & b \end{matrix}",
        ),
        (f'<m:acc><m:accPr><m:chr m:val="&#x20D7;"/></m:accPr><m:e>{math("v")}</m:e></m:acc>', r"\vec{v}"),
        (math("𝐴=π−Δ±1"), r"A=\pi -\Delta \pm 1"),
    ],
)
def test_equations_are_latex(equation: str, latex: str) -> None:
    assert read(word(paragraph(run("so "), f"<m:oMath>{equation}</m:oMath>"))).text == f"so ${latex}$"
    line = f"<m:oMathPara><m:oMath>{equation}</m:oMath></m:oMathPara>"
    assert read(word(paragraph(line))).text == f"$${latex}$$"


def test_an_equation_without_end_is_text() -> None:
    nested = math("x")
    for _ in range(60):
        nested = f"<m:sSup><m:e>{nested}</m:e><m:sup/></m:sSup>"
    assert read(word(paragraph(f"<m:oMath>{nested}</m:oMath>"))).text == "$x$"


def test_pictures_stand_at_their_place() -> None:
    relations = {
        "p": ("image", "media/a.png"),
        "q": ("image", "https://a.example/b.png"),
        "e": ("image", "media/c.emf"),
    }
    media = {"media/a.png": PNG, "media/c.emf": b"\x01\0\0\0 EMF"}
    body = (
        paragraph(run("before "), picture("p", "a [tall] house"))
        + paragraph(picture("p", "C:\\pictures\\house.png"))
        + paragraph(picture("q", "far"))
        + paragraph(picture("e", "a plan"))
    )
    document = read(word(body, relations, media))
    (image,) = document.images
    assert image.data == PNG
    assert blocks(document) == [
        ("paragraph", f"before ![a (tall) house](images/{image.name})"),
        ("image", f"![house.png](images/{image.name})"),
        ("image", "![far](https://a.example/b.png)"),
        ("paragraph", "[a plan]"),
    ]
    without = read(word(body, relations, media), options=NO_IMAGES)
    assert without.images == ()
    assert texts(without)[:2] == ["before [a (tall) house]", "[house.png]"]


def test_old_drawings_give_pictures_boxes_and_words() -> None:
    body = paragraph(
        '<w:r><w:pict><v:shape alt="a house" href="https://a.example">'
        '<v:imagedata r:id="p"/></v:shape></w:pict></w:r>'
        f"<w:r><w:pict><v:rect><v:textbox><w:txbxContent>{paragraph(run('boxed'))}</w:txbxContent></v:textbox>"
        '</v:rect></w:pict></w:r><w:r><w:pict><v:shape><v:textpath string=" DRAFT"/></v:shape></w:pict></w:r>'
    )
    document = read(word(body, {"p": ("image", "a.png")}, {"a.png": PNG}))
    name = document.images[0].name
    assert texts(document) == [f"[![a house](images/{name})](https://a.example) DRAFT", "boxed"]


def test_a_drawing_kept_in_two_forms_is_read_once() -> None:
    def box(text: str) -> str:
        return f"<w:txbxContent>{paragraph(run(text))}</w:txbxContent>"

    newer = f"<w:drawing>{box('boxed')}</w:drawing>"
    body = paragraph(
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{newer}</mc:Choice>'
        f"<mc:Fallback><w:pict>{box('boxed')}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert read(word(body)).text == "boxed"


def test_tracked_changes_are_accepted() -> None:
    row = "<w:tr><w:trPr>{}</w:trPr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr>"
    body = (
        paragraph(
            run("old "), f"<w:moveFrom>{run('moved ')}</w:moveFrom>", f"<w:moveTo>{run('here')}</w:moveTo>"
        )
        + paragraph("<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>")
        + "<w:tbl>"
        + row.format("", paragraph(run("a")), paragraph(run("b")))
        + row.format("<w:del/>", paragraph(run("c")), paragraph(run("d")))
        + "</w:tbl>"
    )
    assert texts(read(word(body))) == ["old here", "| a | b |\n| --- | --- |"]


def test_hidden_text_is_left_out() -> None:
    hidden = "<w:r><w:rPr><w:vanish{}/></w:rPr><w:t>{}</w:t></w:r>"
    body = paragraph(run("a"), hidden.format("", "b"), hidden.format(' w:val="0"', "c"))
    assert read(word(body)).text == "ac"


def test_symbols_of_symbol_fonts() -> None:
    def symbol(font: str, code: str) -> str:
        return f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'

    body = paragraph(
        *(
            symbol("Symbol", "F061"),
            symbol("Wingdings", "F0FC"),
            symbol("Other", "F0FC"),
            symbol("Other", "00B5"),
        ),
        symbol("Symbol", "no number"),
    )
    assert read(word(body)).text == "α✓µ"


def test_code_and_contents_are_one_block_each() -> None:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in (("c", "Source Code"), ("t", "toc 1"))
    )
    lines = [("t", "Scope\t1"), ("t", "Duties\t2"), ("c", "if x:"), ("c", "    y()")]
    body = "".join(paragraph(run(text), properties=f'<w:pStyle w:val="{style}"/>') for style, text in lines)
    document = read(word(body, {"s": ("styles", "s.xml")}, {"s.xml": root("w:styles", styles)}))
    assert blocks(document) == [("list", "Scope\t1\nDuties\t2"), ("code", "if x:\n    y()")]


def test_a_list_counts_from_nought_where_it_says_no_start() -> None:
    level = '<w:lvl w:ilvl="0">{}<w:numFmt w:val="{}"/><w:lvlText w:val="%1:"/></w:lvl>'
    numbering = "".join(
        f'<w:abstractNum w:abstractNumId="{number}">{level.format(start, form)}</w:abstractNum>'
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>'
        for number, start, form in ((1, "", "decimal"), (2, '<w:start w:val="21"/>', "ordinal"))
    )
    place = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{}"/></w:numPr>'
    body = "".join(paragraph(run("x"), properties=place.format(number)) for number in (1, 1, 2, 2))
    document = read(word(body, {"n": ("numbering", "n.xml")}, {"n.xml": root("w:numbering", numbering)}))
    assert document.text == "0: x\n1: x\n21st: x\n22nd: x"


def test_files_inside_are_documents_of_their_own() -> None:
    inner = word(paragraph(run("needle")))
    relations = {
        "a": ("oleObject", "embeddings/oleObject1.bin"),
        "b": ("package", "embeddings/inner.docx"),
        "c": ("oleObject", "embeddings/oleObject2.bin"),
        "p": ("oleObject", "embeddings/oleObject3.bin"),
        "d": ("aFChunk", "chunk.html"),
        "e": ("subDocument", "https://a.example/chapter.docx"),
    }
    embedded = {
        "embeddings/oleObject1.bin": ole_package("note.txt", b"a note"),
        "embeddings/inner.docx": inner,
        "embeddings/oleObject2.bin": compound({"Equation Native": b"x"}),
        "embeddings/oleObject3.bin": ole_package("house.png", PNG),
        "chunk.html": "<p>a chunk</p>",
    }
    objects = "".join(f'<w:r><w:object><o:OLEObject r:id="{key}"/></w:object></w:r>' for key in "abcap")
    body = paragraph(run("outer"), objects) + '<w:altChunk r:id="d"/><w:subDoc r:id="e"/>'
    document = read(word(body, relations, embedded))
    picture_link = f"![house.png](images/{document.images[0].name})"
    assert texts(document) == [f"outer{picture_link}", "a chunk", "https://a.example/chapter.docx"]
    found = [(inside.name, inside.text) for inside in document.attachments]
    assert found == [("note.txt", "a note"), ("inner.docx", "needle")]
    (warning,) = document.warnings
    assert "oleObject2.bin was not read" in warning


def test_one_xml_file_and_the_strict_variant_read_alike() -> None:
    body = paragraph(
        run("see "), f'<w:hyperlink r:id="l">{run("this")}</w:hyperlink>', picture("p", "a house")
    )
    relations = {"l": ("hyperlink", "https://a.example"), "p": ("image", "a.png")}
    made = word_parts(body, relations, {"a.png": PNG})
    # In such a file the package says which part is the document.
    usual = read(zipped(made))
    as_text = read(flat(made, "Word.Document"), "a.xml")
    assert (as_text.text, as_text.images) == (usual.text, usual.images)
    strict = {
        name: content.replace("http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/").replace(
            "/2006/", "/"
        )
        if isinstance(content, str) and not name.endswith(".rels")
        else content
        for name, content in made.items()
    }
    assert strict["word/document.xml"] != made["word/document.xml"]
    assert read(zipped(strict)).text == usual.text


def test_a_part_named_a_thousand_times_is_read_once() -> None:
    chart = root("c:chart", "<a:p><a:r><a:t>Sales</a:t></a:r></a:p>")
    comment = f'<w:comment w:id="1">{paragraph(run("why"))}</w:comment>'
    many = '<w:r><w:drawing><c:chart r:id="c"/></w:drawing><w:commentReference w:id="1"/></w:r>' * 1000
    relations = {"c": ("chart", "c.xml"), "n": ("comments", "n.xml")}
    written = {"c.xml": chart, "n.xml": root("w:comments", comment)}
    assert texts(read(word(paragraph(many), relations, written))) == ["Sales", "Comment: why"]


def test_a_table_of_any_width_stays_within_bounds() -> None:
    def row(cells: int) -> str:
        cell = f"<w:tc>{paragraph(run('x'))}</w:tc>"
        return f"<w:tr>{cell * cells}</w:tr>"

    table = read(word(f"<w:tbl>{row(5000)}{row(1) * 50}</w:tbl>")).text.splitlines()
    assert {line.count(" |") for line in table} == {100}
    assert sum(line.count("x") for line in table) == 5000 + 50


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    body = f"{bomb}<w:document {NAMESPACES}><w:body>{paragraph(run('a&b;c'))}</w:body></w:document>"
    assert "ha" not in read(zipped({"word/document.xml": body})).text


def test_locators_are_empty_in_the_text_itself() -> None:
    assert read(word(paragraph(run("text")))).blocks[0].locator == Locator()


def test_mutilated_documents_stay_in_the_error_tree_for_a_reason_we_know() -> None:
    relations = {"p": ("image", "a.png"), "c": ("comments", "c.xml"), "o": ("oleObject", "o.bin")}
    comment = root("w:comments", f'<w:comment w:id="1">{paragraph(run("why"))}</w:comment>')
    body = paragraph(picture("p", "x"), complex_field(' HYPERLINK "a:b"', run("y")), math("z")) * 3
    body += '<w:p><w:r><w:object><o:OLEObject r:id="o"/></w:object></w:r></w:p>'
    made = word_parts(body, relations, {"a.png": PNG, "c.xml": comment, "o.bin": ole_package("n.txt", b"n")})
    source = random.Random(7)
    for _ in range(60):
        message = outcome(zipped({name: _damaged(content, source) for name, content in made.items()}))
        assert "Error:" not in message, "a parser's own error reached the boundary"


def outcome(data: bytes) -> str:
    """What the error of the tree says; "" for a document."""
    try:
        read(data)
    except ExtractionError as error:
        return str(error)
    return ""


def _damaged(content: str | bytes, source: random.Random) -> bytes:
    data = bytearray(content.encode() if isinstance(content, str) else content)
    for _ in range(source.choice((0, 1, 4))):
        data[source.randrange(len(data))] = source.choice((source.randrange(256), source.choice(b'<>/"=wp0')))
    return bytes(data)
