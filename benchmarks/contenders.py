"""Every way of searching a labelled set that the suites `quality` and `timing` compare, ours and the field's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from benchmarks import peers
from benchmarks.harness import Options, left_out
from indexers.embedding_cache import CachedEmbedder
from knowledge import Workspace
from knowledge.embedders import CACHE_FILE
from knowledge.embedding_client import embedding_client
from knowledge.evaluation import Labelled, Run
from knowledge.evaluation_run import index_labelled, runner
from knowledge.knowledge_base import KnowledgeBase
from knowledge.registry import load_embedder
from knowledge.searching import MODES


@contextmanager
def contenders(labelled: Labelled, options: Options) -> Iterator[dict[str, Run]]:
    """By name, all that can be had: economy search and its peers, with an embedding the other modes and theirs."""
    with ExitStack() as stack:
        runs = _economy(stack, labelled)
        if options.embedding is None:
            yield {**runs, **dict(_of_peers(labelled, None, ""))}
            return
        folder = options.cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="quality-")))
        kb = stack.enter_context(indexed(labelled, options.embedding, folder))
        ours = {f"{mode} ({options.embedding})": runner(kb, mode=mode) for mode in MODES["high_quality"]}
        ours[f"hybrid, rrf ({options.embedding})"] = runner(kb, mode="hybrid", fusion="rrf")
        model = CachedEmbedder(load_embedder(options.embedding, http=embedding_client), folder / CACHE_FILE)
        stack.enter_context(closing(model))
        yield {**ours, **runs, **dict(_of_peers(labelled, model, options.embedding))}


@contextmanager
def indexed(labelled: Labelled, embedding: str, folder: Path) -> Iterator[KnowledgeBase]:
    """A high-quality knowledge base of the set, made anew with the vectors that the folder keeps."""
    with Workspace(folder) as workspace:
        drop(workspace, labelled.name)
        yield index_labelled(workspace, labelled, "high_quality", embedding)
        drop(workspace, labelled.name)


def drop(workspace: Workspace, name: str) -> None:
    """Removes a knowledge base where there is one: an interrupted run may have left it behind."""
    if name in {kb.name for kb in workspace.knowledge_bases()}:
        workspace.drop(name)


def _economy(stack: ExitStack, labelled: Labelled) -> dict[str, Run]:
    """With every word indexed, and with as many keywords a chunk as Dify's."""
    runs = {}
    for name, keywords in (("", None), (f", {peers.KEYWORDS} keywords", peers.KEYWORDS)):
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="quality-"))
        workspace = stack.enter_context(Workspace(scratch))
        kb = index_labelled(workspace, labelled, "economy", keyword_number=keywords)
        runs[f"keyword (economy{name})"] = runner(kb, mode="keyword")
    return runs


def _of_peers(labelled: Labelled, model: CachedEmbedder | None, embedding: str) -> Iterator[tuple[str, Run]]:
    entries = peers.Entries(labelled, model)
    for made, suffix in ((peers.LEXICAL, ""), (peers.FUSED if model else {}, f" ({embedding})")):
        for name, peer in made.items():
            if packages := peers.missing(name):
                left_out(name, packages)
            else:
                yield f"{name}{suffix}", peer(entries)
