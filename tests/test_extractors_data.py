"""Data as text — JSON, YAML, XML, subtitles, notebooks, configuration, source code: what is found where."""

import base64
import json
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors import extract
from extractors.xml.depth import shallow
from knowledge.errors import EmptyDocument, ExtractionError
from knowledge.types import Document, Locator, ReadOptions

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
ARTICLE = """<!DOCTYPE article [<!ENTITY co "Acme &#38; Sons">]>
<article><front><journal-meta><journal-title>Leave</journal-title></journal-meta><article-meta>
<article-id pub-id-type="doi">10.1/x</article-id><title-group><article-title>On leave</article-title></title-group>
<contrib contrib-type="author"><name><surname>Lee</surname><given-names>Ann</given-names></name></contrib>
<contrib contrib-type="editor"><name><surname>Poe</surname><given-names>Ed</given-names></name></contrib>
<aff>&co;</aff><pub-date><day>3</day><month>2</month><year>2024</year></pub-date>
<abstract><p>Short.</p></abstract></article-meta></front>
<body><sec><label>1.</label><title>Days</title><p>H<sub>2</sub>O, 10<sup>6</sup> &eacute; <xref>[1]</xref>:
<list list-type="order"><list-item><p>one</p></list-item><list-item><p>two</p></list-item></list> and so on.</p>
<sec><title>Table</title><table-wrap><label>Table 1</label><caption><p>Years.</p></caption>
<table><tr><th colspan="2">years</th><th>days</th></tr><tr><td rowspan="2">a</td><td>b</td><td>5</td></tr>
<tr><td>c</td><td>6</td></tr></table></table-wrap></sec></sec></body>
<back><ref-list><ref><label>1</label><element-citation><source>Law</source><year>1994</year></element-citation></ref>
</ref-list></back></article>"""
RECORDS = """<staff><person id="7"><name>张三</name><city>Berlin</city></person>
<person id="8"><name>李四</name><address><city>Rome</city></address></person></staff>"""
FEED = """<rss version="2.0"><channel><title>News</title><item><title>First</title><link>http://a.b/1</link>
<description>&lt;p&gt;Hello &lt;i&gt;there&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;Second.&lt;/p&gt;</description>
</item></channel></rss>"""
SHEET = """<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:s="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet s:Name="员工"><Table>
<Row><Cell><Data>id</Data></Cell><Cell><Data>note</Data></Cell><Cell><Data>days</Data></Cell></Row>
<Row s:Index="4"><Cell><Data>007</Data></Cell><Cell s:Index="3"><Data>5</Data></Cell></Row>
</Table></Worksheet></Workbook>"""
VTT = """WEBVTT
Language: en

NOTE nothing of this
is said

1
00:00:01.000 --> 00:00:03.000 align:start
<v Ann>Good <b>morning</b> &amp; welcome.

00:00:03.000 --> 00:00:05.000
<v Bob>Thanks.
It is good

00:00:05.000 --> 00:00:07.000
It is good
to be here.

01:02:05.500 --> 01:02:07.000
Later.
"""
SRT = """1
00:00:01,500 --> 00:00:02,000
{\\an8}<i>Eins</i>

2
00:00:02,100 --> 00:00:04,000
im Jahr
2001
""".replace("\n", "\r\n")
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "metadata": {"kernelspec": {"language": "python"}},
        "cells": [
            {
                "cell_type": "markdown",
                "source": ["# Intro\n", "\n", "See ![chart](attachment:c.png)"],
                "attachments": {"c.png": {"image/png": base64.b64encode(PNG).decode()}},
            },
            {
                "cell_type": "code",
                "source": "print(6 * 7)",
                "outputs": [
                    {"output_type": "stream", "text": ["\x1b[1m42\x1b[0m\n"]},
                    {"output_type": "display_data", "data": {"image/png": base64.b64encode(PNG).decode()}},
                    {"output_type": "error", "ename": "ValueError", "evalue": "bad"},
                    {"output_type": "execute_result", "data": {"text/plain": "x" * 3000}},
                    {"output_type": "display_data", "data": {"text/html": "<b>x</b>"}},
                ],
            },
        ],
    }
)
YAML = "# all\nversion: 1\n\n# who\nowner:\n  name: Ann\n\n  mail: a@b.c\ndays:\n- 5\n"
SAMPLES = {
    "a.json": '{"owner": {"name": "Ann"}, "days": [{"n": 1.50}, {"n": 2}], "tags": ["a", "b"]}',
    "a.jsonl": '{"a": 1}\n{"b": 2}\n',
    "a.yaml": YAML,
    "a.xml": RECORDS,
    "a.nxml": ARTICLE,
    "a.rss": FEED,
    "b.xml": SHEET,
    "a.vtt": VTT,
    "a.srt": SRT,
    "a.ipynb": NOTEBOOK,
    "a.ini": "top=1\n\n[db]\nhost=x\n",
    "a.py": "import a\n\n\ndef f():\n    x = 1\n\n    return x\n",
}


