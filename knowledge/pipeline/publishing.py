"""The pipeline of a knowledge base: a draft that is tried out, and the versions that were published.

Publishing checks the pipeline and gives the settings of its knowledge-index node to the knowledge base. How the
chunks are related, and how they are indexed, is fixed when the base is made. Values of secrets are not stored.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from knowledge import schema
from knowledge.errors import InputError, NotFound
from knowledge.knowledge_base import KnowledgeBase
from knowledge.pipeline.checking import check
from knowledge.pipeline.dsl import Pipeline, read_pipeline, write_pipeline
from knowledge.pipeline.entrances import not_fetched, without_entrance
from knowledge.pipeline.environment import secret_remarks, without_secrets
from knowledge.pipeline.kind_problems import not_taken_over
from knowledge.pipeline.node_problems import SEARCH_METHODS
from knowledge.pipeline.node_types import STORE
from knowledge.pipeline.nodes.structures import STRUCTURES
from knowledge.store import Store
from knowledge.types import Indexing
from knowledge.workspace import Workspace

DRAFT: Final = "draft"
PUBLISHED: Final = "published"

_pipelines: Final = schema.pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPipeline:
    """A pipeline as the workspace has it. `number` counts the published versions from 1; of a draft it is 0."""

    pipeline: Pipeline
    number: int
    created_at: float


def import_pipeline(
    workspace: Workspace, name: str, pipeline: Pipeline, *, embedding: str | None = None
) -> KnowledgeBase:
    """Makes it the draft of a knowledge base, which is made to fit when there is none of this name.

    A draft may be unfinished, but for its knowledge-index node. Raises `BrokenPipeline`, and `InputError` for a base
    of another structure or indexing.
    """
    kb = workspace.open(name) if workspace.has(name) else None
    if kb is None:
        kb = create_base(workspace, name, pipeline, embedding)
        with workspace.store.write() as connection:
            connection.execute(_pipelines.delete().where(_pipelines.c.knowledge_base_id == kb.id))
    check_fits(kb, pipeline)
    _keep(workspace.store, kb.id, DRAFT, pipeline)
    return kb


def create_base(
    workspace: Workspace, name: str, pipeline: Pipeline, embedding: str | None = None
) -> KnowledgeBase:
    """The knowledge base that the pipeline's knowledge-index node describes; the embedding model is chosen here.

    Every term is indexed, whatever the node's `keyword_number`: Dify writes its default of 10 into every pipeline,
    and ten keywords of a chunk of 1,000 characters miss most questions about it.
    """
    data = _store_settings(pipeline)
    indexing: Indexing = data["indexing_technique"]
    return workspace.create(
        name,
        structure=STRUCTURES[data["chunk_structure"]],
        indexing=indexing,
        embedding=embedding,
        description=pipeline.description,
    )


def check_fits(kb: KnowledgeBase, pipeline: Pipeline) -> None:
    """Raises `InputError` when the knowledge base cannot hold what the pipeline makes."""
    data, record = _store_settings(pipeline), kb.record
    for option, has, wants in (
        ("structure", record.structure, STRUCTURES[data["chunk_structure"]]),
        ("indexing", record.indexing, data["indexing_technique"]),
    ):
        if has != wants:
            raise InputError(
                f"knowledge base {kb.name!r} has {option} {has!r}, the pipeline makes {wants!r}; a base keeps its "
                f"{option}: name another, or a new one"
            )


def _store_settings(pipeline: Pipeline) -> Mapping[str, Any]:
    """Raises `BrokenPipeline` where a base cannot be told what it is."""
    nodes = pipeline.of_type(STORE)
    data = nodes[0].data if len(nodes) == 1 else {}
    if data.get("chunk_structure") not in list(STRUCTURES) or data.get("indexing_technique") not in (
        "high_quality",
        "economy",
    ):
        check(pipeline)
    return data


def publish(workspace: Workspace, name: str) -> StoredPipeline:
    """Makes the draft the version that runs from now on. Raises `BrokenPipeline`, `InputError` and `NotFound`."""
    kb = workspace.open(name)
    pipeline = draft(workspace.store, kb).pipeline
    check(pipeline)
    check_fits(kb, pipeline)
    kb.change_settings(search_settings(pipeline, kb.record.indexing))
    _keep(workspace.store, kb.id, PUBLISHED, pipeline)
    return published(workspace.store, kb)


def import_and_publish(
    workspace: Workspace, name: str, pipeline: Pipeline, *, embedding: str | None = None
) -> KnowledgeBase:
    """Lets it run for a knowledge base, which is made when there is none of this name; a version that runs already is
    left alone. Raises as `import_pipeline` and `publish` do; what is wrong with the pipeline before anything is made.
    """
    check(pipeline)
    kb = workspace.open(name) if workspace.has(name) else None
    runs = None if kb is None else _last(workspace.store, kb.id, PUBLISHED)
    if kb is None or runs is None or runs.pipeline != without_secrets(pipeline):
        kb = import_pipeline(workspace, name, pipeline, embedding=embedding)
        publish(workspace, name)
    return kb


def search_settings(pipeline: Pipeline, indexing: Indexing) -> dict[str, Any]:
    """What the knowledge-index node says of searching, by our names; None where it leaves it to the default."""
    model = _object(_store_settings(pipeline), "retrieval_model")
    mode = SEARCH_METHODS.get(str(model.get("search_method")))
    has_mode = (mode == "keyword") == (indexing == "economy")
    weights = _object(model, "weights")
    return {
        "mode": mode if has_mode else None,
        "top_k": model.get("top_k"),
        "threshold": model.get("score_threshold") if model.get("score_threshold_enabled") else None,
        "vector_weight": _object(weights, "vector_setting").get("vector_weight")
        if mode == "hybrid"
        else None,
    }


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object in a field; an empty one where a draft, which may have problems, has something else."""
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def remarks(pipeline: Pipeline, embedding: str | None) -> list[str]:
    """What is different here from where the pipeline was drawn, a line each."""
    data = _store_settings(pipeline)
    model = _object(data, "retrieval_model")
    said = general_remarks(pipeline)
    if embedding is not None and data.get("embedding_model"):
        said.append(
            f"the pipeline names {data['embedding_model']} for embedding; this knowledge base has {embedding}"
        )
    if data.get("keyword_number") and data.get("indexing_technique") == "economy":
        said.append(
            f"the pipeline names {data['keyword_number']} keywords a chunk; here every term is indexed, unless you "
            f"knowledge rebuild KB --keyword-number {data['keyword_number']}"
        )
    if model.get("reranking_enable") and model.get("reranking_mode") == "reranking_model":
        said.append(
            "the pipeline asks for a rerank model, which is not taken over; search with --rerank SPEC"
        )
    if _object(data, "summary_index_setting").get("enable"):
        said.append("the pipeline asks for a summary index, which is not made here")
    return said


