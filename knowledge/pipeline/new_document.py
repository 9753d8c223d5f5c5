"""The document that a run made: it is cut already, and goes into its knowledge base like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge import identity
from knowledge.pipeline.tools import DocumentContext
from knowledge.processing import ProcessRule
from knowledge.sources import Source
from knowledge.types import Chunk, Document, Structure

if TYPE_CHECKING:
    from knowledge.protocols import LanguageModel


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyCut(ProcessRule):
    """Not how a document is cut, but what it was cut into."""

    chunks: tuple[Chunk, ...]

    @property
    def signature(self) -> str:
        """Changes with any of the chunks."""
        return identity.signature(["chunks of a pipeline", repr(self.chunks)])

    def apply(self, document: Document, model: LanguageModel | None = None) -> tuple[Document, list[Chunk]]:
        return document, list(self.chunks)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document and its chunks on their way into a knowledge base of this structure."""

    context: DocumentContext
    structure: Structure
    document: Document
    chunks: tuple[Chunk, ...]

    @property
    def points(self) -> int:
        """The number of the chunks and their children."""
        return sum(1 + len(chunk.children) for chunk in self.chunks)

    @property
    def source(self) -> Source:
        return Source(
            key=self.context.key,
            name=self.context.name,
            document=self.document,
            rule=AlreadyCut(structure=self.structure, chunks=self.chunks),
        )