def read(text: str | bytes, name: str, *, images: bool = True) -> Document:
    data = text if isinstance(text, bytes) else text.encode()
    return extract(data, name=name, sandbox=False, options=ReadOptions(images=images))


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def blocks(document: Document) -> list[tuple[str, int | None, str]]:
    return [
        (block.kind, block.level, text) for block, text in zip(document.blocks, texts(document), strict=True)
    ]


def lines_of(document: Document) -> list[int | None]:
    return [block.locator.line for block in document.blocks]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(st.characters(codec="ascii", categories=["L"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(categories=["Ll"]), min_size=1), inner)
    ),
    max_leaves=20,
)


def leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for below in value.values() for text in leaves(below)]
    if isinstance(value, list):
        return [text for below in value for text in leaves(below)]
    return [value if isinstance(value, str) else json.dumps(value)]


@settings(max_examples=200, deadline=None)
@given(value=VALUES)
def test_every_value_of_a_json_is_in_its_text_in_order(value: object) -> None:
    position, text = 0, ""
    with suppress(EmptyDocument):
        text = read(json.dumps(value), "a.json").text
    for leaf in leaves(value):
        position = text.find(leaf, position)
        assert position >= 0
        position += len(leaf)


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_data_stays_in_the_error_tree(name: str) -> None:
    source = random.Random(name)
    for turn in range(40):
        data = bytearray(SAMPLES[name].encode())
        if turn % 3:
            for _ in range(source.choice((1, 8, 64))):
                data[source.randrange(len(data))] = source.choice(b"<>&\"'{}[]:,\n-\x00\xff")
        else:
            del data[source.randrange(len(data)) :]
        with suppress(ExtractionError):
            document = read(bytes(data), name)
            assert all(text == text.strip() for text in texts(document))


def test_json_records_are_blocks_with_their_line() -> None:
    document = read(
        '[\n {"sku": "A-1", "price": 18.00, "sold": true},\n {"sku": "A-2", "size": {"x": 1e3}}\n]', "a.json"
    )
    assert texts(document) == ["sku: A-1\nprice: 18.00\nsold: true", "sku: A-2\nsize.x: 1e3"]
    assert lines_of(document) == [2, 3]


def test_json_objects_name_the_path_to_each_value() -> None:
    document = read(
        '{"title": "Leave", "owner": {"name": "Ann"}, "days": [{"n": 5}, {"n": [{"m": 6}]}], "tags": ["a", "b"]}',
        "a.json",
    )
    assert texts(document) == ["title: Leave", "owner.name: Ann", "days.n: 5", "days.n[0].m: 6", "tags: a, b"]


def test_long_texts_in_json_are_paragraphs() -> None:
    document = read(json.dumps({"title": "T", "body": "one\n\ntwo"}), "a.json")
    assert texts(document) == ["title: T\nbody: one", "two"]


def test_a_json_that_breaks_off_is_kept() -> None:
    document = read('[{"a": 1},\n{"b": 2}, {"c":', "a.json")
    assert texts(document) == ["a: 1", "b: 2", '{"c":']
    assert document.warnings == (
        "the rest of the JSON, from line 2, was kept as it is written: Expecting value on line 2",
    )


def test_json_lines_keep_a_bad_line() -> None:
    document = read('{"a": 1}\n\n{"b": \n{"c": 3}\n', "a.jsonl")
    assert texts(document) == ["a: 1", '{"b":', "c: 3"]
    assert lines_of(document) == [1, 3, 4]
    assert document.warnings == ("1 lines are no JSON and were kept as written; the first is line 3",)


