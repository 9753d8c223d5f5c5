"""Cuts text exactly as Dify does, its losses included, for those who must have the same chunks.

Followed from the behaviour of Dify 1.x (fixed and recursive splitters): the fixed separator and, in pieces cut
at spaces, the spaces are lost; small pieces are never joined; only pieces of one oversize piece overlap.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import Final

from chunkers.dify_rules import Segmentation
from knowledge.errors import InputError

_SEPARATORS: Final = ("\n\n", "。", ". ", " ", "")
_MARKDOWN_LINK = re.compile(r"\[[^\]]+\]\(https?://[^)]+\)")
_LEADING_SYMBOLS = re.compile(
    "[\\[\\]\u2000-\u2025\u2027-\u206f\u2e00-\u2e7f\u3000-\u300f\u3011-\u303f\"#$%&'()*+,./:;<=>?@^_`~]+"
)
_SENTENCE_DOTS: Final = (".", "。")

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xef\xbf\xbe\ufffe]")
_SPACES = re.compile("[\t\f\r \u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]{2,}")
_EMAIL = re.compile(r"[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+")
_LINK_OR_URL = re.compile(r"(\[[^\]]*\]\(https?://[^)]+\))|https?://\S+")


def cleaned(text: str, preprocessing: Sequence[str]) -> str:
    """What Dify cleans always, then what the enabled rules name, in their order."""
    text = _CONTROL.sub("", text.replace("<|", "<").replace("|>", ">"))
    for name in preprocessing:
        if name == "remove_extra_spaces":
            text = _SPACES.sub(" ", re.sub("\n{3,}", "\n\n", text))
        elif name == "remove_urls_emails":
            text = _LINK_OR_URL.sub(lambda found: found[1] or "", _EMAIL.sub("", text))
    return text


def fixed_split(text: str, segmentation: Segmentation) -> list[str]:
    """Pieces between the separators; those that are too long are cut further. Some may be empty."""
    separator = _decoded(segmentation.separator)
    pieces = text.split(separator) if separator else [text]
    return [part for piece in pieces for part in _fitting(piece, segmentation)]


def recursive_split(text: str, segmentation: Segmentation) -> list[str]:
    """How Dify cuts in the mode `automatic`: the separators in turn, none of them chosen by the user."""
    return list(_by_separators(text, _SEPARATORS, segmentation))


def without_leading_symbols(chunk: str) -> str:
    """A general chunk as Dify stores it."""
    if _MARKDOWN_LINK.match(chunk):
        return chunk.strip()
    return chunk[_end(_LEADING_SYMBOLS.match(chunk)) :].strip()


def without_leading_dot(chunk: str) -> str:
    """A parent or child chunk as Dify stores it: stripped only if it began with a full stop."""
    return chunk[1:].strip() if chunk.startswith(_SENTENCE_DOTS) else chunk


def _end(found: re.Match[str] | None) -> int:
    return found.end() if found else 0


def _decoded(separator: str) -> str:
    """The separator that Dify really looks for: escapes are read in its UTF-8 bytes, which mangles all but ASCII."""
    try:
        return codecs.decode(separator.replace("\\n", "\n").encode(), "unicode_escape")
    except UnicodeDecodeError as error:
        raise InputError(
            f"Dify cannot read the separator {separator!r}: {error.reason}; double its backslashes"
        ) from error


def _fitting(piece: str, segmentation: Segmentation) -> Iterator[str]:
    if len(piece) <= segmentation.max_tokens:
        yield piece
        return
    index = next(i for i, separator in enumerate(_SEPARATORS) if separator in piece)
    separator, finer = _SEPARATORS[index], _SEPARATORS[index + 1 :]
    if separator == "":
        yield from _by_characters(piece, segmentation)
    else:
        yield from _merged(_parts(piece, separator), finer, segmentation)


def _parts(piece: str, separator: str) -> list[str]:
    """The first cut of an oversize piece: each part with its separator, but spaces are lost."""
    if separator == " ":
        parts = re.split(" +", piece)
    else:
        *before, last = piece.split(separator)
        parts = [*(part + separator for part in before), last]
    return [part for part in parts if part not in ("", "\n")]


def _by_characters(piece: str, segmentation: Segmentation) -> Iterator[str]:
    """Every part begins with what the one before had in its last `chunk_overlap` characters."""
    limit, free = segmentation.max_tokens, segmentation.max_tokens - segmentation.chunk_overlap
    current = overlap = ""
    for character in piece.replace("\n", ""):
        if len(current) >= limit:
            yield current
            current, overlap = overlap + character, ""
            continue
        if len(current) >= free:
            overlap += character
        current += character
    if current:
        yield current


def _by_separators(text: str, separators: Sequence[str], segmentation: Segmentation) -> Iterator[str]:
    """The deeper cuts. A separator is looked for as a pattern, so ". " is any character and a space."""
    index = next(
        (i for i, separator in enumerate(separators) if not separator or re.search(separator, text)),
        len(separators) - 1,
    )
    separator, finer = separators[index], separators[index + 1 :]
    if separator:
        *before, last = text.split(separator)
        parts = [*(part + separator for part in before), last]
    else:
        parts = list(text)
    yield from _merged([part for part in parts if part not in ("", "\n")], finer, segmentation)


def _merged(parts: Sequence[str], finer: Sequence[str], segmentation: Segmentation) -> Iterator[str]:
    """Parts that are shorter than the limit are joined; the others are cut further, as long as that goes."""
    short: list[str] = []
    for part in parts:
        if len(part) < segmentation.max_tokens:
            short.append(part)
            continue
        yield from _joined(short, segmentation)
        short = []
        if finer:
            yield from _by_separators(part, finer, segmentation)
        else:
            yield part
    yield from _joined(short, segmentation)


def _joined(parts: Sequence[str], segmentation: Segmentation) -> Iterator[str]:
    """Parts in a row up to the limit; each row begins with the last of the one before, up to the overlap."""
    row: list[str] = []
    total = 0
    for part in parts:
        if total + len(part) > segmentation.max_tokens and row:
            yield from _visible(row)
            while total > segmentation.chunk_overlap or (
                total > 0 and total + len(part) > segmentation.max_tokens
            ):
                total -= len(row.pop(0))
        row.append(part)
        total += len(part)
    yield from _visible(row)


def _visible(row: Sequence[str]) -> Iterator[str]:
    if joined := "".join(row).strip():
        yield joined
