"""How a search is wanted: as its caller says, else as the knowledge base, its environment and the defaults do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, TypedDict

from knowledge.configuration import setting
from knowledge.errors import EmbeddingError
from knowledge.filters import Filter, ignoring_case
from knowledge.query import parse_condition
from knowledge.types import Fusion, Mode

if TYPE_CHECKING:
    from knowledge.types import Vector

Rerank = str | Callable[[str, Sequence[str]], Sequence[float | None]]
"""A spec of `knowledge.registry.RERANKERS`, or a function of query and texts, its scores in [0, 1] or None."""


class Searched(TypedDict, total=False):
    """How a search is wanted, as it is given; None and what is left out are as the settings say."""

    mode: Mode | None
    top_k: int | None
    threshold: float | None
    vector_weight: float | None
    where: Filter | str | Iterable[Filter | str] | None
    ignore_case: bool | None
    fusion: Fusion | None
    rerank: Rerank | None
    rerank_pool: int | None


class Shown(Searched, total=False):
    """And what is shown of its hits."""

    highlight: bool
    explain: bool


def as_given(options: Mapping[str, Any]) -> Shown:
    """The same options, their conditions to be read as often as there are bases and questions.

    Raises `TypeError`, as every call does, for one that a search does not have: a condition under a name that is
    misspelt would hold for nothing.
    """
    for name in options:
        if name not in Shown.__optional_keys__:
            allowed = ", ".join(sorted(Shown.__optional_keys__))
            raise TypeError(f"a search got an unexpected keyword argument {name!r}; allowed: {allowed}")
    where = options.get("where")
    several = where if where is None or isinstance(where, Filter | str) else tuple(where)
    given: Any = {**options, "where": several}
    return given  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    mode: Mode | None = None
    top_k: int
    threshold: float | None
    vector_weight: float
    rerank_pool: int
    fusion: Fusion = "weighted"
    where: Filter | None = None
    rerank: Rerank | None = None
    """Of what is found afterwards, see `knowledge.reranking`: `search` does not look at it, nor at `rerank_pool`."""
    vectors: Mapping[str, Vector | EmbeddingError] = field(default_factory=dict, repr=False, compare=False)
    """Of questions that were embedded beforehand, or why they have none; others are embedded when they are asked."""


def chosen(own: Mapping[str, Any], given: Mapping[str, Any]) -> SearchOptions:
    """The options in force for the settings of a knowledge base. Raises as `as_given` does."""
    wanted: Mapping[str, Any] = as_given(given)

    def value(name: str) -> Any:
        said = wanted.get(name)
        return setting(name, own.get(name) if said is None else said)

    return SearchOptions(
        mode=wanted.get("mode") or setting("mode", own.get("mode")) or None,
        top_k=value("top_k"),
        threshold=value("threshold"),
        vector_weight=value("vector_weight"),
        fusion=value("fusion"),
        rerank=_reranker(wanted.get("rerank"), own.get("rerank")),
        rerank_pool=value("rerank_pool"),
        where=all_of(wanted.get("where"), ignore_case=value("ignore_case")),
    )


def _reranker(given: Rerank | None, own: str | None) -> Rerank | None:
    if given is not None and not isinstance(given, str):
        return given
    spec: str = setting("rerank", given or own)
    return None if spec in ("", "none", "off") else spec


def all_of(where: Filter | str | Iterable[Filter | str] | None, *, ignore_case: bool) -> Filter | None:
    """Conditions as they are given, joined: all must hold. None when there are none."""
    if where is None:
        return None
    given = [where] if isinstance(where, Filter | str) else list(where)
    conditions = [parse_condition(item) if isinstance(item, str) else item for item in given]
    if ignore_case:
        conditions = [ignoring_case(condition) for condition in conditions]
    return reduce(and_, conditions) if conditions else None
