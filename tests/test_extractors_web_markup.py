"""HTML: a page is read alike from its markup and from its tree; what is deep, hidden or endless; links; encodings."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from extractors.cleaning import clean
from extractors.encodings.decoding import decode
from extractors.encodings.legacy_encodings import guess
from extractors.html.address import readable
from extractors.html.markup import body_markup, parsed
from extractors.html.nesting import DEEPEST, flattened, limited
from extractors.html.pictures import Pictures
from extractors.html.pieces import pieces_of
from extractors.html.reader import PageReader
from extractors.html.tree import visible_tree
from extractors.reading import read
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions

WHOLE = ReadOptions(whole_page=True)
TAGS = (
    *(
        "div",
        "p",
        "span",
        "b",
        "a",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "h2",
        "table",
        "tr",
        "td",
        "th",
        "pre",
    ),
    *(
        "blockquote",
        "sup",
        "math",
        "mi",
        "q",
        "svg",
        "dialog",
        "iframe",
        "article",
        "caption",
        "button",
        "font",
    ),
)
ATTRIBUTES = (
    *(
        "",
        "",
        "",
        " hidden",
        " hidden=until-found",
        " open",
        ' style="display: none"',
        " href=/x",
        " href=#x",
    ),
    *(
        " title=t",
        " rowspan=2",
        " value=7",
        " start=3",
        " alttext=x^2",
        ' srcdoc="<p>in</p>"',
        " class=katex-html",
    ),
)
text = st.text(st.sampled_from("ab1 \n¶漢é"), max_size=4)
opening = st.builds(
    "<{}{}>".format, st.sampled_from((*TAGS, "br", "img alt=i", "input value=v")), st.sampled_from(ATTRIBUTES)
)
closing = st.builds("</{}>".format, st.sampled_from(TAGS))
soup = st.lists(st.one_of(text, opening, closing, st.just("&amp;")), max_size=40).map("".join)


def page(html: str, options: ReadOptions = WHOLE) -> Document:
    return read(html.encode(), "a.html", options)


def depth(html: str) -> int:
    """Of the page that a browser makes of it."""
    deepest = now = 0
    for piece in pieces_of(LexborHTMLParser(html).html or ""):
        now += -1 if piece.startswith("/") else 1
        deepest = max(deepest, now)
    return deepest


def written(markup: str, *, by_tree: bool) -> str:
    writer = DocumentWriter("")
    reader = PageReader(writer, Pictures(writer, {}, are_kept=True))
    if by_tree:
        reader.read([visible_tree(markup)])
    else:
        reader.read_pieces(pieces_of(markup))
    writer.add("paragraph", "end")
    document = writer.finish()
    return "\n".join(f"{block.kind} {document.text[block.start : block.end]}" for block in document.blocks)


@settings(max_examples=300, deadline=None)
@given(html=soup)
def test_a_page_is_read_alike_from_its_markup_and_from_its_tree(html: str) -> None:
    source = f"shown {html}"
    markup = body_markup(parsed(source), source)
    assert written(markup, by_tree=False) == written(markup, by_tree=True)


@pytest.mark.parametrize(
    "bomb",
    [
        "<div>word ",
        "<div>word </span>",
        "<div>word <b>",
        "<span>word ",
        "<ul><li>word ",
        "<dd><li>word ",
        "<table><tr><td>word ",
        "<a href=/x><div>word ",
        "<x-y>word ",
        "<svg open>word ",
    ],
)
def test_deep_pages_are_made_shallow_and_lose_no_word(bomb: str) -> None:
    number = 3 * DEEPEST
    shallow, left_out = flattened(bomb * number)
    assert left_out > 0
    assert depth(shallow) <= 2 * DEEPEST
    assert shallow.count("word") == number


def test_what_was_left_out_of_a_deep_page_is_said() -> None:
    number = 10 * DEEPEST
    document = page("<div>word" * number + "</div>" * number)
    assert document.text.split() == ["word"] * number
    (warning,) = document.warnings
    assert warning.startswith(f"{number - DEEPEST} tags were left out")


@pytest.mark.parametrize(
    "source",
    [
        "<p>x" * 20_000,
        "<li>x" * 20_000,
        "<dt>x<dd>y" * 10_000,
        "<table>" + "<tr><td><span>x</span><th>y" * 10_000,
        "<a href=/x>x" * 20_000,
        "<div><span>x</div>" * 10_000,
        "<div><p>x<!-- <div> --><script>'<div>'</script></div>" * 10_000,
    ],
)
def test_long_pages_are_not_taken_for_deep_ones(source: str) -> None:
    assert limited(source) == (source, 0)


@pytest.mark.parametrize("closed", ["", "</p>", "</p></p>"])
def test_unclosed_formatting_is_not_repeated_in_every_block(closed: str) -> None:
    number = 500
    html = "<p>" + "".join(f"<font id={i}>" for i in range(number)) + "</p>" + f"<p>x{closed}" * number
    assert len(LexborHTMLParser(html).html or "") > number * number
    shown, left_out = flattened(html)
    assert left_out == 0
    assert len(LexborHTMLParser(shown).html or "") < 50 * len(html)
    assert page(html).text.split() == ["x"] * number


def test_attributes_without_end_and_entities_are_read() -> None:
    names = " ".join(f"a{number}=1" for number in range(20_000))
    shown, _ = limited(f"<p {names}>x</p>")
    assert shown.count("=1") == 1_000
    assert page(f"<p {names}>x</p>").text == "x"
    assert page(f'<p title="{"y" * 100_000}">x</p>').text == "x"
    assert page("&amp;" * 50_000).text == "&" * 50_000


def test_nothing_hidden_is_read_however_it_is_nested() -> None:
    html = "<p>a<span hidden>no<span>no</span>no</span>b<input type=hidden value=no>c</p>"
    assert page(f"{html}<svg><g><svg></svg>no</g></svg><dialog open>d</dialog>").text == "abc\n\nd"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Österreichischer Tennisverband", '[ÖTV](/x "Österreichischer Tennisverband")'),
        ("a 'b'", "[ÖTV](/x \"a 'b'\")"),
        ("ötv", "[ÖTV](/x)"),
        ("ÖTV (opens a new window)", "[ÖTV](/x)"),
        ("", "[ÖTV](/x)"),
    ],
)
def test_the_title_of_a_link_is_shown_where_it_says_more_than_the_link(title: str, shown: str) -> None:
    assert page(f'<p><a href="/x" title="{title}">ÖTV</a></p>').text == shown
    assert page(f'<p>The <a href="/x" title="{title}">ÖTV</a></p>').text == "The ÖTV"


@settings(max_examples=500)
@given(
    address=st.text(st.sampled_from("/a.b?=&%-;"), min_size=1, max_size=8).filter(
        lambda text: text.strip("#")
    ),
    base=st.sampled_from(
        ["https://a.b", "https://a.b/c/d.html?x=1#f", "http://a.b/../c/./d/", "c", "/c/d", "//a/b"]
    ),
)
def test_addresses_are_joined_as_the_standard_says(address: str, base: str) -> None:
    joined = urljoin(base, address)
    assert readable(address, base) in (joined, "" if joined == base else joined)


@settings(max_examples=300)
@given(text=st.text(st.sampled_from("ab \r\n\t\x01\x0b\x0c\x1b\x7f\xad\u200b\ufeffé漢"), max_size=30))
def test_utf8_is_cleaned_like_any_text(text: str) -> None:
    assert decode(text.encode()).text.replace("\ufeff", "") == clean(text)


@pytest.mark.parametrize(
    ("text", "encoding", "wrong"),
    [
        ("Все счастливые семьи похожи друг на друга.", "cp1251", "koi8-r"),
        ("Le cœur a ses raisons, déjà révélées à la mère âgée, très éloignée.", "cp1252", "cp1251"),
        ("所有的人生下来就是自由的，在尊严和权利上一律平等。", "gb18030", "euc-jp"),
    ],
)
def test_a_declared_encoding_is_believed_when_it_reads_well(text: str, encoding: str, wrong: str) -> None:
    assert guess(text.encode(encoding), encoding) == guess(text.encode(encoding))
    assert guess(text.encode(encoding), wrong).encoding == encoding
