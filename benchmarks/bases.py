"""Suite bases: one question to ten knowledge bases of three models, some elsewhere, against one base with everything.

    python -m benchmarks bases --data DATA --sets xquad_en --cache FOLDER

The entries of a set are dealt to ten bases in turn: four with the bundled model, two with hash vectors, two with the
letters that an OpenAI-compatible server on this machine counts, two of economy; once more with the floors of the
letters measured, as `knowledge models floors` does it. Others on this machine are asked beside them: one is dead, one
slow, one slower than the search waits.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final

from benchmarks.contenders import drop
from benchmarks.harness import Options, sets
from benchmarks.loopback import Loopback, serving
from benchmarks.timing import anew
from knowledge import Hits, Workspace
from knowledge.embedding_client import configured_embedder
from knowledge.evaluation import DEPTH, Labelled, load, mean
from knowledge.evaluation_run import index_labelled, scores_of
from knowledge.floors import SCRIPTS, figures, keep_floors
from knowledge.measures import by_query

QUESTIONS: Final = 200
WAITING_QUESTIONS: Final = 20
"""Of searches that wait for a slow base."""
ECONOMY: Final = ""
MODELS: Final = ("local",) * 4 + ("hash:384",) * 2 + ("letters",) * 2 + (ECONOMY,) * 2
SLOW_S: Final = 0.3
PATIENCE_S: Final = 10.0
IMPATIENCE_S: Final = 0.1
KEY_VARIABLE: Final = "BENCHMARK_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Bases that are asked as one."""

    name: str
    bases: Sequence[str]
    timeout_s: float = PATIENCE_S
    questions: int = QUESTIONS


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each set and each group of bases."""
    for folder in sets(options):
        labelled = load(folder, options.limit_queries or QUESTIONS)
        with ExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="bases-"))
            workspace = stack.enter_context(Workspace(options.cache or Path(scratch)))
            for together in stack.enter_context(_groups(workspace, labelled)):
                yield {"set": labelled.name, **_row(workspace, labelled, together)}


@contextmanager
def _groups(workspace: Workspace, labelled: Labelled) -> Iterator[list[Together]]:
    with ExitStack() as stack:
        model = stack.enter_context(serving(Loopback()))
        slow = stack.enter_context(serving(Loopback(SLOW_S)))
        specs = [f"openai:letters@{model.url}" if name == "letters" else name for name in MODELS]
        whole = _dealt(stack, workspace, labelled, "whole", ["local"])
        alike = _dealt(stack, workspace, labelled, "alike", ["local"] * len(MODELS))
        unmeasured = _dealt(stack, workspace, labelled, "unmeasured", specs)
        _measure_floors(workspace, f"openai:letters@{model.url}")
        mixed = _dealt(stack, workspace, labelled, "mixed", specs)
        dead = _external(stack, workspace, "dead", f"http://127.0.0.1:{_free_port()}")
        late = _external(stack, workspace, "slow", slow.url)
        yield [
            Together(name="one base", bases=whole),
            Together(name="ten of one model", bases=alike),
            Together(name="ten of three models, one not measured", bases=unmeasured),
            Together(name="ten of three models", bases=mixed),
            Together(name="and one dead", bases=[*mixed, dead]),
            Together(name="and one slow", bases=[*mixed, late], questions=WAITING_QUESTIONS),
            Together(
                name="and one too slow",
                bases=[*mixed, late],
                timeout_s=IMPATIENCE_S,
                questions=WAITING_QUESTIONS,
            ),
        ]


def _dealt(
    stack: ExitStack, workspace: Workspace, labelled: Labelled, name: str, specs: Sequence[str]
) -> list[str]:
    """The names of as many bases as there are specs, each with its share of the entries."""
    names = []
    for at, spec in enumerate(specs):
        part = replace(labelled, name=f"{name}-{at}", corpus=labelled.corpus[at :: len(specs)])
        drop(workspace, part.name)
        index_labelled(workspace, part, "high_quality" if spec else "economy", spec or None)
        stack.callback(drop, workspace, part.name)
        names.append(part.name)
    return names


def _measure_floors(workspace: Workspace, spec: str) -> None:
    embedder = configured_embedder(spec)
    floors = {script: figures(embedder, script).floor for script in SCRIPTS}
    keep_floors(workspace.folder, embedder.fingerprint, floors)


def _external(stack: ExitStack, workspace: Workspace, name: str, url: str) -> str:
    os.environ.setdefault(KEY_VARIABLE, "any")
    drop(workspace, name)
    workspace.create_external(name, url=url, knowledge_id="base", key_variable=KEY_VARIABLE)
    stack.callback(drop, workspace, name)
    return name


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _row(workspace: Workspace, labelled: Labelled, together: Together) -> dict[str, Any]:
    queries = dict(islice(labelled.queries.items(), together.questions))
    legs = [name for name in together.bases if name not in ("dead", "slow")]
    found: dict[str, Hits] = {}
    times, slowest, sums, in_order = [], [], [], []
    for query, text in queries.items():
        leg_times = [_seconds(workspace, [leg], anew(text, turn)) for turn, leg in enumerate(legs, 1)]
        slowest.append(max(leg_times))
        sums.append(sum(leg_times))
        times.append(_seconds(workspace, together.bases, anew(text, len(legs) + 1), together.timeout_s))
        found[query] = _search(workspace, together.bases, text, together.timeout_s)
        alone = [_search(workspace, [leg], text) for leg in legs]
        in_order.append(_ids(found[query]) == _best(alone))
    return {
        "bases": together.name,
        "questions": len(queries),
        **_quality(found, labelled),
        "in_order": fmean(in_order),
        "p50_ms": _milliseconds(times),
        "slowest_leg_ms": _milliseconds(slowest),
        "legs_ms": _milliseconds(sums),
        **_marks(list(found.values())),
    }


def _seconds(workspace: Workspace, bases: Sequence[str], text: str, timeout_s: float = PATIENCE_S) -> float:
    started = time.perf_counter()
    _search(workspace, bases, text, timeout_s)
    return time.perf_counter() - started


def _search(workspace: Workspace, bases: Sequence[str], text: str, timeout_s: float = PATIENCE_S) -> Hits:
    return workspace.search(text, knowledge_bases=bases, timeout_s=timeout_s, top_k=DEPTH)


def _best(alone: Sequence[Hits]) -> list[str]:
    """The chunks that the bases find, best first, those of equal score in the order of the bases."""
    hits = [hit for found in alone for hit in found]
    return [hit.chunk.id for hit in sorted(hits, key=lambda hit: -hit.score)[:DEPTH]]


def _ids(found: Hits) -> list[str]:
    return [hit.chunk.id for hit in found]


def _quality(found: Mapping[str, Hits], labelled: Labelled) -> dict[str, float]:
    rankings = {query: list(scores_of(hits)) for query, hits in found.items()}
    qrels = {query: labelled.qrels[query] for query in found}
    return {name: round(mean(by_query(name, rankings, qrels)), 4) for name in ("ndcg@10", "recall@10")}


def _marks(found: Sequence[Hits]) -> dict[str, Any]:
    """Whether the scores compare, and of what bases warnings speak, named once."""
    warned = {warning.split("'")[1] for hits in found for warning in hits.warnings if "'" in warning}
    return {
        "calibrated": all(hits.calibrated for hits in found),
        "warned of": " ".join(sorted(warned)) or "-",
    }


def _milliseconds(seconds: Sequence[float]) -> float:
    return round(median(seconds) * 1000, 1)
