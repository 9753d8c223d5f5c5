"""`knowledge demo`: a fictional company's documents, ingested and asked six questions in several modes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from knowledge import rendering
from knowledge.knowledge_base import KnowledgeBase
from knowledge.registry import is_installed
from knowledge.searching import MODES
from knowledge.types import Hit, Hits, Indexing, Mode
from knowledge.workspace import Workspace

SAMPLES = Path(__file__).parent / "samples"
ASKED = 3
"""Hits among which the answer must be."""
SNIPPET = 120


def run_demo(folder: Path, show: bool) -> dict[str, Any]:
    """Ingests the samples and asks the questions; the JSON says which answers were found where."""
    questions = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))
    documents = SAMPLES / "documents"
    indexing: Indexing = "high_quality" if is_installed("local") else "economy"
    started = time.perf_counter()
    with Workspace(folder) as workspace:
        has_run = workspace.has("demo")
        kb = workspace.open("demo") if has_run else workspace.create("demo", indexing=indexing)
        report = kb.ingest(documents, metadata={"company": "Lutern"})
        if show:
            rendering.report(report)
            rendering.stored_documents(kb.documents())
        answers = [_ask(kb, question, show) for question in questions]
    seconds = time.perf_counter() - started
    if show:
        found = sum(answer["found"] for answer in answers)
        rendering.line(
            f"\n{found} of {len(answers)} answers among the first {ASKED} hits of every mode, {seconds:.1f} s in all"
        )
        if indexing == "economy":
            rendering.line("with the extra `local` installed, this demo shows vector and hybrid search too")
    return {"documents": len(report.documents), "answers": answers, "seconds": round(seconds, 2)}


def _ask(kb: KnowledgeBase, question: dict[str, Any], show: bool) -> dict[str, Any]:
    """Asks in every mode of the base. Vector search counts only where the model knows the language."""
    if show:
        rendering.line(f"\n? {question['question']}")
    found: dict[str, bool] = {}
    for mode in MODES[kb.record.indexing]:
        hits = kb.search(question["question"], mode=mode, top_k=ASKED)
        rank = next((rank for rank, hit in enumerate(hits) if _answers(hit, question)), None)
        if mode != "vector" or not hits.warnings:
            found[mode] = rank is not None
        if show:
            _show(mode, hits, rank, question["must_contain"])
    return {"question": question["question"], "modes": found, "found": all(found.values())}


def _show(mode: Mode, hits: Hits, rank: int | None, answer: str) -> None:
    """The hit that holds the answer and its rank; the first hit when none does."""
    if mode == "vector" and hits.warnings:
        rendering.line(f"  {mode:<9}  not counted: the bundled model is English")
    elif not len(hits):
        rendering.line(f"  {mode:<9}  nothing found")
    else:
        hit = hits[rank or 0]
        place = "no answer" if rank is None else f"hit {rank + 1}"
        rendering.line(f"  {mode:<9}  {place}: {rendering.citation(hit)}")
        rendering.line(f"             {rendering.snippet(hit.content, answer, SNIPPET)}")


def _answers(hit: Hit, question: dict[str, Any]) -> bool:
    return hit.document.name == question["document"] and question["must_contain"] in hit.content