def general_remarks(pipeline: Pipeline) -> list[str]:
    """Those of them that hold for any knowledge base, also of an unfinished pipeline."""
    said = []
    if pipeline.dependencies:
        said.append(f"drawn with the plugins {', '.join(pipeline.dependencies)}, which are not needed here")
    said += secret_remarks(pipeline)
    said += [
        f"the inputs {', '.join(names)} are of {owner!r}, which is no entrance here; they are kept and not asked for"
        for owner, names in without_entrance(pipeline).items()
    ]
    said += not_fetched(pipeline)
    said += [f"node {node.label}: {line}" for node in pipeline.nodes for line in not_taken_over(node)]
    return said


def draft(store: Store, kb: KnowledgeBase) -> StoredPipeline:
    """Raises `NotFound`."""
    return _last(store, kb.id, DRAFT) or _missing(
        kb, "has no pipeline", "knowledge pipeline import FILE --kb"
    )


def published(store: Store, kb: KnowledgeBase) -> StoredPipeline:
    """The version that runs. Raises `NotFound`."""
    return _last(store, kb.id, PUBLISHED) or _missing(
        kb, "has no published pipeline", "knowledge pipeline publish"
    )


def version(store: Store, kb: KnowledgeBase, number: int) -> StoredPipeline:
    """The version that was published as this number. Raises `NotFound`."""
    rows = _rows(store, kb.id, PUBLISHED)
    if not 1 <= number <= len(rows):
        raise NotFound(
            f"knowledge base {kb.name!r} has no version {number}; it has {len(rows)}, counted from 1"
        )
    return _stored(rows, number)


def _missing(kb: KnowledgeBase, what: str, command: str) -> StoredPipeline:
    raise NotFound(f"knowledge base {kb.name!r} {what}; do it with: {command} {kb.name}")


def _last(store: Store, base_id: str, state: str) -> StoredPipeline | None:
    rows = _rows(store, base_id, state)
    return _stored(rows, len(rows)) if rows else None


def _rows(store: Store, base_id: str, state: str) -> Sequence[Any]:
    """In the order in which they were kept."""
    owned = sa.and_(_pipelines.c.knowledge_base_id == base_id, _pipelines.c.state == state)
    with store.read() as connection:
        return connection.execute(sa.select(_pipelines).where(owned).order_by(_pipelines.c.id)).all()


def _stored(rows: Sequence[Any], number: int) -> StoredPipeline:
    row = rows[number - 1]
    is_draft = row.state == DRAFT
    return StoredPipeline(
        pipeline=read_pipeline(row.text), number=0 if is_draft else number, created_at=row.created_at
    )


def _keep(store: Store, base_id: str, state: str, pipeline: Pipeline) -> None:
    with store.write() as connection:
        if state == DRAFT:
            connection.execute(
                _pipelines.delete().where(
                    _pipelines.c.knowledge_base_id == base_id, _pipelines.c.state == DRAFT
                )
            )
        connection.execute(
            _pipelines.insert().values(
                knowledge_base_id=base_id,
                state=state,
                text=write_pipeline(without_secrets(pipeline)),
                created_at=time.time(),
            )
        )