def test_yaml_is_kept_as_written_and_never_evaluated() -> None:
    document = read(f"{YAML}run: !!python/object/apply:os.system [ls]\n", "a.yaml")
    assert document.text.startswith(YAML)
    assert texts(document) == [
        "# all\nversion: 1",
        "# who\nowner:\n  name: Ann\n\n  mail: a@b.c",
        "days:",
        "- 5",
        "run: !!python/object/apply:os.system [ls]",
    ]


def test_an_article_in_xml() -> None:
    document = read(ARTICLE, "a.nxml")
    assert document.metadata == {
        "title": "On leave",
        "author": ("Ann Lee",),
        "journal": "Leave",
        "doi": "10.1/x",
        "published": "2024-02-03",
    }
    assert blocks(document) == [
        ("heading", 1, "On leave"),
        ("paragraph", None, "Ann Lee"),
        ("paragraph", None, "Acme & Sons"),
        ("heading", 2, "Abstract"),
        ("paragraph", None, "Short."),
        ("heading", 2, "1. Days"),
        ("paragraph", None, "H₂O, 10^6 é [1]:"),
        ("list", None, "1. one\n2. two"),
        ("paragraph", None, "and so on."),
        ("heading", 3, "Table"),
        ("paragraph", None, "Table 1 Years."),
        ("table", None, "| years | years | days |\n| --- | --- | --- |\n| a | b | 5 |\n| a | c | 6 |"),
        ("heading", 2, "References"),
        ("paragraph", None, "1 Law 1994"),
    ]
    assert document.warnings == ()


def test_records_in_xml_are_lines_of_names_and_values() -> None:
    document = read(RECORDS, "a.xml")
    assert texts(document) == ["id: 7\nname: 张三\ncity: Berlin", "id: 8\nname: 李四\naddress.city: Rome"]
    assert lines_of(document) == [1, 2]


