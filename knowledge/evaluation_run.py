"""`knowledge eval`: a labelled set against an existing knowledge base, or indexed in a temporary one."""

from __future__ import annotations

import tempfile
import time
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from knowledge.errors import InputError
from knowledge.evaluation import DEPTH, Labelled, Run, load, measure, sources
from knowledge.knowledge_base import KnowledgeBase
from knowledge.searching import MODES
from knowledge.types import Mode
from knowledge.workspace import Workspace


def evaluate(options: Namespace) -> dict[str, Any]:
    """The public JSON of `eval`. Raises `InputError` for modes that the base does not have."""
    labelled = load(Path(options.data), options.limit_queries)
    with ExitStack() as stack:
        started = time.perf_counter()
        if options.kb:
            if options.indexing or options.embedding:
                raise InputError(
                    "--indexing and --embedding are for a new index; leave them out, or leave KB out"
                )
            workspace = stack.enter_context(Workspace(options.workspace, index=options.index))
            kb = workspace.open(options.kb)
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="knowledge-eval-"))
            workspace = stack.enter_context(Workspace(folder, index=options.index))
            kb = index_labelled(workspace, labelled, options.indexing, options.embedding)
        index_seconds = time.perf_counter() - started
        return {
            "data": labelled.name,
            "corpus": len(labelled.corpus),
            "queries": len(labelled.queries),
            "results": [
                {"mode": mode, **measure(runner(kb, mode, options.vector_weight), labelled).plain()}
                for mode in _modes(kb, options.modes)
            ],
            "index_seconds": round(index_seconds, 2),
        }


def index_labelled(
    workspace: Workspace,
    labelled: Labelled,
    indexing: Any = None,
    embedding: str | None = None,
    keyword_number: int | None = None,
) -> KnowledgeBase:
    """A new knowledge base of a labelled set, one chunk per entry."""
    kb = workspace.create(
        labelled.name[:40],
        indexing=indexing,
        embedding=embedding,
        keyword_number=keyword_number,
        whole=True,
    )
    entries, metadata = sources(labelled)
    kb.ingest_sources(entries, source_metadata=metadata)
    return kb


def runner(kb: KnowledgeBase, mode: Mode, vector_weight: float | None = None) -> Run:
    """Asks the knowledge base; a document counts where its best chunk stands."""

    def run(query: str) -> list[str]:
        found = kb.search(query, mode=mode, top_k=DEPTH, vector_weight=vector_weight)
        return list(dict.fromkeys(hit.document.key for hit in found))

    return run


def _modes(kb: KnowledgeBase, given: str | None) -> list[Mode]:
    allowed = MODES[kb.record.indexing]
    wanted = given.split(",") if given else list(allowed)
    unknown = [mode for mode in wanted if mode not in allowed]
    if unknown:
        raise InputError(f"this index has no {', '.join(unknown)} search; it has: {', '.join(allowed)}")
    return [mode for mode in allowed if mode in wanted]
