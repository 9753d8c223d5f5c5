"""Which pipeline is meant by what a person types: that of a file, of a knowledge base, or of a template."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import knowledge
from knowledge.configuration import setting
from knowledge.errors import NotFound
from knowledge.looking import has_workspace
from knowledge.pipeline.dsl import Pipeline, read_pipeline
from knowledge.pipeline.stored_templates import templates

Options = argparse.Namespace


def drawn_for_run(options: Options) -> Pipeline | None:
    """The pipeline of a file, None for a knowledge base, or the pipeline of a template; in this order."""
    if Path(options.pipeline).is_file():
        return drawn_of(options.pipeline, options)
    with looking(options) as workspace:
        bases = [] if workspace is None else [record.name for record in workspace.knowledge_bases()]
    return None if options.pipeline in bases else drawn_of(options.pipeline, options, bases)


def drawn_of(wanted: str, options: Options, bases: Sequence[str] | None = None) -> Pipeline:
    """That of a file, or of a template. Raises `BrokenPipeline`, and `NotFound`, which tells of `bases` too."""
    path = Path(wanted)
    if path.is_file():
        return read_pipeline(path.read_bytes())
    with looking(options) as workspace:
        known = {one.name: one.pipeline for one in templates(workspace.store if workspace else None)}
    if wanted in known:
        return known[wanted]
    if bases is None:
        raise NotFound(f"no file and no template {wanted!r}; the templates are: {', '.join(known)}")
    raise NotFound(
        f"no file, no knowledge base and no template {wanted!r}; the knowledge bases are: "
        f"{', '.join(bases) or 'none'}; the templates are: {', '.join(known)}"
    )


@contextmanager
def looking(options: Options) -> Iterator[knowledge.Workspace | None]:
    """The workspace, if there is one, for looking."""
    folder = Path(setting("workspace", options.workspace))
    if not has_workspace(folder):
        yield None
        return
    with knowledge.Workspace(folder, lock=False) as workspace:
        yield workspace
