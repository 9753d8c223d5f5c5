"""Reads the text of a Word paragraph, with links, equations and pictures at their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from extractors.docx.fields import control_tick, field_address, form_value
from extractors.docx.symbols import symbol
from extractors.ooxml.math import latex
from extractors.ooxml.package import NAMES, WORD, Element, attribute, local
from extractors.ooxml.part import Part, described, linked

# fmt: off
_SKIPPED: Final = frozenset((
    "pPr", "rPr", "del", "moveFrom", "delText", "delInstrText", "rt", "sdtPr", "annotationRef", "softHyphen",
    "Fallback", "posOffset", "pctWidth", "pctHeight", "wrapPolygon", "pctPosHOffset", "pctPosVOffset", "align",
    "spPr", "style", "bodyPr", "shapetype", "commentRangeStart", "commentRangeEnd",
))
# fmt: on
_RUN, _TEXT, _PROPERTIES = f"{WORD}r", f"{WORD}t", f"{WORD}pPr"
_CHARACTERS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_DEEPEST_FIELD: Final = 20
"""Fields nested deeper are not followed: each link is put together from all that is in it."""
_SHAPES: Final = frozenset(("shape", "rect", "roundrect", "oval", "line", "group"))


@dataclass(slots=True)
class _Field:
    """A field whose end was not reached yet."""

    start: int
    """Where its result begins among the pieces, once that is known."""
    form: str
    instruction: str = ""
    has_result: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    """Stands on the stack where an element ends that wraps what was read since `start`."""

    start: int
    address: str
    is_drawing: bool = False


@dataclass(slots=True)
class RunText:
    """The text of a paragraph and what hangs on it."""

    pieces: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    """Text boxes anchored here: read after the paragraph."""
    charts: list[Element] = field(default_factory=list)
    """Charts and diagrams anchored here, as they name their parts."""
    notes: list[tuple[str, str]] = field(default_factory=list)
    """("footnotes" or "endnotes", id) in order of reference."""
    comments: list[str] = field(default_factory=list)
    """Their ids, in order of reference."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def run_text(paragraph: Element, part: Part) -> RunText:
    """Walks without recursion: a hostile file nests as deep as it likes."""
    plain = _plain_text(paragraph)
    return _Walk(part).read(paragraph) if plain is None else RunText([plain])


def _plain_text(paragraph: Element) -> str | None:
    """The text of a paragraph that is runs of text alone, as most are; None for the others."""
    pieces: list[str] = []
    for item in paragraph:
        if item.tag == _RUN:
            for piece in item:
                if piece.tag != _TEXT:
                    return None
                pieces.append(piece.text or "")
        elif item.tag != _PROPERTIES:
            return None
    return "".join(pieces)


