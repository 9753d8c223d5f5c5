"""Here is a document: which pieces are searched? Cleaning its text, and cutting it into passages."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chunkers.cleaning import clean as clean
    from chunkers.general import General as General

VERSION: Final = "2"
"""Changes whenever the same document would be cleaned or cut differently."""

_HOME = {"General": "chunkers.general", "clean": "chunkers.cleaning"}
__all__ = ["VERSION", "General", "clean"]


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'chunkers' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
