"""Parses XML of unknown origin: any encoding, no external entities, no network, damaged files as far as they go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from html.entities import html5
from typing import Any, Final

from lxml import etree

from extractors.cleaning import clean
from extractors.encodings.decoding import decode
from extractors.passages import replaced
from extractors.xml.depth import shallow
from knowledge.errors import ExtractionError

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""")
_REFERENCE = re.compile(r"&([A-Za-z][\w.-]{0,63});")
_DEFINITION = re.compile(
    r"""<!ENTITY\s+([A-Za-z][\w.-]{0,63})\s+(?:"((?:[^"<&%]|&#\w+;){0,200})"|'((?:[^'<&%]|&#\w+;){0,200})')\s*>"""
)
_BUILT_IN: Final = frozenset(("amp", "lt", "gt", "quot", "apos"))
_LIMIT: Final = "ERR_RESOURCE_LIMIT"
"""What the parser calls it when elements are nested too deep."""
_HEAD: Final = 65_536
_MOST_WRITTEN_OUT: Final = 1_000_000
"""Characters that a text may gain by what it defines itself."""
_SPACES = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlTree:
    root: Any
    warnings: tuple[str, ...] = ()


def parse(data: bytes) -> XmlTree:
    """The elements of `data`, without comments and instructions. Raises `ExtractionError` when there are none."""
    declared = _DECLARED.search(data[:400])
    decoded = decode(data, declared.group(1).decode() if declared else None)
    text = _without_references(decoded.text.lstrip())
    root, parser = _parsed(text)
    if any(error.type_name == _LIMIT for error in parser.error_log):
        root, parser = _parsed(shallow(text))
    if root is None:
        raise ExtractionError("the XML is damaged: it has no element")
    return XmlTree(root=root, warnings=(*decoded.warnings, *_damage(parser)))


def _parsed(text: str) -> tuple[Any, Any]:
    """The root, and the parser, which knows what was wrong."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode(), parser), parser
    except etree.XMLSyntaxError as error:
        raise ExtractionError(f"the XML is damaged: {error.msg}") from error


def _damage(parser: Any) -> tuple[str, ...]:
    """What the parser stumbled over; undeclared prefixes and the like lose nothing."""
    errors = [
        error
        for error in parser.error_log
        if error.level_name != "WARNING" and "NS_ERR" not in error.type_name
    ]
    if not errors:
        return ()
    return (
        f"the XML is damaged from line {errors[0].line}; text may be missing: {clean(errors[0].message)}",
    )


def _without_references(text: str) -> str:
    """`text` with the usual names for characters, and the short texts that it defines itself, written out."""
    if "&" not in text:
        return text
    defined = {name: unescape(first or second) for name, first, second in _DEFINITION.findall(text[:_HEAD])}
    left = _MOST_WRITTEN_OUT

    def written_out(found: re.Match[str]) -> str:
        nonlocal left
        name = found.group(1)
        value = None if name in _BUILT_IN else defined.get(name, html5.get(f"{name};"))
        if value is None or len(value) > left:
            return found.group()
        left -= len(value) - 1
        return _escaped(value)

    return replaced(text, "<![CDATA[", "]]>", new=str, outside=lambda part: _REFERENCE.sub(written_out, part))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def name_of(element: Any) -> str:
    """The name without prefix or namespace, in small letters; "" for what is no element."""
    tag = element.tag
    return _local_name(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=4096)
def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


def is_element(node: Any) -> bool:
    return isinstance(node.tag, str)


def own_text(node: Any) -> str:
    """What a node holds before its first child; of an entity that nobody defined, its name."""
    if is_element(node):
        return node.text or ""
    return f"&{node.name};" if isinstance(node, etree._Entity) else ""


def folded(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def is_mixed(element: Any) -> bool:
    """Whether text stands directly in it, alone or between its children."""
    if element.text and not element.text.isspace():
        return True
    return any(not is_element(child) or (child.tail and not child.tail.isspace()) for child in element)
