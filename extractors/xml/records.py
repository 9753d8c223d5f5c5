"""Reads data kept as XML: a block for each record, a line for each value, named by the path that leads to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from extractors.writer import DocumentWriter
from extractors.xml import names
from extractors.xml.text import text_of
from extractors.xml.tree import is_element, is_mixed, name_of
from knowledge.types import Locator

_LONGEST_BLOCK: Final = 40
"""Values of an element that still make one block; the children of a bigger one make a block each."""
_LONGEST_PATH: Final = 200
"""In characters: a path stands before every value."""
_NOT_SAID: Final = ("http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2001/XMLSchema-instance")


def is_record(element: Any) -> bool:
    """Whether it holds single values only, of several names, none of which is running text."""
    children = [name_of(child) for child in element if is_element(child)]
    return (
        len(set(children)) > 1
        and names.BODY.isdisjoint(children)
        and not is_mixed(element)
        and all(_is_value(child) for child in element)
    )


def is_data(element: Any) -> bool:
    """Whether nothing below it is part of a document."""
    if is_mixed(element):
        return False
    found = set(map(name_of, element.iter()))
    return names.BODY.isdisjoint(found) and (names.TABLES.isdisjoint(found) or names.ROWS.isdisjoint(found))


def write_data(writer: DocumentWriter, element: Any, path: str = "") -> None:
    """Adds the values below `element`: neighbouring ones in one block, and a block for each child with its own."""
    lines: list[str] = []
    line = element.sourceline
    counts = Counter(map(name_of, element))
    for child in element:
        if is_element(child) and not _is_value(child):
            _write_lines(writer, lines, line)
            # What the records of a list have in common says nothing about one of them.
            label = "" if counts[name_of(child)] > 1 else _tag(child)
            _write_child(writer, child, _joined(path, label))
            lines, line = [], child.sourceline
        else:
            lines.extend(_lines(child, _joined(path, _tag(child))))
    _write_lines(writer, lines, line)


def write_record(writer: DocumentWriter, element: Any) -> None:
    _write_lines(writer, list(_below(element, "")), element.sourceline)


def _write_child(writer: DocumentWriter, child: Any, path: str) -> None:
    if sum(1 for _ in islice(child.iter(), _LONGEST_BLOCK + 1)) > _LONGEST_BLOCK:
        _write_lines(writer, list(_attributes(child, path)), child.sourceline)
        write_data(writer, child, path)
    else:
        _write_lines(writer, [*_attributes(child, path), *_below(child, path)], child.sourceline)


def _write_lines(writer: DocumentWriter, lines: list[str], line: int) -> None:
    writer.add("paragraph", "\n".join(lines), locator=Locator(line=line))


def _lines(element: Any, path: str) -> Iterator[str]:
    """A line for each value in an element, and for what its attributes say."""
    if not is_element(element):
        return
    yield from _attributes(element, path)
    if not _is_value(element):
        yield from _below(element, path)
    elif text := text_of(element):
        yield f"{path}: {text}"


def _below(element: Any, path: str) -> Iterator[str]:
    counts = Counter(map(name_of, element))
    seen: Counter[str] = Counter()
    for child in element:
        name = name_of(child)
        seen[name] += 1
        is_one_of_many = counts[name] > 1 and not _is_value(child)
        label = f"{_tag(child)}[{seen[name]}]" if is_one_of_many else _tag(child)
        yield from _lines(child, _joined(path, label))


def _attributes(element: Any, path: str) -> Iterator[str]:
    for name, value in element.attrib.items():
        if value.strip() and not name.startswith(tuple(f"{{{space}}}" for space in _NOT_SAID)):
            yield f"{_joined(path, name.rpartition('}')[2])}: {' '.join(value.split())}"


def _is_value(element: Any) -> bool:
    return not is_element(element) or len(element) == 0 or is_mixed(element)


def _tag(element: Any) -> str:
    return element.tag.rpartition("}")[2] if name_of(element) not in names.WRAPPERS | {""} else ""


def _joined(path: str, name: str) -> str:
    joined = f"{path}.{name}" if path and name else path or name
    return joined if len(joined) <= _LONGEST_PATH else f"…{joined[-_LONGEST_PATH:]}"
