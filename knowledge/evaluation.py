"""How good a search is on a labelled set: nDCG, recall, MRR and the time of a question."""

from __future__ import annotations

import gzip
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from knowledge.errors import InputError, NotFound
from knowledge.sources import Source
from knowledge.types import Document

DEPTH: Final = 100

Qrels = Mapping[str, Mapping[str, float]]
"""Query id → document id → grade above 0."""
Run = Callable[[str], Sequence[str]]
"""A question's document ids, best first, without repetition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A labelled set: what is searched, what is asked, and what should be found."""

    name: str
    corpus: Sequence[Mapping[str, Any]]
    queries: Mapping[str, str]
    qrels: Qrels


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Means over the queries that have a relevant document; times are of one question, in milliseconds."""

    ndcg_10: float
    recall_10: float
    recall_100: float
    mrr_10: float
    p50_ms: float
    p99_ms: float

    def plain(self) -> dict[str, float]:
        return {
            "ndcg@10": round(self.ndcg_10, 4),
            "recall@10": round(self.recall_10, 4),
            "recall@100": round(self.recall_100, 4),
            "mrr@10": round(self.mrr_10, 4),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
        }


def load(folder: Path, limit_queries: int | None = None) -> Labelled:
    """Reads `corpus.jsonl`, `queries.jsonl` (either may be gzipped) and `qrels.tsv`, which has a header line.

    Raises `NotFound` for a missing file, `InputError` for a line that cannot be read.
    """
    if not folder.is_dir():
        raise NotFound(f"no folder {str(folder)!r}")
    qrels = _qrels(folder / "qrels.tsv")
    queries = {entry["_id"]: entry["text"] for entry in _lines(folder, "queries") if qrels.get(entry["_id"])}
    kept = dict(list(queries.items())[:limit_queries])
    return Labelled(name=folder.name, corpus=list(_lines(folder, "corpus")), queries=kept, qrels=qrels)


def _lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    path = next(
        (path for path in (folder / f"{name}.jsonl.gz", folder / f"{name}.jsonl") if path.exists()), None
    )
    if path is None:
        raise NotFound(f"no {name}.jsonl or {name}.jsonl.gz in {folder}")
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as lines
    ):
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line)
                entry["_id"], entry["text"] = str(entry["_id"]), str(entry["text"])
            except (ValueError, KeyError, TypeError):
                raise InputError(f"{path}, line {number}: not a JSON object with _id and text") from None
            yield entry


def _qrels(path: Path) -> dict[str, dict[str, float]]:
    if not path.exists():
        raise NotFound(f"no qrels.tsv in {path.parent}")
    qrels: dict[str, dict[str, float]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], 2):
        try:
            query, document, grade = line.split("\t")[:3]
            if float(grade) > 0:
                qrels.setdefault(query, {})[document] = float(grade)
        except ValueError:
            raise InputError(
                f"{path}, line {number}: not query, document and grade separated by tabs"
            ) from None
    return qrels


def sources(labelled: Labelled) -> tuple[list[Source], dict[str, dict[str, Any]]]:
    """One document per entry, title and text together, known by its id; and the entries' metadata."""
    documents = [
        Source(
            key=entry["_id"],
            name=entry["_id"],
            document=Document(text="\n".join(filter(None, (entry.get("title"), entry["text"])))),
        )
        for entry in labelled.corpus
    ]
    metadata = {entry["_id"]: _filterable(entry.get("metadata") or {}) for entry in labelled.corpus}
    return documents, metadata


def _filterable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata that can be filtered on, as strings: sets mix types within a field."""
    return {
        name.lower(): str(value)
        for name, value in values.items()
        if isinstance(value, str | int | float) and name.isidentifier()
    }


def measure(run: Run, labelled: Labelled) -> Quality:
    """Runs every query and compares with the labels."""
    scores: list[tuple[float, float, float, float]] = []
    times = []
    for query_id, text in labelled.queries.items():
        started = time.perf_counter()
        found = run(text)
        times.append((time.perf_counter() - started) * 1000)
        grades = labelled.qrels[query_id]
        scores.append(
            (
                ndcg(found, grades, 10),
                recall(found, grades, 10),
                recall(found, grades, DEPTH),
                mrr(found, grades),
            )
        )
    times.sort()
    means = [fmean(column) for column in zip(*scores, strict=True)] if scores else [0.0] * 4
    return Quality(
        ndcg_10=means[0],
        recall_10=means[1],
        recall_100=means[2],
        mrr_10=means[3],
        p50_ms=times[len(times) // 2] if times else 0.0,
        p99_ms=times[int(len(times) * 0.99)] if times else 0.0,
    )


def ndcg(found: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    """Discounted gain over the ideal one; gain is the grade, discount log2(rank + 1) (Järvelin & Kekäläinen,
    TOIS 2002, as in trec_eval)."""
    gained = sum(grades.get(id_, 0.0) / math.log2(rank + 1) for rank, id_ in enumerate(found[:k], 1))
    ideal = sorted(grades.values(), reverse=True)[:k]
    return gained / sum(grade / math.log2(rank + 1) for rank, grade in enumerate(ideal, 1))


def recall(found: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    """Share of the relevant documents among the first k."""
    return len(grades.keys() & set(found[:k])) / len(grades)


def mrr(found: Sequence[str], grades: Mapping[str, float], k: int = 10) -> float:
    """One over the rank of the first relevant document, 0 when it is not among the first k."""
    return next((1 / rank for rank, id_ in enumerate(found[:k], 1) if id_ in grades), 0.0)
