"""Puts the inline text of a page together into paragraphs, headings and list lines."""

from __future__ import annotations

from dataclasses import dataclass

from extractors.cleaning import fold
from extractors.writer import DocumentWriter
from knowledge.types import BlockKind

LINE_BREAK = "\x00"
"""Stands for <br> until white space is folded; it cannot occur in clean text."""


@dataclass(slots=True)
class _OpenList:
    number: int | None
    """Of the next item; None in a bulleted list."""


class Flow:
    """Collects text until a block ends, then writes it; items of one list become one block."""

    def __init__(self, writer: DocumentWriter) -> None:
        self._writer = writer
        self._pieces: list[str] = []
        self._lists: list[_OpenList] = []
        self._list_lines: list[str] = []
        self._marker = ""

    def text(self, text: str) -> None:
        self._pieces.append(text)

    def flush(self) -> None:
        """Ends the current paragraph or list line."""
        text = self._taken()
        if not text:
            return
        if self._lists:
            self._add_line(text)
        else:
            self._writer.add("paragraph", text)

    def flush_heading(self, level: int) -> None:
        text = self._taken().replace("\n", " ")
        if text:
            self._write_list()
            self._marker = ""
            self._writer.add("heading", text, level=level)

    def block(self, kind: BlockKind, text: str) -> None:
        """Writes a block that is not folded."""
        self.flush()
        self._write_list()
        self._writer.add(kind, text)

    def open_list(self, first_number: int | None) -> None:
        self.flush()
        self._lists.append(_OpenList(first_number))

    def open_item(self) -> None:
        self.flush()
        current = self._lists[-1] if self._lists else None
        if current is None or current.number is None:
            self._marker = "- "
        else:
            self._marker = f"{current.number}. "
            current.number += 1

    def close_list(self) -> None:
        self.flush()
        self._marker = ""
        if self._lists:
            self._lists.pop()
        if not self._lists:
            self._write_list()

    def _add_line(self, text: str) -> None:
        indent = "  " * (len(self._lists) - 1)
        marker, self._marker = self._marker or "  ", ""
        self._list_lines.append(f"{indent}{marker}{text}".rstrip())

    def _write_list(self) -> None:
        if self._list_lines:
            self._writer.add("list", "\n".join(self._list_lines))
            self._list_lines = []

    def _taken(self) -> str:
        """The collected text, folded; line breaks that the author set are kept."""
        if not self._pieces:
            return ""
        text = "".join(self._pieces)
        self._pieces = []
        if text.isspace():
            return ""
        if LINE_BREAK not in text:
            return fold(text)
        return "\n".join(filter(None, map(fold, text.split(LINE_BREAK))))
