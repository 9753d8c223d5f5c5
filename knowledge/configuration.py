"""Where settings come from: the environment, then `knowledge.toml`, then the table of defaults."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from knowledge.defaults import BY_NAME, Plain, Setting
from knowledge.errors import InputError

FILE_NAME = "knowledge.toml"
Origin = Literal["environment", "file", "default"]
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def setting(name: str, given: Any = None) -> Any:
    """The value in force: `given` when it is not None, else environment, file, default; checked.

    None means "off" for an optional setting. Raises `InputError` naming the value, where it comes from and
    what is allowed.
    """
    row = BY_NAME[name]
    if _is_given(given):
        return checked(row, given, name)
    value, origin = configured(row)
    if origin == "default":
        return None if row.optional else row.default
    return checked(row, value, row.environment if origin == "environment" else f"{name} in {FILE_NAME}")


def configured(row: Setting) -> tuple[Any, Origin]:
    """What is configured, unchecked, and where: the environment comes before the file."""
    value = os.environ.get(row.environment)
    if _is_given(value):
        return value, "environment"
    value = _from_file(row.name)
    return (value, "file") if _is_given(value) else (row.default, "default")


def _is_given(value: object) -> bool:
    return value is not None and value != ""


def checked(row: Setting, value: object, origin: str) -> Plain:
    """`value` in the type of its setting. Raises `InputError` when it does not fit."""
    try:
        typed = _typed(row, value)
    except (ValueError, OverflowError):
        raise InputError(f"{origin} is {value!r}; allowed: {_allowed(row)}") from None
    outside = not isinstance(typed, str) and (
        (row.minimum is not None and typed < row.minimum) or (row.maximum is not None and typed > row.maximum)
    )
    if outside:
        raise InputError(f"{origin} is {value!r}; allowed: {_allowed(row)}")
    return typed


def _typed(row: Setting, value: object) -> Plain:
    kind = type(row.default)
    if kind is str:
        if row.choices and value not in row.choices:
            raise ValueError(value)
        return str(value)
    if kind is bool:
        word = str(value).lower()
        if word not in _TRUE | _FALSE:
            raise ValueError(word)
        return word in _TRUE
    number = float(str(value))
    if number != number or (kind is int and number != int(number)):
        raise ValueError(value)
    return int(number) if kind is int else number


def _allowed(row: Setting) -> str:
    kind = type(row.default)
    if kind is bool:
        return "true or false"
    if row.choices:
        return ", ".join(row.choices)
    noun = {int: "a whole number", float: "a number", str: "a text"}[kind]
    if row.minimum is None:
        return noun
    return f"{noun} from {row.minimum:g} to {row.maximum:g}"


def _from_file(name: str) -> Any:
    path = os.environ.get("KNOWLEDGE_CONFIG", FILE_NAME)
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return _read(Path(path), found.st_mtime_ns).get(name) if stat.S_ISREG(found.st_mode) else None


@lru_cache(maxsize=1)
def _read(path: Path, _changed_ns: int) -> Mapping[str, Any]:
    import tomllib

    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from None
    unknown = sorted(set(values) - set(BY_NAME))
    if unknown:
        raise InputError(f"{path} has unknown settings {', '.join(unknown)}; allowed: {', '.join(BY_NAME)}")
    return values
