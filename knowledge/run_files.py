"""Rankings in files, in the format of TREC: query, Q0, document, rank, score, name of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from knowledge.errors import InputError, NotFound
from knowledge.evaluation import columns

STEP: Final = 1e-9
"""What equal scores are set apart by: programs that sort by score keep the order, and no score changes visibly."""


def write_run(path: Path, found: Mapping[str, Mapping[str, float]], name: str) -> None:
    """Writes query id → document id → score, best first, divided by tabs.

    The score of a document that ties with the one before it is lower by 1e-9.
    """
    try:
        path.write_text("".join(_lines(found, name)), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r} ({error.strerror}); choose another file") from None


def _lines(found: Mapping[str, Mapping[str, float]], name: str) -> Iterator[str]:
    for query, scores in found.items():
        last = float("inf")
        for rank, (document, score) in enumerate(scores.items(), 1):
            last = min(score, last - STEP)
            yield f"{query}\tQ0\t{document}\t{rank}\t{last:.9f}\t{name}\n"


def read_run(path: Path) -> dict[str, list[str]]:
    """Query id → document ids by falling score, equal ones as they stand. Raises `NotFound` and `InputError`."""
    if not path.is_file():
        raise NotFound(f"no run {str(path)!r}; `knowledge eval … --run FILE` writes one")
    scores: dict[str, dict[str, float]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            query, _, document, _, score, _ = columns(line)
            scores.setdefault(query, {})[document] = float(score)
        except ValueError:
            raise InputError(
                f"{path}, line {number}: not query, Q0, document, rank, score and name of a TREC run"
            ) from None
    return {query: sorted(of, key=of.__getitem__, reverse=True) for query, of in scores.items()}
