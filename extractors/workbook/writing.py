"""Writes a sheet: heading, tables with their pictures, comments, page header and footer."""

from __future__ import annotations

from extractors.workbook.sheet import Sheet, SheetWriter, column_name
from extractors.workbook.tables import write_tables


def write_sheet(out: SheetWriter, sheet: Sheet) -> None:
    """Adds what a sheet shows, in reading order."""
    out.add("paragraph", sheet.page_header)
    write_tables(out, sheet)
    for comment in sheet.comments:
        text = " ".join(comment.text.split())
        if text:
            place = f"{column_name(comment.column)}{comment.row}"
            out.add("paragraph", f"Comment on {place}: {text}", comment.row)
    for text in sheet.texts:
        out.add("paragraph", text)
    out.add("paragraph", sheet.page_footer)
