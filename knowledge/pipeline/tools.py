"""What a node may use besides its own settings and the values before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from knowledge.errors import InputError

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.pipeline.new_document import NewDocument
    from knowledge.protocols import LanguageModel
    from knowledge.types import Value
    from knowledge.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentContext:
    """The document that a run makes or replaces."""

    key: str
    """Names it in its knowledge base; the same key again replaces it."""
    name: str
    metadata: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Of one run. What is None is not there: a node that cannot do without raises `InputError`."""

    workspace: Workspace | None = None
    knowledge_base: KnowledgeBase | None = None
    """The one that the run fills."""
    open_model: Callable[[], AbstractContextManager[LanguageModel]] | None = None
    """The language model for one `with` statement."""
    preview: bool = False
    """Whether to show what would be stored, and store nothing."""
    document: DocumentContext | None = None
    store: Callable[[NewDocument], None] | None = None
    """Takes the document, to store it together with others; None: it is stored at once."""

    def model(self, wanted: str = "") -> AbstractContextManager[LanguageModel]:
        """The language model for one `with` statement. Raises `InputError` when none is named; `wanted` is the one
        that the pipeline was drawn with."""
        if self.open_model is None:
            raise InputError(
                f"the pipeline asks {f'the language model {wanted}' if wanted else 'a language model'} and no server "
                f"is named; add --llm openai:{wanted or 'MODEL'}@BASE_URL, for any OpenAI-compatible server and model"
            )
        return self.open_model()


NO_TOOLS: Final = Tools()
"""For nodes that need none."""
