"""Places in a document, as the database and the public JSON write them."""

from __future__ import annotations

from dataclasses import asdict

from knowledge.types import Locator


def plain_locator(locator: Locator) -> dict[str, int | str]:
    """What is known of a place, without the rest."""
    return {name: value for name, value in asdict(locator).items() if value is not None}
