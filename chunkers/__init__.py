"""Here is a document: which pieces are searched? Cleaning its text, and cutting it into passages."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chunkers.checking import check as check
    from chunkers.cleaning import clean as clean
    from chunkers.duplicates import without_duplicates as without_duplicates
    from chunkers.general import General as General
    from chunkers.parent_child import ParentChild as ParentChild
    from chunkers.qa import QA as QA
    from chunkers.qa_generated import GeneratedQA as GeneratedQA

VERSION: Final = "4"
"""Changes whenever the same document would be cleaned or cut differently."""

_HOME: Final = {
    "QA": "chunkers.qa",
    "General": "chunkers.general",
    "GeneratedQA": "chunkers.qa_generated",
    "ParentChild": "chunkers.parent_child",
    "check": "chunkers.checking",
    "clean": "chunkers.cleaning",
    "without_duplicates": "chunkers.duplicates",
}
__all__ = ["QA", "VERSION", "General", "GeneratedQA", "ParentChild", "check", "clean", "without_duplicates"]


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'chunkers' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
