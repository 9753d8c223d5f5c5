"""Environment variables of a pipeline: secrets come from the process that runs it, and are kept nowhere.

A pipeline of a stranger names its secrets as it likes, so a name alone opens nothing: the secret `WIKI_TOKEN` is read
from `KNOWLEDGE_SECRET_WIKI_TOKEN`, which nobody sets for another purpose.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from knowledge.pipeline.dsl import Pipeline, pipeline_of
from knowledge.pipeline.masking import SHORTEST, masked
from knowledge.pipeline.running import PipelineRun
from knowledge.pipeline.variables import as_text

PREFIX: Final = "KNOWLEDGE_SECRET_"


def without_secrets(pipeline: Pipeline) -> Pipeline:
    """The pipeline as it may be stored and shown: the values of its secrets are empty, as in Dify's own exports."""
    if not _secrets(pipeline):
        return pipeline
    workflow = pipeline.content["workflow"]
    variables = [{**one, "value": ""} if _is_secret(one) else one for one in _variables(pipeline)]
    return pipeline_of({**pipeline.content, "workflow": {**workflow, "environment_variables": variables}})


def with_secrets(pipeline: Pipeline) -> Pipeline:
    """The pipeline as it runs: each secret from its environment variable, else as it stands in it."""
    found = {name: os.environ[PREFIX + name] for name in _secrets(pipeline) if PREFIX + name in os.environ}
    return replace(pipeline, environment={**pipeline.environment, **found})


def secret_remarks(pipeline: Pipeline) -> list[str]:
    """Of each secret, where its value comes from; and which are not masked as others are."""
    said, known = [], with_secrets(pipeline).environment
    for name in _secrets(pipeline):
        if os.environ.get(PREFIX + name):
            said.append(f"the secret {name} is read from the environment variable {PREFIX + name}")
        else:
            said.append(
                f"the secret {name} is not kept; put it into the environment variable {PREFIX + name} for each run"
            )
        if 0 < len(str(known.get(name) or "")) < SHORTEST:
            said.append(
                f"the secret {name} has fewer than {SHORTEST} characters, so it is not masked within longer texts"
            )
    return said


def without_secret_values(run: PipelineRun, secrets: Sequence[str]) -> PipelineRun:
    """The run as it may be shown and kept: `***` wherever a value, a warning or an error says a secret; then its
    values are JSON."""
    if not secrets:
        return run
    nodes = tuple(
        replace(
            node,
            inputs=masked(node.inputs, secrets),
            outputs=masked(node.outputs, secrets),
            error=masked(node.error, secrets),
        )
        for node in run.nodes
    )
    outputs, error = masked(run.outputs, secrets), masked(run.error, secrets)
    return replace(
        run, nodes=nodes, outputs=outputs, error=error, warnings=tuple(masked(run.warnings, secrets))
    )


def secret_values(pipeline: Pipeline) -> list[str]:
    """The values of its secrets in this process."""
    known = with_secrets(pipeline).environment
    return [as_text(known[name]) for name in _secrets(pipeline) if known.get(name)]


def _secrets(pipeline: Pipeline) -> list[str]:
    return [str(one.get("name")) for one in _variables(pipeline) if _is_secret(one)]


def _variables(pipeline: Pipeline) -> list[Any]:
    workflow = pipeline.content.get("workflow")
    found = workflow.get("environment_variables") if isinstance(workflow, Mapping) else None
    return found if isinstance(found, list) else []


def _is_secret(variable: Any) -> bool:
    return isinstance(variable, Mapping) and variable.get("value_type") == "secret"
