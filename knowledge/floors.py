"""Floors: the cosine that unrelated texts reach with a model, by script; a score of 0 means no nearer than these.

A floor is the 95th percentile over the questions and passages of different subjects in `neutral_texts`: 30 subjects
a script, so 870 pairs. One unrelated pair in twenty exceeds it. The median would call half of all unrelated pairs
slightly relevant; the 99th percentile would leave little room for passages that answer in other words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from knowledge.errors import WorkspaceError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from knowledge.protocols import Embedder

SCRIPTS: Final = ("latin", "han")
"""Those with neutral texts. Others get the highest of these floors."""
FLOOR_PERCENTILE: Final = 95
FILE_NAME: Final = "floors.json"
_TEXTS: Final = Path(__file__).parent / "neutral_texts"

Pairs = tuple[list[str], list[str], set[tuple[int, int]]]
"""Queries, passages, and the (query, passage) positions that belong together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFigures:
    """What a model makes of the neutral texts of one script."""

    script: str
    floor: float
    pairs: int
    """Of unrelated texts, that the floor was measured on."""
    questions: int
    found: int
    """Questions whose nearest passage is their own: of a script that a model does not know, few."""


def neutral_pairs(script: str) -> Pairs:
    """Written for this purpose: one subject a line, `question | passage that answers it`."""
    lines = (_TEXTS / f"{script}.txt").read_text("utf-8").splitlines()
    rows = [line.split(" | ") for line in lines]
    together = {(position, position) for position in range(len(rows))}
    return [row[0] for row in rows], [row[1] for row in rows], together


def cosines(embedder: Embedder, pairs: Pairs) -> tuple[dict[str, npt.NDArray[np.float32]], float]:
    """The cosines of unrelated pairs by script of the query, and the median of the related ones."""
    import numpy as np

    from indexers.scripts import dominant_script

    queries, _, together = pairs
    matrix = _matrix(embedder, pairs)
    related = np.zeros(matrix.shape, bool)
    for pair in together:
        related[pair] = True
    scripts = np.array([dominant_script(query) for query in queries])
    unrelated = {str(s): matrix[scripts == s][~related[scripts == s]] for s in np.unique(scripts)}
    return unrelated, float(np.median(matrix[related])) if together else float("nan")


def figures(embedder: Embedder, script: str) -> ScriptFigures:
    """Measured on the neutral texts of a script. Raises `EmbeddingError`."""
    import numpy as np

    matrix = _matrix(embedder, neutral_pairs(script))
    own = np.eye(len(matrix), dtype=bool)
    return ScriptFigures(
        script=script,
        floor=round(float(np.percentile(matrix[~own], FLOOR_PERCENTILE)), 4),
        pairs=int((~own).sum()),
        questions=len(matrix),
        found=int((matrix.argmax(axis=1) == np.arange(len(matrix))).sum()),
    )


def _matrix(embedder: Embedder, pairs: Pairs) -> npt.NDArray[np.float32]:
    """The cosine of every query with every passage."""
    import numpy as np

    queries, passages, _ = pairs
    rows = np.stack([embedder.embed_query(query) for query in queries])
    matrix: npt.NDArray[np.float32] = rows @ embedder.embed_documents(passages).T
    return matrix


def measured_floors(workspace: Path, fingerprint: str) -> Mapping[str, float]:
    """What was kept for a model in this workspace; empty when nothing was. Raises `WorkspaceError`."""
    return _kept(workspace / FILE_NAME).get(fingerprint, {})


def keep_floors(workspace: Path, fingerprint: str, floors: Mapping[str, float]) -> Path:
    """Keeps them for the knowledge bases and rebuilds to come; returns the file."""
    import json

    path = workspace / FILE_NAME
    workspace.mkdir(parents=True, exist_ok=True)
    kept = {**_kept(path), fingerprint: dict(floors)}
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    aside.replace(path)
    return path


def _kept(path: Path) -> dict[str, dict[str, float]]:
    import json

    try:
        kept: dict[str, dict[str, float]] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise WorkspaceError(
            f"{path} is damaged ({error}); delete it and measure again: knowledge models floors SPEC"
        ) from None
    return kept
