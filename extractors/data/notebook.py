"""Reads Jupyter notebooks: text, code and short outputs in order; pictures are taken out."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from extractors.encodings.decoding import decode
from extractors.markup.data_uris import take_out
from extractors.markup.markdown import blocks_of
from extractors.writer import DocumentWriter
from knowledge.errors import ExtractionError
from knowledge.types import Document, Image, Locator, ReadOptions

_LONGEST_OUTPUT: Final = 2_000
"""Characters: a longer output is a listing that nobody searches for."""
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ATTACHED = re.compile(r"!\[([^\]\n]*)\]\(attachment:([^)\s]+)\)")
_PICTURES: Final = ("image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp")


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Passages are found by the cell of text that they begin with. Raises `ExtractionError` for another JSON."""
    decoded = decode(data)
    notebook = _parsed(decoded.text, name)
    writer = DocumentWriter(name)
    for warning in decoded.warnings:
        writer.warn(warning)
    _describe(writer, notebook)
    cells = _Cells(writer, options)
    cells.write(_cells(notebook))
    document = writer.finish()
    images = {image.name: image for image in document.images} | cells.images
    return replace(document, images=tuple(images.values()))


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExtractionError(f"{name or 'the data'} is a damaged notebook: {error}") from error
    if not isinstance(notebook, dict) or not isinstance(
        notebook.get("cells", notebook.get("worksheets")), list
    ):
        raise ExtractionError(f"{name or 'the data'} is no notebook: it has no cells")
    return notebook


def _describe(writer: DocumentWriter, notebook: dict[str, Any]) -> None:
    about = _dict(notebook.get("metadata"))
    kernel, language = _dict(about.get("kernelspec")), _dict(about.get("language_info"))
    spoken = kernel.get("language") or language.get("name")
    title = about.get("title")
    writer.describe(
        {
            "title": title if isinstance(title, str) else None,
            "language": spoken if isinstance(spoken, str) else None,
        }
    )


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of version 4, or of the first sheets of version 3."""
    sheets = notebook.get("worksheets", []) if "cells" not in notebook else [notebook]
    for sheet in sheets:
        for cell in _dict(sheet).get("cells") or []:
            yield _dict(cell)


class _Cells:
    def __init__(self, writer: DocumentWriter, options: ReadOptions) -> None:
        self._writer = writer
        self._images = options.images
        self.images: dict[str, Image] = {}
        """Those that stood in addresses of the text."""
        self._shortened = 0
        self._left_out = 0
        self._pictures_left_out = 0

    def write(self, cells: Iterator[dict[str, Any]]) -> None:
        locator = Locator(part="cell 1")
        for number, cell in enumerate(cells, start=1):
            kind = cell.get("cell_type")
            if kind != "code":
                locator = Locator(part=f"cell {number}")
            source = _text(cell.get("source", cell.get("input")))
            if kind == "markdown":
                self._markdown(self._with_pictures(source, cell), locator)
            elif kind == "heading":
                level = cell.get("level")
                self._writer.add(
                    "heading", source, level=level if level in range(1, 7) else 1, locator=locator
                )
            else:
                self._writer.add("code" if kind == "code" else "paragraph", source, locator=locator)
            for output in cell.get("outputs") or []:
                self._output(_dict(output), locator)
        if self._shortened:
            self._writer.warn(f"{self._shortened} outputs were cut after {_LONGEST_OUTPUT} characters")
        if self._left_out:
            self._writer.warn(f"{self._left_out} outputs that are no text were left out")
        if self._pictures_left_out:
            self._writer.warn(f"{self._pictures_left_out} pictures in the text were left out")

    def _markdown(self, source: str, locator: Locator) -> None:
        pictures = take_out(source, images=self._images)
        self.images |= {image.name: image for image in pictures.images}
        self._pictures_left_out += pictures.left_out
        source = pictures.text
        for block in blocks_of(source):
            text = source[block.start : block.end]
            self._writer.add(block.kind, text, level=block.level, locator=locator)

    def _with_pictures(self, source: str, cell: dict[str, Any]) -> str:
        """`source` with the pictures that are attached to its cell."""
        attached = _dict(cell.get("attachments"))

        def shown(found: re.Match[str]) -> str:
            return self._picture(_dict(attached.get(found.group(2))), found.group(1)) or f"({found.group(1)})"

        return _ATTACHED.sub(shown, source) if attached else source

    def _output(self, output: dict[str, Any], locator: Locator) -> None:
        data = _dict(output.get("data", output))
        if picture := self._picture(data, ""):
            self._writer.add("image", picture, locator=locator)
            return
        if output.get("output_type") in ("error", "pyerr"):
            text = f"{output.get('ename')}: {output.get('evalue')}"
        else:
            text = _text(data.get("text/markdown") or data.get("text/plain") or output.get("text"))
        if not text and data and output.get("output_type") not in ("stream", "error", "pyerr"):
            self._left_out += 1
        text = _ESCAPES.sub("", text)
        if len(text) > _LONGEST_OUTPUT:
            text = text[:_LONGEST_OUTPUT]
            self._shortened += 1
        self._writer.add("code", text, locator=locator)

    def _picture(self, data: dict[str, Any], alt: str) -> str:
        """The Markdown of the first picture among several forms of the same output."""
        encoded = next((data[kind] for kind in _PICTURES if kind in data), None)
        if encoded is None or not self._images:
            return ""
        try:
            return self._writer.image_link(base64.b64decode(_text(encoded)), alt)
        except (binascii.Error, ValueError):
            self._writer.warn("a damaged picture was left out")
            return ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """A text, which notebooks keep whole or in lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
