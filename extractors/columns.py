"""Blocks as columns: a document crosses a pipe for a fraction of what its records would cost one by one."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import count, islice, repeat
from operator import attrgetter
from typing import Any, Final, TypeVar, get_args

from knowledge.types import Block, BlockKind, Locator

_Record = TypeVar("_Record", Block, Locator)
_Choices = Sequence[Any] | None
"""The different strings of a column whose integers are places among them."""
_OF_BLOCKS: Final = ("kind", "level")
_KINDS: Final = frozenset(get_args(BlockKind))
_OF_STRINGS: Final = frozenset(("kind", "sheet", "part"))
_GETTERS: Final = {field: attrgetter(field) for kind in (Block, Locator) for field in kind.__slots__}
_SETTERS: Final = {
    kind: [(field, getattr(kind, field).__set__) for field in kind.__slots__] for kind in (Block, Locator)
}
_NOTHING: Final = repeat(None)
_INTEGER: Final = "q"
_NONE: Final = -1
"""Stands for None among the integers, which are positions and counts."""


def from_blocks(blocks: Sequence[Block]) -> tuple[dict[str, Any], bytes]:
    """A JSON value, and the integers, eight bytes each. A locator that blocks share is written once."""
    if not blocks:
        return {}, b""
    locators = list(map(_GETTERS["locator"], blocks))
    ids = list(map(id, locators))
    places = dict(zip(ids, locators, strict=True))
    integers = [len(blocks), len(places)]
    integers += map(_GETTERS["start"], blocks)
    integers += map(_GETTERS["end"], blocks)
    _add_numbers(ids, places, integers)
    table = {
        "blocks": _from_records(blocks, _OF_BLOCKS, integers),
        "places": _from_records(places.values(), Locator.__slots__, integers),
    }
    return table, array(_INTEGER, integers).tobytes()


def to_blocks(table: Mapping[str, Any], packed: bytes, length: int) -> tuple[Block, ...]:
    """What `from_blocks` wrote, of a text of `length` characters. Anything else raises `ValueError`, `LookupError`
    or `TypeError`: the other side is not trusted."""
    if not table:
        return ()
    integers = iter(memoryview(packed).cast(_INTEGER).tolist())
    size, different = islice(integers, 2)
    columns: dict[str, Sequence[Any]] = {
        name: _column(integers, size) for name in ("start", "end", "locator")
    }
    if not 0 < different <= size or not _KINDS.issuperset(table["blocks"]["kind"]):
        raise ValueError("no document has such blocks")
    _check_spans(columns["start"], columns["end"], length)
    columns |= _to_columns(table["blocks"], _OF_BLOCKS, integers, size)
    places = _records(
        Locator, different, _to_columns(table["places"], Locator.__slots__, integers, different)
    )
    columns["locator"] = list(map(places.__getitem__, columns["locator"]))
    return tuple(_records(Block, size, columns))


def _from_records(
    records: Collection[_Record], fields: Iterable[str], integers: list[int]
) -> dict[str, _Choices]:
    """The fields that are ever set, each with its choices."""
    table: dict[str, _Choices] = {}
    for field in fields:
        values = list(map(_GETTERS[field], records))
        if values.count(None) == len(values):
            continue
        if field in _OF_STRINGS:
            table[field] = choices = list(dict.fromkeys(values))
            _add_numbers(values, choices, integers)
        else:
            table[field] = None
            integers += [_NONE if value is None else value for value in values] if None in values else values
    return table


def _check_spans(starts: Sequence[int], ends: Sequence[int], length: int) -> None:
    """Raises `ValueError` for blocks that are not in order, overlap or reach out of the text."""
    bounds = [0] * (2 * len(starts))
    bounds[::2], bounds[1::2] = starts, ends
    if bounds[0] < 0 or bounds[-1] > length or bounds != sorted(bounds):
        raise ValueError("blocks lie outside of the text or overlap")


def _to_columns(
    table: Mapping[str, _Choices], fields: Collection[str], integers: Iterator[int], size: int
) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {}
    for field, choices in table.items():
        if field not in fields or (choices is not None) != (field in _OF_STRINGS):
            raise ValueError(f"no record has such a field: {field}")
        column = _column(integers, size)
        columns[field] = _numbers(column) if choices is None else _strings(choices, column)
    return columns


def _numbers(column: list[int]) -> Sequence[int | None]:
    if min(column) < _NONE:
        raise ValueError("positions and counts are not negative")
    return [None if value == _NONE else value for value in column] if _NONE in column else column


def _strings(choices: Sequence[Any], column: list[int]) -> list[str | None]:
    if min(column) < 0 or not all(choice is None or isinstance(choice, str) for choice in choices):
        raise ValueError("a column of strings holds something else")
    return list(map(choices.__getitem__, column))


def _records(kind: type[_Record], size: int, columns: Mapping[str, Iterable[Any]]) -> list[_Record]:
    """Field by field, past the constructor that would take four times as long. What has no column is None."""
    made = list(map(object.__new__, repeat(kind, size)))
    for field, set_value in _SETTERS[kind]:
        any(map(set_value, made, columns.get(field, _NOTHING)))
    return made


def _add_numbers(values: Iterable[Hashable], choices: Iterable[Hashable], integers: list[int]) -> None:
    """For each value its place among the choices."""
    numbers = dict(zip(choices, count(), strict=False))
    integers += map(numbers.__getitem__, values)


def _column(integers: Iterator[int], size: int) -> list[int]:
    column = list(islice(integers, size))
    if len(column) != size:
        raise ValueError("a column is too short")
    return column
