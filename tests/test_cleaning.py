"""Cleaning: what goes, what must stay, and blocks that keep pointing at their own text."""

from __future__ import annotations

import re
import time
import unicodedata
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkers import General, clean
from knowledge.errors import InputError
from knowledge.types import Block, Document, Locator

FRAGMENTS = (
    "word ",
    "中文，",
    "naïf",
    "\n",
    "\r\n",
    "\r",
    "\x0c",
    "\x00",
    "\x1f",
    "\ufffe",
    "   ",
    "\t",
    "\u3000",
    "\u00a0",
    "\n\n\n",
    "https://example.com/a?b=c",
    "a@b.com.",
    "[t](http://u.v)",
    "(",
    ")",
    "🇨🇳",
)
_GONE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\s]+")


@st.composite
def documents(draw: st.DrawFn) -> Document:
    pieces = draw(st.lists(st.sampled_from(FRAGMENTS), max_size=40))
    text = "".join(pieces)
    borders = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    blocks = tuple(
        Block(
            kind="code" if start % 3 == 0 else "paragraph", start=start, end=end, locator=Locator(line=number)
        )
        for number, (start, end) in enumerate(zip(borders[::2], borders[1::2], strict=False), start=1)
    )
    return Document(text=text, name="x", blocks=blocks, metadata={"title": "T"})


def without_blank(texts: dict[Locator, str]) -> dict[Locator, str]:
    return {locator: text for locator, text in texts.items() if text}


@settings(max_examples=200, deadline=None)
@given(documents(), st.booleans())
def test_blocks_keep_pointing_at_their_text(document: Document, spaces: bool) -> None:
    cleaned = clean(document, remove_extra_spaces=spaces).document
    assert _GONE.sub("", cleaned.text) == _GONE.sub("", document.text)
    kept = {block.locator: _GONE.sub("", cleaned.text[block.start : block.end]) for block in cleaned.blocks}
    before = {
        block.locator: _GONE.sub("", document.text[block.start : block.end]) for block in document.blocks
    }
    assert without_blank(kept) == without_blank(before)
    assert (cleaned.name, cleaned.metadata) == (document.name, document.metadata)


@settings(max_examples=200, deadline=None)
@given(documents(), st.booleans(), st.booleans())
def test_a_cleaned_document_is_valid_and_chunks_are_its_spans(
    document: Document, spaces: bool, urls: bool
) -> None:
    cleaned = clean(document, remove_extra_spaces=spaces, remove_urls_emails=urls).document
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\ufffe]", cleaned.text)
    for chunk in General(max_length=50, overlap=10).chunk(cleaned):
        assert cleaned.text[chunk.start : chunk.end] == chunk.content


@settings(max_examples=100, deadline=None)
@given(documents())
def test_cleaning_twice_changes_nothing(document: Document) -> None:
    once = clean(Document(text=document.text), remove_extra_spaces=True).document
    assert clean(once, remove_extra_spaces=True).document == once


@settings(max_examples=200, deadline=None)
@given(documents(), st.booleans(), st.booleans(), st.sampled_from((None, "NFC", "NFKC")), st.data())
def test_positions_lead_back_to_the_original(
    document: Document, spaces: bool, urls: bool, form: Literal["NFC", "NFKC"] | None, data: st.DataObject
) -> None:
    result = clean(document, remove_extra_spaces=spaces, remove_urls_emails=urls, normalize=form)
    text = result.document.text
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    original_start, original_end = result.positions.original_span(start, end)
    assert 0 <= original_start <= original_end <= len(document.text)
    if text[start:end].isalnum() and form is None:
        assert document.text[original_start:original_end] == text[start:end]
    borders = [result.positions.original_span(position, position + 1) for position in range(len(text))]
    assert borders == sorted(borders)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(), st.text("e\u0301가\u11a8\uff76\uff9eÅ\u212b½①ﬁ\u0327ゑ\u3099字a ", max_size=60)),
    st.sampled_from(("NFC", "NFKC")),
)
def test_normalisation_is_that_of_unicode(text: str, form: Literal["NFC", "NFKC"]) -> None:
    result = clean(Document(text=text), normalize=form)
    assert result.document.text == unicodedata.normalize(form, clean(Document(text=text)).document.text)


def test_an_original_span_is_as_short_as_can_be() -> None:
    text = "\x00A\u0301  b https://a.com c"
    result = clean(Document(text=text), remove_extra_spaces=True, remove_urls_emails=True, normalize="NFC")
    assert result.document.text == "Á b c"
    spans = [result.positions.original_span(start, start + 1) for start in range(5)]
    assert [text[start:end] for start, end in spans] == ["A\u0301", "  ", "b", " https://a.com ", "c"]
    assert result.positions.original_span(0, 5) == (1, len(text))


