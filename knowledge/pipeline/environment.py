"""Environment variables of a pipeline: secrets come from the process that runs it, and are kept nowhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from knowledge.pipeline.dsl import Pipeline, pipeline_of
from knowledge.pipeline.masking import masked
from knowledge.pipeline.running import PipelineRun


def without_secrets(pipeline: Pipeline) -> Pipeline:
    """The pipeline as it may be stored and shown: the values of its secrets are empty, as in Dify's own exports."""
    if not _secrets(pipeline):
        return pipeline
    workflow = pipeline.content["workflow"]
    variables = [{**one, "value": ""} if _is_secret(one) else one for one in _variables(pipeline)]
    return pipeline_of({**pipeline.content, "workflow": {**workflow, "environment_variables": variables}})


def with_secrets(pipeline: Pipeline) -> Pipeline:
    """The pipeline as it runs: each secret from the environment variable of its name, else as it stands in it."""
    found = {name: os.environ[name] for name in _secrets(pipeline) if name in os.environ}
    return replace(pipeline, environment={**pipeline.environment, **found})


def missing_secrets(pipeline: Pipeline) -> list[str]:
    """The names of the secrets that this process has no value for."""
    return [name for name in _secrets(pipeline) if not os.environ.get(name)]


def without_secret_values(run: PipelineRun, pipeline: Pipeline) -> PipelineRun:
    """The run as it may be kept: `***` wherever a node, or an error, says the value of a secret."""
    secrets = secret_values(pipeline)
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
    return replace(run, nodes=nodes, outputs=outputs, error=error)


def secret_values(pipeline: Pipeline) -> list[str]:
    """The values of its secrets in this process."""
    known = with_secrets(pipeline).environment
    return [str(known[name]) for name in _secrets(pipeline) if known.get(name)]


def _secrets(pipeline: Pipeline) -> list[str]:
    return [str(one.get("name")) for one in _variables(pipeline) if _is_secret(one)]


def _variables(pipeline: Pipeline) -> list[Any]:
    workflow = pipeline.content.get("workflow")
    found = workflow.get("environment_variables") if isinstance(workflow, Mapping) else None
    return found if isinstance(found, list) else []


def _is_secret(variable: Any) -> bool:
    return isinstance(variable, Mapping) and variable.get("value_type") == "secret"
