"""Does a score mean the same in every knowledge base?

    python -m benchmarks.bands --data DIR
    python -m benchmarks.bands --data DIR --embedding local --sets scifact_en,xquad_zh

For each set and way of searching: the score of the best relevant passage of its questions (the median should
reach .5), and of the best passage that questions on another subject find there (the 95th percentile should stay
within .45). Keeps the numbers and a picture of them beside the benchmark.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from benchmarks.curves import Panel, write_panels
from benchmarks.harness import RESULTS, keep, table
from indexers.scripts import dominant_script
from knowledge import Workspace
from knowledge.embedding_client import embedding_client
from knowledge.evaluation import DEPTH, Labelled, load
from knowledge.evaluation_run import index_labelled
from knowledge.knowledge_base import KnowledgeBase
from knowledge.registry import load_embedder
from knowledge.searching import MODES
from knowledge.types import Mode

STRANGERS: Final[Mapping[str, Sequence[str]]] = {
    "scifact_en": ("banking77_faq_en",),
    "cranfield_en": ("banking77_faq_en",),
    "xquad_zh": ("lcqmc_faq_zh", "stard_law_zh"),
    "lcqmc_faq_zh": ("xquad_zh", "stard_law_zh"),
}
"""Set → sets of the same language whose questions have another subject."""
QUESTIONS: Final = 400
"""Of each set: enough for the 95th percentile to rest on twenty."""


def rows(data: Path, name: str, embedding: str | None) -> Iterator[tuple[dict[str, Any], Panel]]:
    """The figures of a set and their curves, for each mode that the embedding serves and each other subject."""
    labelled = load(data / name, QUESTIONS)
    with tempfile.TemporaryDirectory(prefix="bands-") as scratch, Workspace(scratch) as workspace:
        kb = index_labelled(workspace, labelled, "high_quality" if embedding else "economy", embedding)
        for mode in _modes(labelled, kb, embedding):
            relevant = best_relevant(kb, mode, labelled)
            for stranger in STRANGERS[name]:
                strange = best(kb, mode, load(data / stranger, QUESTIONS))
                row = {"set": name, "mode": mode, "embedding": embedding, "strangers": stranger}
                panel = Panel(f"{name} · {mode}", {"relevant": relevant, f"best for {stranger}": strange})
                yield row | bands(relevant, strange), panel


def bands(relevant: Sequence[float], strange: Sequence[float]) -> dict[str, float]:
    """The two figures, the other end of each, and how often a relevant passage beats a strange question's best."""
    fifths, strange_fifths = quantiles(relevant, n=20), quantiles(strange, n=20)
    wins = sum(mine > other for mine in relevant for other in strange) / (len(relevant) * len(strange))
    figures = {
        "relevant p50": median(relevant),
        "relevant p5": fifths[0],
        "strange p95": strange_fifths[-1],
        "strange p50": median(strange),
        "told apart": wins,
    }
    return {name: round(value, 3) for name, value in figures.items()}


def best_relevant(kb: KnowledgeBase, mode: Mode, labelled: Labelled) -> list[float]:
    """The best score of a relevant passage for each question; 0 where the first hundred hold none."""
    return [
        max(
            (
                hit.score
                for hit in kb.search(text, mode=mode, top_k=DEPTH)
                if hit.document.key in labelled.qrels[query]
            ),
            default=0.0,
        )
        for query, text in labelled.queries.items()
    ]


def best(kb: KnowledgeBase, mode: Mode, labelled: Labelled) -> list[float]:
    """The score of each question's first hit; 0 where there is none."""
    return [
        max((hit.score for hit in kb.search(text, mode=mode, top_k=1)), default=0.0)
        for text in labelled.queries.values()
    ]


def _modes(labelled: Labelled, kb: KnowledgeBase, embedding: str | None) -> list[Mode]:
    """All but vector search where the model does not know the script of the questions."""
    scripts = load_embedder(embedding, http=embedding_client).scripts if embedding else None
    covered = scripts is None or dominant_script(" ".join(labelled.queries.values())) in scripts
    return [mode for mode in MODES[kb.record.indexing] if covered or mode != "vector"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled sets")
    parser.add_argument("--sets", default=",".join(STRANGERS), help="comma-separated (default all four)")
    parser.add_argument("--embedding", metavar="SPEC", help="measure the high-quality modes, with this model")
    options = parser.parse_args()
    names = options.sets.split(",")
    if unknown := sorted(set(names) - set(STRANGERS)):
        parser.error(f"no strangers for {', '.join(unknown)}; choose from {', '.join(STRANGERS)}")
    measured = [found for name in names for found in rows(options.data, name, options.embedding)]
    table(row for row, _ in measured)
    suite = f"bands-{options.embedding or 'economy'}"
    print(f"kept in {keep(suite, [row for row, _ in measured])}")
    write_panels(RESULTS / f"{suite}.svg", [panel for _, panel in measured])


if __name__ == "__main__":
    main()
