"""Finds where in the tree of a page its content stands, by how much running text and linked text elements hold.

One goes from the body down into a child as long as that holds nearly all of the weight, which is running text less a
part of the linked text. So the content is the smallest element that the running text of the page is in: the idea of
maximum subsequences (Pasternack & Roth, "Extracting article text from the web", WWW 2009) on the tree.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from extractors.html.boilerplate import is_marked_main
from extractors.html.element import BLOCKS, HEADINGS, Element
from extractors.html.table import is_layout

SHORTEST_TEXT: Final = 25
"""Characters of a block that may be running text, as in Readability; what is shorter weighs nothing."""
_SHORTEST_PROSE: Final = 80
"""Characters of a block that is a sentence at least, whatever stands around it."""
_LINK_COST: Final = 0.5
"""What a linked character takes from the weight of those that are not: running text has links too."""
_NEARLY_ALL: Final = 0.75
"""Share of the weight that a child must hold for its siblings to count as frame."""
_ENOUGH_MARKED: Final = 0.4
"""The same for an element that says of itself that it is the content."""
_MOSTLY: Final = 0.5
"""Share of its characters that running text has in sentences."""
_FEW_LINKED: Final = 0.25
"""Share of its characters that running text has in links at most."""
_CONTAINERS: Final = frozenset(
    "article aside body center details dialog div fieldset footer form header main nav search section".split()
)
"""What content may be in: not a single paragraph, item or cell of it."""
_TITLES: Final = frozenset((*HEADINGS, "header", "hgroup"))


class Measure(NamedTuple):
    """What an element holds."""

    weight: float
    prose: int
    """Characters in blocks of running text."""


@dataclass(slots=True)
class Place:
    """Where the content was found."""

    root: Element
    marked: Element
    """The innermost element around it that says it is the content; the body when none does."""
    above: list[Element] = field(default_factory=list)
    """What begins the content outside of `root`: headings and running text above it."""
    beside: set[Element] = field(default_factory=set)
    """What stands in `root` and is no content."""


def place_of_content(body: Element, left_out: Collection[Element]) -> Place:
    """Outside of marked content what follows is frame; inside of it what is running text stays."""
    measures = _measured(body, left_out)
    place = Place(body, body)
    at = body
    while True:
        children = [child for child in at.elements() if child in measures]
        best = max(children, key=lambda child: measures[child].weight, default=at)
        is_marked = is_marked_main(best)
        is_inside = place.marked is not body
        share = _ENOUGH_MARKED if is_marked and not is_inside else _NEARLY_ALL
        least = max(share * measures[at].weight, SHORTEST_TEXT)
        beside = measures[at].weight - sum(measures[child].weight for child in children)
        if (
            best is at
            or best.tag not in _CONTAINERS
            or measures[best].weight < least
            or beside >= _SHORTEST_PROSE
        ):
            return place
        _leave_siblings(place, children, best, measures, is_inside=is_inside)
        place.marked = best if is_marked else place.marked
        at = best


def _leave_siblings(
    place: Place,
    children: list[Element],
    best: Element,
    measures: Mapping[Element, Measure],
    *,
    is_inside: bool,
) -> None:
    """Goes on from an element into the `best` of its children."""
    position = children.index(best)
    above, below = children[:position], children[position + 1 :]
    if is_inside:
        above = [child for child in above if child.tag not in _TITLES]
        place.beside.update(child for child in above + below if not _is_running_text(child, measures[child]))
    else:
        place.root = best
        place.above += [
            child for child in above if child.tag in HEADINGS or _is_running_text(child, measures[child])
        ]


def _is_running_text(element: Element, measure: Measure) -> bool:
    length = element.characters
    return measure.prose >= _MOSTLY * length > 0 and element.linked <= _FEW_LINKED * length


def _measured(body: Element, left_out: Collection[Element]) -> Mapping[Element, Measure]:
    """Of every element that was not left out; inline elements count in the block that they stand in."""
    order = [body]
    for element in order:
        order.extend(child for child in element.elements() if child not in left_out)
    measures: dict[Element, Measure] = {}
    inline: dict[Element, tuple[int, int]] = {}
    for element in reversed(order):
        weight, prose, own, linked = 0.0, 0, 0, 0
        for child in element.children:
            if isinstance(child, str):
                own += len(child.strip())
            elif child in measures:
                weight += measures[child].weight
                prose += measures[child].prose
                characters, characters_linked = inline.get(child, (0, 0))
                own += characters
                linked += characters_linked
        if element.tag not in BLOCKS:
            inline[element] = own, own if element.tag == "a" and element.linked else linked
        elif element.tag == "table" and not is_layout(element):
            prose = element.characters
        else:
            unlinked = own - linked
            weight += (unlinked if unlinked >= SHORTEST_TEXT else 0) - _LINK_COST * linked
            prose += own if unlinked >= _SHORTEST_PROSE and linked < unlinked else 0
        measures[element] = Measure(weight, prose)
    return measures