def test_data_may_be_named_like_parts_of_documents() -> None:
    document = read(
        "<response><status>ok</status><task><title>T</title><state>open</state></task></response>", "a.xml"
    )
    assert texts(document) == ["status: ok", "task.title: T\ntask.state: open"]


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8"])
def test_the_encoding_that_xml_declares_may_be_wrong(encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="utf-8"?>{RECORDS}'
    assert "name: 张三" in read(declared.encode(encoding), "a.xml").text


def test_xml_reads_nothing_from_outside_and_does_not_grow() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for entities in (
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        f'<!ENTITY l0 "lol">{laughs}<!ENTITY x "&l9;">',
    ):
        document = read(f"<!DOCTYPE r [{entities}]><r><p>before &x; after</p></r>", "a.xml")
        assert document.text.startswith("before")
        assert len(document.text) < 100


@pytest.mark.parametrize("depth", [200, 300, 5000])
def test_xml_that_is_nested_deep_loses_no_text(depth: int) -> None:
    document = read(
        "<r>" + "<sec x='>'>before " * depth + "deep" + " after</sec>" * depth + "<p>end</p></r>", "a.xml"
    )
    words = document.text.split()
    assert (words.count("before"), words.count("after")) == (depth, depth)
    assert words[-1] == "end"
    assert document.warnings == ()
    assert read("<a>" * depth + "never closed", "a.xml").text.endswith("never closed")


@pytest.mark.parametrize("mark", ["<!--", "<![CDATA[", "<?", "<!"])
def test_marks_that_never_end_are_looked_at_once(mark: str) -> None:
    """Looking for the end of each would take longer than any test may run."""
    assert shallow("<a>" * 300 + mark * 300_000) == "<a>" * 200 + " " * 100 + mark * 300_000
    assert read("<a>x &eacute;" + mark * 300_000 + "</a>", "a.xml").text.startswith("x é")


def test_text_between_marks_is_kept_as_it_is() -> None:
    marks = "<!--<b>--><![CDATA[<b>&eacute;]]><?b <b ?>"
    assert shallow("<a>" * 300 + marks) == "<a>" * 200 + " " * 100 + marks
    assert read(f"<a><p>{marks}&eacute;</p></a>", "a.xml").text == "<b>&eacute;é"


def test_damaged_xml_is_read_as_far_as_it_goes() -> None:
    document = read("<doc><p>one</p><p>two</doc>", "a.xml")
    assert texts(document) == ["one", "two"]
    assert "damaged from line 1" in document.warnings[0]


def test_a_feed_is_a_section_for_each_entry() -> None:
    assert blocks(read(FEED, "a.rss")) == [
        ("heading", 1, "News"),
        ("heading", 2, "First"),
        ("paragraph", None, "Hello there."),
        ("paragraph", None, "Second."),
        ("paragraph", None, "link: http://a.b/1"),
    ]


def test_a_workbook_in_xml_is_a_table_for_each_sheet() -> None:
    document = read(SHEET, "a.xml")
    assert texts(document)[-1] == "| 007 |  | 5 |"
    assert document.blocks[-1].locator == Locator(sheet="员工", row=4, row_end=4)


def test_subtitles_say_who_speaks_and_when() -> None:
    document = read(VTT, "a.vtt")
    assert texts(document) == [
        "Ann: Good morning & welcome.",
        "Bob: Thanks. It is good to be here.",
        "Later.",
    ]
    assert [block.locator for block in document.blocks] == [
        Locator(line=8, part="00:00:01"),
        Locator(line=11, part="00:00:01"),
        Locator(line=19, part="01:02:05"),
    ]
    assert document.metadata == {"language": "en"}


def test_numbers_of_cues_are_left_out_and_numbers_that_are_said_kept() -> None:
    assert read(SRT, "a.srt").text == "Eins im Jahr 2001"


def test_a_notebook() -> None:
    document = read(NOTEBOOK, "a.ipynb")
    (image,) = document.images
    assert image.data == PNG
    assert document.metadata == {"language": "python"}
    assert blocks(document) == [
        ("heading", 1, "# Intro"),
        ("paragraph", None, f"See ![chart](images/{image.name})"),
        ("code", None, "print(6 * 7)"),
        ("code", None, "42"),
        ("image", None, f"![](images/{image.name})"),
        ("code", None, "ValueError: bad"),
        ("code", None, "x" * 2000),
    ]
    assert {block.locator.part for block in document.blocks} == {"cell 1"}
    assert document.warnings == (
        "1 outputs were cut after 2000 characters",
        "1 outputs that are no text were left out",
    )


def test_sections_of_configuration_are_headings() -> None:
    assert blocks(read("; all\ntop=1\n\n[db]\nhost=x\n[db.pool]\nsize=3\n", "a.ini")) == [
        ("code", None, "; all\ntop=1"),
        ("heading", 1, "[db]"),
        ("code", None, "host=x"),
        ("heading", 2, "[db.pool]"),
        ("code", None, "size=3"),
    ]


def test_escapes_of_java_properties_are_characters() -> None:
    assert read("leave=\\u5e74\\u5047 \\ud83d\\ude00\n", "a.properties").text == "leave=年假 😀\n"
    assert read("leave=\\u5e74\n", "a.ini").text == "leave=\\u5e74\n"


def test_source_code_is_cut_between_definitions() -> None:
    document = read("import a\n\n\ndef f():\n    x = 1\n\n    return x\n\nclass A {\n\n}\n", "a.py")
    assert texts(document) == ["import a", "def f():\n    x = 1\n\n    return x", "class A {\n\n}"]
    assert {block.kind for block in document.blocks} == {"code"}


def test_drawings_give_their_words_only() -> None:
    drawing = "<svg><title>Chart</title><path d='M0 0'/><text>5 <tspan>days</tspan></text></svg>"
    assert texts(read(drawing, "a.xml")) == ["Chart", "5 days"]


def test_a_word_document_of_2003_in_xml() -> None:
    body = "<w:p><w:r><w:t>Leave </w:t></w:r><w:r><w:t>policy</w:t></w:r></w:p>"
    document = read(
        '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:fonts w:defaultFonts="x"/>'
        f"<w:body>{body}<w:tbl><w:tr><w:tc>{body}</w:tc><w:tc>{body}</w:tc></w:tr></w:tbl></w:body></w:wordDocument>",
        "a.xml",
    )
    assert blocks(document) == [
        ("paragraph", None, "Leave policy"),
        ("table", None, "| Leave policy | Leave policy |\n| --- | --- |"),
    ]
