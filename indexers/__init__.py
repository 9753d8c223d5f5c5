"""How chunks are found again: analysis of text, embedding, and the index engines.

Names load when first used: importing the package imports no vendor.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexers.analysis import StandardAnalyzer as StandardAnalyzer
    from indexers.edge import EdgeIndex as EdgeIndex
    from indexers.memory import MemoryIndex as MemoryIndex

_HOME = {
    "EdgeIndex": "indexers.edge",
    "MemoryIndex": "indexers.memory",
    "StandardAnalyzer": "indexers.analysis",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'indexers' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
