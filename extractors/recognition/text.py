"""Tells formats of text by how they begin: web pages, mail, XML, JSON, tables."""

from __future__ import annotations

import codecs
import csv
import json
import re
from itertools import islice
from typing import Final

_HEAD_BYTES: Final = 16_384
_WIDE: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ROWS_OF_A_TABLE: Final = 20
_FEWEST_CELLS: Final = 6
"""In rows of equal length: two lines of three cells, or three of two."""
_SEPARATORS: Final = ("\t", ";", ",", "|")

_BEFORE_ROOT: Final = r"\s*+(?:<\?[^>]*+>\s*+|<!--(?>.*?-->)\s*+)*+"
"""What may stand before the first tag, each piece taken once: a hostile head is not read twice."""
_HTML = re.compile(rf"{_BEFORE_ROOT}(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE | re.DOTALL)
_HTML_FRAGMENT = re.compile(
    rf"{_BEFORE_ROOT}<(?:head|body|title|meta|div|p|span|table|ul|ol|h[1-6]|article|section|main)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rf"\s*+<\?xml\s|{_BEFORE_ROOT}(?:<!DOCTYPE\s+\w|<([A-Za-z_][\w.:-]*)(?=[\s/>]))", re.DOTALL)
_FLAT_OFFICE = re.compile(r"""<\?mso-application\s+progid="(Word|PowerPoint)\.\w+"\?>\s*<pkg:package\s""")
_FLAT_KINDS: Final = {"Word": ".docx", "PowerPoint": ".pptx"}
"""Packages of new Office that were saved as a single XML file."""
_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]\d-])")
_HEADER_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*):")
_MAILBOX = re.compile(r"From \S+ .*\d\d:\d\d")
_MAIL_HEADERS: Final = frozenset(("from", "to", "subject", "date"))
_TRANSPORT_HEADERS: Final = frozenset(("received", "return-path", "delivered-to", "x-original-to"))
_MAIL_SIGNS: Final = _TRANSPORT_HEADERS | {"message-id", "mime-version", "content-type"}


def text_kind(data: bytes, *, is_named: bool) -> str | None:
    """The suffix of the format that a text begins like; None when it could be any.

    With `is_named` only what no other text begins like counts: pages and mail, which people save under any name.
    """
    head = _head(data)
    if office := _FLAT_OFFICE.search(head):
        return _FLAT_KINDS[office[1]]
    if _HTML.match(head):
        return ".html"
    if kind := _mail_kind(head):
        return kind
    return None if is_named else _guess(data, head)


def _head(data: bytes) -> str:
    for mark, encoding in _WIDE:
        if data.startswith(mark):
            return data[:_HEAD_BYTES].decode(encoding, errors="replace").lstrip("\ufeff")
    return data[:_HEAD_BYTES].removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="replace")


def _mail_kind(head: str) -> str | None:
    """Mail, or a web page with its pictures, saved in the form of a mail."""
    headers = _headers(head)
    is_page = "multipart/related" in headers.get("content-type", "").lower()
    if is_page and "mime-version" in headers and not headers.keys() & (_TRANSPORT_HEADERS | {"to"}):
        return ".mhtml"
    if _MAILBOX.match(head) and headers:
        return ".mbox"
    is_mail = len(headers.keys() & _MAIL_HEADERS) > 1 and headers.keys() & _MAIL_SIGNS
    return ".eml" if is_mail else None


def _headers(head: str) -> dict[str, str]:
    """The header fields up to the first blank line; none when another line stands among them."""
    fields: dict[str, str] = {}
    name = ""
    for line in head.lstrip().split("\n"):
        if not line.strip():
            break
        if line[0] in " \t" and name:
            fields[name] += line
        elif start := _HEADER_LINE.match(line):
            name = start[1].lower()
            fields[name] = line[start.end() :]
        elif not line.startswith(("From ", ">From ")):
            return {}
    return fields


def _guess(data: bytes, head: str) -> str | None:
    if head.startswith("WEBVTT"):
        return ".vtt"
    if _HTML_FRAGMENT.match(head):
        return ".html"
    if (root := _XML.match(head)) and _ends_as_xml(data, root[1]):
        return ".xml"
    if _JSON.match(head):
        return _json_kind(data)
    return ".csv" if _is_table(head, is_cut=len(data) > _HEAD_BYTES) else None


def _ends_as_xml(data: bytes, root: str | None) -> bool:
    """Declared XML need not; without a declaration the root must be closed at the end."""
    end = data.rstrip()[-1000:]
    return root is None or end.endswith((f"</{root}>".encode(), b"/>"))


def _json_kind(data: bytes) -> str | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return ".jsonl" if _is_lines_of_json(data) else None
    return ".ipynb" if isinstance(value, dict) and {"cells", "nbformat"} <= value.keys() else ".json"


def _is_lines_of_json(data: bytes) -> bool:
    lines = [line for line in data[:_HEAD_BYTES].splitlines()[:3] if line.strip()]
    try:
        return len(lines) > 1 and all(isinstance(json.loads(line), dict | list) for line in lines[:2])
    except (ValueError, RecursionError):
        return False


def _is_table(head: str, *, is_cut: bool) -> bool:
    """Whether the first rows have the same number of cells with one of the usual separators."""
    lines = head.split("\n")[: -1 if is_cut else None]
    return any(_has_equal_rows(lines, separator) for separator in _SEPARATORS)


def _has_equal_rows(lines: list[str], separator: str) -> bool:
    if not lines or f"{separator} " in lines[0]:  # as in prose
        return False
    try:
        rows = list(islice((row for row in csv.reader(lines, delimiter=separator) if row), _ROWS_OF_A_TABLE))
    except csv.Error:
        return False
    lengths = set(map(len, rows))
    is_markdown = len(rows) > 1 and all(set(cell.strip()) <= set(":-") for cell in rows[1])
    return len(lengths) == 1 and min(lengths) > 1 and sum(map(len, rows)) >= _FEWEST_CELLS and not is_markdown
