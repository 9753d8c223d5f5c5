"""Questions to ranked passages: exact top-k over several legs, and scores that mean something."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.dify_result import as_dify_result as as_dify_result

__all__ = ["as_dify_result"]


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used: a search needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module 'retrieval' has no attribute {name!r}")
    return getattr(import_module("retrieval.dify_result"), name)
