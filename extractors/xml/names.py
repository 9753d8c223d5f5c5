"""What the names of elements mean in the vocabularies of documents: JATS, DocBook, TEI, DITA, patents, FictionBook.

Names are in small letters and without namespaces. Elements with other names are told by what they hold.
"""

from __future__ import annotations

from typing import Final

HEADINGS: Final = frozenset(
    "title head heading h subtitle trans-title article-title invention-title title-of-invention "
    "h1 h2 h3 h4 h5 h6".split()
)
SECTIONS: Final = frozenset(
    "sec section sect1 sect2 sect3 sect4 sect5 simplesect refsection subsection chapter appendix app div div1 div2 "
    "div3 div4 topic concept task reference abstract trans-abstract ack ref-list fn-group glossary "
    "sub-article response claims subdoc-abstract subdoc-claims sdoab sdocl boxed-text sidebar preface "
    "bibliography".split()
)
UNTITLED: Final = {
    "abstract": "Abstract",
    "subdoc-abstract": "Abstract",
    "sdoab": "Abstract",
    "claims": "Claims",
    "subdoc-claims": "Claims",
    "sdocl": "Claims",
    "ref-list": "References",
    "bibliography": "Bibliography",
    "ack": "Acknowledgements",
    "glossary": "Glossary",
}
"""What a section is called that has no heading of its own."""
PARAGRAPHS: Final = frozenset(
    "p para simpara formalpara paragraph ab lg shortdesc claim-text attrib disp-quote ref mixed-citation fn "
    "disp-formula bibl biblioentry bibliomixed license-p stanza".split()
)
WHOLE: Final = frozenset(
    "ref fn bibl biblioentry bibliomixed mixed-citation element-citation kwd-group".split()
)
"""Paragraphs that are never cut, whatever stands in them."""
FIGURES: Final = frozenset("fig table-wrap figure informalfigure".split())
CAPTIONS: Final = frozenset("label caption title".split())
LISTS: Final = frozenset(
    "list itemizedlist orderedlist ul ol simplelist variablelist def-list dl sl listbibl procedure steps".split()
)
ORDERED: Final = frozenset(("orderedlist", "ol", "procedure", "steps"))
TABLES: Final = frozenset(("table", "informaltable", "tgroup", "simpletable", "tbl"))
ROWS: Final = frozenset(("tr", "row", "strow", "sthead"))
CELLS: Final = frozenset(("td", "th", "entry", "cell", "stentry", "tc"))
CODE: Final = frozenset(("programlisting", "screen", "pre", "literallayout", "codeblock", "preformat"))
LINE_ENDS: Final = frozenset(("l", "v", "line", "br", "break", "lb"))
LOWERED: Final = frozenset(("sub", "sb", "subscript", "inf"))
RAISED: Final = frozenset(("sup", "sp", "superscript"))
LEFT_OUT: Final = frozenset(
    "script style binary indexterm processing-meta object-id institution-id instrtext bindata pict".split()
)
WRAPPERS: Final = frozenset(("pdat", "stext", "ptext"))
"""Elements of patents around every text, which say nothing."""
APART: Final = frozenset(
    "label name surname given-names prefix suffix string-name collab person-group article-title chapter-title source "
    "year month day volume issue fpage lpage pub-id publisher-name publisher-loc conf-name institution addr-line "
    "city state country email kwd term def p para title caption td th entry comment edition date-in-citation".split()
)
"""What reads as words of its own, even where nothing stands between it and what follows."""

BODY: Final = PARAGRAPHS | LISTS | CODE
"""Where one of these is, an element is part of a document, not a record."""
BLOCKS: Final = BODY | SECTIONS | TABLES | FIGURES
"""What ends the paragraph that it stands in."""
