"""Places in a document, as the database and the public JSON write them."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from knowledge.types import Locator

_NAMES: Final = tuple(field.name for field in fields(Locator))


def plain_locator(locator: Locator) -> dict[str, int | str]:
    """What is known of a place, without the rest."""
    known = ((name, getattr(locator, name)) for name in _NAMES)
    return {name: value for name, value in known if value is not None}
