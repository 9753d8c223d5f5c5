"""A page as the parser mends it: parsed as browsers do, and written out again without what is never shown.

In what lexbor writes every element but the void ones is closed, and < and > stand for nothing but tags. So it can be
cut at its tags, which takes a fraction of the time that asking lexbor for node after node does.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from extractors.html.nesting import flattened

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_NEVER_SHOWN: Final = (
    *(
        "script",
        "style",
        "template",
        "noscript",
        "object",
        "embed",
        "applet",
        "canvas",
        "audio",
        "video",
        "map",
    ),
    *(
        "title",
        "meta",
        "link",
        "select",
        "textarea",
        "datalist",
        "frameset",
        "noframes",
        "noembed",
        "rp",
        "rt",
    ),
)
_MATH_TYPE: Final = "math/tex"
_MOST_GROWN: Final = 10
"""How many times as long as its source markup may be. Unclosed formatting is opened again in every block …"""
_SMALL: Final = 100_000
"""… which is of no matter in small pages. Characters."""
_XML_START: Final = "<?xml"
_XML_WITHIN: Final = 4096
_CLOSED_AT_ONCE = re.compile(
    r"<(?!(?:area|br|col|hr|img|input|link|meta|source|wbr)\b)([A-Za-z][\w:.-]*)(\s[^<>]*)?/>"
)
"""In XHTML any element may be; to a parser of HTML it would be open, and swallow the page."""
_UNPARSED = re.compile(r"<(?:!--.*?-->|(iframe|xmp|plaintext)((?: [^>]*)?)>(.*?)</\1>)", re.DOTALL)
"""What is written out as it stood in the source. Frames show another page, or none."""


def parsed(text: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser

    if text[:_XML_WITHIN].lstrip().startswith(_XML_START):
        text = _CLOSED_AT_ONCE.sub(r"<\1\2></\1>", text)
    return LexborHTMLParser(text)


def body_markup(page: LexborHTMLParser, source: str) -> str:
    """The body of a page parsed from `source`, without comments and what is never shown. Changes `page`."""
    if _MATH_TYPE in source:
        _write_formulas(page)
    markup = _shown(page)
    if len(markup) > _MOST_GROWN * (len(source) + _SMALL):
        markup = _shown(parsed(flattened(source)[0]))
    return _UNPARSED.sub(_made_plain, markup)


def _shown(page: LexborHTMLParser) -> str:
    page.strip_tags(list(_NEVER_SHOWN))
    return (page.body.html if page.body is not None else None) or ""


def _made_plain(unparsed: re.Match[str]) -> str:
    name, attributes, content = unparsed.groups("")
    if name == "iframe":
        return f"<iframe{attributes}></iframe>"
    return f"<pre>{html.escape(content, quote=False)}</pre>" if name else ""


def formula(tex: str, *, is_display: bool) -> str:
    """TeX between the signs that mark it in Markdown."""
    mark = "$$" if is_display else "$"
    return f"{mark}{tex.strip()}{mark}"


def _write_formulas(page: LexborHTMLParser) -> None:
    """MathJax keeps formulas in scripts."""
    for script in page.css(f"script[type^='{_MATH_TYPE}']"):
        is_display = "display" in (script.attributes.get("type") or "")
        script.replace_with(formula(script.text(), is_display=is_display))
