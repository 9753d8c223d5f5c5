"""Whether the object that a language model answered has the names and simple types that a JSON schema asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from knowledge.errors import LanguageModelError

_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
    "integer": int,
}


def check_form(value: Any, schema: Any, name: str) -> None:
    """Looks at `type`, `required`, `properties` and `items`. Null for what is not required counts as left out.

    Raises `LanguageModelError` naming the first value, by its path under `name`, that does not fit.
    """
    rule = schema if isinstance(schema, Mapping) else {}
    kind = rule.get("type")
    kinds = kind if kind and isinstance(kind, list) else [kind]
    if not any(_is(value, kind) for kind in kinds):
        raise LanguageModelError(
            f"{name} of the model is {value!r:.60}; its schema has: {', '.join(map(str, kinds))}"
        )
    if isinstance(value, dict):
        required = rule["required"] if isinstance(rule.get("required"), list) else []
        if missing := [inner for inner in required if inner not in value]:
            raise LanguageModelError(f"{name} of the model lacks {missing[0]!r}, which its schema requires")
        rules = rule["properties"] if isinstance(rule.get("properties"), Mapping) else {}
        for inner, inner_rule in rules.items():
            if inner in required or value.get(inner) is not None:
                check_form(value[inner], inner_rule, f"{name}.{inner}")
    for entry in value if isinstance(value, list) else ():
        check_form(entry, rule.get("items"), f"{name}[]")


def _is(value: Any, kind: Any) -> bool:
    """A number such as 2.0 is an integer too, true is no number, and any value is of a type that there is not."""
    if not isinstance(kind, str) or kind not in _TYPES:
        return True
    if isinstance(value, bool):
        return kind == "boolean"
    is_whole = kind == "integer" and isinstance(value, float) and value.is_integer()
    return is_whole or isinstance(value, _TYPES[kind])
