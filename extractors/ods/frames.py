"""What floats on an OpenDocument sheet: pictures, text boxes and shapes, charts with their numbers."""

from __future__ import annotations

import posixpath
from typing import Final

from extractors.ods.cells import cell_text, shown_text
from extractors.ooxml.package import Element, Package, attribute, local
from extractors.ooxml.part import described
from extractors.table import markdown_table
from extractors.workbook.sheet import SheetWriter
from extractors.writer import DocumentWriter
from knowledge.errors import ExtractionError
from knowledge.types import ReadOptions

_CHART_TEXTS: Final = ("title", "subtitle")


def picture(frame: Element, package: Package, writer: DocumentWriter, options: ReadOptions) -> str:
    """Markdown that shows the picture in a frame; "" when there is none, as in that of a chart."""
    if any(local(item) == "object" for item in frame):
        return ""
    alt = " ".join(item.text or "" for item in frame if local(item) in ("title", "desc"))
    for item in frame.iter("{*}image"):
        path = attribute(item, "href") or ""
        try:
            link = writer.image_link(package.read(path), alt) if options.images else ""
        except ExtractionError:
            link = ""
        if link or alt:
            return link or described(alt)
    return ""


def write_frame(out: SheetWriter, frame: Element, package: Package, row: int | None) -> None:
    """Adds the text of a box or shape, or the chart that a frame shows."""
    objects = list(frame.iter("{*}object"))
    if not objects:
        out.add("paragraph", "\n".join(map(shown_text, frame.iter("{*}p"))), row)
    for item in objects:
        path = posixpath.normpath(posixpath.join(attribute(item, "href") or "", "content.xml"))
        chart = package.optional_xml(path)
        if chart is not None:
            _write_chart(out, chart)


def _write_chart(out: SheetWriter, chart: Element) -> None:
    titles = [item for item in chart.iter() if local(item) in _CHART_TEXTS]
    out.add("paragraph", "\n".join(shown_text(text) for title in titles for text in title.iter("{*}p")))
    rows = [[cell_text(cell) for cell in row.iter("{*}table-cell")] for row in chart.iter("{*}table-row")]
    out.add("table", markdown_table(rows))
