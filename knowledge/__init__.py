"""A knowledge engine in one process: documents in, ranked passages with checkable citations out.

from knowledge import Field, Workspace

with Workspace("data") as workspace:
    kb = workspace.create("handbook", indexing="economy")
    kb.ingest(["docs/"])
    for hit in kb.search("年假有几天？"):
        print(f"{hit.score:.2f} {hit.document.name} p.{hit.locator.page}: {hit.content[:80]}")
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.errors import KnowledgeError as KnowledgeError
    from knowledge.knowledge_base import KnowledgeBase as KnowledgeBase
    from knowledge.query import Field as Field
    from knowledge.server.running import serve as serve
    from knowledge.types import Block as Block
    from knowledge.types import Chunk as Chunk
    from knowledge.types import Document as Document
    from knowledge.types import Hit as Hit
    from knowledge.types import Hits as Hits
    from knowledge.types import Locator as Locator
    from knowledge.workspace import Workspace as Workspace

_HOME = {
    "Block": "knowledge.types",
    "Chunk": "knowledge.types",
    "Document": "knowledge.types",
    "Field": "knowledge.query",
    "Hit": "knowledge.types",
    "Hits": "knowledge.types",
    "KnowledgeBase": "knowledge.knowledge_base",
    "KnowledgeError": "knowledge.errors",
    "Locator": "knowledge.types",
    "Workspace": "knowledge.workspace",
    "serve": "knowledge.server.running",
}
__all__ = list(_HOME)
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used: `import knowledge` stays cheap."""
    if name not in _HOME:
        raise AttributeError(f"module 'knowledge' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
