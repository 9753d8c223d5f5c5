"""`knowledge models`: what an embedding model is like, and the floors that make its scores comparable."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge import rendering
from knowledge.cli import DONE
from knowledge.configuration import setting
from knowledge.embedding_client import configured_embedder
from knowledge.floors import SCRIPTS, figures, keep_floors, measured_floors
from knowledge.looking import emit
from knowledge.model_check import LENGTHS, SAME_COSINE, ModelCheck, Reading, check_model
from knowledge.protocols import AsksServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from knowledge.protocols import Embedder

Options = argparse.Namespace
UNIT_TOLERANCE = 1e-3


def models(options: Options) -> int:
    embedder = configured_embedder(options.embedding)
    try:
        return check(options, embedder) if options.action == "check" else floors(options, embedder)
    finally:
        if isinstance(embedder, AsksServer):
            embedder.close()


def check(options: Options, embedder: Embedder) -> int:
    found = check_model(embedder)
    in_force = measured_floors(_workspace(options), found.fingerprint) or embedder.floors
    if options.json:
        emit(_plain(options.embedding, found, in_force))
    else:
        for name, text in _lines(options.embedding, found, in_force):
            rendering.line(f"{name:<9} {text}")
    return DONE


def floors(options: Options, embedder: Embedder) -> int:
    measured = [figures(embedder, script) for script in SCRIPTS]
    by_script = {one.script: one.floor for one in measured}
    path = keep_floors(_workspace(options), embedder.fingerprint, by_script)
    if options.json:
        emit(
            {
                "fingerprint": embedder.fingerprint,
                "floors": by_script,
                "pairs": {one.script: one.pairs for one in measured},
                "file": str(path),
            }
        )
        return DONE
    for one in measured:
        rendering.line(
            f"{one.script:<9} {one.floor:.2f}, 95th percentile of {one.pairs} pairs of unrelated texts"
        )
    rendering.line(
        f"kept in {path} for new knowledge bases; those that are there take them with: knowledge rebuild KB"
    )
    return DONE


def _workspace(options: Options) -> Path:
    return Path(setting("workspace", options.workspace))


def _plain(spec: str, found: ModelCheck, floors_in_force: Mapping[str, float]) -> dict[str, Any]:
    names = ("fingerprint", "dimension", "length_error", "repeat_difference", "batch_difference")
    prompts = found.prompts
    return {
        "embedding": spec,
        **{name: getattr(found, name) for name in names},
        "texts_per_second": round(found.texts_per_second, 1),
        "query_ms": round(found.query_ms, 2),
        "prompts": {
            "query": prompts.query,
            "passage": prompts.passage,
            "query_parameters": dict(prompts.query_parameters),
            "passage_parameters": dict(prompts.passage_parameters),
            "source": prompts.source,
        },
        "scripts": {
            one.script: {
                "found": one.found,
                "questions": one.questions,
                "floor": one.floor,
                "pairs": one.pairs,
            }
            for one in found.scripts
        },
        "floors_in_force": dict(floors_in_force),
        "reads_characters": {one.script: one.characters for one in found.readings},
        "refusals": {one.script: one.refusal for one in found.readings if one.refusal},
    }


def _lines(spec: str, found: ModelCheck, floors_in_force: Mapping[str, float]) -> list[tuple[str, str]]:
    """Five lines for a terminal."""
    scripts = [
        f"{one.script} {one.found} of {one.questions} found, unrelated up to {one.floor:.2f}"
        for one in found.scripts
    ]
    if not floors_in_force:
        scripts.append("scores are not calibrated, do it with: knowledge models floors SPEC")
    prompts = found.prompts
    vectors = [f"{spec}: {found.dimension} numbers"]
    vectors.append(
        "unit length"
        if found.length_error < UNIT_TOLERANCE
        else f"NOT of unit length (off by {found.length_error:.1g})"
    )
    vectors.append(_same(found.repeat_difference, "asked again"))
    vectors.append(_same(found.batch_difference, "in a batch as alone"))
    return [
        ("model", ", ".join(vectors)),
        (
            "speed",
            f"{found.texts_per_second:.0f} texts/s for {found.texts} texts, {found.query_ms:.1f} ms for a question",
        ),
        ("prefixes", f"{prompts.signature} ({prompts.source})" if prompts.signature else "none"),
        ("scripts", "; ".join(scripts)),
        ("lengths", "; ".join(map(_read, found.readings))),
    ]


def _same(difference: float, when: str) -> str:
    return f"{'the same' if difference <= SAME_COSINE else f'DIFFERENT ({difference:.1g})'} {when}"


def _read(one: Reading) -> str:
    if one.reads_all:
        return f"{one.script} read to the end of {LENGTHS[-1]} characters"
    then = "the next longer refused" if one.refusal else "the rest cut off"
    return f"{one.script} read to {one.characters} characters, {then}"
