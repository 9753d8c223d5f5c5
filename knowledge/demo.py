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


def run_demo(folder: Path, show: bool) -> dict[str, Any]:
    """Ingests the samples and asks the questions; the JSON says which answers were found where."""
    questions = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))
    documents = SAMPLES / "documents"
    indexing: Indexing = "high_quality" if is_installed("local") else "economy"
    started = time.perf_counter()
    with Workspace(folder) as workspace:
        names = [record.name for record in workspace.knowledge_bases()]
        kb = workspace.open("demo") if "demo" in names else workspace.create("demo", indexing=indexing)
        report = kb.ingest(documents, metadata={"company": "Lutern"})
        if show:
            rendering.report(report)
            rendering.stored_documents(kb.documents())
        answers = [_ask(kb, question, show) for question in questions]
    seconds = time.perf_counter() - started
    if show:
        found = sum(answer["found"] for answer in answers)
        rendering.line(f"\n{found} of {len(answers)} answers found by every mode, {seconds:.1f} s in all")
        if indexing == "economy":
            rendering.line("with the extra `local` installed, this demo shows vector and hybrid search too")
    return {"documents": len(report.documents), "answers": answers, "seconds": round(seconds, 2)}


def _ask(kb: KnowledgeBase, question: dict[str, Any], show: bool) -> dict[str, Any]:
    """Asks in every mode of the base. Vector search counts only where the model knows the language."""
    if show:
        rendering.line(f"\n? {question['question']}")
    found: dict[str, bool] = {}
    for mode in MODES[kb.record.indexing]:
        hits = kb.search(question["question"], mode=mode, top_k=3)
        if show:
            _show_best(mode, hits)
        if mode != "vector" or not hits.warnings:
            found[mode] = any(_answers(hit, question) for hit in hits)
    return {"question": question["question"], "modes": found, "found": all(found.values())}


def _show_best(mode: Mode, hits: Hits) -> None:
    if mode == "vector" and hits.warnings:
        rendering.line(f"  {mode:<9}  not shown: the bundled model is English")
        return
    best = hits[0] if len(hits) else None
    rendering.line(f"  {mode:<9}  {rendering.citation(best) if best else 'nothing'}")
    if best:
        rendering.line(f"             {rendering.snippet(best.content, hits.query, 100)}")


def _answers(hit: Hit, question: dict[str, Any]) -> bool:
    return hit.document.name == question["document"] and question["must_contain"] in hit.content
