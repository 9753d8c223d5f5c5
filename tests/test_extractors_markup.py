"""Markdown, MDX, reStructuredText and Org: the text stays as it was written, and its blocks are known."""

import base64
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors import extract
from knowledge.errors import ExtractionError
from knowledge.types import Document, ReadOptions

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
ENCODED = base64.b64encode(PNG).decode()

RST = """\
=====
Guide
=====

:Author: Ann Lee
:Version: 2

First
-----
Text over
two lines::

   code = 1

   more = 2

- one
- two

  still two

.. code-block:: python

   x = 1

.. note::

   Mind the gap.

+---+---+
| a | b |
+---+---+

====  ====
key   val
====  ====
x     1

y     2
====  ====

Below
~~~~~

>>> 1 + 1
2

Second
------

1. first
2. second
"""

ORG = """\
#+TITLE: Guide
#+FILETAGS: :hr:leave:

* TODO First :tag:
:PROPERTIES:
:ID: 7
:END:
Text.
- one
  - two
| a | b |
|---+---|
| 1 | 2 |
** Below
#+begin_src python
,* not a heading
#+end_src
: fixed
#+begin_quote
Words of others.
#+end_quote
"""

MDX = """\
import Tabs from '@theme/Tabs'
export const open = true

# Title

<Tabs>
Inside.
</Tabs>

<!-- # hidden

# hidden -->

<pre>

# code

</pre>
"""
SAMPLES = {"a.rst": RST, "a.org": ORG, "a.mdx": MDX}


def read(text: str, name: str, *, images: bool = True) -> Document:
    return extract(text.encode(), name=name, sandbox=False, options=ReadOptions(images=images))


def blocks(document: Document) -> list[tuple[str, int | None, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def check(document: Document) -> None:
    end = 0
    for block in document.blocks:
        content = document.text[block.start : block.end]
        assert end <= block.start < block.end
        assert content == content.strip()
        assert document.text.count("\n", 0, block.start) + 1 == block.locator.line
        end = block.end


LINES = st.lists(
    st.sampled_from(
        "|a|====|----|~~~~|::|  x|- a|* a|** b|1. q|.. note::|.. code::|>>> 1|:k: v|:END:|:D:|+--+|| a ||==  ==|"
        "#+begin_src|#+end_src|#+title: x|<pre>|</pre>|<!--|-->|import x|".split("|")
    )
)


@settings(max_examples=300, deadline=None)
@given(lines=LINES, name=st.sampled_from(sorted(SAMPLES)))
def test_any_markup_keeps_its_text(lines: list[str], name: str) -> None:
    written = "\n".join(lines)
    with suppress(ExtractionError):
        document = read(written, name)
        check(document)
        assert document.text == written


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_markup_stays_in_the_error_tree(name: str) -> None:
    source = random.Random(name)
    for _ in range(30):
        data = bytearray(SAMPLES[name].encode())
        for _ in range(source.choice((1, 8, 64))):
            data[source.randrange(len(data))] = source.randrange(256)
        with suppress(ExtractionError):
            extract(bytes(data), name=name, sandbox=False)


def test_restructured_text() -> None:
    document = read(RST, "a.rst")
    assert document.text == RST
    check(document)
    assert document.metadata == {"author": "Ann Lee", "version": "2"}
    assert blocks(document) == [
        ("heading", 1, "=====\nGuide\n====="),
        ("list", None, ":Author: Ann Lee\n:Version: 2"),
        ("heading", 2, "First\n-----"),
        ("paragraph", None, "Text over\ntwo lines::"),
        ("code", None, "code = 1\n\n   more = 2"),
        ("list", None, "- one\n- two\n\n  still two"),
        ("code", None, ".. code-block:: python\n\n   x = 1"),
        ("paragraph", None, ".. note::\n\n   Mind the gap."),
        ("table", None, "+---+---+\n| a | b |\n+---+---+"),
        ("table", None, "====  ====\nkey   val\n====  ====\nx     1\n\ny     2\n====  ===="),
        ("heading", 3, "Below\n~~~~~"),
        ("code", None, ">>> 1 + 1\n2"),
        ("heading", 2, "Second\n------"),
        ("list", None, "1. first\n2. second"),
    ]


def test_org() -> None:
    document = read(ORG, "a.org")
    assert document.text == ORG
    check(document)
    assert document.metadata == {"title": "Guide", "filetags": ("hr", "leave")}
    assert blocks(document) == [
        ("paragraph", None, "#+TITLE: Guide\n#+FILETAGS: :hr:leave:"),
        ("heading", 1, "* TODO First :tag:"),
        ("code", None, ":PROPERTIES:\n:ID: 7\n:END:"),
        ("paragraph", None, "Text."),
        ("list", None, "- one\n  - two"),
        ("table", None, "| a | b |\n|---+---|\n| 1 | 2 |"),
        ("heading", 2, "** Below"),
        ("code", None, "#+begin_src python\n,* not a heading\n#+end_src"),
        ("code", None, ": fixed"),
        ("paragraph", None, "#+begin_quote\nWords of others.\n#+end_quote"),
    ]


def test_mdx_keeps_scripts_apart_and_reads_no_headings_in_markup() -> None:
    document = read(MDX, "a.mdx")
    assert document.text == MDX
    assert [(kind, text.split("\n")[0]) for kind, _, text in blocks(document)] == [
        ("code", "import Tabs from '@theme/Tabs'"),
        ("heading", "# Title"),
        ("paragraph", "<Tabs>"),
        ("paragraph", "<!-- # hidden"),
        ("code", "<pre>"),
    ]


def test_pictures_in_addresses_are_taken_out() -> None:
    document = read(
        f"Before\n\n![a chart](data:image/png;base64,{ENCODED})\n\n[logo]: <data:image/png;base64,{ENCODED}>\n",
        "a.md",
    )
    (image,) = document.images
    assert image.data == PNG
    assert ("image", None, f"![a chart](images/{image.name})") in blocks(document)
    assert document.text.endswith(f"[logo]: <images/{image.name}>\n")
    assert document.warnings == ()


@pytest.mark.parametrize("encoded", [ENCODED, "QUJD", "A"])
def test_pictures_that_are_not_wanted_or_unknown_leave_no_letters(encoded: str) -> None:
    document = read(f"![x](data:image/png;base64,{encoded})", "a.md", images=False)
    assert document.text == "![x](data:image/png)"
    assert document.warnings == ("1 pictures in the text were left out",)


def test_toml_front_matter() -> None:
    document = read(
        '+++\ntitle = "A = b"\ntags = ["x", "y"]\nyear = 2024\n[extra]\na = 1\n+++\n# H\n', "a.md"
    )
    assert document.metadata == {"title": "A = b", "tags": ("x", "y"), "year": 2024.0}
    assert document.warnings == ("nested front matter was not read: extra",)
    assert document.text == "# H\n"


def test_comments_in_front_matter_are_no_values() -> None:
    document = read('---\ntitle: C# for all # draft\nsub: "a # b" # c\nurl: http://a.b/#c\n---\nx', "a.md")
    assert document.metadata == {"title": "C# for all", "sub": "a # b", "url": "http://a.b/#c"}


def test_fenced_code_in_a_list_that_is_never_closed_ends_with_the_list() -> None:
    document = read("- a\n  ```\n  # code\n\nText\n", "a.md")
    assert blocks(document) == [("list", None, "- a\n  ```\n  # code"), ("paragraph", None, "Text")]
