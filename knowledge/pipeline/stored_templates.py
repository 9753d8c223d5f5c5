"""Pipelines to begin with: those that come with the program, and those that were published as templates."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import sqlalchemy as sa

from knowledge import schema
from knowledge.errors import AlreadyExists, NotFound
from knowledge.pipeline.dsl import Pipeline, read_pipeline, write_pipeline
from knowledge.pipeline.environment import without_secrets
from knowledge.store import Store

_SUFFIX: Final = ".yml"
_templates: Final = schema.pipeline_template


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A pipeline to begin with."""

    name: str
    pipeline: Pipeline
    is_built_in: bool


def templates(store: Store | None = None) -> list[Template]:
    """Those of the program, then those of the workspace, by name."""
    own = [] if store is None else _own(store)
    return [*_built_in(), *own]


def template(name: str, store: Store | None = None) -> Template:
    """Raises `NotFound` naming those that there are."""
    known = templates(store)
    for one in known:
        if one.name == name:
            return one
    raise NotFound(f"no template {name!r}; there are: {', '.join(one.name for one in known)}")


def check_free(store: Store, name: str) -> None:
    """Raises `AlreadyExists` when a template has this name."""
    if any(one.name == name for one in templates(store)):
        raise AlreadyExists(f"a template {name!r} exists already; choose another name")


def add_template(store: Store, name: str, pipeline: Pipeline) -> Template:
    """Keeps a pipeline without the values of its secrets. Raises `AlreadyExists`."""
    check_free(store, name)
    kept = without_secrets(pipeline)
    row = {"name": name, "text": write_pipeline(kept), "created_at": time.time()}
    with store.write() as connection:
        connection.execute(_templates.insert().values(row))
    return Template(name=name, pipeline=kept, is_built_in=False)


def remove_template(store: Store, name: str) -> None:
    """Raises `NotFound` for one that the workspace does not have."""
    with store.write() as connection:
        removed = connection.execute(_templates.delete().where(_templates.c.name == name)).rowcount
    if not removed:
        raise NotFound(
            f"the workspace has no template {name!r}; list them with: knowledge pipeline templates"
        )


def _built_in() -> list[Template]:
    folder = files("knowledge.pipeline").joinpath("templates")
    found = sorted(
        (file for file in folder.iterdir() if file.name.endswith(_SUFFIX)), key=lambda file: file.name
    )
    return [
        Template(
            name=file.name.removesuffix(_SUFFIX),
            pipeline=read_pipeline(file.read_text(encoding="utf-8")),
            is_built_in=True,
        )
        for file in found
    ]


def _own(store: Store) -> list[Template]:
    with store.read() as connection:
        rows = connection.execute(sa.select(_templates).order_by(_templates.c.name)).all()
    return [Template(name=row.name, pipeline=read_pipeline(row.text), is_built_in=False) for row in rows]
