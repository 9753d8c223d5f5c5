"""`knowledge eval`: a labelled set against an existing knowledge base, or indexed in a temporary one."""

from __future__ import annotations

import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from knowledge.errors import InputError, RerankError
from knowledge.evaluation import DEPTH, Labelled, Run, asked_qrels, load, mean, quality, sources
from knowledge.knowledge_base import KnowledgeBase
from knowledge.measures import MEASURES, by_query, check_measure
from knowledge.reranking import check_reranker
from knowledge.run_files import write_run
from knowledge.searching import MODES
from knowledge.types import Mode
from knowledge.workspace import Workspace

if TYPE_CHECKING:
    from knowledge.search_options import Searched
    from knowledge.types import Hits


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a knowledge base found, by query."""

    found: Mapping[str, Mapping[str, float]]
    """Document key → score of its best chunk, best first."""
    times_ms: Mapping[str, float]

    @property
    def rankings(self) -> dict[str, list[str]]:
        return {query: list(scores) for query, scores in self.found.items()}


def evaluate(options: Namespace) -> dict[str, Any]:
    """The public JSON of `eval`. Raises `InputError` for modes that the base does not have, and as `ranked` does."""
    for name in options.measure:
        check_measure(name)
    if _is_reranker(options.rerank):
        check_reranker(options.rerank)
    labelled = load(Path(options.data), options.limit_queries)
    started = time.perf_counter()
    with _opened(options, labelled) as kb, kb.without_history():
        index_seconds = time.perf_counter() - started
        modes = _modes(kb, options.modes)
        if options.run_file and len(modes) > 1:
            raise InputError(f"a run is of one search, this would be {', '.join(modes)}; choose with --modes")
        rerank = kb.settings["rerank"] if options.rerank is None else options.rerank
        results = [_result(kb, mode, rerank, labelled, options) for mode in modes]
    return {
        "data": labelled.name,
        **({"rerank": rerank} if _is_reranker(rerank) else {}),
        "corpus": len(labelled.corpus),
        "queries": len(labelled.queries),
        "results": results,
        "index_seconds": round(index_seconds, 2),
    }


def _result(
    kb: KnowledgeBase, mode: Mode, rerank: Any, labelled: Labelled, options: Namespace
) -> dict[str, Any]:
    answers = ask(
        kb,
        labelled.queries,
        mode=mode,
        vector_weight=options.vector_weight,
        rerank=rerank,
        rerank_pool=options.rerank_pool,
    )
    qrels = asked_qrels(labelled)
    if options.run_file:
        write_run(Path(options.run_file), answers.found, f"{kb.name}-{mode}".replace(" ", "_"))
    others = {name: by_query(name, answers.rankings, qrels) for name in options.measure}
    return {
        "mode": mode,
        **quality(answers.rankings, qrels, list(answers.times_ms.values())).plain(),
        **{name: round(mean(values), 4) for name, values in others.items()},
        **({"per_query": per_query(answers, labelled, others)} if options.per_query else {}),
    }


def per_query(
    answers: Answers, labelled: Labelled, others: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """A row for each query, the worst first: its text, its measures, and its time in milliseconds."""
    qrels = asked_qrels(labelled)
    values = {**{name: by_query(name, answers.rankings, qrels) for name in MEASURES}, **others}
    rows = [
        {
            "query_id": query,
            "query": text,
            **{name: round(of[query], 4) for name, of in values.items()},
            "ms": round(answers.times_ms[query], 2),
        }
        for query, text in labelled.queries.items()
    ]
    return sorted(rows, key=lambda row: (row["ndcg@10"], row["query_id"]))


@contextmanager
def _opened(options: Namespace, labelled: Labelled) -> Iterator[KnowledgeBase]:
    """The knowledge base of the options, or a temporary one of the labelled set."""
    with ExitStack() as stack:
        if options.kb:
            if options.indexing or options.embedding:
                raise InputError(
                    "--indexing and --embedding are for a new index; leave them out, or leave KB out"
                )
            workspace = stack.enter_context(Workspace(options.workspace, index=options.index))
            yield workspace.open(options.kb)
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="knowledge-eval-"))
            workspace = stack.enter_context(Workspace(folder, index=options.index))
            yield index_labelled(workspace, labelled, options.indexing, options.embedding)


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


def ask(kb: KnowledgeBase, queries: Mapping[str, str], **options: Unpack[Searched]) -> Answers:
    """Asks every query, `DEPTH` passages deep; `options` are those of `KnowledgeBase.search`."""
    found, times_ms = {}, {}
    for query, text in queries.items():
        started = time.perf_counter()
        found[query] = ranked(kb, text, **options)
        times_ms[query] = (time.perf_counter() - started) * 1000
    return Answers(found=found, times_ms=times_ms)


def ranked(kb: KnowledgeBase, query: str, **options: Unpack[Searched]) -> dict[str, float]:
    """Document keys and scores, best first; a document counts where its best chunk stands.

    Raises `RerankError` where the reranker of the options has failed: the order that it then leaves as it was says
    nothing about it.
    """
    asked: Searched = {"top_k": DEPTH, **options}
    found = kb.search(query, **asked)
    if _is_reranker(asked.get("rerank")) and found:
        _check_reranked(found)
    return scores_of(found)


def _is_reranker(given: object) -> bool:
    return given is not None and given not in ("none", "off")


def _check_reranked(found: Hits) -> None:
    if found.score_kind != "rerank":
        raise RerankError(
            f"the reranker failed while it was measured ({'; '.join(found.warnings)}); mend it and measure again, or "
            "measure without it: --rerank none, or knowledge settings KB rerank=off"
        )


def scores_of(found: Hits) -> dict[str, float]:
    """Document key → score of its best chunk, best first."""
    scores: dict[str, float] = {}
    for hit in found:
        scores.setdefault(hit.document.key, hit.score)
    return scores


def runner(kb: KnowledgeBase, **options: Unpack[Searched]) -> Run:
    """A search of the knowledge base; `options` are those of `KnowledgeBase.search`."""

    def run(query: str) -> Sequence[str]:
        return list(ranked(kb, query, **options))

    return run


def _modes(kb: KnowledgeBase, given: str | None) -> list[Mode]:
    allowed = MODES[kb.record.indexing]
    wanted = given.split(",") if given else list(allowed)
    unknown = [mode for mode in wanted if mode not in allowed]
    if unknown:
        raise InputError(f"this index has no {', '.join(unknown)} search; it has: {', '.join(allowed)}")
    return [mode for mode in allowed if mode in wanted]