class _Walk:
    def __init__(self, part: Part) -> None:
        self._part = part
        self._found = RunText()
        self._pieces = self._found.pieces
        self._stack: list[Element] = []
        """Of elements still to be read, and of `_End` marks."""
        self._fields: list[_Field] = []
        self._unshown = 0
        """How many open fields are still in their instruction: text there is not shown."""
        self._alt = ""
        self._drawing_address = ""

    def read(self, paragraph: Element) -> RunText:
        stack, pieces = self._stack, self._pieces
        stack.extend(reversed(paragraph))
        while stack:
            element = stack.pop()
            if element.__class__ is _End:
                self._end(element)
                continue
            name = NAMES[element.tag]
            if name == "t":
                if not self._unshown:
                    pieces.append(element.text or "")
            elif name in _SKIPPED:
                continue
            elif name in _CHARACTERS:
                pieces.append(_CHARACTERS[name])
            elif name in _ACTIONS:
                _ACTIONS[name](self, element)
            else:
                stack.extend(reversed(element))
        for unfinished in reversed(self._fields):
            if unfinished.has_result:
                self._link(unfinished.start, field_address(unfinished.instruction))
        return self._found

    def _within(self, element: Element) -> None:
        self._stack.extend(reversed(element))

    def _link(self, start: int, address: str) -> None:
        """Makes what was read since `start` a link."""
        if address:
            self._pieces[start:] = [linked("".join(self._pieces[start:]), address)]

    def _end(self, end: _End) -> None:
        if end.is_drawing:
            if self._alt and len(self._pieces) == end.start:
                self._pieces.append(described(self._alt))
            self._link(end.start, self._drawing_address)
            self._alt = self._drawing_address = ""
        else:
            self._link(end.start, end.address)

    def _hyperlink(self, element: Element) -> None:
        address = self._part.address(attribute(element, "id"))
        anchor = attribute(element, "anchor")
        self._stack.append(_End(len(self._pieces), f"{address}#{anchor}" if address and anchor else address))
        self._within(element)

    def _field_mark(self, element: Element) -> None:
        """A field is begin, instruction, separate, result, end: marks that stand in runs one after the other."""
        kind = attribute(element, "fldCharType")
        if kind == "begin" and len(self._fields) < _DEEPEST_FIELD:
            self._fields.append(_Field(len(self._pieces), form_value(element)))
            self._unshown += 1
        elif self._fields and kind == "separate" and not self._fields[-1].has_result:
            self._fields[-1].has_result = True
            self._fields[-1].start = len(self._pieces)
            self._unshown -= 1
        elif self._fields and kind == "end":
            ended = self._fields.pop()
            self._unshown -= not ended.has_result
            if ended.form and not "".join(self._pieces[ended.start :]).strip():
                self._pieces.append(ended.form)
            self._link(ended.start, field_address(ended.instruction))

    def _instruction(self, element: Element) -> None:
        if self._fields and not self._fields[-1].has_result:
            self._fields[-1].instruction += element.text or ""

    def _simple_field(self, element: Element) -> None:
        self._stack.append(_End(len(self._pieces), field_address(attribute(element, "instr") or "")))
        self._within(element)

    def _control(self, element: Element) -> None:
        tick = control_tick(element)
        if tick:
            self._pieces.append(tick)
        else:
            self._within(element)

    def _note(self, element: Element) -> None:
        kind = f"{local(element).removesuffix('Reference')}s"
        note_id = attribute(element, "id") or ""
        self._found.notes.append((kind, note_id))
        self._pieces.append(f"[^{'e' if kind == 'endnotes' else ''}{note_id}]")

    def _comment(self, element: Element) -> None:
        self._found.comments.append(attribute(element, "id") or "")

    def _symbol(self, element: Element) -> None:
        try:
            code = int(attribute(element, "char") or "", 16)
        except ValueError:
            return
        self._pieces.append(symbol(attribute(element, "font") or "", code))

    def _equation(self, element: Element) -> None:
        """Those that stand on lines of their own have double signs."""
        text = latex(element)
        if text:
            sign = "$$" if local(element) == "oMathPara" else "$"
            before = " " if self._pieces and self._pieces[-1].endswith("$") else ""
            self._pieces.append(f"{before}{sign}{text}{sign}")

    def _drawing(self, element: Element) -> None:
        self._stack.append(_End(len(self._pieces), "", is_drawing=True))
        self._within(element)

    def _description(self, element: Element) -> None:
        self._alt = attribute(element, "descr") or attribute(element, "title") or self._alt
        self._within(element)

    def _click(self, element: Element) -> None:
        self._drawing_address = self._drawing_address or self._part.address(attribute(element, "id"))

    def _shape(self, element: Element) -> None:
        """VML: what DrawingML says in elements stands in attributes."""
        self._alt = element.get("alt") or self._alt
        self._drawing_address = self._drawing_address or element.get("href") or ""
        self._within(element)

    def _picture(self, element: Element) -> None:
        names = ("embed", "link") if local(element) == "blip" else ("id", "href")
        relation_id = attribute(element, names[0]) or attribute(element, names[1])
        self._pieces.append(self._part.picture(relation_id, self._alt or attribute(element, "title") or ""))
        self._alt = ""

    def _word_art(self, element: Element) -> None:
        self._pieces.append(element.get("string") or "")

    def _object(self, element: Element) -> None:
        self._pieces.append(self._part.embed(attribute(element, "id")))

    def _box(self, element: Element) -> None:
        self._found.boxes.append(element)

    def _chart(self, element: Element) -> None:
        self._found.charts.append(element)


_ACTIONS: Final[dict[str, Callable[[_Walk, Element], None]]] = {
    "hyperlink": _Walk._hyperlink,
    "fldChar": _Walk._field_mark,
    "instrText": _Walk._instruction,
    "fldSimple": _Walk._simple_field,
    "sdt": _Walk._control,
    "footnoteReference": _Walk._note,
    "endnoteReference": _Walk._note,
    "commentReference": _Walk._comment,
    "sym": _Walk._symbol,
    "oMath": _Walk._equation,
    "oMathPara": _Walk._equation,
    "drawing": _Walk._drawing,
    "pict": _Walk._drawing,
    "object": _Walk._drawing,
    "docPr": _Walk._description,
    "cNvPr": _Walk._description,
    "hlinkClick": _Walk._click,
    "hlinkHover": _Walk._click,
    **dict.fromkeys(_SHAPES, _Walk._shape),
    "blip": _Walk._picture,
    "imagedata": _Walk._picture,
    "textpath": _Walk._word_art,
    "OLEObject": _Walk._object,
    "control": _Walk._object,
    "txbxContent": _Walk._box,
    "chart": _Walk._chart,
    "relIds": _Walk._chart,
}
