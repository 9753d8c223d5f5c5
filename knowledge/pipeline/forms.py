"""The form of a pipeline: seven types of fields, what they allow, and the values that a person gave, checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from knowledge.errors import InputError
from knowledge.pipeline.dsl import InputVariable
from knowledge.pipeline.files import File

SHARED: Final = "shared"
_TEXT_LENGTH: Final = 256
"""Characters of a short text, where its field does not say; as in Dify."""
MOST_FILES: Final = 5
_EMPTY: Final[Mapping[str, Any]] = {"checkbox": False, "number": None, "file": None, "file-list": []}
"""What a field holds that was left empty; texts are empty texts."""
_WORDS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def filled(fields: Iterable[InputVariable], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each field by its name: what was given, else its default, else nothing; others are ignored.

    Texts that say numbers, truth values or paths of files are read as such. Raises `InputError` naming every field
    whose value is missing or not allowed.
    """
    values, wrong = {}, []
    for one in fields:
        try:
            values[one.name] = value_of(one, given.get(one.name))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("; ".join(wrong))
    return values


def filled_form(
    fields: Sequence[InputVariable],
    entrance: str,
    given: Mapping[str, Any],
    *,
    needless: Collection[str] = (),
) -> dict[str, dict[str, Any]]:
    """The values of the fields that all entrances share, and of those of one entrance, under `shared` and its id.

    `needless` are fields of the entrance that may be left empty though they are required: what tells it which pages
    to fetch says nothing to a run that begins with a page. Raises `InputError` with all that is wrong, names that no
    field has too.
    """
    unknown = sorted(set(given) - {one.name for one in fields})
    wrong = [f"there is no input {name!r}; there are: {_named(fields)}" for name in unknown]
    owned = {owner: [one for one in fields if one.belongs_to == owner] for owner in (SHARED, entrance)}
    owned[entrance] = [
        replace(one, required=False) if one.name in needless else one for one in owned[entrance]
    ]
    scopes: dict[str, dict[str, Any]] = {}
    for owner in owned:
        try:
            scopes[owner] = filled(owned[owner], given)
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("; ".join(wrong))
    return scopes


def _named(fields: Iterable[InputVariable]) -> str:
    return ", ".join(one.name for one in fields) or "none"


def value_of(one: InputVariable, given: Any) -> Any:
    """The value of one field; a box that is not ticked is no, also where it is required. Raises `InputError`."""
    value = one.default if given is None else given
    if value is None or value == "" or value == []:
        if one.required and one.type != "checkbox":
            raise InputError(
                f"the input {one.name} is required and was left empty; add --input {one.name}=VALUE"
            )
        return _EMPTY.get(one.type, "")
    if one.type not in _READERS:
        raise InputError(f"the input {one.name} has the type {one.type!r}; allowed: {', '.join(_READERS)}")
    return _READERS[one.type](one, value)


def _text(one: InputVariable, value: Any) -> str:
    text, longest = str(value), longest_of(one)
    if longest is not None and len(text) > longest:
        raise InputError(
            f"the input {one.name} has {len(text)} characters; allowed: at most {longest}; shorten it"
        )
    return text


def most_of(one: InputVariable) -> int | None:
    """How many characters or files a field takes, also written as a text; None where it does not say.

    Raises `InputError` for what is no whole number.
    """
    written = one.max_length
    if written in (None, "", 0):
        return None
    try:
        most = math.nan if isinstance(written, bool) else float(written)
    except (TypeError, ValueError, OverflowError):
        most = math.nan
    if not most.is_integer() or most < 0:
        raise InputError(
            f"max_length: {written!r:.60} was given; allowed: a whole number from 0, for no limit of its own"
        )
    return int(most) or None


def longest_of(one: InputVariable) -> int | None:
    """A paragraph is as long as it likes, where its field does not say."""
    return most_of(one) or (_TEXT_LENGTH if one.type == "text-input" else None)


def _option(one: InputVariable, value: Any) -> str:
    options = [str(option) for option in one.options]
    if str(value) not in options:
        raise InputError(
            f"the input {one.name} is {value!r}; allowed: {', '.join(options)}; choose one of these"
        )
    return str(value)


def _number(one: InputVariable, value: Any) -> int | float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"the input {one.name} is {value!r}; allowed: a number; change it")
    return int(number) if number.is_integer() else number


def _truth(one: InputVariable, value: Any) -> bool:
    known = value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())
    if known is None:
        raise InputError(f"the input {one.name} is {value!r}; allowed: true or false; change it")
    return known


def _file(one: InputVariable, value: Any) -> File:
    file = value if isinstance(value, File) else File.of_path(Path(str(value)))
    for has, allowed in (
        (_kinds_of(file), _allowed_kinds(one)),
        ({file.transfer_method}, _allowed_methods(one)),
    ):
        if allowed and not has.intersection(allowed):
            raise InputError(
                f"the input {one.name} is {file.name!r} ({', '.join(sorted(has))}); allowed: {', '.join(allowed)}; "
                "choose another file"
            )
    return file


def _kinds_of(file: File) -> set[str]:
    return {file.type, file.extension}


def _allowed_kinds(one: InputVariable) -> list[str]:
    """Kinds of files, and for the kind `custom` the extensions that the field names."""
    kinds = [str(kind) for kind in one.data.get("allowed_file_types") or () if kind != "custom"]
    extensions = one.data.get("allow_file_extension") or one.data.get("allowed_file_extensions") or ()
    return [*kinds, *(f".{str(extension).lower().removeprefix('.')}" for extension in extensions)]


def _allowed_methods(one: InputVariable) -> list[str]:
    methods = one.data.get("allow_file_upload_methods") or one.data.get("allowed_file_upload_methods") or ()
    return [str(method) for method in methods]


def _files(one: InputVariable, value: Any) -> list[File]:
    given = list(value) if isinstance(value, list | tuple) else [value]
    most = most_of(one) or MOST_FILES
    if len(given) > most:
        raise InputError(
            f"the input {one.name} has {len(given)} files; allowed: at most {most}; leave some out"
        )
    return [_file(one, file) for file in given]


_READERS: Final[Mapping[str, Callable[[InputVariable, Any], Any]]] = {
    "text-input": _text,
    "paragraph": _text,
    "select": _option,
    "number": _number,
    "checkbox": _truth,
    "file": _file,
    "file-list": _files,
}