def test_full_width_letters_become_plain_with_nfkc_only() -> None:
    assert cleaned("ＡＢＣ１２３（ｶﾞ）", normalize="NFKC") == "ABC123(ガ)"
    assert cleaned("ＡＢＣ", normalize="NFC") == "ＡＢＣ"


def test_an_unknown_form_is_explained() -> None:
    with pytest.raises(InputError, match="normalize must be one of NFC, NFKC or None, got 'NFD'"):
        cleaned("a", normalize="NFD")


def cleaned(text: str, **options: object) -> str:
    return clean(Document(text=text), **options).document.text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("page\x0cpage\x0bpage", "page\npage\npage"),
        ("a\x00b\x07c\x1fd\x7fe\ufffef", "abcdef"),
        ("naïf ¿Qué? ¾ cup", "naïf ¿Qué? ¾ cup"),
        ("<|keep|> [a](http://b.c)  two", "<|keep|> [a](http://b.c)  two"),
    ],
)
def test_always(text: str, expected: str) -> None:
    assert cleaned(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\nb", "a\n\nb"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("a\n \n\t\n\u3000\nb", "a\n\nb"),
        ("a  b \t c", "a b c"),
        ("a\tb\u3000c\u00a0d\u2003e", "a b c d e"),
        ("甲 乙", "甲 乙"),
    ],
)
def test_extra_spaces(text: str, expected: str) -> None:
    assert cleaned(text, remove_extra_spaces=True) == expected


def test_code_keeps_its_spaces_and_indentation() -> None:
    text = "Run  this:\n\n\n\n    if x:\n\n\n\n\t\treturn  1\n\n\n\nThen  that."
    start, end = text.index("if x"), text.index("1") + 1
    document = Document(text=text, blocks=(Block(kind="code", start=start, end=end),))
    result = clean(document, remove_extra_spaces=True).document
    assert result.text == "Run this:\n\n    if x:\n\n\n\n\t\treturn  1\n\nThen that."
    (block,) = result.blocks
    assert result.text[block.start : block.end] == text[start:end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("访问https://example.com/路径，谢谢。", "访问路径，谢谢。"),
        ("见https://example.com/a?b=c&d=e。下一句", "见。下一句"),
        ("Go to https://example.com/x, then rest.", "Go to , then rest."),
        ("See https://example.com.", "See ."),
        ("(see https://en.wikipedia.org/wiki/A_(b)) end", "(see ) end"),
        ("HTTPS://A.COM/x and www.example.com/y!", " and !"),
        ("<https://example.com> <a@b.co>", " "),
        ("Mail a.b+c@sub.example-site.org. Bye", "Mail . Bye"),
        ("邮箱abc@example.com请联系", "邮箱请联系"),
        ("mailto:a@b.com; x", "; x"),
        ("https://user@example.com/p q", " q"),
        ("a@b, @name, 3@4.5", "a@b, @name, 3@4.5"),
        (
            "[text](https://a.com/b_(c)) ![alt](http://i.png)",
            "[text](https://a.com/b_(c)) ![alt](http://i.png)",
        ),
        (
            "[![b](https://s.io/b.svg)](https://ci.io) https://x.y",
            "[![b](https://s.io/b.svg)](https://ci.io) ",
        ),
        (
            "[https://a.com](https://a.com) [m](mailto:a@b.com)",
            "[https://a.com](https://a.com) [m](mailto:a@b.com)",
        ),
        (
            '[t](https://a.com "title") [x [y]](https://b.com)',
            '[t](https://a.com "title") [x [y]](https://b.com)',
        ),
    ],
)
def test_urls_and_emails(text: str, expected: str) -> None:
    assert cleaned(text, remove_urls_emails=True) == expected


def test_both_options_work_together() -> None:
    assert (
        cleaned("see  https://a.com  or a@b.com now", remove_extra_spaces=True, remove_urls_emails=True)
        == "see or now"
    )


def test_a_block_that_held_only_an_address_is_dropped() -> None:
    document = Document(
        text="https://a.com\n\nText.",
        blocks=(Block(kind="paragraph", start=0, end=13), Block(kind="paragraph", start=15, end=20)),
    )
    result = clean(document, remove_urls_emails=True).document
    assert [result.text[block.start : block.end] for block in result.blocks] == ["Text."]


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "](",
        "![a](b",
        "a.",
        "http://",
        "(a",
        "http://a(b)",
        "a@",
        "x@1.",
        "\n",
        " ",
        "\n ",
        "a@b.",
        '](a "',
    ],
)
def test_the_time_is_linear_in_hostile_text(unit: str) -> None:
    started = time.perf_counter()
    cleaned("http://a" + unit * 100_000, remove_extra_spaces=True, remove_urls_emails=True)
    assert time.perf_counter() - started < 5
