"""Fields that every document has of itself: read-only, derived from its row, off until switched on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, Protocol

from knowledge.errors import InputError
from knowledge.types import FieldType, Value

BUILT_IN_FIELDS: Final[Mapping[str, FieldType]] = {
    "document_name": "string",
    "uploader": "string",
    "upload_date": "time",
    "last_update_date": "time",
    "source": "string",
}
_MICROSECONDS: Final = 6
"""Decimals of a time: as many as can be typed. The index may change the seventeenth digit of a number."""


class Row(Protocol):
    """What they are derived from."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def uploader(self) -> str | None: ...
    @property
    def created_at(self) -> float: ...
    @property
    def updated_at(self) -> float: ...


def searchable(row: Row, metadata: Mapping[str, Value], is_on: bool) -> Mapping[str, Value]:
    """What conditions see of a document, and hits show: its own metadata, and the built-in fields where they are on.

    Documents stored before uploaders were noted have none.
    """
    if not is_on:
        return metadata
    built_in: dict[str, Value] = {
        "document_name": row.name,
        "upload_date": round(row.created_at, _MICROSECONDS),
        "last_update_date": round(row.updated_at, _MICROSECONDS),
        "source": "website" if row.key.startswith(("http://", "https://")) else "file_upload",
    }
    return {**metadata, **built_in, **({} if row.uploader is None else {"uploader": row.uploader})}


def check_own(names: Iterable[str], is_on: bool) -> None:
    """Raises `InputError` when a built-in field is given a value. While they are off, their names are free."""
    taken = sorted(set(names) & set(BUILT_IN_FIELDS)) if is_on else []
    if taken:
        raise InputError(
            f"metadata field {taken[0]!r} is built in and read-only; choose another name, or switch off: "
            "knowledge settings KB built_in_fields=off"
        )


def check_free(documents: Iterable[Mapping[str, Value]]) -> None:
    """Raises `InputError` when documents have metadata that the built-in fields would hide."""
    taken = sorted({name for metadata in documents for name in metadata if name in BUILT_IN_FIELDS})
    if taken:
        raise InputError(
            f"documents have metadata of their own named {', '.join(taken)}, as built-in fields are; take it off: "
            "knowledge set KB DOC --unset NAME"
        )


@cache
def user_name() -> str | None:
    """The operating system's name of whoever runs this: the uploader. None where the system does not know."""
    import getpass

    from knowledge.sources import readable

    try:
        return readable(getpass.getuser())
    except (OSError, KeyError, ImportError):
        return None
