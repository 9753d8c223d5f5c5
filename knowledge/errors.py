"""Every error raised on purpose, one root, so that callers can catch what they mean.

KnowledgeError
├── InputError                what was asked for is wrong: the caller can mend it
│   ├── NotFound              no such knowledge base, document or file
│   ├── AlreadyExists         the name is taken, or exists with other settings
│   ├── FilterError           an unknown field, a wrong type or a malformed condition
│   ├── ModeError             a search mode or option that this knowledge base does not have
│   └── AddressError          a URL leads to an address that is not allowed
├── ExtractionError           this file cannot be read; others can
│   ├── UnsupportedFormat     no extractor for these bytes
│   ├── EmptyDocument         the file was read and holds no text
│   ├── Encrypted             a password is needed
│   └── ExtractionLimit       the file took more time, memory or text than allowed
├── EmbeddingError            the embedding model did not give usable vectors
├── OutgoingError             a call to another server failed
│   └── ExternalError         an external knowledge base did not answer as its contract says
├── MissingDependency         an optional package is not installed; says how to install it
├── WorkspaceLocked           another process holds the workspace; says which
└── WorkspaceError            the stored data does not fit this version or is damaged
"""


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
    """The embedding model did not give usable vectors."""


class OutgoingError(KnowledgeError):
    """A call to another server failed: no connection, no time left, or an answer that cannot be read."""


class ExternalError(OutgoingError):
    """An external knowledge base refused, or did not answer as its contract says."""


class MissingDependency(KnowledgeError):
    """An optional package is not installed."""

    def __init__(self, what: str, install: str) -> None:
        super().__init__(f"{what} needs a package that is not installed; run: {install}")


class WorkspaceLocked(KnowledgeError):
    """Another process holds the workspace."""


class WorkspaceError(KnowledgeError):
    """The stored data does not fit this version of the program or is damaged."""
