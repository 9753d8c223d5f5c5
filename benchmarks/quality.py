"""Suite quality: nDCG, recall and MRR of every mode on labelled sets, with the peers in the same run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.harness import Options, left_out, sets
from indexers.embedding_cache import CachedEmbedder
from knowledge import Workspace
from knowledge.embedders import CACHE_FILE
from knowledge.embedding_client import embedding_client
from knowledge.evaluation import Labelled, Run, load, measure
from knowledge.evaluation_run import index_labelled, runner
from knowledge.registry import load_embedder
from knowledge.searching import MODES


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each set and each way of searching it."""
    for folder in sets(options):
        labelled = load(folder, options.limit_queries)
        with tempfile.TemporaryDirectory(prefix="quality-") as scratch:
            yield from _ours(labelled, Path(scratch), options.embedding)
            yield _of_keywords(labelled)
            yield from _lexical(labelled)
            if options.embedding:
                yield from _fused(labelled, Path(scratch), options.embedding)


def _ours(labelled: Labelled, scratch: Path, embedding: str | None) -> Iterator[dict[str, Any]]:
    with Workspace(scratch) as workspace:
        kb = index_labelled(workspace, labelled, "high_quality" if embedding else "economy", embedding)
        for mode in MODES[kb.record.indexing]:
            yield _row(labelled, f"{mode} ({embedding or 'economy'})", runner(kb, mode))


def _of_keywords(labelled: Labelled) -> dict[str, Any]:
    """Our economy search with as many keywords a chunk as Dify's."""
    with tempfile.TemporaryDirectory(prefix="quality-") as scratch, Workspace(scratch) as workspace:
        kb = index_labelled(workspace, labelled, "economy", keyword_number=peers.KEYWORDS)
        return _row(labelled, f"keyword (economy, {peers.KEYWORDS} keywords)", runner(kb, "keyword"))


def _lexical(labelled: Labelled) -> Iterator[dict[str, Any]]:
    for name, peer in peers.LEXICAL.items():
        if packages := peers.missing(name):
            left_out(name, packages)
        else:
            yield _row(labelled, name, peer(labelled))


def _fused(labelled: Labelled, scratch: Path, embedding: str) -> Iterator[dict[str, Any]]:
    """With the vectors that our index was made of, from its cache."""
    embedder = CachedEmbedder(load_embedder(embedding, http=embedding_client), scratch / CACHE_FILE)
    for name, peer in peers.FUSED.items():
        if packages := peers.missing(name):
            left_out(name, packages)
        else:
            yield _row(labelled, f"{name} ({embedding})", peer(labelled, embedder))
    embedder.close()


def _row(labelled: Labelled, name: str, search: Run) -> dict[str, Any]:
    return {"set": labelled.name, "search": name, **measure(search, labelled).plain()}
