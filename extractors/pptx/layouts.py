"""What slides inherit from their layouts and masters: where placeholders lie and which lines are bulleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from extractors.ooxml.package import Element, child, children, descend
from extractors.ooxml.part import Part
from extractors.pptx.shapes import TITLES, Box, Placeholder, Shape, shapes_of

BULLETS: Final = ("buNone", "buChar", "buAutoNum", "buBlip")
"""The ways to say how a line begins."""
_BODY: Final = frozenset(("obj", "body", "subTitle"))
ListStyle = Mapping[str, Element]
"""Properties of the levels of a text, by names such as "lvl1pPr"."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A placeholder of a layout, which slides fill in."""

    box: Box | None
    style: ListStyle


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout, or a master: then without a `base`."""

    part: Part
    shapes: tuple[Shape, ...]
    by_index: Mapping[str, Prepared]
    by_kind: Mapping[str, Prepared]
    body_style: ListStyle
    """Of the texts of all slides; a master of slides has one."""
    base: Layout | None = None

    def box(self, wanted: Placeholder) -> Box | None:
        """Where a placeholder lies whose slide does not say."""
        prepared = self._prepared(wanted)
        if prepared is not None and prepared.box is not None:
            return prepared.box
        return self.base.box(wanted) if self.base is not None else None

    def list_styles(self, wanted: Placeholder) -> list[ListStyle]:
        """The styles that lines of a placeholder follow, nearest first."""
        prepared = self._prepared(wanted)
        styles = [prepared.style] if prepared is not None else []
        if self.base is not None:
            return styles + self.base.list_styles(wanted)
        return [*styles, self.body_style] if wanted.type in ("obj", "body") else styles

    def _prepared(self, wanted: Placeholder) -> Prepared | None:
        """What stands for it here: in a layout by its index, else by its kind."""
        own = self.by_index.get(wanted.index) if self.base is not None and wanted.index else None
        return own or self.by_kind.get(_kind(wanted))


@dataclass(slots=True)
class Layouts:
    """The layouts of a presentation, each read once."""

    known: dict[str, Layout] = field(default_factory=dict)

    def of_slide(self, slide: Part) -> Layout:
        return self.read(slide.beside(slide.target("slideLayout") or ""), "slideMaster")

    def of_notes(self, notes: Part) -> Layout:
        return self.read(notes.beside(notes.target("notesMaster") or ""))

    def read(self, part: Part, base: str = "") -> Layout:
        """The layout in a part, with the master that it names as its `base`."""
        if part.path not in self.known:
            root = part.package.optional_xml(part.path)
            shapes = tuple(shapes_of(descend(root, "cSld", "spTree")))
            prepared = [(item.placeholder, _prepare(item)) for item in shapes if item.placeholder is not None]
            self.known[part.path] = Layout(
                part,
                shapes,
                {placeholder.index: item for placeholder, item in reversed(prepared)},
                {_kind(placeholder): item for placeholder, item in reversed(prepared)},
                children(descend(root, "txStyles", "bodyStyle")),
                self.read(part.beside(part.target(base) or "")) if base else None,
            )
        return self.known[part.path]


def bullet_of(styles: Sequence[ListStyle], level: int) -> Mapping[str, Element]:
    """What the nearest styles say of the bullets of a level, by the names of their elements."""
    for style in styles:
        properties = style.get(f"lvl{level + 1}pPr")
        said = {name: item for name in BULLETS if (item := child(properties, name)) is not None}
        if said:
            return said
    return {}


def _prepare(shape: Shape) -> Prepared:
    return Prepared(shape.box, children(descend(shape.element, "txBody", "lstStyle")))


def _kind(placeholder: Placeholder) -> str:
    if placeholder.type in TITLES:
        return "title"
    return "body" if placeholder.type in _BODY else placeholder.type
