"""One condition on metadata asked of several knowledge bases, which know different fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from knowledge.errors import FilterError
from knowledge.filters import And, Condition, Filter, Or, check, matches, with_conditions
from knowledge.server.answers import not_authorized
from knowledge.types import FieldType

Fields = Mapping[str, FieldType] | None
"""The fields that a base knows; None for one of another server, which decides conditions itself."""


def conditions_of_each(
    asked: Filter | None, of_key: Filter | None, bases: Sequence[Fields]
) -> list[list[Filter]]:
    """For each base what its documents must fulfil: what the request asks for, and what its key is bound to.

    Raises `FilterError` for a request that fits none, and `Refusal` where the key's condition cannot be decided here.
    """
    if asked is not None and None not in bases:
        check_known(asked, [fields for fields in bases if fields is not None])
    return [
        [
            *([] if asked is None else [asked if fields is None else fitted(asked, fields)]),
            *([] if of_key is None else [_fitted_for_key(of_key, fields)]),
        ]
        for fields in bases
    ]


def _fitted_for_key(where: Filter, fields: Fields) -> Filter:
    """The client neither sees nor can mend it, and another server may not heed it: in doubt there is no answer."""
    try:
        if fields is not None:
            return fitted(where, fields)
    except FilterError:
        pass
    raise not_authorized("the condition of this API key does not fit this knowledge base")


def check_known(where: Filter, bases: Iterable[Mapping[str, FieldType]]) -> None:
    """Raises `FilterError` for a field that none of the bases knows: a typing error would go unseen."""
    known: dict[str, FieldType] = {}
    for fields in bases:
        known.update(fields)
    with_conditions(where, lambda asked: asked if asked.field in known else check(asked, known))


def fitted(where: Filter, fields: Mapping[str, FieldType]) -> Filter:
    """`where` for one base, typed: a field that it does not know is missing in all of its documents.

    Raises `FilterError` for an operator or a value that does not fit a field that it knows.
    """

    def of_known(asked: Condition) -> Filter:
        return check(asked, fields) if asked.field in fields else _of_missing(asked)

    return with_conditions(where, of_known)


def _of_missing(condition: Condition) -> Filter:
    return And(()) if matches(condition, {}) else Or(())
