"""Documents that share a commit, which costs as much for one as for many: about a second of work, or 1,000 chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

_T = TypeVar("_T")

COMMIT_CHUNKS: Final = 1000
COMMIT_SECONDS: Final = 1.0


def commit_groups(items: Iterator[_T], chunks: Callable[[_T], int]) -> Iterator[list[_T]]:
    """Lists of `items` in order; `chunks` says how many of them, children too, an item brings.

    The time that whoever takes a list needs for it does not count towards the next.
    """
    group: list[_T] = []
    count, started = 0, time.perf_counter()
    for item in items:
        group.append(item)
        count += chunks(item)
        if count >= COMMIT_CHUNKS or time.perf_counter() - started >= COMMIT_SECONDS:
            yield group
            group, count, started = [], 0, time.perf_counter()
    if group:
        yield group
