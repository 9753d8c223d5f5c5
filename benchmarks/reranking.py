"""Suite reranking: hybrid search as it is, and its first fifty hits in the order of a reranker.

    python -m benchmarks reranking --data DATA --embedding local --cache FOLDER [--rerank SPEC]

The first 200 questions of every set whose language the embedding knows. `late interaction` is the bundled model's own
(`late_interaction.py`), a function of the caller; SPEC is any reranker of `knowledge search --rerank`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.contenders import indexed
from benchmarks.harness import Options, sets
from indexers.minilm import is_installed
from indexers.scripts import dominant_script
from knowledge.comparison import compare
from knowledge.evaluation import Labelled, asked_qrels, load, quality
from knowledge.evaluation_run import Answers, ask
from knowledge.measures import by_query

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.search_options import Rerank

QUESTIONS: Final = 200
POOL: Final = 50
EMBEDDING: Final = "local"
"""Where the options name none."""
PLAIN: Final = "hybrid"


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each set and reranker, and one for the search without any."""
    os.environ.setdefault("KNOWLEDGE_RERANK_TIMEOUT_S", "600")
    rerankers = _rerankers(options)
    for folder in sets(options):
        labelled = load(folder, options.limit_queries or QUESTIONS)
        with ExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="reranking-"))
            kb = stack.enter_context(
                indexed(labelled, options.embedding or EMBEDDING, options.cache or Path(scratch))
            )
            if _is_known(kb, labelled):
                yield from _rows(kb, labelled, rerankers)


def _rerankers(options: Options) -> dict[str, Rerank]:
    found: dict[str, Rerank] = {PLAIN: "none"}
    if is_installed():
        from benchmarks.late_interaction import LateInteraction

        found["late interaction"] = LateInteraction()
    if options.rerank:
        found[options.rerank] = options.rerank
    return found


def _is_known(kb: KnowledgeBase, labelled: Labelled) -> bool:
    embedder = kb._generation.embedder
    assert embedder is not None
    asked = dominant_script(" ".join(labelled.queries.values()))
    stored = dominant_script(" ".join(entry["text"] for entry in labelled.corpus[:QUESTIONS]))
    return embedder.scripts is None or {asked, stored} <= embedder.scripts


def _rows(kb: KnowledgeBase, labelled: Labelled, rerankers: Mapping[str, Rerank]) -> Iterator[dict[str, Any]]:
    """`p` is of the paired test against the search without a reranker."""
    plain: Mapping[str, float] = {}
    for name, rerank in rerankers.items():
        answers = ask(kb, labelled.queries, mode="hybrid", rerank=rerank, rerank_pool=POOL)
        of_queries = by_query("ndcg@10", answers.rankings, asked_qrels(labelled))
        plain = plain or of_queries
        yield {
            "set": labelled.name,
            "reranker": name,
            "questions": len(labelled.queries),
            **_values(answers, labelled),
            "p": round(compare("ndcg@10", plain, of_queries).p_value, 4),
        }


def _values(answers: Answers, labelled: Labelled) -> dict[str, float]:
    found = quality(answers.rankings, asked_qrels(labelled), list(answers.times_ms.values())).plain()
    return {name: found[name] for name in ("ndcg@10", "recall@10", "mrr@10", "p50_ms")}
