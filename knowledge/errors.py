"""Every error raised on purpose, one root, so that callers can catch what they mean.

KnowledgeError
├── InputError                what was asked for is wrong: the caller can mend it
│   ├── NotFound              no such knowledge base, document or file
│   ├── AlreadyExists         the name is taken, or exists with other settings
│   ├── FilterError           an unknown field, a wrong type or a malformed condition
│   ├── ModeError             a search mode or option that this knowledge base does not have
│   ├── AddressError          a URL leads to an address that is not allowed
│   └── BrokenPipeline        a pipeline cannot run as it is drawn; lists all that is wrong
├── ExtractionError           this file cannot be read; others can
│   ├── UnsupportedFormat     no extractor for these bytes
│   ├── EmptyDocument         the file was read and holds no text
│   ├── Encrypted             a password is needed
│   └── ExtractionLimit       the file took more time, memory or text than allowed
├── EmbeddingError            the embedding model did not give usable vectors
│   ├── EmbeddingUnreachable  no connection to its server, or no answer in time
│   ├── EmbeddingUnavailable  its server failed, also when asked again (5xx)
│   ├── EmbeddingRateLimited  its server takes no more requests for now (429)
│   ├── EmbeddingUnauthorized its server does not take the key (401, 402, 403)
│   ├── EmbeddingBadRequest   its server does not understand what it is asked (other 4xx)
│   └── TextsNotEmbedded      some texts got no vector, others did
├── LanguageModelError        a language model gave no usable answer
│   └── LanguageModelRefused  it answers nothing: key, account, address or model are wrong, or the server is down
├── RerankError               a reranker gave no usable scores; the ranking stays as it was
├── OutgoingError             a call to another server failed
│   └── ExternalError         an external knowledge base cannot be asked, or did not answer as its contract says
├── PipelineError             a run of a pipeline failed; says at which node
│   └── MissingVariable       a node asks for a value that no node before it has put out
├── MissingDependency         an optional package is not installed; says how to install it
├── WorkspaceLocked           another process holds the workspace; says which
└── WorkspaceError            the stored data does not fit this version or is damaged
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from knowledge.types import Vector


class KnowledgeError(Exception):
    """Root of everything this project raises on purpose. `str(error)` is one line for a person."""


class InputError(KnowledgeError):
    """What was asked for is wrong; the message gives the value, what is allowed and the next step."""


class NotFound(InputError):
    """No such knowledge base, document or file."""


class AlreadyExists(InputError):
    """The name is taken, or the thing exists with other settings."""


class FilterError(InputError):
    """A condition names an unknown field, compares the wrong type or cannot be parsed."""


class ModeError(InputError):
    """A search mode or option that the knowledge base does not have."""


class AddressError(InputError):
    """A URL leads to an address that is not allowed."""


class BrokenPipeline(InputError):
    """A pipeline cannot run as it is drawn. `problems` are all that is wrong, a line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        count = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        super().__init__(f"the pipeline has {count}: {'; '.join(problems)}")
        self.problems = tuple(problems)


class ExtractionError(KnowledgeError):
    """One file could not be read. It never stops the others."""


class UnsupportedFormat(ExtractionError):
    """No extractor reads these bytes."""


class EmptyDocument(ExtractionError):
    """The file was read and holds no text."""


class Encrypted(ExtractionError):
    """The file needs a password."""


class ExtractionLimit(ExtractionError):
    """The file took more time, memory or text than allowed."""


class EmbeddingError(KnowledgeError):
    """The embedding model did not give usable vectors.

    `vectors` are those that it gave all the same, by the position of their text: worth keeping for the next try.
    """

    def __init__(self, message: str, vectors: Mapping[int, Vector] | None = None) -> None:
        super().__init__(message)
        self.vectors = vectors or {}


class EmbeddingUnreachable(EmbeddingError):
    """No connection to the embedding server, or no answer in time."""


class EmbeddingUnavailable(EmbeddingError):
    """The embedding server failed, also when it was asked again."""


class EmbeddingRateLimited(EmbeddingError):
    """The embedding server takes no more requests for now."""


class EmbeddingUnauthorized(EmbeddingError):
    """The embedding server does not take the key."""


class EmbeddingBadRequest(EmbeddingError):
    """The embedding server does not understand what it is asked, whatever the text."""


class TextsNotEmbedded(EmbeddingError):
    """Some texts got no vector, others did. `reasons` says why, by the position of the text."""

    def __init__(self, reasons: Mapping[int, str], vectors: Mapping[int, Vector]) -> None:
        first = min(reasons)
        count = f"{len(reasons)} of {len(reasons) + len(vectors)} texts"
        super().__init__(f"{count} have no vector; text {first}: {reasons[first]}", vectors)
        self.reasons = reasons


class LanguageModelError(KnowledgeError):
    """A language model gave no usable answer to one question."""


class LanguageModelRefused(LanguageModelError):
    """A language model answers nothing, whatever it is asked: its key or name is wrong, or its server is down."""


class RerankError(KnowledgeError):
    """A reranker cannot be loaded, or gave no usable scores of one question. A search then goes on without it."""


class OutgoingError(KnowledgeError):
    """A call to another server failed: no connection, no time left, or an answer that cannot be read."""


class ExternalError(OutgoingError):
    """An external knowledge base refused, or did not answer as its contract says."""


class PipelineError(KnowledgeError):
    """A run of a pipeline failed; what was stored before it stays as it was."""


class MissingVariable(PipelineError):
    """A node asks for a value that no node before it has put out."""


class MissingDependency(KnowledgeError):
    """An optional package is not installed."""

    def __init__(self, what: str, install: str) -> None:
        super().__init__(f"{what} needs a package that is not installed; run: {install}")


class WorkspaceLocked(KnowledgeError):
    """Another process holds the workspace."""


class WorkspaceError(KnowledgeError):
    """The stored data does not fit this version of the program or is damaged."""
