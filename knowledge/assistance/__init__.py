"""A language model before a search: questions that stand alone, in several wordings, and filters drawn from them.

The model is handed in, a protocol of one method (`knowledge.protocols.LanguageModel`). Whatever it is shown of
documents and conversations is material, and whatever it answers is checked: it can word a question or narrow a
search, and never widen what the caller has asked for.
"""

from knowledge.assistance.filtering import automatic_filter
from knowledge.assistance.models import opened_model
from knowledge.assistance.rewriting import rewrite
from knowledge.assistance.variants import expand

__all__ = ["automatic_filter", "expand", "opened_model", "rewrite"]
