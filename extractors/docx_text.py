"""Reads the text of Word runs: insertions in, deletions, hidden text and field codes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from extractors.docx_numbering import value
from extractors.ooxml import Element, attribute, child, local

# fmt: off
_SKIPPED: Final = frozenset((
    "pPr", "rPr", "del", "moveFrom", "delText", "instrText", "delInstrText", "fldData", "rt", "sdtPr",
    "sdtEndPr", "tblPr", "tblGrid", "trPr", "tcPr", "annotationRef", "commentReference", "bookmarkStart",
    "bookmarkEnd", "proofErr", "lastRenderedPageBreak", "softHyphen", "Fallback", "ctrlPr", "oMathParaPr",
    "docPr", "cNvPr", "posOffset", "pctWidth", "pctHeight", "wrapPolygon", "textpath",
))
# fmt: on
_CHARACTERS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_NOTES: Final = {"footnoteReference": "footnote", "endnoteReference": "endnote"}


@dataclass(slots=True)
class RunText:
    """The text of a paragraph and what hangs on it."""

    pieces: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    """Text boxes anchored here: read after the paragraph."""
    notes: list[tuple[str, str]] = field(default_factory=list)
    """("footnote" or "endnote", id) in order of reference."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def run_text(paragraph: Element) -> RunText:
    """Walks without recursion: a hostile file nests as deep as it likes."""
    found = RunText()
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        name = local(element)
        if name == "t":
            found.pieces.append(element.text or "")
        elif name in _CHARACTERS:
            found.pieces.append(_CHARACTERS[name])
        elif name in _NOTES:
            _add_note(found, _NOTES[name], attribute(element, "id") or "")
        elif name == "sym":
            found.pieces.append(_symbol(element))
        elif name == "txbxContent":
            found.boxes.append(element)
        elif name not in _SKIPPED and not (name == "r" and _is_hidden(element)):
            stack.extend(reversed(element))
    return found


def _add_note(found: RunText, kind: str, note_id: str) -> None:
    found.notes.append((kind, note_id))
    found.pieces.append(f"[^{'e' if kind == 'endnote' else ''}{note_id}]")


def _is_hidden(run: Element) -> bool:
    hidden = child(child(run, "rPr"), "vanish")
    return hidden is not None and value(hidden) not in ("0", "false", "off")


def _symbol(element: Element) -> str:
    """A character of a symbol font, except in the private area, where only the font knows its shape."""
    try:
        code = int(attribute(element, "char") or "", 16)
    except ValueError:
        return ""
    return chr(code) if 0x20 <= code < 0xD800 else ""
