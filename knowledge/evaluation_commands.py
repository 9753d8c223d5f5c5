"""`knowledge eval`: how good a search is on labelled questions, and which of two runs is better."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge import rendering
from knowledge.cli import DONE
from knowledge.errors import InputError
from knowledge.looking import emit

if TYPE_CHECKING:
    from knowledge.comparison import Comparison
    from knowledge.measures import Qrels

Options = argparse.Namespace


def eval(options: Options) -> int:
    if options.compare:
        return _compare(options)
    if not options.data:
        raise InputError("nothing to measure; give --data DIR, or --compare RUN_A RUN_B with --qrels FILE")
    from knowledge.evaluation_run import evaluate

    result = evaluate(options)
    if options.json:
        emit(result)
    else:
        _show(result)
    return DONE


def _show(result: Mapping[str, Any]) -> None:
    rendering.line(
        f"{result['data']}: {result['corpus']} entries, {result['queries']} queries, "
        f"indexed in {result['index_seconds']:.1f} s"
        + (f", reranked by {result['rerank']}" if "rerank" in result else "")
    )
    _table([{name: value for name, value in row.items() if name != "per_query"} for row in result["results"]])
    for row in result["results"]:
        if queries := row.get("per_query"):
            rendering.line(f"\n{row['mode']}, the worst queries first")
            _table([{**query, "query": rendering.snippet(query["query"], length=60)} for query in queries])


def _table(rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        rendering.table([list(rows[0]), *([str(value) for value in row.values()] for row in rows)])


def _compare(options: Options) -> int:
    from knowledge.comparison_picture import draw

    if not options.qrels:
        raise InputError("two runs are compared by what should be found; give --qrels FILE")
    found = _comparisons(options, _relevant(Path(options.qrels)))
    if options.svg:
        draw(found[0], Path(options.svg), (options.compare[0], options.compare[1]))
    if options.json:
        a, b = options.compare
        emit({"a": a, "b": b, "queries": len(found[0].a), "measures": [_plain(one) for one in found]})
    else:
        _show_comparison(found, options)
    return DONE


def _comparisons(options: Options, qrels: Qrels) -> list[Comparison]:
    """Over the queries that either run has: one that only the other has found nothing."""
    from knowledge.comparison import compare
    from knowledge.measures import by_query
    from knowledge.run_files import read_run

    a, b = (read_run(Path(path)) for path in options.compare)
    asked = {query: grades for query, grades in qrels.items() if query in a or query in b}
    return [
        compare(name, by_query(name, a, asked), by_query(name, b, asked))
        for name in options.measure or ["ndcg@10"]
    ]


def _relevant(path: Path) -> Qrels:
    from knowledge.evaluation import read_qrels, relevant

    qrels = {query: kept for query, grades in read_qrels(path).items() if (kept := relevant(grades))}
    if not qrels:
        raise InputError(f"{path} has no query with a relevant document; a grade above 0 says relevant")
    return qrels


def _plain(found: Comparison) -> dict[str, Any]:
    from knowledge.evaluation import mean

    differences = found.differences
    return {
        "measure": found.measure,
        "a": round(mean(found.a), 4),
        "b": round(mean(found.b), 4),
        "difference": round(found.difference, 4),
        "interval": [round(end, 4) for end in found.interval],
        "p_value": round(found.p_value, 4),
        "significant": found.is_significant,
        "better": {query: round(differences[query], 4) for query in found.better},
        "worse": {query: round(differences[query], 4) for query in found.worse},
        "equal": found.equal,
    }


def _show_comparison(found: Sequence[Comparison], options: Options) -> None:
    a, b = options.compare
    rendering.line(f"a: {a}\nb: {b}\n{len(found[0].a)} queries; differences are b − a")
    _table([_row(_plain(one)) for one in found])
    differences = found[0].differences
    for verdict, queries in (("better", found[0].better), ("worse", list(reversed(found[0].worse)))):
        if queries:
            rendering.line(f"{verdict} by {found[0].measure}, most first")
        for query in queries:
            rendering.line(f"  {query}  {differences[query]:+.4f}")


def _row(plain: Mapping[str, Any]) -> dict[str, Any]:
    low, high = plain["interval"]
    return {
        "measure": plain["measure"],
        "a": plain["a"],
        "b": plain["b"],
        "difference": f"{plain['difference']:+.4f}",
        "95 %": f"{low:+.4f} … {high:+.4f}",
        "p": plain["p_value"],
        **{name: len(plain[name]) for name in ("better", "worse", "equal")},
    }
