"""Long sequences in groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

_T = TypeVar("_T")

IN_LIST: Final = 500
"""Values in one SQL `IN`: databases limit the number of parameters."""


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Lists of up to `size` items, in order."""
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group
