"""Finds the shapes of a slide and puts them into the order in which a person reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from extractors.ooxml.package import Element, child, descend, local

_SHAPES: Final = frozenset(("sp", "pic", "graphicFrame", "cxnSp"))
_DEEPEST_GROUP: Final = 10
"""Shapes of groups nested deeper count as shapes of the group at this depth."""
_MOST_CUT: Final = 200
"""A slide with more shapes is read by their upper left corners alone."""
_OVERLAP: Final = 0.1
"""Neighbours may lie over each other by so much of their size and still be apart."""
TITLES: Final = frozenset(("title", "ctrTitle"))


@dataclass(frozen=True, slots=True)
class Box:
    """Where a shape lies, in EMU (914,400 to the inch) from the upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The role of a shape that a layout prepares."""

    type: str
    """"obj" where nothing is said."""
    index: str


@dataclass(frozen=True, slots=True)
class Shape:
    element: Element
    box: Box | None
    """Its own; None where the layout decides."""
    placeholder: Placeholder | None = None
    members: tuple[Shape, ...] = ()
    """Of a group, whose boxes have coordinates of their own."""


def shapes_of(tree: Element | None, depth: int = 0) -> list[Shape]:
    """The shapes in a tree, back to front; of a shape kept in two forms, the newer."""
    found: list[Shape] = []
    stack = list(reversed(tree)) if tree is not None else []
    while stack:
        element = stack.pop()
        name = local(element)
        if name in _SHAPES:
            found.append(Shape(element, _box(element), _placeholder(element)))
        elif name == "grpSp" and depth < _DEEPEST_GROUP:
            members = tuple(shapes_of(element, depth + 1))
            found.append(Shape(element, _box(element), members=members))
        elif name in ("grpSp", "Choice"):
            stack.extend(reversed(element))
        elif name == "AlternateContent":
            newer = child(element, "Choice")
            stack.extend([newer] if newer is not None and len(newer) else reversed(element))
        elif name == "Fallback":
            stack.extend(reversed(element))
    return found


def description(shape: Shape) -> str:
    """The alternative text of a shape."""
    for part in shape.element:
        properties = child(part, "cNvPr")
        if properties is not None:
            return properties.get("descr") or properties.get("title") or ""
    return ""


def reading_order(shapes: list[tuple[Box, Shape]]) -> list[Shape]:
    """From top to bottom and left to right, column by column where columns stand apart.

    The recursive XY cut of Nagy and Seth (ICPR 1984): cut where a gap runs across all shapes, rows first.
    """
    if len(shapes) > _MOST_CUT:
        return [shape for _, shape in _by_corner(shapes)]
    return [shape for _, shape in _cut(shapes)]


def _cut(shapes: list[tuple[Box, Shape]]) -> list[tuple[Box, Shape]]:
    if len(shapes) < 2:
        return shapes
    for is_vertical in (True, False):
        groups = _groups(shapes, is_vertical)
        if len(groups) > 1:
            return [item for group in groups for item in _cut(group)]
    return _by_corner(shapes)


def _by_corner(shapes: list[tuple[Box, Shape]]) -> list[tuple[Box, Shape]]:
    return sorted(shapes, key=lambda item: (item[0].y, item[0].x))


def _groups(shapes: list[tuple[Box, Shape]], is_vertical: bool) -> list[list[tuple[Box, Shape]]]:
    """Shapes between which a gap runs across, in order."""

    def extent(box: Box) -> tuple[float, float]:
        start, size = (box.y, box.height) if is_vertical else (box.x, box.width)
        return start + _OVERLAP * size, start + (1 - _OVERLAP) * size

    groups: list[list[tuple[Box, Shape]]] = []
    reached = 0.0
    for item in sorted(shapes, key=lambda item: extent(item[0])):
        start, end = extent(item[0])
        if not groups or start >= reached:
            groups.append([])
            reached = end
        groups[-1].append(item)
        reached = max(reached, end)
    return groups


def _placeholder(element: Element) -> Placeholder | None:
    for part in element:
        mark = descend(part, "nvPr", "ph")
        if mark is not None:
            return Placeholder(mark.get("type") or "obj", mark.get("idx") or "")
    return None


def _box(element: Element) -> Box | None:
    frame = child(element, "xfrm")
    for name in ("spPr", "grpSpPr"):
        frame = descend(element, name, "xfrm") if frame is None else frame
    corner, size = child(frame, "off"), child(frame, "ext")
    if corner is None or size is None:
        return None
    return Box(
        _number(corner.get("x")), _number(corner.get("y")), _number(size.get("cx")), _number(size.get("cy"))
    )


def _number(text: str | None) -> int:
    try:
        return int(text or "0") if len(text or "") < 15 else 0
    except ValueError:
        return 0
