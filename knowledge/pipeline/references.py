"""Where the settings of a node refer to values: every selector in them, and every template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from knowledge.pipeline.variables import references, shown

DESCRIPTIONS: Final = frozenset(
    {"paramSchemas", "output_schema", "params", "default_value", "memory", "structured_output"}
)
"""What describes a node or a value to a person or a model, and what is not used here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A selector, and the field of the node's data that holds it, such as `cases[0].conditions[1]`."""

    field: str
    selector: tuple[str, ...]
    is_in_text: bool = False
    """Whether there are other words around it, so that its value becomes text."""


def references_in(data: Mapping[str, Any]) -> list[Reference]:
    """Every reference that is in force, in order. What is switched off (`enabled: false`) is left out."""
    return list(_walk(data, ""))


def _walk(value: Any, path: str) -> Iterator[Reference]:
    if isinstance(value, str):
        for selector in references(value):
            is_all = value.strip() == f"{{{{#{shown(selector)}#}}}}"
            yield Reference(field=path, selector=selector, is_in_text=not is_all)
    elif isinstance(value, Mapping):
        if not _is_off(value):
            for name, inner in value.items():
                yield from _entry(value, str(name), inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(inner, f"{path}[{number}]")


def _entry(owner: Mapping[Any, Any], name: str, value: Any, path: str) -> Iterator[Reference]:
    if name in DESCRIPTIONS or name == _other_prompt(owner):
        return
    if _holds_selector(owner, name) and is_selector(value):
        yield Reference(field=path, selector=tuple(value))
    elif name == "variables" and isinstance(value, list) and any(map(is_selector, value)):
        for number, inner in enumerate(value):
            if is_selector(inner):
                yield Reference(field=f"{path}[{number}]", selector=tuple(inner))
    else:
        yield from _walk(value, path)


def _other_prompt(owner: Mapping[Any, Any]) -> str:
    """A prompt that was changed to Jinja2, or back, keeps the words that it had before."""
    return "text" if owner.get("edition_type") == "jinja2" and owner.get("jinja2_text") else "jinja2_text"


def _holds_selector(owner: Mapping[Any, Any], name: str) -> bool:
    if name == "value":
        return owner.get("type") == "variable"
    return name.endswith("selector") or name in {"variable", "query"}


def is_selector(value: Any) -> bool:
    """Whether it is a list of at least two names. An empty list says that nothing was chosen."""
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) > 1
        and all(isinstance(name, str) for name in value)
    )


def _is_off(value: Mapping[Any, Any]) -> bool:
    return value.get("enabled") is False or value.get("group_enabled") is False
