"""What retrieval models want to be told about a text: whether it is a question or a passage.

Some were trained with words in front of the text, others take a parameter of the request. Without them questions and
passages lie further apart. The table follows each model's own documentation; a model that it does not know gets none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from knowledge.errors import InputError

PREFIX_OPTIONS: Final = ("prefixes", "query_prefix", "passage_prefix")
PROMPT_OPTIONS: Final = (*PREFIX_OPTIONS, "query_parameter", "passage_parameter")
"""What the spec of a model may say instead of the table."""
_INSTRUCT: Final = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)
"""With the task in the example of each model that takes an instruction."""
_REPRESENT: Final = "Represent this sentence for searching relevant passages: "
_REPRESENT_ZH: Final = "为这个句子生成表示以用于检索相关文章："


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """What is put in front of a text, and what a request says besides."""

    query: str = ""
    passage: str = ""
    query_parameters: Mapping[str, str] = field(default_factory=dict)
    passage_parameters: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    """Who says so."""

    @property
    def signature(self) -> str:
        """Empty without any; changes with everything that changes vectors."""
        parts = {
            "query": self.query,
            "passage": self.passage,
            "query parameters": _written(self.query_parameters),
            "passage parameters": _written(self.passage_parameters),
        }
        return ", ".join(f"{name} {value!r}" for name, value in parts.items() if value)


@runtime_checkable
class Prompted(Protocol):
    """An embedder that may tell its model what a text is."""

    @property
    def prompts(self) -> Prompts: ...


def _words(query: str, passage: str = "", *, card: str) -> Prompts:
    """As the model's card on the Hugging Face hub says."""
    return Prompts(query=query, passage=passage, source=f"https://huggingface.co/{card}")


def _parameter(name: str, query: str, passage: str, *, source: str) -> Prompts:
    return Prompts(query_parameters={name: query}, passage_parameters={name: passage}, source=source)


_FAMILIES: Final[tuple[tuple[str, Prompts], ...]] = (
    (r"\be5\b.*instruct", _words(f"{_INSTRUCT} ", card="intfloat/multilingual-e5-large-instruct")),
    (r"\be5\b", _words("query: ", "passage: ", card="intfloat/multilingual-e5-large")),
    (r"bge-(small|base|large)-zh", _words(_REPRESENT_ZH, card="BAAI/bge-large-zh-v1.5")),
    (r"bge-(small|base|large)(-en)?\b", _words(_REPRESENT, card="BAAI/bge-large-en-v1.5")),
    (r"nomic-embed-text", _words("search_query: ", "search_document: ", card="nomic-ai/nomic-embed-text-v1.5")),
    (r"qwen3-embedding", _words(_INSTRUCT, card="Qwen/Qwen3-Embedding-0.6B")),
    (r"gte-qwen2.*instruct", _words(f"{_INSTRUCT} ", card="Alibaba-NLP/gte-Qwen2-1.5B-instruct")),
    (r"mxbai-embed-large", _words(_REPRESENT, card="mixedbread-ai/mxbai-embed-large-v1")),
    (r"arctic-embed.*v2|arctic-embed2", _words("query: ", card="Snowflake/snowflake-arctic-embed-l-v2.0")),
    (r"arctic-embed", _words(_REPRESENT, card="Snowflake/snowflake-arctic-embed-l")),
    (
        r"embedding-?gemma",
        _words("task: search result | query: ", "title: none | text: ", card="google/embeddinggemma-300m"),
    ),
)  # fmt: skip
"""Pattern in the lower-case name of a model → what it was trained with; the first that is found counts."""

_SERVED: Final[tuple[tuple[str, Prompts], ...]] = (
    (
        r"^embed-(english|multilingual|v4)",
        _parameter("input_type", "search_query", "search_document", source="https://docs.cohere.com/reference/embed"),
    ),
    (
        r"^voyage-",
        _parameter("input_type", "query", "document", source="https://docs.voyageai.com/docs/embeddings"),
    ),
    (
        r"^jina-embeddings-v[34]",
        _parameter("task", "retrieval.query", "retrieval.passage", source="https://jina.ai/embeddings"),
    ),
    (
        r"nv-embedqa",
        _parameter("input_type", "query", "passage", source="https://docs.api.nvidia.com/nim/reference"),
    ),
)  # fmt: skip
"""The same for models whose maker's server takes a parameter."""


def prompts_for(model: str) -> Prompts:
    """What to put in front of texts for a model of this name, whoever runs it."""
    return _first(_FAMILIES, model)


def prompts_at_server(model: str) -> Prompts:
    """The same for a model that is asked over HTTP: parameters too."""
    return _first((*_SERVED, *_FAMILIES), model)


def chosen_prompts(options: Mapping[str, str], known: Prompts) -> Prompts:
    """Those that the options name, none with `prefixes=off`, otherwise the `known` ones. Raises `InputError`."""
    if (switch := options.get("prefixes", "on")) not in ("on", "off"):
        raise InputError(f"prefixes={switch} is not possible; allowed: on, off")
    own = options.keys() & set(PROMPT_OPTIONS[1:])
    if not own:
        return known if switch == "on" else Prompts()
    return Prompts(
        query=options.get("query_prefix", ""),
        passage=options.get("passage_prefix", ""),
        query_parameters=_parameters(options.get("query_parameter", "")),
        passage_parameters=_parameters(options.get("passage_parameter", "")),
        source="the spec",
    )


def _parameters(text: str) -> Mapping[str, str]:
    name, colon, value = text.partition(":")
    if text and not (name and colon and value):
        raise InputError(f"cannot read the parameter {text!r} of a model; write query_parameter=NAME:VALUE")
    return {name: value} if text else {}


def _first(families: tuple[tuple[str, Prompts], ...], model: str) -> Prompts:
    name = model.lower()
    return next((prompts for pattern, prompts in families if re.search(pattern, name)), Prompts())


def _written(parameters: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in parameters.items())
