"""The markup of a page, cut at its tags."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from extractors.html.element import VOID
from extractors.html.hidden import is_hidden


def pieces_of(markup: str) -> list[str]:
    """The tags without their first bracket, each with the text behind it.

    `<p id="a">One<b>two</b></p>` is `p id="a">One`, `b>two`, `/b>` and `/p>`.
    """
    pieces = markup.split("<")[1:]
    # The name of an element or attribute may hold a bracket.
    return pieces if len(pieces) == markup.count(">") else _whole_tags(pieces)


def _whole_tags(pieces: list[str]) -> list[str]:
    """A piece without the end of its tag is joined to the next."""
    found: list[str] = []
    begun: list[str] = []
    for piece in pieces:
        begun.append(piece)
        if ">" in piece:
            found.append("<".join(begun))
            begun.clear()
    return found


def element_pieces(opening: str, others: Iterator[str]) -> list[str]:
    """`opening` and the others up to the one that closes the element that it opens."""
    name = opening.partition(">")[0].partition(" ")[0]
    found = [opening]
    if name in VOID:
        return found
    starts, end = (f"{name}>", f"{name} "), f"/{name}>"
    still_open = 1
    for piece in others:
        found.append(piece)
        if piece.startswith(starts):
            still_open += 1
        elif piece.startswith(end):
            still_open -= 1
            if not still_open:
                break
    return found


def text_behind(element: list[str]) -> str:
    """What follows the pieces of an element before the next tag; nothing if they do not close it."""
    tag, _, text = element[-1].partition(">")
    name = element[0].partition(">")[0].partition(" ")[0]
    return text if tag == f"/{name}" or name in VOID else ""


def shows_text(pieces: list[str]) -> bool:
    """Whether there is anything to read that is not hidden."""
    return any(text for text, _ in _visible_texts(pieces))


def shows_unlinked(pieces: list[str], least: int) -> bool:
    """Whether there are so many characters to read outside of links."""
    seen = accumulate(len(text) for text, is_linked in _visible_texts(pieces) if not is_linked)
    return any(characters >= least for characters in seen)


def _visible_texts(pieces: list[str]) -> Iterator[tuple[str, bool]]:
    """The texts between the tags, stripped, and whether they stand in a link."""
    is_linked = False
    others = iter(pieces)
    for piece in others:
        tag, _, text = piece.partition(">")
        if is_hidden(tag):
            text = text_behind(element_pieces(piece, others))
        elif tag == "/a" or tag.startswith("a "):
            is_linked = tag != "/a"
        yield text.strip(), is_linked
