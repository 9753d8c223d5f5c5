"""A labelled set: what is searched, what is asked, what should be found, and how good a search of it is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from knowledge.errors import InputError, NotFound
from knowledge.measures import Qrels, Rankings, by_query
from knowledge.sources import Source
from knowledge.types import Document

DEPTH: Final = 100

Run = Callable[[str], Sequence[str]]
"""A question's document ids, best first, without repetition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A labelled set. `queries` are those that have a relevant document."""

    name: str
    corpus: Sequence[Mapping[str, Any]]
    queries: Mapping[str, str]
    qrels: Qrels
    unanswerable: Mapping[str, str] = field(default_factory=dict)
    """The queries whose documents were all judged 0: there is nothing that they should find."""


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
    """Reads `corpus.jsonl`, `queries.jsonl` (either may be gzipped) and `qrels.tsv`, see `read_qrels`.

    Raises `NotFound` for a missing file, `InputError` for a line that cannot be read.
    """
    if not folder.is_dir():
        raise NotFound(f"no folder {str(folder)!r}")
    corpus = list(_json_lines(_file_of(folder, "corpus")))
    return _labelled(
        folder.name, corpus, _file_of(folder, "queries"), folder / "qrels.tsv", limit_queries=limit_queries
    )


def load_questions(queries: Path, qrels: Path) -> Labelled:
    """Questions about documents that are already in a knowledge base. `queries` is JSON Lines with `_id` and `text`
    or has lines of id, tab, text. Raises as `load` does."""
    return _labelled(queries.name, [], queries, qrels)


def _labelled(
    name: str,
    corpus: Sequence[Mapping[str, Any]],
    queries_file: Path,
    qrels_file: Path,
    *,
    limit_queries: int | None = None,
) -> Labelled:
    judged = read_qrels(qrels_file)
    texts = dict(_queries(queries_file))
    qrels = {query: kept for query, grades in judged.items() if (kept := relevant(grades))}
    answerable = ((query, text) for query, text in texts.items() if query in qrels)
    return Labelled(
        name=name,
        corpus=corpus,
        queries=dict(islice(answerable, limit_queries)),
        qrels=qrels,
        unanswerable={q: text for q, text in texts.items() if q in judged and q not in qrels},
    )


def relevant(grades: Mapping[str, float]) -> dict[str, float]:
    """The documents with a grade above 0."""
    return {document: grade for document, grade in grades.items() if grade > 0}


def _file_of(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.jsonl.gz", folder / f"{name}.jsonl"):
        if path.exists():
            return path
    raise NotFound(f"no {name}.jsonl or {name}.jsonl.gz in {folder}")


def _queries(path: Path) -> Iterator[tuple[str, str]]:
    if ".jsonl" in path.suffixes:
        for entry in _json_lines(path):
            yield entry["_id"], entry["text"]
        return
    for number, line in _numbered_lines(path):
        query, tab, text = line.partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number}: not an id and a question divided by a tab")
        yield query, text


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in _numbered_lines(path):
        try:
            entry = json.loads(line)
            entry["_id"], entry["text"] = str(entry["_id"]), str(entry["text"])
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{path}, line {number}: not a JSON object with _id and text") from None
        yield entry


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that may be gzipped, without empty ones, counted from 1."""
    if not path.is_file():
        raise NotFound(f"no file {str(path)!r}")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from ((number, line.rstrip("\r\n")) for number, line in enumerate(lines, 1) if line.strip())


def columns(line: str) -> list[str]:
    """The columns of a line, divided by tabs where there is one, else by spaces: names of files may hold spaces."""
    return line.split("\t") if "\t" in line else line.split()


def read_qrels(path: Path) -> dict[str, dict[str, float]]:
    """Query id → document id → grade, those of 0 too.

    A line holds query, document and grade, as BEIR has it (a header may come first), or query, iteration, document
    and grade, as TREC has it.
    """
    qrels: dict[str, dict[str, float]] = {}
    for number, line in _numbered_lines(path):
        try:
            query, *_, document, grade = columns(line)
            qrels.setdefault(query, {})[document] = float(grade)
        except ValueError:
            if number == 1:
                continue
            raise InputError(
                f"{path}, line {number}: not query, document and grade divided by tabs, nor a line of TREC qrels"
            ) from None
    return {query: grades for query, grades in qrels.items() if grades}


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


def asked_qrels(labelled: Labelled) -> Qrels:
    """The labels of the queries that are asked."""
    return {query: labelled.qrels[query] for query in labelled.queries}


def quality(found: Rankings, qrels: Qrels, times_ms: Sequence[float]) -> Quality:
    """The means of the measures, and the median and 99th percentile of the times."""
    times = sorted(times_ms) or [0.0]
    return Quality(
        ndcg_10=mean(by_query("ndcg@10", found, qrels)),
        recall_10=mean(by_query("recall@10", found, qrels)),
        recall_100=mean(by_query("recall@100", found, qrels)),
        mrr_10=mean(by_query("mrr@10", found, qrels)),
        p50_ms=times[len(times) // 2],
        p99_ms=times[int(len(times) * 0.99)],
    )


def mean(values: Mapping[str, float]) -> float:
    """Of the values of several queries; 0 of none."""
    return fmean(values.values()) if values else 0.0
