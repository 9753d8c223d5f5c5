"""Writes the blocks of a page: paragraphs, headings, quotes, and the lines of a list as one block."""

from __future__ import annotations

import re
from typing import Final

from extractors.html.inline import InlineText
from extractors.writer import DocumentWriter
from knowledge.types import BlockKind

_DEEPEST: Final = 12
"""Levels of lists and quotes that are shown; more are hostile."""
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)\s]*\)")


class Flow:
    """Collects text until a block ends, then writes it."""

    def __init__(self, writer: DocumentWriter, inline: InlineText) -> None:
        self._writer = writer
        self._inline = inline
        self._numbers: list[int | None] = []
        """Of the open lists: the next item's; None in a list without numbers."""
        self._lines: list[str] = []
        self._marker = ""
        self._quotes = 0

    def flush(self) -> None:
        """Ends the current paragraph or list line."""
        if not self._inline.pieces:
            return
        text = self._inline.take_linked()
        if not text:
            return
        if self._numbers:
            self._add_line(text)
        elif self._marker:
            marker, self._marker = self._marker, ""
            self._writer.add("list", self._quoted(marker + text))
        else:
            is_image = text.startswith("![") and _IMAGE.fullmatch(text) is not None
            self._writer.add("image" if is_image else "paragraph", self._quoted(text))

    def flush_heading(self, level: int) -> None:
        """Ends a heading. One that leads elsewhere has its address below it: it is shown with every passage."""
        text, link = self._inline.take()
        if text:
            self._write_list()
            self._marker = ""
            self._writer.add("heading", text.replace("\n", " "), level=level)
            if level > 1:
                self._writer.add("paragraph", link.address)

    def block(self, kind: BlockKind, text: str) -> None:
        """Writes a block that is not folded."""
        self.flush()
        self._write_list()
        self._writer.add(kind, text)

    def open_quote(self) -> None:
        self.flush()
        self._write_list()
        self._quotes += 1

    def close_quote(self) -> None:
        self.flush()
        self._write_list()
        self._quotes -= 1

    def open_list(self, first_number: int | None = None) -> None:
        self.flush()
        self._numbers.append(first_number)

    def open_item(self, marker: str = "- ", number: int | None = None) -> None:
        """Begins an item with its number in a numbered list, else with `marker`."""
        self.flush()
        current = self._numbers[-1] if self._numbers else None
        if current is None:
            self._marker = marker
        else:
            current = current if number is None else number
            self._marker = f"{current}. "
            self._numbers[-1] = current + 1

    def close_list(self) -> None:
        self.flush()
        self._marker = ""
        if self._numbers:
            self._numbers.pop()
        if not self._numbers:
            self._write_list()

    def _add_line(self, text: str) -> None:
        indent = "  " * min(len(self._numbers) - 1, _DEEPEST)
        marker, self._marker = self._marker or "  ", ""
        text = text.replace("\n", f"\n{indent}  ")
        self._lines.append(f"{indent}{marker}{text}".rstrip())

    def _write_list(self) -> None:
        if self._lines:
            self._writer.add("list", self._quoted("\n".join(self._lines)))
            self._lines = []

    def _quoted(self, text: str) -> str:
        if not self._quotes:
            return text
        mark = "> " * min(self._quotes, _DEEPEST)
        return "\n".join(mark + line for line in text.split("\n"))
